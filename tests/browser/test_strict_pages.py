"""Pages that forbid nearly everything, and pages that put hostile values into the configuration."""

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page

from browser.visiting import BLOG, SHOP, arrived, known, settled
from browser.web import PUBLIC_URL, Web
from tracker.script.render import snippet

NONCE = "abc123"
POLICY = (
    f"default-src 'none'; script-src 'nonce-{NONCE}' {PUBLIC_URL}; connect-src {PUBLIC_URL}; "
    "require-trusted-types-for 'script'; report-uri /violations"
)
EVERYTHING: dict[str, Any] = {
    "spa": True,
    "passSession": True,
    "trackOutboundLinks": True,
    "trackDownloads": True,
    "trackErrors": True,
    "trackEngagement": True,
    "trackWebVitals": True,
    "trackGoogleClientId": True,
}
TRIGGERS = [
    {"tag": "product", "trigger": "onVisible", "data": {"event": "product-seen"}},
    {"tag": "product", "trigger": "onClick", "data": {"event": "product-clicked"}},
]
RUN = "(window.ran = (window.ran || 0) + 1)"
HOSTILE = (
    f"</script><script>{RUN}</script>",
    f"</SCRIPT ><script>{RUN}</script>",
    f"<!--<script>{RUN}</script>-->",
    "<!--<script>",
    "--></script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"'-{RUN}-'",
    f'"-{RUN}-"',
    f"`-{RUN}-`",
    f"');{RUN};//",
    f'");{RUN};//',
    f'\\");{RUN};//',
    f"\\');{RUN};//",
    f"\\\\');{RUN};//",
    f"${{{RUN}}}",
    f"`${{{RUN}}}`",
    f"{{{{ {RUN} }}}}",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{{ config }}",
    f"\n{RUN}\n",
    f"\r\n{RUN}//",
    f"\u2028{RUN}//",
    f"\u2029{RUN}//",
    f"*/{RUN}/*",
    f"//\n{RUN}",
    f"]}}');{RUN};('",
    f"}}}});{RUN};({{",
    f"javascript:{RUN}",
    f"data:text/javascript,{RUN}",
    f"\\u0027);{RUN};//",
    f"\\x27);{RUN};//",
    f"\\u2028{RUN}",
    "\\",
    "\\\\",
    '"',
    "'",
    "`",
    "</",
    "<",
    ">",
    "&",
    "&lt;/script&gt;",
    "&quot;",
    "&#39;",
    "&#x27;",
    "%3C/script%3E",
    "\u007f",
    "\u0085",
    "\u00a0",
    "\ufeff",
    "\u202e",
    "\ufffd",
    "\U0001f600",
    "ÄÖÜß",
    "constructor",
    "__proto__",
    "null",
    "a" * 2000,
)


@pytest.mark.case("CSP with nonce, Trusted Types")
def test_a_strict_page_works_with_all_parts_and_reports_no_violation(web: Web, page: Page) -> None:
    shop = web.site(
        "shop.test",
        "strict.html",
        links=["blog.test"],
        auto={"events": [["page-view", {}]], "triggers": TRIGGERS},
        headers={"Content-Security-Policy": POLICY},
        snippet_of=partial(snippet, nonce=NONCE),
        **EVERYTHING,
    )
    web.site(
        "blog.test",
        "strict.html",
        headers={"Content-Security-Policy": POLICY},
        snippet_of=partial(snippet, nonce=NONCE),
    )
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.goto(SHOP)
    found = {event["type"] for event in web.events(shop, at_least=3)}
    assert found == {"page-view", "early", "product-seen"}
    page.click("[data-tracardi-tag=product]")
    web.events(shop, "product-clicked")
    assert page.title() == "A strict page"
    page.click("#go")
    page.wait_for_url(BLOG)
    # A page without a way out of its rules can still be asked by the database.
    assert page.title() == "A strict page"
    assert said == []
    assert web.asked("shop.test", "/violations") == web.asked("blog.test", "/violations") == []


@pytest.mark.case("CSP with nonce, Trusted Types")
def test_the_strict_page_of_these_tests_does_report_what_breaks_its_rules(web: Web, page: Page) -> None:
    web.site(
        "shop.test",
        "breaks-rules.html",
        headers={"Content-Security-Policy": POLICY},
        snippet_of=partial(snippet, nonce=NONCE),
    )
    page.goto(SHOP)
    assert page.title() == "Violation: require-trusted-types-for"


@pytest.mark.case("CSP with nonce, Trusted Types")
def test_a_profile_crosses_between_two_strict_pages(web: Web, page: Page) -> None:
    options: dict[str, Any] = {
        "headers": {"Content-Security-Policy": POLICY},
        "snippet_of": partial(snippet, nonce=NONCE),
    }
    shop = web.site("shop.test", "strict.html", links=["blog.test"], **options)
    blog = web.site("blog.test", "strict.html", **options)
    page.goto(SHOP)
    web.events(shop, at_least=2)
    page.click("#go")
    page.wait_for_url(BLOG)
    web.events(blog, at_least=2)
    assert len(web.profiles(shop, blog)) == 1


@pytest.mark.case("hostile options")
@pytest.mark.parametrize("inline", [False, True], ids=["one line", "options in the page"])
def test_hostile_values_in_the_options_are_values_and_nothing_else(web: Web, page: Page, inline: bool) -> None:
    assert len(set(HOSTILE)) >= 60
    shop = web.site(
        "shop.test",
        auto={
            "events": [["page-view", {"value": value, value[:60]: 1}] for value in HOSTILE],
            "triggers": [
                {"tag": value, "selector": value, "trigger": value, "data": {"event": value}} for value in HOSTILE
            ]
            + [{"tag": value, "trigger": "onClick", "data": {"event": "clicked"}} for value in HOSTILE],
        },
        snippet_of=partial(snippet, inline=inline),
        **{value: value for value in HOSTILE if value not in ("trackExternalLinks",)},
    )
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.goto(SHOP)
    known(settled(page))
    page.click("h1")
    assert page.evaluate("window.ran") is None
    assert problems == []
    events = web.events(shop, "page-view", at_least=len(HOSTILE))
    assert {event["properties"]["value"] for event in events} == set(HOSTILE)
    assert page.evaluate("({}).value") is None
    assert page.inner_text("body").split() == ["A", "page", "Somebody", "reads", "this."]


@pytest.mark.case("hostile options")
def test_options_cannot_reach_the_prototype_of_objects(web: Web, page: Page) -> None:
    web.site(
        "shop.test",
        auto={"events": [["page-view", {"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}]]},
        __proto__={"polluted": 1},
        constructor={"prototype": {"polluted": 1}},
    )
    page.goto(SHOP)
    known(page)
    assert page.evaluate("({}).polluted") is None
    assert arrived(page, SHOP).evaluate("tracker.polluted") is None
