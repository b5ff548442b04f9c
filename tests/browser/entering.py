"""Getting into the console with a browser."""

from playwright.sync_api import Page
from sqlalchemy import delete

from browser.pageserver import COLLECTOR
from browser.web import Web
from tracker.ingest import passwords
from tracker.ingest.fresh import system_clock
from tracker.store import accounts
from tracker.store.accounts import User
from tracker.store.engine import Connection, transaction
from tracker.store.tables import (
    EventKeyRow,
    EventRow,
    JournalRow,
    LoginRow,
    ReportSeenRow,
    ReportTotalRow,
    ReportVisitRow,
    UserRow,
)

# What is counted goes together with what it was counted from, or the two would differ ever after.
COUNTED = (EventRow, EventKeyRow, JournalRow, ReportTotalRow, ReportVisitRow, ReportSeenRow)

HOME = f"http://{COLLECTOR}"
PASSWORD = "correct horse battery"


def without_users(conn: Connection) -> None:
    """Delete the users of other tests, and their logins."""
    for table in (LoginRow, UserRow, *COUNTED):
        conn.execute(delete(table))


def log_in(console: Web, page: Page) -> None:
    """Make ``anna``, an owner, and log her in."""
    user = User("anna", "anna", "owner", system_clock())
    transaction(console.engine, lambda conn: accounts.add(conn, user, passwords.hashed(PASSWORD)))
    page.goto(f"{HOME}/login")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("navigation", name="Console").wait_for()
