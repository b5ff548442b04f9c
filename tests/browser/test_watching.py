"""Watching in a browser: the first event arrives, what is turned away says why, and the live list grows and pauses."""

import re

from playwright.sync_api import BrowserContext, expect

from browser.entering import HOME, log_in
from browser.web import Web
from tracker.core.model import Source
from tracker.ingest.fresh import system_clock
from tracker.store import accounts, sources
from tracker.store.accounts import User
from tracker.store.engine import transaction


def test_an_owner_sees_what_is_turned_away_and_then_the_first_event(
    console: Web, context: BrowserContext, visitor
) -> None:
    own = Source("watched", "Watched", origins=("http://other.test",), auto={"events": [["page-view", {}]]})
    sources.create(console.engine, own, system_clock())
    page = context.new_page()
    log_in(console, page)
    page.goto(f"{HOME}/source?id=watched")
    expect(page.get_by_text("listening", exact=True)).to_be_visible()
    console.show("shop.test", snippet=f'<script async src="{HOME}/tracker?source_id=watched"></script>')
    early = visitor()
    early.new_page().goto("http://shop.test/")
    expect(page.get_by_text("http://shop.test is not among the origins that may send.")).to_be_visible()
    expect(page.get_by_role("heading", name="Waiting for your first event")).to_be_visible()
    # What waits in this browser would be sent again, and be the first event before the page is back.
    early.close()
    page.get_by_role("link", name="Add the origin").first.click()
    page.get_by_label("Origins that may send").fill("http://shop.test")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("listening", exact=True)).to_be_visible()
    visitor().new_page().goto("http://shop.test/")
    expect(page.get_by_role("heading", name="The first event has arrived")).to_be_visible()
    # The list of all events, with the same one on it, held back and let go.
    page.goto(f"{HOME}/live?source=watched")
    expect(page.get_by_text("listening", exact=True)).to_be_visible()
    shown = page.locator("#stream > li")
    before = shown.count()
    page.get_by_role("button", name="Pause").press("Enter")
    visitor().new_page().goto("http://shop.test/")
    expect(page.locator("#stream-state")).to_have_text(re.compile(r"\d new"))
    expect(shown).to_have_count(before)
    page.get_by_role("button", name="Go on").press("Enter")
    expect(shown).not_to_have_count(before)
    page.get_by_role("link", name="page-view").first.click()
    expect(page.get_by_role("heading", name="What became of it")).to_be_visible()


def test_a_live_page_says_why_it_has_stopped(console: Web, context: BrowserContext) -> None:
    page = context.new_page()
    log_in(console, page)
    transaction(console.engine, lambda conn: accounts.add(conn, User("b", "ben", "owner", system_clock()), "hash"))
    page.goto(f"{HOME}/live")
    expect(page.get_by_text("listening", exact=True)).to_be_visible()
    transaction(console.engine, lambda conn: accounts.change_role(conn, "anna", "viewer", system_clock()))
    expect(page.locator("#stream-state")).to_have_text("Your role has changed. Reload this page.")
