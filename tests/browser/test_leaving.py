"""Ways to follow a link: whichever it is, the profile goes along and the link is left as it was."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page

from browser.visiting import BLOG, BOTH_MODES, SHOP, arrived, known, settled, two_sites
from browser.web import Web

HREF = "document.querySelector('#go').getAttribute('href')"


@pytest.mark.case("middle click, target=_blank, keyboard, ctrl-click")
@BOTH_MODES
@pytest.mark.parametrize("way", ["ctrl-click", "middle click", "target=_blank", "shift-click"])
def test_a_link_opened_in_another_tab_carries_the_profile(
    web: Web, context: BrowserContext, page: Page, way: str
) -> None:
    shop, blog = two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    with context.expect_page() as opened:
        match way:
            case "ctrl-click":
                page.click("#go", modifiers=["Control"])
            case "shift-click":
                page.click("#go", modifiers=["Shift"])
            case "middle click":
                page.click("#go", button="middle")
            case _:
                page.click("#tab")
    assert known(arrived(opened.value, BLOG)) == profile
    assert opened.value.url == BLOG
    assert page.url == SHOP
    web.events(blog)
    assert web.profiles(shop, blog) == {profile}


@pytest.mark.case("middle click, target=_blank, keyboard, ctrl-click")
@pytest.mark.parametrize("way", ["Enter", "a click on a child", "click() by the page's own script"])
def test_a_link_followed_in_the_same_tab_carries_the_profile(web: Web, page: Page, way: str) -> None:
    two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    match way:
        case "Enter":
            page.focus("#go")
            page.keyboard.press("Enter")
        case "a click on a child":
            page.click("#child i")
        case _:
            page.evaluate("document.querySelector('#go').click()")
    assert known(arrived(page, BLOG)) == profile


@pytest.mark.case("double click")
@BOTH_MODES
def test_a_double_click_hands_over_once(web: Web, page: Page) -> None:
    shop, blog = two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    page.dblclick("#go", no_wait_after=True)
    settled(arrived(page, BLOG))
    assert known(page) == profile
    web.events(blog)
    assert web.profiles(shop, blog) == {profile}
    assert web.profile(profile)["ids"] == [profile]


@pytest.mark.case("reload, back")
@BOTH_MODES
def test_reloading_the_landing_page_and_going_back_to_it_changes_nothing_more(web: Web, page: Page) -> None:
    shop, blog = two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    page.click("#go")
    settled(arrived(page, BLOG))
    page.reload()
    settled(arrived(page, BLOG))
    web.events(blog, at_least=2)
    page.go_back(wait_until="commit")
    arrived(page, SHOP)
    page.go_forward(wait_until="commit")
    arrived(page, BLOG)
    page.wait_for_function("tracker.profileId()")
    web.events(blog, at_least=3)
    assert known(page) == profile
    assert web.profiles(shop, blog) == {profile}
    assert len(web.profile(profile)["sessions"]) == 2
    assert web.merges(profile) == []


@pytest.mark.case("href put back after a click")
def test_the_href_is_the_old_one_again_after_the_click(web: Web, context: BrowserContext, page: Page) -> None:
    two_sites(web)
    page.goto(SHOP)
    profile = known(page)
    # What listeners of the page read is as the page wrote it; the browser reads it when all of them are done.
    page.evaluate(
        "addEventListener('click', () => { window.lent = document.querySelector('#go').getAttribute('href'); })"
    )
    with context.expect_page() as opened:
        page.click("#go", modifiers=["Control"])
    arrived(opened.value, BLOG)
    assert page.evaluate("window.lent") == BLOG
    (asked,) = web.asked("blog.test", "/")
    assert f"__tr_pid={profile}" in asked.target
    page.wait_for_function(f"{HREF} == 'http://blog.test/'")


@pytest.mark.case("href put back after a click")
def test_a_click_that_the_page_cancels_stays_cancelled_and_a_copied_link_is_bare(web: Web, page: Page) -> None:
    two_sites(web)
    page.goto(SHOP)
    known(page)
    page.evaluate("document.querySelector('#go').addEventListener('click', (event) => event.preventDefault())")
    page.click("#go")
    page.wait_for_function(f"{HREF} == 'http://blog.test/'")
    page.click("#go", button="right")
    assert page.evaluate(HREF) == BLOG
    assert page.url == SHOP
    assert web.asked("blog.test") == []


@pytest.mark.case("href put back after a click")
def test_a_signed_link_carries_a_pass_and_a_plain_one_none(web: Web, page: Page) -> None:
    two_sites(web)
    page.goto(SHOP)
    known(page)
    page.click("#go")
    arrived(page, BLOG)
    (asked,) = web.asked("blog.test", "/")
    assert re.fullmatch(r"/\?__tr_pid=[\w-]+&__tr_src=shop-[\d-]+&__tr_pass=[\w.%-]+", asked.target)
