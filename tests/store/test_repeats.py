"""Repeated events are counted for good, so that an operator sees what retries cost."""

from tracker.store import reports


def test_repeats_add_up_over_batches_and_sources(make_source, record, read) -> None:
    for source in ("shop", "blog"):
        make_source(source)
    assert read(reports.repeated) == 0

    for _ in range(3):
        record("e1", "e2", session="s1", source="shop")
        record("e1", session="s1", source="blog")

    assert read(reports.repeated) == 6
