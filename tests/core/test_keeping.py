"""How long events are kept, by source."""

import pytest

from tracker.core.keeping import MOST_DAYS, Keeping, keeping, own_days
from tracker.core.model import Source
from tracker.core.times import DAY

NOW = 20_000 * DAY


def source(name: str, **settings: object) -> Source:
    return Source(name, name, settings=settings)


def test_the_number_of_a_source_counts_in_both_directions_and_the_others_keep_what_the_installation_says() -> None:
    kept = keeping(NOW, 30, [source("short", retentionDays=7), source("long", retentionDays=365), source("plain")])
    assert kept == Keeping(NOW - 30 * DAY, {"short": NOW - 7 * DAY, "long": NOW - 365 * DAY})
    assert (kept.earliest, kept.latest, kept.everything) == (NOW - 365 * DAY, NOW - 7 * DAY, False)


def test_where_nobody_says_anything_everything_is_kept() -> None:
    kept = keeping(NOW, None, [source("plain"), source("unsaid", retentionDays=None)])
    assert kept == Keeping()
    assert (kept.everything, kept.earliest, kept.latest) == (True, 0, 0)


def test_where_others_keep_everything_nothing_is_older_than_what_all_keep() -> None:
    kept = keeping(NOW, None, [source("short", retentionDays=7)])
    assert (kept.earliest, kept.latest, kept.everything) == (0, NOW - 7 * DAY, False)
    assert keeping(NOW, 30, []).earliest == keeping(NOW, 30, []).latest == NOW - 30 * DAY


@pytest.mark.parametrize("days", [1, MOST_DAYS])
def test_a_whole_number_of_days_is_taken(days: int) -> None:
    assert own_days({"retentionDays": days}) == days


@pytest.mark.parametrize("said", [0, -1, MOST_DAYS + 1, 2**70, 7.0, 0.5, True, False, "7", "", [7], {}])
def test_what_is_no_whole_number_of_days_is_refused_and_its_source_named(said) -> None:
    with pytest.raises(ValueError, match="whole number of days from 1 to 36500"):
        own_days({"retentionDays": said})
    with pytest.raises(ValueError, match="'odd'"):
        keeping(NOW, 30, [source("odd", retentionDays=said)])
