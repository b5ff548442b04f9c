"""A visitor walks from one domain of an owner to another and stays one person; everybody else stays who they are."""

import pytest

from tracker.store import people, reports, sources
from tracker.store.engine import transaction

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


@pytest.fixture
def visitor_of(track):
    """Let somebody visit a site; returns the id that the site's pages keep."""
    return lambda site: track(f"{site}-1", source=site, session=f"{site}-session")["profile"]["id"]


# Plain -------------------------------------------------------------------------------------------------------------


def test_a_visitor_without_a_profile_here_gets_the_one_that_came_along(
    sites, visitor_of, track, arriving, read, broken
) -> None:
    sites("plain")
    visitor = visitor_of("shop")
    landed = track("blog-1", source="blog", session="blog-session", context=arriving(visitor))
    assert landed["profile"]["id"] == visitor
    assert landed["warnings"] == landed["errors"] == []
    assert "pass" not in landed
    person = read(reports.profile, visitor)
    assert (person["ids"], person["visits"], person["events"]) == ([visitor], 2, 2)
    assert [event["source"] for event in read(reports.events, profile_id=visitor)] == ["shop", "blog"]
    assert broken() == {}


def test_a_visitor_known_on_both_sites_becomes_one_person(sites, visitor_of, track, arriving, read, broken) -> None:
    sites("plain")
    here, referred = visitor_of("blog"), visitor_of("shop")
    landed = track("blog-2", source="blog", session="blog-session", profile=here, context=arriving(referred))
    assert landed["profile"]["id"] == referred, "the referred profile survives"
    assert landed["session"]["id"] == "blog-session"
    person = read(reports.profile, here)
    assert set(person["ids"]) == {here, referred}
    assert (person["visits"], person["events"]) == (2, 3)
    [log] = read(reports.merges, referred)
    assert (log["loser"], log["survivor"], log["reason"]) == (here, referred, "referral")
    assert log["referral"] == {
        "source": "shop",
        "landing_source": "blog",
        "referrer": "shop.example",
        "landing": "blog.example",
    }
    # A browser that never learns of the merge keeps sending the old id.
    assert track("blog-3", source="blog", session="blog-session", profile=here)["profile"]["id"] == referred
    assert broken() == {}


def test_loading_the_landing_page_again_does_nothing_twice(sites, visitor_of, track, arriving, read, broken) -> None:
    sites("plain")
    track("blog-1", source="blog", session="blog-session", profile=UUID)
    referred = visitor_of("shop")
    for n in range(3):
        landed = track(f"again-{n}", source="blog", session="blog-session", profile=UUID, context=arriving(referred))
        assert landed["profile"]["id"] == referred
        assert landed["warnings"] == landed["errors"] == []
    assert len(read(reports.merges, referred)) == 1
    assert read(reports.profile, referred)["visits"] == 2
    assert broken() == {}


def test_a_session_of_another_profile_is_replaced_when_a_profile_arrives(
    sites, visitor_of, track, arriving, read
) -> None:
    sites("plain")
    stranger, referred = visitor_of("blog"), visitor_of("shop")
    # The browser lost its profile id but kept a session that belongs to somebody: they are merged into one person.
    landed = track("blog-2", source="blog", session="blog-session", context=arriving(referred))
    assert landed["profile"]["id"] == referred
    assert read(reports.live_id, stranger) == referred


@pytest.mark.parametrize(
    ("passed", "page", "tells_an_error"),
    [
        ({"source": "nowhere", "referrer": "shop.example"}, {}, True),
        ({"source": "closed", "referrer": "shop.example"}, {}, True),
        ({"profile": UUID}, {}, False),
        ({}, {"at": "evil.example"}, False),
        ({"referrer": "evil.example"}, {}, False),
        ({"referrer": "notshop.example"}, {}, False),
        ({"referrer": "shop.example.evil.com"}, {}, False),
        ({"referrer": ""}, {}, False),
    ],
    ids=[
        "unknown source",
        "disabled source",
        "unknown profile",
        "a landing page elsewhere",
        "a referrer elsewhere",
        "a look-alike referrer",
        "a suffixed referrer",
        "no referrer",
    ],
)
def test_a_referral_that_fails_a_check_ends_and_the_events_are_stored(
    passed, page, tells_an_error, sites, make_source, engine, clock, visitor_of, track, arriving, read, broken
) -> None:
    sites("plain")
    make_source("closed", referrals="plain", domains=("shop.example",), links=("blog.example",))
    sources.switch(engine, "closed", enabled=False, now=clock())
    here, referred = visitor_of("blog"), visitor_of("shop")
    context = arriving(**{"profile": referred} | page | passed)
    landed = track("blog-2", source="blog", session="blog-session", profile=here, context=context)
    assert landed["profile"]["id"] == here
    assert len(landed["warnings"]) == 1
    assert bool(landed["errors"]) == tells_an_error
    assert read(reports.profile, here)["events"] == 2
    assert read(reports.live_id, referred) == referred
    assert read(reports.merges, referred) == []
    assert broken() == {}


@pytest.mark.parametrize("bad", [{}, [], "x", 7, {"profile": "p"}, {"source": "shop"}, {"profile": 1, "source": 2}])
def test_a_pass_that_cannot_be_read_is_warned_of_and_the_events_are_stored(bad, sites, track, read) -> None:
    sites("plain")
    landed = track("blog-1", source="blog", context={"tracardi": {"pass": bad}})
    assert len(landed["warnings"]) == 1
    assert len(read(reports.events)) == 1


def test_the_pass_itself_is_never_stored_and_its_neighbours_are(sites, visitor_of, track, arriving, read) -> None:
    sites("plain")
    context = arriving(visitor_of("shop"))
    context["tracardi"]["version"] = "1"
    track("blog-1", source="blog", session="blog-session", context=context)
    assert read(reports.session, "blog-session")["context"]["tracardi"] == {"version": "1"}


def test_an_undone_merge_gives_both_people_back(
    sites, visitor_of, track, arriving, read, engine, clock, broken
) -> None:
    sites("plain")
    here, referred = visitor_of("blog"), visitor_of("shop")
    track("blog-2", source="blog", session="blog-session", profile=here, context=arriving(referred))
    transaction(engine, lambda conn: people.unmerge(conn, here, clock()))
    assert [event["id"] for event in read(reports.events, profile_id=here)] == ["blog-1"]
    assert [event["id"] for event in read(reports.events, profile_id=referred)] == ["shop-1", "blog-2"]
    assert broken() == {}


def test_where_it_is_switched_off_nothing_is_passed_on(sites, visitor_of, track, arriving) -> None:
    sites("off")
    referred = visitor_of("shop")
    landed = track("blog-1", source="blog", context=arriving(referred))
    assert landed["profile"]["id"] != referred
    assert landed["warnings"]
    assert "pass" not in landed


# Signed ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def walker(sites, track):
    """A visitor of the shop, with the pass that the shop's last answer brought."""
    sites("signed")
    answer = track("shop-1", session="shop-session")
    return answer["profile"]["id"], answer["pass"]


def test_with_a_pass_the_profile_is_adopted(walker, track, arriving) -> None:
    profile, token = walker
    landed = track("blog-1", source="blog", context=arriving(profile, **{"pass": token}))
    assert landed["profile"]["id"] == profile
    assert landed["warnings"] == []
    assert landed["pass"] != token


def test_without_a_pass_a_signed_source_passes_nothing_on(walker, track, arriving) -> None:
    landed = track("blog-1", source="blog", context=arriving(walker[0]))
    assert landed["profile"]["id"] != walker[0]
    assert len(landed["warnings"]) == 1


def test_a_copied_link_does_nothing_in_a_second_browser(walker, track, arriving, read, broken) -> None:
    profile, token = walker
    link = arriving(profile, **{"pass": token})
    victim = track("blog-0", source="blog", session="victim")["profile"]["id"]
    assert track("blog-1", source="blog", session="mine", context=link)["profile"]["id"] == profile
    copied = track("blog-2", source="blog", session="victim", profile=victim, context=link)
    assert copied["profile"]["id"] == victim
    assert len(copied["warnings"]) == 1
    assert read(reports.merges, victim) == []
    # The same browser that loads the page again is not disturbed.
    assert track("blog-3", source="blog", session="mine", profile=profile, context=link)["warnings"] == []
    assert broken() == {}


def test_a_pass_for_somebody_else_or_another_source_is_not_valid(
    walker, track, make_source, arriving, payload, post
) -> None:
    _, token = walker
    other = track("shop-2", session="another")["profile"]["id"]
    landed = track("blog-1", source="blog", context=arriving(other, **{"pass": token}))
    assert landed["profile"]["id"] != other
    assert len(landed["warnings"]) == 1


def test_a_pass_that_is_too_old_is_refused(walker, track, arriving, clock) -> None:
    profile, token = walker
    clock.forward(601)
    landed = track("blog-1", source="blog", context=arriving(profile, **{"pass": token}))
    assert landed["profile"]["id"] != profile
    assert any("expired" in warning for warning in landed["warnings"])


def test_a_link_opened_from_a_mail_never_fuses_two_people(walker, track, arriving) -> None:
    profile, token = walker
    reader = track("blog-0", source="blog", session="reader")["profile"]["id"]
    mailed = arriving(profile, referrer="", **{"pass": token})
    landed = track("blog-1", source="blog", session="reader", profile=reader, context=mailed)
    assert landed["profile"]["id"] == reader
    assert len(landed["warnings"]) == 1


# POST /pass --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(post):
    def go(profile: str, source: str = "shop", **headers: str):
        return post({"source": {"id": source}, "profile": {"id": profile}}, path="/pass", **headers)

    return go


def test_a_fresh_pass_is_given_out_for_a_live_profile_by_any_of_its_ids(sites, track, ask, arriving) -> None:
    sites("signed")
    profile = track("shop-1", profile=UUID)["profile"]["id"]
    for name in (profile, UUID):
        answer = ask(name)
        assert answer.status_code == 200
        assert list(answer.get_json()) == ["pass"]
        assert answer.headers["Cache-Control"] == "no-store"
    landed = track("blog-1", source="blog", context=arriving(profile, **answer.get_json()))
    assert landed["profile"]["id"] == profile


def test_there_is_no_pass_for_nobody_nor_for_a_source_that_does_not_sign(sites, track, ask, make_source) -> None:
    sites("signed")
    make_source("plain", referrals="plain")
    profile = track("shop-1")["profile"]["id"]
    for answer in (ask("nobody"), ask(profile, "plain")):
        assert answer.status_code == 404
        assert sorted(answer.get_json()) == ["detail", "request_id"]


def test_a_pass_is_refused_to_whom_track_refuses(sites, make_source, track, ask) -> None:
    sites("signed")
    make_source("bound", origins=("https://shop.example",))
    profile = track("shop-1")["profile"]["id"]
    for answer in (ask(profile, "nowhere"), ask(profile, "bound", Origin="https://evil.example")):
        assert (answer.status_code, answer.data) == (401, b'{"detail":"Access denied. Invalid source."}')
    allowed = ask(profile, "bound", Origin="https://shop.example")
    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"


@pytest.mark.parametrize(
    ("body", "locs"),
    [
        ({}, [["body", "source"], ["body", "profile"]]),
        ({"source": {"id": "shop"}}, [["body", "profile"]]),
        ({"source": {"id": "shop"}, "profile": {}}, [["body", "profile", "id"]]),
        ({"source": {"id": "shop"}, "profile": None}, [["body", "profile"]]),
    ],
)
def test_a_request_for_a_pass_has_a_shape_too(body, locs, sites, post) -> None:
    sites("signed")
    answer = post(body, path="/pass")
    assert answer.status_code == 422
    assert [problem["loc"] for problem in answer.get_json()["detail"]] == locs


def test_a_source_that_requires_a_referrer_takes_no_link_without_one(tool, sites, track, arriving, clock) -> None:
    sites("signed")
    first = track("e1", session="s1")
    shop = tool.ok("GET", "/api/sources/blog")
    tool.ok("PUT", "/api/sources/blog", shop | {"settings": {"requireReferrer": True}})
    clock.forward(5)
    handed = {"pass": first["pass"], "referrer": ""}
    refused = track("e2", source="blog", session="s2", context=arriving(first["profile"]["id"], **handed))
    assert refused["profile"] != first["profile"]
    assert "requireReferrer is set" in refused["warnings"][0]
    wrong = tool("PUT", "/api/sources/blog", shop | {"settings": {"requireReferrer": "yes"}})
    assert (wrong.status_code, wrong.get_json()["detail"][0]["loc"]) == (422, ["body", "settings"])
