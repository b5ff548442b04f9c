"""The console in a browser: from the printed link to the first event, hostile names, and screen readers."""

import itertools
import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import delete

from browser.entering import HOME, PASSWORD, log_in
from browser.web import ROOT, Web, until
from tracker.core.model import Source
from tracker.core.tally import NAMES, NEVER, Tally
from tracker.core.times import DAY
from tracker.ingest.fresh import system_clock
from tracker.store import accounts, counts, sources
from tracker.store.accounts import User
from tracker.store.engine import transaction
from tracker.store.tables import SourceRow

AXE = ROOT / "snippet_templates" / "node_modules" / "axe-core" / "axe.min.js"
RUN = "window.ran=1"
TAGS = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<iframe src=javascript:parent.{RUN}>",
    f"<a href=javascript:{RUN}>x</a>",
    f"<body onpageshow={RUN}>",
    f"<video><source onerror={RUN}>",
    f" onmouseover={RUN} autofocus onfocus={RUN} x=",
    "<style>*{background:url(//evil.test/)}</style>",
    "<base href=//evil.test/>",
    "<meta http-equiv=refresh content=0;url=//evil.test/>",
    "{{ config }}{% raw %}",
    f"<!--><script>{RUN}</script>-->",
]
ENDS = ["", '">', "'>", "</textarea>", "</pre></title></script>"]
FOCUSED_UNSEEN = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex]')]
  .filter((one) => one.checkVisibility())
  .filter((one) => {
    one.focus();
    if (document.activeElement != one) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(one), { right, width } = one.getBoundingClientRect();
    return outlineStyle == 'none' || outlineWidth == '0px' || width < 2 || right < 0;
  })
  .map((one) => one.outerHTML)"""
PAYLOADS = [f"{end}{tag}" for tag, end in itertools.product(TAGS, ENDS)]


def count_something(console: Web, *names: str) -> None:
    """Let the overview have something to show: pages and sources of these names."""
    today, tally = system_clock() // DAY, Tally()
    tally.total("", 24, today)[:] = [9, 5, 4, 1]
    tally.returns["", today, NEVER] = 4
    for what, name in itertools.product(NAMES, names):
        tally.names["", what, today, name] = 3
    for name in names:
        tally.flow[today, name[:128], "elsewhere", "adopted"] = 5
        tally.flow[today, "elsewhere", name[:128], name] = 2
    transaction(console.engine, lambda conn: counts.write(conn, tally))


def visit(
    console: Web,
    source_id: str,
    *events: dict[str, Any],
    profile: str | None = None,
    session: str = "",
    agreed: str = "",
) -> str:
    """Send events as a backend would; returns the id of the person they were stored for."""
    body = {"source": {"id": source_id}, "session": {"id": session}, "events": events}
    body |= {"context": {"consents": {agreed: True}}} if agreed else {}
    body |= {"profile": {"id": profile}} if profile else {}
    request = Request(f"http://127.0.0.1:{console.pages.collector_port}/track", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")

    def sent() -> str:
        try:
            with urlopen(request, timeout=10) as answer:
                return str(json.load(answer)["profile"]["id"])
        except HTTPError as error:
            # The collector asks for sources it does not know ten times a second at most.
            if error.code != 401:
                raise
            return ""

    return until(sent, f"the collector to know {source_id}")


def test_a_new_owner_comes_from_the_printed_link_to_the_first_event(
    console: Web, context: BrowserContext, visitor
) -> None:
    transaction(console.engine, lambda conn: conn.execute(delete(SourceRow)))
    transaction(console.engine, lambda conn: accounts.offer_setup(conn, "the-token", system_clock()))
    page = context.new_page()
    page.goto(f"{HOME}/setup?token=the-token")
    # The keyboard alone is enough: the first field has the focus.
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Make the first source").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("My shop")
    page.get_by_role("button", name="Make the source").first.click()
    snippet = page.locator("#snippet-stub").inner_text()
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").or_(page.get_by_role("button", name="Press Ctrl+C")).wait_for()
    console.show("shop.test", snippet=snippet)
    visitor().new_page().goto("http://shop.test/")
    [made] = sources.all_sources(console.engine)
    assert console.events(made.id)[0]["type"] == "page-view"
    page.reload()
    page.get_by_text("has events").wait_for()


def test_nothing_that_a_name_can_hold_runs_in_the_console(console: Web, page: Page) -> None:
    assert len(PAYLOADS) == 80
    person = None
    hostile = [PAYLOADS[start : start + 5] for start in range(0, 80, 5)]
    for identity, name, event, selector, setting in hostile:
        auto = {
            "events": [[event, {event: event}]],
            "triggers": [{"trigger": "onClick", "selector": selector, "data": {"event": selector}}],
        }
        given = Source(identity[:128], name, auto=auto, settings={"requireConsent": setting})
        sources.create(console.engine, given, system_clock())
        said = {"type": "identify", "properties": {"user_id": name, "traits": {"name": name, selector: setting}}}
        happened = {"type": event, "properties": {event: name}, "context": {"page": {"url": selector}}}
        known = {"profile": person, "session": selector[:128], "agreed": setting}
        person = visit(console, identity[:128].strip(), said, happened, **known)
    user = User("eve", PAYLOADS[1], "viewer", system_clock())
    transaction(console.engine, lambda conn: accounts.add(conn, user, "hash"))
    count_something(console, *PAYLOADS)
    page.set_extra_http_headers({"User-Agent": PAYLOADS[1]})
    complaints: list[str] = []
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.add_init_script("addEventListener('securitypolicyviolation', (e) => console.error(e.violatedDirective))")
    log_in(console, page)
    sources.create(console.engine, Source("plain", "Plain", identify="open"), system_clock())
    claim = {"user_id": PAYLOADS[2], "traits": dict.fromkeys(PAYLOADS[:20], PAYLOADS[1])}
    stranger = visit(console, "plain", {"type": "identify", "properties": claim}, session="other")
    page.goto(f"{HOME}/sources")
    links = [link.get_attribute("href") for link in page.locator(".list a").all()]
    assert len(links) >= 16
    ours = ("/", "/sources", "/account", "/people", f"/people?q={quote(PAYLOADS[1])}", f"/person?id={person}")
    merging = f"/person/merge?id={person}"
    ours += (f"{merging}&q={quote(PAYLOADS[1])}", f"{merging}&other={stranger}")
    further = ("edit", "types", "identify-secret")
    of_sources = [f"{link}".replace("/source?", f"/source/{name}?") for name in further for link in links]
    for path in (*ours, *links, *of_sources):
        answer = page.goto(f"{HOME}{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert page.evaluate("window.ran") is None, path
    # Questions, and the messages that say what was done.
    for path in links:
        page.goto(f"{HOME}{path}")
        page.get_by_role("button", name="Delete …").click()
        page.get_by_role("link", name="Cancel").click()
        page.get_by_role("button", name="Disable …").click()
        page.get_by_role("button", name="Disable source").click()
        page.get_by_role("button", name="Enable again").click()
        expect(page.locator("main > .note")).to_contain_text("is enabled")
        assert page.evaluate("window.ran") is None, path
    page.goto(f"{HOME}{of_sources[len(links)]}")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Forget the ticked ones …").click()
    page.get_by_role("button", name="Forget event types").click()
    expect(page.locator("main > .note")).to_contain_text("forgotten")
    page.goto(f"{HOME}{merging}&other={stranger}")
    page.get_by_role("button", name="Merge", exact=True).click()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("main > .note")).to_contain_text("The merge is undone")
    assert page.evaluate("window.ran") is None
    assert complaints == []
    assert console.asked("evil.test") == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_is_closed_to_who_needs_help_to_read_it(console: Web, page: Page, scheme, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    sources.create(console.engine, Source(f"axe-{scheme}", "Axe", kind="server"), system_clock())
    sources.create(console.engine, Source(f"axe-site-{scheme}", "Axe", origins=("https://a.test",)), system_clock())
    count_something(console, "one", "two")
    for name in ("shop", "blog"):
        sources.create(console.engine, Source(f"axe-{name}-{scheme}", name), system_clock())
    axe = AXE.read_text()
    found = []

    def examine(path: str, *buttons: str) -> None:
        """Look at a page, or at what it leads to when its buttons are pressed one after the other."""
        page.goto(f"{HOME}{path}")
        for button in buttons:
            page.get_by_role("button", name=button).first.click()
            page.wait_for_load_state()
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        # From here on the browser takes it that somebody uses the keyboard.
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED_UNSEEN) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        found.extend(
            (path, one["id"], one["impact"], [node["html"] for node in one["nodes"]]) for one in result["violations"]
        )

    for path in ("/login", "/setup?token=none"):
        examine(path)
    log_in(console, page)
    person = visit(
        console, f"axe-shop-{scheme}", {"type": "page-view", "properties": {"a": 1}}, session=f"axe-{scheme}"
    )
    visit(console, f"axe-blog-{scheme}", {"type": "page-view"}, profile=person)
    for path in (
        "/",
        "/?span=today",
        "/sources",
        f"/source?id=axe-{scheme}",
        f"/source?id=axe-site-{scheme}",
        "/sources/new",
        f"/source/edit?id=axe-site-{scheme}",
        "/live",
        "/quarantine",
        "/people",
        f"/person?id={person}",
        "/account",
    ):
        examine(path)
    other = visit(console, f"axe-shop-{scheme}", {"type": "page-view"}, session=f"axe-other-{scheme}")
    user = User("ben", "ben", "viewer", system_clock())
    transaction(console.engine, lambda conn: accounts.add(conn, user, "hash"))
    examine(f"/person/merge?id={person}&q={other}")
    examine(f"/person/merge?id={person}&other={other}")
    examine(f"/source/types?id=axe-shop-{scheme}")
    examine(f"/source/identify-secret?id=axe-shop-{scheme}")
    examine(f"/source/identify-secret?id=axe-shop-{scheme}", "Make a new identify secret …", "Make a new identify")
    examine(f"/source?id=axe-{scheme}", "Make a new secret …")
    examine(f"/source?id=axe-{scheme}", "Delete …")
    examine(f"/source?id=axe-{scheme}", "Delete …", "Delete source")
    examine(f"/source?id=axe-{scheme}", "Disable …", "Disable source")
    examine("/account", "Remove … ben", "Remove user")
    assert found == []


def test_a_viewer_is_shown_the_operations_of_the_api_that_a_viewer_may_call(console: Web, page: Page) -> None:
    log_in(console, page)
    page.goto(f"{HOME}/docs")
    expect(page.locator("#operations-Admin-api_sources_make_source")).to_be_visible()
    transaction(console.engine, lambda conn: accounts.add(conn, User("b", "b", "owner", system_clock()), "hash"))
    transaction(console.engine, lambda conn: accounts.change_role(conn, "anna", "viewer", system_clock()))
    page.reload()
    expect(page.locator("#operations-Admin-api_sources_list_sources")).to_be_visible()
    expect(page.locator("#operations-Admin-api_sources_make_source")).to_have_count(0)
