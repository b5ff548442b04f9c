"""Who and what is counted, and that each is counted once."""

import pytest

from tracker.core.tally import (
    EVENTS,
    EVERYWHERE,
    HOUR,
    NEVER,
    NOTHING_KNOWN,
    VISITORS,
    VISITS,
    About,
    Fact,
    HandOver,
    Seen,
    Tally,
    Visit,
    count,
    page_of,
)

DAY = 24 * HOUR
PHONE = About("shop", names={"device": "mobile"}, arrival={"referrer": "search.example"})
ROBOT = About("shop", bot=True)


def fact(at=0, profile="p", session="s", source="shop", events=(("page-view", "https://shop.example/a"),)):
    return Fact(at, source, profile, session, list(events))


def counted(*facts, about=None, visits=None, seen=None) -> Tally:
    return count(facts, [], visits if visits is not None else {}, seen if seen is not None else {}, about or {})


def day(tally: Tally, scope="shop", at=0) -> list[int]:
    return tally.totals[scope, 24, at]


def test_a_request_counts_for_its_source_and_for_all_in_its_hour_and_in_its_day() -> None:
    tally = counted(fact(at=25 * HOUR), about={"s": PHONE})
    places = [("shop", 1, 25), ("shop", 24, 1), (EVERYWHERE, 1, 25), (EVERYWHERE, 24, 1)]
    assert tally.totals == {place: [1, 1, 1, 0] for place in places}
    assert tally.returns == {("shop", 1, NEVER): 1, (EVERYWHERE, 1, NEVER): 1}
    names = {(what, name): times for (scope, what, _, name), times in tally.names.items() if scope == "shop"}
    assert names == {
        ("page", "shop.example/a"): 1,
        ("event", "page-view"): 1,
        ("device", "mobile"): 1,
        ("referrer", "search.example"): 1,
    }


def test_what_is_no_page_view_has_no_page_and_who_has_no_profile_is_no_visitor() -> None:
    tally = counted(fact(profile=None, events=[("purchase", None)]))
    assert day(tally) == [1, 1, 0, 0]
    assert not [key for key in tally.names if key[1] == "page"]


def test_an_hour_later_the_visit_and_the_visitor_count_for_that_hour_and_not_for_the_day_again() -> None:
    tally = counted(fact(), fact(at=1), fact(at=HOUR), about={"s": PHONE})
    assert day(tally) == [3, 1, 1, 0]
    assert tally.totals["shop", 1, 1] == [1, 1, 1, 0]
    assert tally.names["shop", "device", 0, "mobile"] == 1


def test_a_visit_that_goes_on_after_midnight_counts_on_both_days() -> None:
    tally = counted(fact(at=DAY - 1), fact(at=DAY), about={"s": PHONE})
    assert [day(tally, at=at)[VISITS] for at in (0, 1)] == [1, 1]
    assert tally.returns["shop", 1, 0] == 1


def test_a_visitor_of_two_sources_is_one_visitor_and_one_visit_of_all() -> None:
    tally = counted(fact(), fact(source="blog"), about={"s": PHONE})
    assert day(tally, EVERYWHERE) == [2, 1, 1, 0]
    assert day(tally, "blog") == [1, 1, 1, 0]
    # The search engine has sent the visitor to the shop, and not to the blog.
    assert ("blog", "referrer", 0, "search.example") not in tally.names
    assert tally.names["blog", "device", 0, "mobile"] == 1


def test_a_robot_is_counted_apart_and_makes_no_visitor_and_no_name() -> None:
    tally = counted(fact(), fact(at=HOUR), fact(at=DAY), about={"s": ROBOT})
    assert day(tally) == [0, 0, 0, 2]
    assert day(tally, at=1) == [0, 0, 0, 1]
    assert not tally.names
    assert not tally.seen


def test_what_was_counted_before_is_not_counted_again() -> None:
    first = counted(fact(), about={"s": PHONE})
    again = counted(fact(at=1), visits=first.visits, seen=first.seen)
    assert day(again) == [1, 0, 0, 0]
    assert not again.moved_visits
    assert not again.moved_visitors


def test_a_robot_known_from_before_stays_one_within_its_day() -> None:
    visits = {("s", "shop"): Visit(1, True), ("s", EVERYWHERE): Visit(1, True)}
    assert day(counted(fact(at=HOUR), fact(), visits=visits)) == [0, 0, 0, 2]


def test_somebody_of_whom_nothing_is_known_is_counted_as_unknown() -> None:
    tally = counted(fact())
    assert tally.names["shop", "device", 0, "unknown"] == 1
    assert NOTHING_KNOWN.bot is False


LATE = [
    ("was not here that day", Seen(48, NEVER), {(2, NEVER): -1, (2, 1): 1, (1, NEVER): 1}, Seen(48, 1)),
    ("was counted that day", Seen(48, 1), {}, Seen(48, 1)),
    ("was counted on a day after it", Seen(96, 3), {}, Seen(96, 3)),
]


@pytest.mark.parametrize(("seen", "returns", "after"), [row[1:] for row in LATE], ids=[row[0] for row in LATE])
def test_who_is_told_of_after_midnight_counts_on_the_day_it_was(seen, returns, after) -> None:
    known = {("p", scope): seen for scope in ("shop", EVERYWHERE)}
    tally = counted(fact(at=DAY + HOUR), seen=known)
    assert {(at, before): n for (scope, at, before), n in tally.returns.items() if scope == "shop"} == returns
    assert day(tally, at=1)[VISITORS] == bool(returns)
    assert tally.seen["p", "shop"] == after


def test_an_earlier_hour_of_the_same_day_told_late_adds_no_visitor() -> None:
    known = {("p", scope): Seen(5, NEVER) for scope in ("shop", EVERYWHERE)}
    visits = {("s", scope): Visit(5, False) for scope in ("shop", EVERYWHERE)}
    tally = counted(fact(at=HOUR), seen=known, visits=visits)
    assert day(tally) == [1, 0, 0, 0]
    assert tally.totals["shop", 1, 1][EVENTS] == 1


def test_hand_overs_are_counted_by_their_day_their_sources_and_what_came_of_them() -> None:
    tally = count([], [HandOver(DAY, "shop", "blog", "adopted")] * 2, {}, {}, {})
    assert tally.flow == {(1, "shop", "blog", "adopted"): 2}


def test_every_spelling_of_a_page_counts_as_one_page() -> None:
    spellings = ("https://a.example/caf%C3%A9/?x=1", "https://A.example/caf%c3%a9", "https://a.example/café#top")
    brought = [("page-view", page_of({"page": {"url": url}})) for url in spellings]
    assert counted(fact(events=brought)).names["shop", "page", 0, "a.example/café"] == 3


def test_a_long_page_has_one_name_however_it_is_spelled() -> None:
    spellings = ("https://a.example/" + "é" * 900, "https://a.example/" + "%c3%A9" * 900)
    pages = [page_of({"page": url}) for url in spellings]
    names = counted(fact(events=[("page-view", page) for page in pages])).names
    assert names["shop", "page", 0, "a.example/" + "é" * 190] == 2


@pytest.mark.parametrize(
    "context", [{"page": {"url": "https://a.example/x?card=4111#top"}}, {"page": "https://a.example/x"}]
)
def test_a_page_is_told_without_its_query(context) -> None:
    assert page_of(context) == "https://a.example/x"


@pytest.mark.parametrize("context", [{}, {"page": {}}, {"page": None}, {"page": ""}, {"page": {"url": 7}}])
def test_what_names_no_page_has_none(context) -> None:
    assert page_of(context) is None


def test_who_was_here_on_days_whose_events_are_gone_is_not_counted_by_what_is_left_of_them() -> None:
    known = {("p", EVERYWHERE): Seen(2 * 24, NEVER)}
    facts = (fact(at=DAY), fact(at=3 * DAY))
    tally = count(facts, [], {}, known, {}, {EVERYWHERE: 3})
    assert tally.returns == {("shop", 1, NEVER): 1, ("shop", 3, 1): 1, (EVERYWHERE, 3, 2): 1}
    assert tally.seen["p", EVERYWHERE] == Seen(3 * 24, 2)
