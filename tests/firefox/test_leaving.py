"""The linker in Firefox, which has its own idea of when a link is followed: each way out carries the profile."""

from urllib.parse import parse_qs, urlsplit

import pytest
from browser.pageserver import Request
from browser.web import Web

from firefox.bidi import MIDDLE, Tab, Visitor
from firefox.visiting import BLOG, SHOP, arrived, at_shop, bare, known, settled, two_sites

HREF = "document.querySelector('#go').getAttribute('href')"


def carried(request: Request) -> dict[str, list[str]]:
    """Return the link parameters of a request."""
    query = parse_qs(urlsplit(request.target).query)
    return {name: values for name, values in query.items() if name.startswith("__tr_")}


def follow(visitor: Visitor, tab: Tab, way: str) -> Tab:
    """Follow the shop's link to the blog and return the tab that shows it."""
    match way:
        case "left":
            tab.click("#go")
        case "child":
            tab.click("#child i")
        case "Enter":
            tab.press("#go", "Enter")
        case "script":
            tab.evaluate("void document.querySelector('#go').click()")
        case _:
            with visitor.opened() as tabs:
                if way == "middle":
                    tab.click("#go", MIDDLE)
                elif way == "ctrl":
                    tab.click("#go", held="Control")
                else:
                    tab.click("#tab")
            return arrived(tabs[0], BLOG)
    return arrived(tab, BLOG)


@pytest.mark.parametrize("referrals", ["signed", "plain"], indirect=True)
@pytest.mark.parametrize("way", ["left", "child", "Enter", "script", "middle", "ctrl", "target=_blank"])
def test_a_link_carries_the_profile_whichever_way_it_is_followed(web: Web, visitor: Visitor, way: str) -> None:
    shop, blog = two_sites(web)
    tab, profile = at_shop(visitor)
    landed = follow(visitor, tab, way)
    assert known(settled(landed)) == profile
    assert landed.evaluate("location.href") == BLOG
    web.events(blog)
    assert web.profiles(shop, blog) == {profile}
    (asked,) = web.asked("blog.test", "/")
    assert carried(asked)["__tr_pid"] == [profile]


def test_the_href_is_the_old_one_again_after_the_click(web: Web, visitor: Visitor) -> None:
    two_sites(web)
    tab, profile = at_shop(visitor)
    tab.evaluate(f"void addEventListener('click', () => {{ window.lent = {HREF}; }})")
    tab.evaluate("void addEventListener('auxclick', () => { window.lent = 'seen'; })")
    follow(visitor, tab, "ctrl")
    assert tab.evaluate("window.lent") == BLOG
    (asked,) = web.asked("blog.test", "/")
    assert carried(asked)["__tr_pid"] == [profile]
    assert tab.wait_for(f"{HREF} == '{BLOG}'")


def test_a_click_that_the_page_cancels_stays_cancelled(web: Web, visitor: Visitor) -> None:
    two_sites(web)
    tab, _ = at_shop(visitor)
    tab.evaluate(
        "void document.querySelector('#go').addEventListener('click', (event) => {"
        f" window.lent = {HREF}; event.preventDefault(); }})"
    )
    tab.click("#go")
    assert tab.wait_for("window.lent") == BLOG
    assert tab.wait_for(f"{HREF} == '{BLOG}'")
    assert tab.url == SHOP
    assert web.asked("blog.test") == []


def test_fragment_and_query_of_a_link_survive_and_the_address_bar_is_clean(web: Web, visitor: Visitor) -> None:
    _, blog = two_sites(web, passSession=True)
    tab, profile = at_shop(visitor)
    length = tab.evaluate("history.length")
    tab.click("#exact")
    assert known(arrived(tab, f"{BLOG}article")) == profile
    assert tab.url == f"{BLOG}article?colour=red&size=10%25#part-2"
    assert tab.evaluate("history.length") == length + 1
    (asked,) = web.asked("blog.test", "/article")
    assert asked.target.startswith("/article?colour=red&size=10%25&__tr_pid=")
    assert carried(asked).keys() == {"__tr_pid", "__tr_src", "__tr_pass", "__tr_sid"}
    (event,) = web.events(blog)
    assert event["context"]["page"]["url"] == tab.url


def test_neither_another_script_of_the_landing_page_nor_another_site_sees_the_parameters(
    web: Web, visitor: Visitor
) -> None:
    two_sites(web)
    web.site("blog.test", "landing.html", trackBots=True)
    web.show("wiki.test")
    tab, _ = at_shop(visitor)
    tab.click("#go")
    arrived(tab, BLOG)
    seen = tab.evaluate("window.seen")
    assert (seen["href"], seen["address"]) == (BLOG, BLOG)
    tab.wait_for("window.done.then(() => true)")
    elsewhere = web.asked("wiki.test")
    assert elsewhere
    assert all(bare(asked.referer) for asked in elsewhere)


@pytest.mark.parametrize(
    ("link", "url"), [("#alike", "http://notblog.test/"), ("#alike-too", "http://blog.test.evil.test/")]
)
def test_a_host_that_only_looks_like_an_owned_one_gets_nothing(web: Web, visitor: Visitor, link: str, url: str) -> None:
    two_sites(web)
    web.site(url.split("/")[2], trackBots=True)
    tab, profile = at_shop(visitor)
    tab.click(link)
    assert known(arrived(tab, url)) != profile
    assert [asked.target for asked in web.asked(url.split("/")[2]) if asked.path == "/"] == ["/"]


@pytest.mark.parametrize("way", ["click", "Enter", "submit"])
def test_a_get_form_takes_the_profile_along_with_its_fields(web: Web, visitor: Visitor, way: str) -> None:
    two_sites(web, "forms.html")
    tab, profile = at_shop(visitor)
    match way:
        case "click":
            tab.click("#get button")
        case "Enter":
            tab.press("#get input", "Enter")
        case _:
            tab.evaluate("void document.querySelector('#get').submit()")
    assert known(arrived(tab, f"{BLOG}search")) == profile
    assert tab.url == f"{BLOG}search?q=tea#part"
    (asked,) = web.asked("blog.test", "/search")
    assert carried(asked)["__tr_pid"] == [profile]


@pytest.mark.parametrize("way", ["click", "submit", "formaction"])
def test_a_post_form_takes_the_profile_along_in_its_address(web: Web, visitor: Visitor, way: str) -> None:
    two_sites(web, "forms.html")
    tab, profile = at_shop(visitor)
    match way:
        case "click":
            tab.click("#post button")
        case "submit":
            tab.evaluate("void document.querySelector('#post').submit()")
        case _:
            tab.click("#elsewhere button")
    assert known(arrived(tab, f"{BLOG}order")) == profile
    (asked,) = web.asked("blog.test", "/order")
    assert (asked.method, asked.body) == ("POST", b"q=tea")
    assert carried(asked)["__tr_pid"] == [profile]
    assert bare(tab.url)


@pytest.mark.parametrize("way", ["location.href", "location.assign", "location.replace"])
def test_a_page_that_sends_the_visitor_on_passes_the_profile(web: Web, visitor: Visitor, way: str) -> None:
    shop, blog = two_sites(web, "by-script.html")
    tab, profile = at_shop(visitor)
    tab.evaluate(f"void [...document.querySelectorAll('button')].find((b) => b.textContent == '{way}').click()")
    assert known(settled(arrived(tab, f"{BLOG}article"))) == profile
    assert bare(tab.url)
    assert web.profiles(shop, blog) == {profile}


def test_a_landing_at_a_word_of_the_page_is_scrolled_to_and_keeps_its_address(web: Web, visitor: Visitor) -> None:
    web.site("blog.test", "long.html", trackBots=True)
    for bare_url in (f"{BLOG}#:~:text=zebracorn", f"{BLOG}?q=1#part:~:text=zebracorn"):
        tab = visitor.open(bare_url.replace("#", f"{'&' if '?' in bare_url else '?'}__tr_pid=p&__tr_src=s#"))
        assert tab.wait_for("scrollY > 4000")
        known(tab)
        assert tab.url == bare_url
