"""Pages that were made for the original: its globals, its loader, the ids that it left in the browser."""

from functools import partial

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.visiting import BLOG, KEPT, SHOP, arrived, known, settled, visit
from browser.web import Web
from tracker.script.render import snippet

LEFT_BY_THE_ORIGINAL = """
    localStorage.setItem('tracardi-profile-id', JSON.stringify(localStorage.getItem('tracardi-profile-id')));
    document.cookie = document.cookie.replace(/=(.*)/, '="$1"') + '; path=/';
"""


@pytest.mark.case("a page with the original globals (options, onTracardiReady, listeners)")
def test_a_page_with_an_original_snippet_changes_the_host_and_nothing_else(web: Web, page: Page) -> None:
    shop = web.site("shop.test", "original.html", auto={})
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.goto(SHOP)
    profile = known(page)
    page.wait_for_function("window.ready")
    assert page.evaluate("ready") == {"profile": profile, "source": shop, "same": True}
    assert {"tracker", "helpers"} <= set(page.evaluate("inited"))
    events = {event["type"]: event["properties"] for event in web.events(shop, at_least=2)}
    assert events == {
        "page-view": {"category": "laptops"},
        "purchase-order": {"product": "Sun glasses", "price": 13.45},
    }
    page.click("#buy")
    page.wait_for_function("window.bought")
    assert page.evaluate("bought") == profile
    page.click("h1")
    assert {event["profile"] for event in web.events(shop, "bought") + web.events(shop, "title-clicked")} == {profile}
    assert page.evaluate("response") == {"context": {}}
    assert problems == []


@pytest.mark.case("a page with the original globals (options, onTracardiReady, listeners)")
def test_ids_that_the_original_left_as_json_go_on(web: Web, context: BrowserContext) -> None:
    shop = web.site("shop.test")
    before = visit(context, SHOP)
    profile = known(before)
    before.evaluate(LEFT_BY_THE_ORIGINAL)
    assert before.evaluate(KEPT) == f'"{profile}"'
    before.close()
    after = visit(context, SHOP)
    assert known(settled(after)) == profile
    assert {event["profile"] for event in web.events(shop, at_least=2)} == {profile}
    assert web.profile(profile)["visits"] == 1


@pytest.mark.case("a page with the original globals (options, onTracardiReady, listeners)")
def test_a_profile_id_that_only_the_old_server_knew_stays_one_visitor(web: Web, page: Page) -> None:
    shop = web.site("shop.test")
    old = "5f0c1f4e-8b1c-4d5e-9a43-6a1f2f5a7b11"
    web.show("shop.test")
    page.goto(SHOP)
    page.evaluate(f"localStorage.setItem('tracardi-profile-id', JSON.stringify({old!r}))")
    shop = web.site("shop.test")
    page.reload()
    page.wait_for_function(f"window.tracker.profileId && tracker.profileId() && {KEPT} && !{KEPT}.includes('\"')")
    settled(page)
    (event,) = web.events(shop)
    assert event["profile"] == web.profile(old)["id"] == known(page)


@pytest.mark.case("a page with the original globals (options, onTracardiReady, listeners)")
@pytest.mark.parametrize("page_name", ["original.html", "leaving.html"])
def test_a_page_with_its_options_in_it_passes_the_profile_on(web: Web, page: Page, page_name: str) -> None:
    inline = partial(snippet, inline=True)
    web.site("shop.test", page_name, links=["blog.test"], snippet_of=inline)
    web.site("blog.test", snippet_of=inline)
    page.goto(SHOP)
    profile = known(page)
    page.click("#go")
    assert known(settled(arrived(page, BLOG))) == profile
    assert page.url == BLOG


@pytest.mark.case("liliput loader contract")
def test_the_loader_finds_what_it_looks_for(web: Web, page: Page) -> None:
    web.site("shop.test", "original.html", auto={})
    page.goto(SHOP)
    known(page)
    assert page.evaluate("window.tracardi.default.getState().plugins.tracardi.initialized") is True
    assert page.evaluate("typeof window.tracardi.default.track") == "function"
    found = page.evaluate("Object.entries(tracardi.default.plugins.tracardi).map(([name, it]) => [name, typeof it])")
    assert {("track", "function"), ("onClick", "function"), ("addListener", "function")} <= {tuple(it) for it in found}
    (asked,) = web.asked("collect.test", "/tracker/liliput.min.js")
    assert asked.method == "GET"
