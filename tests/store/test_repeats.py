"""Repeated events are counted for good, so that an operator sees what retries cost."""

import pytest
from debian_postgres import BACKENDS

from tracker.store import reports

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True)


def test_repeats_add_up_over_batches_and_sources(make_source, record, read) -> None:
    for source in ("shop", "blog"):
        make_source(source)
    assert read(reports.repeated) == 0

    for _ in range(3):
        record("e1", "e2", session="s1", source="shop")
        record("e1", session="s1", source="blog")

    assert read(reports.repeated) == 6
