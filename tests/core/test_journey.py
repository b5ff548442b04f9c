"""The way a person took: visits, the sites they were on, and who handed them over."""

import pytest

from tracker.core.journey import Happening, Joining, Surroundings, visits
from tracker.core.model import Source

SHOP = Source("shop", "The shop", domains=("shop.test",))
BLOG = Source("blog", "The blog", origins=("https://blog.test",))
BACK = Source("back", "The backend", kind="server")
SOURCES = {source.id: source for source in (SHOP, BLOG, BACK)}
LINK = Joining(20, "referral", {"source": "shop", "landing_source": "blog", "referrer": "www.shop.test"})
SIGN_IN = Joining(20, "identity", {"landing_source": "blog", "kinds": ["user_id"]})


def happened(at: int, source: str, session: str = "s1", kind: str = "page-view", page: object = None) -> Happening:
    return Happening(f"e{at}", kind, source, session, at, {}, {"page": page} if page else {})


def around(**known) -> Surroundings:
    return Surroundings(SOURCES, **({"referrers": {}, "first_seen": {}} | known))


ELSEWHERE = {"shop": 1, "blog": 20}
CASES = [
    ("a-first-visit", [happened(1, "shop")], around(first_seen={"shop": 1}), [None]),
    (
        "a-visit-passed-on",
        [happened(1, "shop", page={"url": "https://shop.test/x"}), happened(2, "blog")],
        around(),
        [None, "shop.test"],
    ),
    (
        "a-page-as-text",
        [happened(1, "shop", page="https://shop.test/x"), happened(2, "blog")],
        around(),
        [None, "shop.test"],
    ),
    ("a-page-of-no-form", [happened(1, "shop", page=[1]), happened(2, "blog")], around(), [None, "The shop"]),
    (
        "through-a-backend",
        [happened(1, "shop"), happened(2, "back"), happened(3, "shop")],
        around(),
        [None, None, None],
    ),
    ("a-merge-says-from-where", [happened(20, "blog")], around(joins=[LINK]), ["www.shop.test"]),
    (
        "a-merge-without-a-referrer",
        [happened(20, "blog")],
        around(joins=[Joining(20, "referral", {"source": "shop", "landing_source": "blog"})]),
        ["The shop"],
    ),
    (
        "a-merge-from-a-source-that-is-gone",
        [happened(20, "blog")],
        around(joins=[Joining(20, "referral", {"source": "old", "landing_source": "blog"})]),
        ["old"],
    ),
    ("a-merge-that-says-nothing", [happened(20, "blog")], around(joins=[Joining(20, "referral", {})]), [None]),
    ("a-merge-on-another-site", [happened(20, "shop")], around(joins=[LINK]), [None]),
    ("a-merge-at-another-time", [happened(30, "blog")], around(joins=[LINK]), [None]),
    (
        "from-an-owned-host",
        [happened(20, "blog")],
        around(referrers={"s1": "shop.test"}, first_seen=ELSEWHERE),
        ["shop.test"],
    ),
    (
        "from-a-host-never-seen",
        [happened(20, "blog")],
        around(referrers={"s1": "shop.test"}, first_seen={"blog": 20}),
        [None],
    ),
    ("from-a-stranger", [happened(20, "blog")], around(referrers={"s1": "evil.test"}, first_seen=ELSEWHERE), [None]),
    (
        "from-a-page-of-its-own",
        [happened(20, "blog")],
        around(referrers={"s1": "blog.test"}, first_seen=ELSEWHERE),
        [None],
    ),
    (
        "on-a-source-that-is-gone",
        [happened(20, "old")],
        around(referrers={"s1": "shop.test"}, first_seen=ELSEWHERE),
        ["shop.test"],
    ),
    ("without-a-referrer", [happened(20, "blog")], around(first_seen=ELSEWHERE), ["The shop"]),
    ("without-a-referrer-later", [happened(30, "blog")], around(first_seen=ELSEWHERE), [None]),
    ("after-a-backend-alone", [happened(20, "blog")], around(first_seen={"back": 1, "blog": 20}), [None]),
    ("signing-in-is-no-hand-over", [happened(20, "blog")], around(first_seen=ELSEWHERE, joins=[SIGN_IN]), [None]),
    ("nor-is-an-identify-event", [happened(20, "blog", kind="identify")], around(first_seen=ELSEWHERE), [None]),
    ("a-backend-is-no-site", [happened(20, "back")], around(first_seen={"shop": 1, "back": 20}), [None]),
]


@pytest.mark.parametrize(("events", "known", "came_from"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_who_handed_a_visitor_over(events, known, came_from) -> None:
    [legs] = visits(events, known)
    assert [leg.came_from for leg in legs] == came_from


def test_visits_that_take_turns_are_told_apart() -> None:
    events = [happened(1, "shop"), happened(2, "blog", "s2"), happened(3, "shop"), happened(4, "blog", "s2")]
    found = visits(events, around())
    assert [[(leg.source_id, [event.at for event in leg.events]) for leg in legs] for legs in found] == [
        [("shop", [1, 3])],
        [("blog", [2, 4])],
    ]


def test_a_leg_says_which_profiles_became_one_on_it() -> None:
    [[leg]] = visits([happened(20, "blog")], around(joins=[SIGN_IN]))
    assert leg.joins == (SIGN_IN,)


def test_an_event_names_its_page_as_lists_do() -> None:
    assert happened(1, "shop", page={"url": "https://Shop.test/caf%c3%a9/?x"}).page == "shop.test/café"
    assert happened(1, "shop", page="/a/").page == "/a"
    assert happened(1, "shop").page == ""
