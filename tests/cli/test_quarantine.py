"""``tracker quarantine replay``."""

import pytest

from tracker.core.model import Event
from tracker.store import reports

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def kept_out(make_source, record) -> None:
    """Two sources with an event of the same id in quarantine each, and one that was cut off."""
    for source in ("shop", "blog"):
        make_source(source)
        events = (Event("order", "e1", too_large=9), Event("big", f"cut-{source}", {"x": "y" * 20_000}, too_large=9))
        record(events=events, source=source, session=f"of-{source}")


@pytest.mark.usefixtures("kept_out")
def test_one_event_is_replayed_by_its_id_and_only_once(tracker, read) -> None:
    said = tracker("quarantine", "replay", "e1", "--source", "shop")
    assert (said.code, said.out) == (0, "stored  shop  e1\n1 of 1 left the quarantine.\n")
    assert [event["source"] for event in read(reports.events)] == ["shop"]
    assert tracker("quarantine", "replay", "e1").out.startswith("stored  blog  e1\n")
    again = tracker("quarantine", "replay", "e1")
    assert (again.code, "There is no event 'e1' in quarantine" in again.err) == (1, True)


@pytest.mark.usefixtures("kept_out")
def test_all_are_replayed_and_what_stays_says_why(tracker, read) -> None:
    said = tracker("quarantine", "replay", "--all")
    assert said.code == 1
    assert "failed  blog  cut-blog  Only the first 16 KiB of it were kept; what was cut off is lost." in said.out
    assert said.out.endswith("2 of 4 left the quarantine.\n")
    assert len(read(reports.events)) == 2
    assert tracker("quarantine", "replay", "--all", "--source", "none").out == "0 of 0 left the quarantine.\n"


@pytest.mark.parametrize("words", [(), ("e1", "--all")])
def test_it_wants_to_know_which(tracker, words) -> None:
    said = tracker("quarantine", "replay", *words)
    assert (said.code, said.err) == (1, "Name one event, or say --all.\n")
