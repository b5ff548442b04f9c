"""What a visitor wants or does not want: asked of the browser's storage, the wire and the database."""

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.visiting import BLOG, SHOP, STORED, arrived, known, settled, two_sites, visit
from browser.web import Web

SAYS = {
    "DNT": "Object.defineProperty(Navigator.prototype, 'doNotTrack', { get: () => '1' })",
    "GPC": "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })",
    "a robot": "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => true })",
}
SILENT = {"DNT": {"respectDoNotTrack": True}, "GPC": {}, "a robot": {}}
LOUD = {"DNT": {}, "GPC": {"respectGPC": False}, "a robot": {"trackBots": True}}


def nothing_left(page: Page) -> bool:
    """True where neither storage nor a cookie holds anything of the tracker, whatever the page does meanwhile."""
    page.evaluate("tracker.track('bought', { n: 1 })")
    page.evaluate("tracker.flush()")
    return bool(page.evaluate(STORED) == [])


@pytest.mark.case("DNT, GPC")
@pytest.mark.parametrize("who", ["DNT", "GPC", "a robot"])
def test_somebody_who_is_not_to_be_tracked_leaves_no_trace(web: Web, page: Page, who: str) -> None:
    shop, _ = two_sites(web, **SILENT[who])
    page.add_init_script(SAYS[who])
    page.goto(SHOP)
    page.wait_for_function("tracker.version")
    assert nothing_left(page)
    assert page.evaluate("[tracker.profileId(), tracker.sessionId()]") == [None, None]
    page.click("#go")
    arrived(page, BLOG)
    assert nothing_left(page)
    assert [one.target for one in web.asked("blog.test", "/")] == ["/"]
    assert web.asked("collect.test", "/track") == []
    assert web.stored(shop) == []


@pytest.mark.case("DNT, GPC")
@pytest.mark.parametrize("who", ["DNT", "GPC", "a robot"])
def test_an_owner_decides_which_wish_counts(web: Web, page: Page, who: str) -> None:
    shop, _ = two_sites(web, **LOUD[who])
    page.add_init_script(SAYS[who])
    page.goto(SHOP)
    assert web.events(shop)[0]["profile"] == known(page)


@pytest.mark.case("consent given later, withdrawn")
@pytest.mark.parametrize("need", [True, "analytics"])
def test_nothing_is_kept_or_sent_before_consent_and_all_of_it_after(web: Web, page: Page, need: bool | str) -> None:
    shop, _ = two_sites(web, "consent.html", requireConsent=need)
    page.goto(SHOP)
    page.wait_for_function("tracker.version")
    page.evaluate("void tracker.track('bought', { n: 1 })")
    page.evaluate("void tracker.consent({ adverts: false })")
    page.evaluate("tracker.flush()")
    assert page.evaluate(STORED) == []
    assert web.asked("collect.test", "/track") == []
    page.click("#agree")
    profile = known(settled(page))
    events = web.events(shop, at_least=3)
    assert {"page-view", "bought", "consent-granted"} <= {event["type"] for event in events}
    assert web.profiles(shop) == {profile}
    # On the next page the consent is known.
    page.goto(f"{SHOP}next")
    assert known(page) == profile
    assert len(web.events(shop, "page-view", at_least=2)) == 2


@pytest.mark.case("consent given later, withdrawn")
def test_a_landing_before_consent_hands_over_after_it(web: Web, page: Page) -> None:
    web.site("shop.test", "leaving.html", links=["blog.test"])
    blog = web.site("blog.test", "consent.html", requireConsent=True)
    page.goto(SHOP)
    profile = known(page)
    page.click("#go")
    arrived(page, BLOG)
    assert page.url == BLOG
    assert page.evaluate(STORED) == []
    page.click("#agree")
    assert known(settled(page)) == profile
    assert {event["profile"] for event in web.events(blog, at_least=2)} == {profile}


@pytest.mark.case("consent given later, withdrawn")
def test_withdrawn_consent_clears_the_browser_and_stops_sending_and_linking(web: Web, page: Page) -> None:
    shop, _ = two_sites(web, "consent.html", requireConsent=True)
    page.goto(SHOP)
    page.wait_for_function("tracker.version")
    page.click("#agree")
    profile = known(settled(page))
    web.events(shop, "consent-granted")
    page.click("#refuse")
    assert page.evaluate(STORED) == []
    assert [event["profile"] for event in web.events(shop, "consent-revoked")] == [profile]
    count = len(web.asked("collect.test", "/track"))
    page.evaluate("void tracker.track('bought', { n: 1 })")
    page.evaluate("tracker.flush()")
    assert page.evaluate("tracker.decorate('http://blog.test/')") == BLOG
    page.goto(f"{SHOP}next")
    page.wait_for_function("tracker.version")
    page.evaluate("tracker.flush()")
    assert page.evaluate(STORED) == []
    assert len(web.asked("collect.test", "/track")) == count
    assert web.stored(shop, "bought") == []


@pytest.mark.case("consent given later, withdrawn")
def test_somebody_who_opted_out_is_left_alone_until_they_opt_in_as_somebody_new(web: Web, page: Page) -> None:
    shop = web.site("shop.test")
    page.goto(SHOP)
    profile = known(settled(page))
    page.evaluate("tracker.optOut()")
    page.goto(f"{SHOP}next")
    page.wait_for_function("tracker.version")
    page.evaluate("tracker.flush()")
    assert page.evaluate(STORED) == ["tracardi-opt-out"]
    assert len(web.stored(shop)) == 1
    page.evaluate("tracker.optIn()")
    page.evaluate("void tracker.track('back-again')")
    assert known(settled(page)) != profile
    assert len(web.events(shop, "back-again")) == 1


@pytest.mark.case("consent given later, withdrawn")
def test_the_next_person_at_a_computer_is_somebody_else_after_a_reset(
    web: Web, context: BrowserContext, page: Page
) -> None:
    shop = web.site("shop.test")
    page.goto(SHOP)
    first = known(settled(page))
    page.evaluate("tracker.reset()")
    page.evaluate("void tracker.track('sat-down')")
    second = known(settled(page))
    assert second != first
    (event,) = web.events(shop, "sat-down")
    assert event["profile"] == second
    assert event["session"] not in web.profile(first)["sessions"]
    page.close()
    assert known(visit(context, SHOP)) == second
