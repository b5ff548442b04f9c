"""The sources as requests see them: who asks the database, how often, and what holds meanwhile."""

from sqlalchemy import event

from tracker.core.model import Source
from tracker.store import sources
from tracker.store.directory import Directory
from tracker.store.engine import connect


def yes(_source: Source) -> bool:
    return True


def enabled(source: Source) -> bool:
    return source.enabled


def test_a_disabled_source_is_refused_within_two_seconds_and_an_enabled_one_taken_at_once(
    engine, make_source, clock
) -> None:
    make_source("shop")
    directory = Directory(engine, clock)
    assert directory.find("shop", enabled)
    assert sources.switch(engine, "shop", enabled=False, now=clock())
    clock.forward(1.999)
    assert directory.find("shop", enabled), "the copy is still young enough"
    clock.forward(0.001)
    assert directory.find("shop", enabled) is None

    assert sources.switch(engine, "shop", enabled=True, now=clock())
    clock.forward(0.1)
    assert directory.find("shop", enabled), "before it refuses anybody it asks again"


def test_a_new_source_is_found_by_the_next_request_that_asks_for_it(engine, make_source, clock) -> None:
    directory = Directory(engine, clock)
    assert directory.find("shop", yes) is None
    make_source("shop")
    clock.forward(0.1)
    assert directory.find("shop", yes)


def test_refusals_ask_the_database_no_more_than_ten_times_a_second(engine, make_source, clock) -> None:
    make_source("shop")
    directory = Directory(engine, clock)
    asked = []
    event.listen(engine, "begin", asked.append)
    for _ in range(100):
        assert directory.find("guessed", yes) is None
        clock.forward(0.01)
    assert 9 <= len(asked) <= 11


def test_while_one_request_reads_the_sources_the_others_do_not_ask_too(engine, make_source, clock) -> None:
    make_source("shop")
    directory = Directory(engine, clock)
    assert directory.find("shop", enabled)
    clock.forward(2)
    asked = []

    def meanwhile(_conn: object) -> None:
        asked.append(directory.find("shop", enabled))

    event.listen(engine, "begin", meanwhile)
    assert directory.find("shop", enabled)
    assert len(asked) == 1
    assert asked[0], "the copy at hand lets them in"


def test_a_clock_that_was_set_back_does_not_keep_an_old_copy(engine, make_source, clock) -> None:
    make_source("shop")
    directory = Directory(engine, clock)
    assert directory.find("shop", enabled)
    sources.switch(engine, "shop", enabled=False, now=clock())
    clock.forward(-3600)
    assert directory.find("shop", enabled) is None


def test_what_was_last_seen_is_told_without_asking_again(engine, make_source, clock) -> None:
    directory = Directory(engine, clock)
    make_source("shop")
    assert [source.id for source in directory.last_seen()] == ["shop"]
    make_source("blog")
    clock.forward(60)
    assert [source.id for source in directory.last_seen()] == ["shop"]


def test_where_nothing_was_seen_yet_and_the_database_is_away_nothing_is_told(clock) -> None:
    assert Directory(connect("postgresql://handoff@127.0.0.1:1/handoff"), clock).last_seen() == []
