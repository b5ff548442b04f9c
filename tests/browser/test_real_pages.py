"""Pages as they really are: each habit here has broken a tracker, this one or another."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.visiting import BLOG, SHOP, STORED, arrived, known, settled
from browser.web import ROOT, Web, until

LANDED = "__tr_pid=p&__tr_src=s"
CLICKS = [
    {"tag": "order", "trigger": "onSubmit", "data": {"event": "ordered"}},
    {"trigger": "onOutbound", "data": {"event": "went-out"}},
]


def real_shop(web: Web, page: Page, **options: Any) -> tuple[str, str]:
    """Open the shop with habits of its own as a visitor with a profile; returns its source and the profile."""
    shop = web.site("shop.test", "real.html", links=["blog.test"], auto={"triggers": CLICKS}, **options)
    web.site("blog.test")
    web.show("wiki.test")
    page.goto(SHOP)
    page.evaluate("void tracker.track('here')")
    return shop, known(settled(page))


@pytest.mark.case("what a link had before is there again to the byte")
@pytest.mark.parametrize(
    "bare",
    ["search?q=who+is+it?", "search?", "search?q=1&", "?a&&b=%20+x#part?x=1", "#why?", "#/route?x=1&", "?a=b#?&"],
)
@pytest.mark.parametrize("position", ["query", "hash"])
def test_a_landing_takes_away_what_was_appended_and_nothing_else(
    web: Web, page: Page, bare: str, position: str
) -> None:
    web.site("shop.test", links=["blog.test"], linkPosition=position)
    web.site("blog.test")
    page.goto(SHOP)
    known(page)
    decorated = page.evaluate("(href) => tracker.decorate(href)", BLOG + bare)
    assert "__tr_pid=" in decorated
    page.goto(decorated)
    known(arrived(page, (BLOG + bare).split("?")[0].split("#")[0]))
    assert page.evaluate("location.href") == BLOG + bare


@pytest.mark.case("a link to a word of the page")
def test_a_landing_at_a_word_of_the_page_is_scrolled_to_and_keeps_its_address(web: Web, page: Page) -> None:
    web.site("blog.test", "long.html")
    page.goto(f"{BLOG}?{LANDED}#:~:text=zebracorn")
    page.wait_for_function("scrollY > 4000")
    known(page)
    shown = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"][-1]["url"]
    assert shown == f"{BLOG}#:~:text=zebracorn"


@pytest.mark.case("consent given later, withdrawn")
@pytest.mark.parametrize("how", ["optOut", "withdrawn"])
def test_one_tab_s_no_holds_for_all_tabs(web: Web, context: BrowserContext, how: str) -> None:
    shop = web.site("shop.test", requireConsent=how == "withdrawn")
    tabs = [context.new_page(), context.new_page()]
    for tab in tabs:
        tab.goto(SHOP)
        tab.wait_for_function("tracker.version")
    if how == "withdrawn":
        tabs[0].evaluate("void tracker.consent({ analytics: true })")
    for tab in tabs:
        known(settled(tab))
    tabs[0].evaluate("void tracker.optOut()" if how == "optOut" else "void tracker.consent({ analytics: false })")
    other = tabs[1]
    other.wait_for_function("!document.cookie")
    other.evaluate("void tracker.track('goes-on')")
    other.evaluate("tracker.flush()")
    assert other.evaluate(STORED) == (["tracardi-opt-out"] if how == "optOut" else [])
    assert other.evaluate("tracker.profileId()") is None
    assert web.stored(shop, "goes-on") == []


@pytest.mark.case("consent given later, withdrawn")
@pytest.mark.parametrize("beacon", ["undefined", "() => { throw new Error('replaced by the page') }", "() => false"])
def test_consent_is_taken_back_whatever_became_of_the_browser_s_beacon(web: Web, page: Page, beacon: str) -> None:
    shop = web.site("shop.test", "consent.html", requireConsent=True)
    page.add_init_script(f"Object.defineProperty(Navigator.prototype, 'sendBeacon', {{ value: {beacon} }})")
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.goto(SHOP)
    page.wait_for_function("tracker.version")
    page.click("#agree")
    known(settled(page))
    page.click("#refuse")
    assert page.evaluate(STORED) == []
    assert len(web.events(shop, "consent-revoked")) == 1
    page.evaluate("void tracker.track('goes-on')")
    page.evaluate("tracker.flush()")
    assert (page.evaluate(STORED), web.stored(shop, "goes-on"), problems) == ([], [], [])


@pytest.mark.case("href put back after a click")
def test_what_the_page_reads_of_its_links_and_forms_is_as_it_wrote_it(web: Web, page: Page) -> None:
    _, profile = real_shop(web, page)
    page.click("#copy")
    assert page.evaluate("copied") == BLOG
    with page.context.expect_page() as opened:
        page.click("#stops")
    assert known(arrived(opened.value, f"{BLOG}stops")) == profile
    assert page.evaluate("stopped") == f"{BLOG}stops"
    page.click("#in-place")
    assert page.evaluate("sent") == "q=tea"
    page.click("#order")
    assert page.evaluate("posted") == f"{BLOG}order"
    page.evaluate("open(document.querySelector('#go'))")
    assert page.evaluate("opened === document.querySelector('#go')")
    page.click("#there")
    assert known(arrived(page, f"{BLOG}search")) == profile
    assert page.url == f"{BLOG}search?q=tea"
    page.go_back(wait_until="commit")
    assert page.evaluate("sessionStorage.gathered") == "q=tea"


@pytest.mark.case("links to files, signed addresses")
def test_links_to_files_and_signed_addresses_are_left_alone(web: Web, page: Page) -> None:
    real_shop(web, page)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.evaluate("tracker.debug(true)")
    # An answer without content leaves the visitor on the page.
    page.route(f"{BLOG}**", lambda route: route.fulfill(status=204))
    for link in ("#file", "#signed"):
        with page.expect_request(f"{BLOG}**") as asked:
            page.click(link)
        assert asked.value.url == page.get_attribute(link, "href")
    assert any(line.endswith("report.pdf file") for line in said)


@pytest.mark.case("a page in another encoding")
def test_the_query_of_a_link_keeps_the_bytes_that_the_page_s_encoding_gives(web: Web, page: Page) -> None:
    _, profile = real_shop(web, page, headers={"Content-Type": "text/html; charset=windows-1252"})
    page.click("#latin")
    assert known(arrived(page, f"{BLOG}latin")) == profile
    assert page.evaluate("location.href") == f"{BLOG}latin?q=f%FCr#f%C3%BCr"
    (asked,) = web.asked("blog.test", "/latin")
    assert asked.target.startswith(f"/latin?q=f%FCr&__tr_pid={profile}&")


@pytest.mark.case("every trigger")
def test_a_form_whose_fields_have_names_of_the_browser_s_own_and_a_click_that_is_cancelled(
    web: Web, page: Page
) -> None:
    shop, _ = real_shop(web, page)
    page.click("#out")
    # Playwright itself stumbles over such a form.
    page.evaluate("document.querySelector('#clobber').click()")
    assert len(web.events(shop, "ordered")) == 1
    assert page.url == SHOP
    assert web.stored(shop, "went-out") == []


@pytest.mark.case("options of the page")
@pytest.mark.parametrize("entry", ["http://blog.test", "https://BLOG.test/path", "blog.test:8080", " .blog.test. "])
def test_linked_domains_of_the_page_are_read_as_the_console_reads_them(web: Web, page: Page, entry: str) -> None:
    web.site("shop.test", "linked.html", snippet_of=lambda *_: "", values={"entry": entry, "source": "x"})
    page.goto(SHOP)
    page.wait_for_function("window.tracker && tracker.version")
    page.evaluate("localStorage['tracardi-profile-id'] = 'p'")
    assert "__tr_pid=p" in page.evaluate("tracker.decorate('http://blog.test/')")
    assert "__tr_pid" not in page.evaluate("tracker.decorate('http://notblog.test/')")


@pytest.mark.case("SPA navigation")
def test_views_of_a_router_that_the_script_comes_too_late_for_are_views(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "router.html", spa=True)
    page.goto(SHOP)
    known(settled(page))
    for number, (step, path) in enumerate(
        [
            ("keptPush(null, '', '/kept')", "/kept"),
            ("navigation.navigate('/intercepted').finished.then(() => 1)", "/intercepted"),
            ("void history.replaceState(null, '', '?filter=1')", None),
            ("void history.back()", "/kept"),
        ]
    ):
        page.evaluate(step)
        if path:
            web.events(shop, "page-view", number + 2 - (number > 2))
    page.evaluate("tracker.track('last')")
    views = [event["context"]["page"]["path"] for event in web.stored(shop, "page-view")]
    assert views == ["/", "/kept", "/intercepted", "/kept"]


@pytest.mark.case("prototypes, globals and fetch of the page")
def test_bodies_requests_and_timers_do_not_depend_on_what_the_page_has_replaced(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "spoilt.html")
    page.goto(SHOP)
    (event,) = web.events(shop)
    assert (event["type"], event["context"]["page"]["url"]) == ("page-view", SHOP)
    # What Playwright runs in the page would stumble over what this page has done to it.
    page.click("button")
    (event,) = web.events(shop, "bought")
    assert event["properties"] == {"things": ["tea", {"n": 1}], "n": 2}
    page.wait_for_selector("body[data-pending='0']")
    assert [one.method for one in web.asked("collect.test", "/track")] == ["POST", "POST"]
    assert page.get_attribute("body", "data-kept") == "function,function,function"


@pytest.mark.case("the script is blocked")
@pytest.mark.parametrize("when", ["ten seconds after the load", "the page goes"])
def test_a_call_to_a_script_that_is_blocked_resolves_to_null(web: Web, page: Page, when: str) -> None:
    web.site("shop.test", "early-calls.html")
    page.route("http://collect.test/**", lambda route: route.abort())
    page.clock.install()
    page.goto(SHOP)
    page.evaluate("void tracker.track('waits').then((answer) => { window.answer = [answer]; })")
    page.clock.run_for(9_000)
    assert page.evaluate("window.answer") is None
    if when == "the page goes":
        page.evaluate("void dispatchEvent(new PageTransitionEvent('pagehide'))")
    else:
        page.clock.run_for(1_000)
    page.wait_for_function("window.answer")
    assert page.evaluate("answer") == [None]


BOXES = [
    {"trigger": "onScroll", "threshold": [25, 50, 90], "data": {"event": "scrolled"}},
    {"tag": "article", "trigger": "onVisible", "data": {"event": "article-seen"}},
    {"tag": "late", "trigger": "onAppear", "data": {"event": "appeared"}},
    {"selector": ".lit", "trigger": "onVisible", "data": {"event": "lit"}},
    {"tag": "gone", "trigger": "onVisible", "data": {"event": "gone-seen"}},
    {"tag": "gone", "trigger": "onAppear", "once": True, "data": {"event": "gone-appeared"}},
]


def in_boxes(web: Web, page: Page, **options: Any) -> str:
    shop = web.site("shop.test", "boxes.html", auto={"events": [["page-view", {}]], **options})
    page.goto(SHOP)
    known(settled(page))
    return shop


def depths(web: Web, shop: str, at_least: int = 1) -> list[int]:
    return [event["properties"]["depth"] for event in web.events(shop, "scrolled", at_least)]


@pytest.mark.case("every trigger")
def test_the_depth_is_that_of_the_largest_thing_that_scrolls(web: Web, page: Page) -> None:
    shop = in_boxes(web, page, triggers=BOXES)
    page.evaluate("document.querySelector('#list').scrollTop = 600")
    page.evaluate("new Promise((done) => setTimeout(done, 500))")
    assert web.stored(shop, "scrolled") == []
    page.evaluate("document.querySelector('#box').scrollTop = 3500")
    assert depths(web, shop) == [25]
    page.evaluate("document.querySelector('#box').scrollTop = 99999")
    assert depths(web, shop, 3) == [25, 50, 90]


@pytest.mark.case("every trigger")
def test_what_is_very_tall_tagged_later_or_gone_is_seen_and_what_is_gone_is_forgotten(web: Web, page: Page) -> None:
    shop = in_boxes(web, page, triggers=BOXES)
    assert len(web.events(shop, "article-seen")) == 1
    page.evaluate("void (document.querySelector('#untagged').dataset.tracardiTag = 'late')")
    assert len(web.events(shop, "appeared")) == 1
    page.evaluate("document.querySelector('#untagged').classList.add('lit')")
    assert len(web.events(shop, "lit")) == 1
    page.evaluate("showAndRemove()")
    web.events(shop, "gone-seen")
    web.events(shop, "gone-appeared")
    page.evaluate("remove()")
    session = page.context.new_cdp_session(page)

    def collected() -> bool:
        session.send("HeapProfiler.collectGarbage")
        return bool(page.evaluate("gone.deref() === undefined"))

    assert until(collected, "the element to be collected")


SHADOW = {
    "onClick": "inside",
    "onDblClick": "inside",
    "onMouseOver": "inside",
    "onFocus": "field",
    "onCopy": "inside",
    "onChange": "field",
    "onSubmit": "form",
    "onVisible": "inside",
    "onAppear": "inside",
}


@pytest.mark.case("every trigger")
def test_the_docs_say_which_triggers_work_in_an_open_shadow_root(web: Web, page: Page) -> None:
    wanted = [{"tag": tag, "trigger": name, "data": {"event": name.lower()}} for name, tag in SHADOW.items()]
    shop = in_boxes(web, page, triggers=wanted)
    page.dblclick("#host button[title=inside]")
    page.click("h1")
    page.fill("#host input", "something")
    page.press("#host input", "Tab")
    page.click("#host form button")
    page.evaluate("document.querySelector('#host').shadowRoot.querySelector('button').dispatchEvent("
                  "new ClipboardEvent('copy', { bubbles: true, composed: true }))")  # fmt: skip
    page.evaluate("tracker.track('last')")
    web.events(shop, "last")
    fired = {event["type"] for event in web.stored(shop)} - {"page-view", "last"}
    docs = (ROOT / "docs" / "snippet.md").read_text()
    sentence = docs[docs.index("In an open shadow root") :].split("\n\n")[0]
    working, silent = sentence.split("the root. ")
    assert fired == {name.lower() for name in SHADOW if f"`{name}`" in working}
    assert all(f"`{name}`" in working + silent for name in SHADOW)


@pytest.mark.case("back/forward cache")
def test_a_restored_page_counts_its_seconds_and_depths_anew(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "boxes.html", trackEngagement=True, auto={"triggers": BOXES})
    web.show("wiki.test")
    page.goto(SHOP)
    page.wait_for_function("tracker.version")
    page.evaluate("document.querySelector('#box').scrollTop = 3500")
    depths(web, shop)
    page.evaluate("new Promise((done) => setTimeout(done, 2500))")
    page.goto("http://wiki.test/")
    page.go_back(wait_until="commit")
    page.wait_for_function("window.restored")
    page.evaluate("document.querySelector('#box').scrollTop = 3400")
    assert depths(web, shop, 2) == [25, 25]
    page.goto("http://wiki.test/")
    first, second = (event["properties"]["seconds"] for event in web.events(shop, "time-engaged", 2))
    assert first >= 2
    assert second < first


@pytest.mark.case("the page cleans its address")
def test_campaigns_and_click_ids_that_the_page_takes_out_of_its_address_are_told(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "cleans.html")
    page.goto(f"{SHOP}?UTM_Source=Mail&amp;utm_medium=e%20mail&gclid=G1")
    first = web.events(shop)[0]
    assert page.url == SHOP
    assert first["context"]["page"]["url"] == f"{SHOP}?UTM_Source=Mail&amp;utm_medium=e%20mail&gclid=G1"
    body = web.asked("collect.test", "/track")[0].body.decode()
    assert '"utm":{"source":"Mail","medium":"e mail"}' in body
    page.evaluate("tracker.track('later')")
    (later,) = web.events(shop, "later")
    assert later["context"]["page"]["url"] == SHOP


@pytest.mark.case("debug reasons")
def test_debug_names_the_reason_for_every_silence(web: Web, visitor: Callable[[], BrowserContext]) -> None:
    web.site("shop.test")
    reasons = {
        "webdriver": "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => true })",
        "globalPrivacyControl": "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => 1 })",
        "tracardi-opt-out": "localStorage['tracardi-opt-out'] = 1",
    }
    for reason, said_by in reasons.items():
        tab = visitor().new_page()
        tab.add_init_script(said_by)
        said: list[str] = []
        tab.on("console", lambda message, said=said: said.append(message.text))
        tab.goto(f"{SHOP}?__tr_src=incomplete")
        tab.wait_for_function("tracker.version")
        tab.evaluate("tracker.debug(true)")
        tab.evaluate("tracker.track('unheard')")
        state, unheard = said[-2:]
        assert state.startswith(f"[tracker] true {reason}")
        assert "src: incomplete" in state
        assert unheard == f"[tracker] unheard {reason}"
