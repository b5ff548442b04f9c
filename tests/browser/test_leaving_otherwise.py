"""Leaving by links that are hard to find, by forms and by the page's own scripts."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.pageserver import Request
from browser.visiting import BLOG, BOTH_MODES, SHOP, arrived, known, settled, two_sites
from browser.web import Web

ARTICLE = f"{BLOG}article?colour=red#part-2"


def carried(request: Request) -> dict[str, list[str]]:
    """Return the link parameters of a request."""
    query = parse_qs(urlsplit(request.target).query)
    return {name: values for name, values in query.items() if name.startswith("__tr_")}


@pytest.mark.case("link added later, inside a shadow root, SVG a")
@pytest.mark.parametrize("link", ["#late", "#inside", "#svg", "#xlink", "img"])
def test_a_link_is_found_wherever_it_is(web: Web, page: Page, link: str) -> None:
    two_sites(web, "late.html")
    page.goto(SHOP)
    profile = known(page)
    page.click("#add")
    page.click(link)
    assert known(arrived(page, BLOG)) == profile
    assert page.url == BLOG


@pytest.mark.case("link added later, inside a shadow root, SVG a")
def test_a_link_in_a_closed_shadow_root_is_decorated_on_its_way(web: Web, page: Page) -> None:
    two_sites(web, "late.html")
    page.goto(SHOP)
    profile = known(page)
    page.evaluate("hidden.click()")
    assert known(arrived(page, BLOG)) == profile


@pytest.mark.case("GET and POST form, formaction, form.submit()")
@pytest.mark.parametrize("way", ["click", "Enter", "submit", "requestSubmit"])
def test_a_get_form_takes_the_profile_along_with_its_fields(web: Web, page: Page, way: str) -> None:
    two_sites(web, "forms.html")
    page.goto(SHOP)
    profile = known(page)
    match way:
        case "click":
            page.click("#get button")
        case "Enter":
            page.press("#get input", "Enter")
        case _:
            page.evaluate(f"document.querySelector('#get').{way}()")
    assert known(arrived(page, f"{BLOG}search")) == profile
    assert page.url == f"{BLOG}search?q=tea#part"
    (asked,) = web.asked("blog.test", "/search")
    assert carried(asked)["__tr_pid"] == [profile]


@pytest.mark.case("GET and POST form, formaction, form.submit()")
@pytest.mark.parametrize("way", ["click", "submit", "formaction"])
def test_a_post_form_takes_the_profile_along_in_its_address(web: Web, page: Page, way: str) -> None:
    two_sites(web, "forms.html")
    page.goto(SHOP)
    profile = known(page)
    match way:
        case "click":
            page.click("#post button")
        case "submit":
            page.evaluate("document.querySelector('#post').submit()")
        case _:
            page.click("#elsewhere button")
    assert known(arrived(page, f"{BLOG}order")) == profile
    (asked,) = web.asked("blog.test", "/order")
    assert (asked.method, asked.body) == ("POST", b"q=tea")
    assert carried(asked)["__tr_pid"] == [profile]
    assert "__tr_" not in page.url


@pytest.mark.case("GET and POST form, formaction, form.submit()")
def test_a_button_that_makes_a_get_of_a_post_form_takes_the_profile_along(web: Web, page: Page) -> None:
    two_sites(web, "forms.html")
    page.goto(SHOP)
    profile = known(page)
    page.click("#as-get")
    assert known(arrived(page, f"{BLOG}search")) == profile
    assert page.url == f"{BLOG}search?q=tea"


@pytest.mark.case("GET and POST form, formaction, form.submit()")
def test_forms_that_stay_or_are_cancelled_are_left_as_they_were(web: Web, page: Page) -> None:
    two_sites(web, "forms.html")
    page.goto(SHOP)
    known(page)
    page.click("#cancelled button")
    page.wait_for_function("document.querySelector('#cancelled').getAttribute('action') == 'http://blog.test/order'")
    page.click("#stays button")
    page.wait_for_url(f"{SHOP}own?q=tea")
    assert [one.target for one in web.asked("shop.test", "/own")] == ["/own?q=tea"]
    assert web.asked("blog.test") == []


@pytest.mark.case("window.open")
@pytest.mark.parametrize("way", ["window.open", "window.open with noopener"])
def test_a_window_that_the_page_opens_carries_the_profile(
    web: Web, context: BrowserContext, page: Page, way: str
) -> None:
    two_sites(web, "by-script.html")
    page.goto(SHOP)
    profile = known(page)
    with context.expect_page() as opened:
        page.get_by_role("button", name=way, exact=True).click()
    assert known(arrived(opened.value, f"{BLOG}article")) == profile
    assert opened.value.url == ARTICLE


@pytest.mark.case("location.href = (Navigation API)")
@pytest.mark.parametrize("way", ["location.href", "location.assign", "location.replace", "navigation.navigate"])
def test_a_page_that_sends_the_visitor_on_passes_the_profile(web: Web, page: Page, way: str) -> None:
    shop, blog = two_sites(web, "by-script.html")
    page.goto(SHOP)
    profile = known(page)
    length = page.evaluate("history.length")
    page.get_by_role("button", name=way, exact=True).click()
    assert known(settled(arrived(page, f"{BLOG}article"))) == profile
    assert page.url == ARTICLE
    assert page.evaluate("history.length") == length + (way != "location.replace")
    assert len(web.asked("blog.test", "/article")) == 1
    assert web.profiles(shop, blog) == {profile}


@pytest.mark.case("decorate()")
@BOTH_MODES
def test_a_decorated_address_passes_the_profile(web: Web, page: Page) -> None:
    two_sites(web, "by-script.html")
    page.goto(SHOP)
    profile = known(page)
    decorated = page.evaluate("tracker.decorate(there)")
    assert decorated.startswith(f"{BLOG}article?colour=red&__tr_pid={profile}&__tr_src=")
    assert decorated.endswith("#part-2")
    # What is decorated already is not decorated twice.
    assert page.evaluate(f"tracker.decorate({decorated!r})").count("__tr_pid") == 1
    assert page.evaluate("tracker.decorate('http://notblog.test/')") == "http://notblog.test/"
    page.get_by_role("button", name="decorate", exact=True).click()
    assert known(settled(arrived(page, f"{BLOG}article"))) == profile
    assert page.url == ARTICLE
