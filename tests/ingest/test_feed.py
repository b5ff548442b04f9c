"""One reader for all who listen: what is new, once; it ends with the login and with the process."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tracker.core.refusal import Unavailable
from tracker.core.times import SECOND
from tracker.ingest import feed as feeds
from tracker.ingest.feed import WATCHED_FOR, Feed
from tracker.ingest.listeners import (
    FURTHEST,
    LOGGED_OUT,
    MOST,
    MOST_OF_USER,
    OTHER_ROLE,
    OVERLAP,
    PLACE_TAKEN,
    Full,
    Listener,
)
from tracker.store import accounts, removed_users, sources
from tracker.store.accounts import Login, User
from tracker.store.engine import transaction
from tracker.store.live import Happening, Wanted

NOBODY = Login("", User("", "", "viewer", 0), 0, 0, "", "")


def until_nobody_reads() -> None:
    for thread in threading.enumerate():
        if thread.name == "feed":
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def login_of(engine, clock) -> Callable[[str], Login]:
    """Make a user of that name, an owner, and log it in."""

    def make(name: str) -> Login:
        user = User(name, name, "owner", clock())

        def work(conn) -> Login | None:
            accounts.add(conn, user, "hash")
            accounts.log_in(conn, f"token of {name}", Login("", user, clock(), clock(), "", ""))
            return accounts.logged_in(conn, f"token of {name}", clock())

        made = transaction(engine, work)
        assert made is not None
        return made

    return make


@pytest.fixture
def login(login_of) -> Login:
    """The login of ``anna``."""
    return login_of("anna")


@pytest.fixture
def feed(engine, clock) -> Iterator[Feed]:
    """A feed that looks as often as it can; at its end nobody reads any more."""
    made = Feed(engine, clock, every=0.001)
    yield made
    made.ends_unless(lambda: False)
    until_nobody_reads()


@pytest.fixture
def told(feed, login, clock) -> Iterator[Callable[..., Iterator[list[str]]]]:
    """Listen, and yield the ids of what comes."""

    def listen(since: int | None = None, **wanted) -> Iterator[list[str]]:
        joined.append(feed.join(Wanted(**wanted), login, clock() if since is None else since))
        return ([one.id for one in found] for found in feed.hear(joined[-1]))

    joined: list[Listener] = []
    yield listen
    for listener in joined:
        feed.leave(listener)


def test_who_listens_hears_of_each_event_once_in_any_process(told, make_source, record, clock) -> None:
    make_source("shop")
    record("e1", session="s1")
    first, other = told(), told(source_id="blog")
    assert next(first) == ["e1"]
    make_source("blog")
    record("e2", source="blog", session="s2")
    # As if it had been received a while before it was committed.
    clock.now -= 5 * SECOND
    record("e3", session="s1")
    clock.now += 5 * SECOND
    heard = next(first)
    while len(heard) < 2:
        heard += next(first)
    assert sorted(heard) == ["e2", "e3"]
    assert next(other) == ["e2"]


def test_who_comes_back_hears_what_was_missed_but_no_old_stories(told, make_source, record, clock) -> None:
    make_source("shop")
    record("old", session="s1")
    clock.forward((FURTHEST + OVERLAP) / SECOND + 1)
    heard = clock()
    record("missed", session="s1")
    clock.forward(100)
    assert next(told(since=heard)) == ["missed"]


def test_a_login_that_was_revoked_ends_what_it_listens_to(told, engine, make_source, record, login) -> None:
    make_source("shop")
    record("e1", session="s1")
    listening = told()
    assert next(listening) == ["e1"]
    transaction(engine, lambda conn: accounts.log_out(conn, login.id, "anna"))
    assert list(listening) == []


def test_a_process_that_stops_lets_everybody_go_and_one_that_serves_reads_again(
    told, feed, make_source, record
) -> None:
    make_source("shop")
    record("e1", session="s1")
    listening = told()
    assert next(listening) == ["e1"]
    feed.ends_unless(lambda: False)
    assert list(listening) == []
    feed.ends_unless(lambda: True)
    assert next(told()) == ["e1"]


def test_nobody_is_read_for_once_nobody_listens(feed, login, clock) -> None:
    listener = feed.join(Wanted(), login, clock())
    feed.leave(listener)
    until_nobody_reads()


def test_a_source_is_marked_for_as_long_as_somebody_waits_for_it(
    told, feed, make_source, record, engine, clock
) -> None:
    make_source("shop")
    record("e1", session="s1")
    listening = told(source_id="shop", attempts=True)
    assert next(listening) == ["e1"]
    assert sources.all_sources(engine)[0].watched_until == clock() + WATCHED_FOR
    clock.forward(30)
    record("e2", session="s1")
    assert next(listening) == ["e2"]
    # That look may have begun before the clock was moved; the next one has not.
    record("e3", session="s1")
    assert next(listening) == ["e3"]
    assert sources.all_sources(engine)[0].watched_until >= clock() + WATCHED_FOR


def test_a_database_that_is_away_for_a_while_is_waited_for(told, make_source, record, monkeypatch) -> None:
    make_source("shop")
    listening = told()
    real, failures = feeds.news, iter([Unavailable("away")] * 3)

    def news(*given):
        if failure := next(failures, None):
            raise failure
        return real(*given)

    monkeypatch.setattr(feeds, "news", news)
    record("e1", session="s1")
    assert next(listening) == ["e1"]


def test_where_nothing_happens_there_is_a_beat_all_the_same(engine, clock, login) -> None:
    quiet = Feed(engine, clock, every=0.001, heartbeat=0.001)
    listener = quiet.join(Wanted(), login, clock())
    assert next(quiet.hear(listener)) == []
    quiet.leave(listener)
    until_nobody_reads()


def test_who_does_not_listen_misses_some_and_is_let_go_all_the_same() -> None:
    slow = Listener(Wanted(), NOBODY)
    for number in range(30):
        slow.tell([Happening(number, "stored", "shop", f"e{number}")], number)
    slow.end()
    assert slow.waiting.full()
    assert len(slow.told) == 30
    slow.tell([], FURTHEST + OVERLAP + 29)
    assert slow.told == {}


def test_one_user_holds_a_few_places_and_a_new_page_takes_that_of_the_oldest(feed, login, login_of, clock) -> None:
    pages = [feed.join(Wanted(), login, clock()) for _ in range(MOST)]
    others = [feed.join(Wanted(), login_of(name), clock()) for name in ("ben", "cleo")]
    assert [one for one in pages if not one.over] == pages[-MOST_OF_USER:]
    assert {one.over for one in pages[:-MOST_OF_USER]} == {PLACE_TAKEN}
    assert [list(feed.hear(one)) for one in pages[:-MOST_OF_USER]] == [[]] * (MOST - MOST_OF_USER)
    assert not any(one.over for one in others)


def test_of_many_pages_that_come_at_once_as_many_stay_as_there_are_places(feed, login, clock) -> None:
    def join(_: int) -> Listener:
        return feed.join(Wanted(), login, clock())

    with ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(join, range(64)))
    assert sum(not one.over for one in pages) == MOST_OF_USER
    assert len(feed._places) == MOST_OF_USER


def test_where_every_place_is_taken_by_others_a_page_is_told_so_and_later_let_in(feed, login_of, clock) -> None:
    users = [login_of(f"user-{number}") for number in range(-(-MOST // MOST_OF_USER) + 1)]
    pages: list[Listener] = []
    for user in users[:-1]:
        pages += [feed.join(Wanted(), user, clock()) for _ in range(min(MOST_OF_USER, MOST - len(pages)))]
    with pytest.raises(Full):
        feed.join(Wanted(), users[-1], clock())
    feed.leave(pages[0])
    assert not feed.join(Wanted(), users[-1], clock()).over


def test_a_page_whose_first_look_fails_leaves_its_place(feed, login, clock, monkeypatch) -> None:
    def news(*given):
        raise Unavailable("away")

    monkeypatch.setattr(feeds, "news", news)
    with pytest.raises(Unavailable):
        feed.join(Wanted(), login, clock())
    assert not feed._places


@pytest.mark.parametrize(
    ("change", "over"),
    [
        (lambda conn, now: removed_users.remove(conn, "ben", now), LOGGED_OUT),
        (lambda conn, now: accounts.change_role(conn, "ben", "viewer", now), OTHER_ROLE),
        (lambda conn, now: accounts.change_password(conn, "ben", "hash", now), LOGGED_OUT),
    ],
    ids=["removed", "demoted", "password"],
)
def test_the_pages_of_a_user_end_with_the_user_the_role_and_the_password(
    feed, login, login_of, engine, clock, make_source, record, change, over: str
) -> None:
    make_source("shop")
    mine, theirs = feed.join(Wanted(), login, clock()), feed.join(Wanted(), login_of("ben"), clock())
    transaction(engine, lambda conn: change(conn, clock()))
    assert next(feed.hear(theirs), None) is None, "the stream has ended"
    assert theirs.over == over
    record("e1", session="s1")
    assert [one.id for one in next(feed.hear(mine))] == ["e1"]
    assert not mine.over
