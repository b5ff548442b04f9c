"""Any story of visitors, operators and faults keeps every promise (tests/faults/machine.py).

``STORIES=10000 make chaos ARGS="-k thousands"`` tells more of them.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from app import create_app
from faults.machine import SITES, Ground, Visitors, engine_of

STORIES = settings(stateful_step_count=20, suppress_health_check=list(HealthCheck), print_blob=True)


@pytest.fixture
def ground(settings, engine, clock, new_id, digest, make_source) -> Iterator[Ground]:
    """Three sites of one owner, all linked, on a database of this test's own."""
    for site in SITES:
        others = tuple(f"{other}.example" for other in SITES)
        referrals = "plain" if site == "plain" else "signed"
        make_source(site, domains=(f"{site}.example",), links=others, referrals=referrals, identify="open")
    apps = (create_app(settings, clock=clock, new_id=new_id), create_app(settings, clock=clock, new_id=new_id))
    yield Ground(apps, engine, clock, digest).laid()
    for app in apps:
        engine_of(app).dispose()


def test_no_story_breaks_a_promise(ground: Ground) -> None:
    run_state_machine_as_test(lambda: Visitors(ground), settings=settings(STORIES, max_examples=8, derandomize=True))


@pytest.mark.chaos
def test_no_story_of_thousands_breaks_a_promise(ground: Ground) -> None:
    many = settings(STORIES, max_examples=int(os.environ.get("STORIES", "1000")))
    run_state_machine_as_test(lambda: Visitors(ground), settings=many)
