"""Firefox on the pages and the collector of tests/browser; where there is no Firefox, the run says so at its end."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser.conftest import referrals, running, web
from browser.web import Web

from firefox.bidi import Firefox, Visitor, firefox

__all__ = ["referrals", "running", "web"]

EXECUTABLE = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
MISSING = (
    "FIREFOX IS MISSING: links and delivery were tried in Chromium only. Install it (Debian: apt install firefox-esr),"
    " or name it with FIREFOX=/path."
)
# Without the browser nothing is collected rather than skipped: what did not run does not look as if it almost had.
collect_ignore_glob = [] if EXECUTABLE else ["test_*.py"]
# Sites that matter here are served by https in real life, and Firefox gives Web Locks to those only.
SECURE = "shop.test,blog.test,wiki.test"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not EXECUTABLE:
        terminalreporter.section("Firefox", sep="!", red=True, bold=True)
        terminalreporter.write_line(MISSING, red=True, bold=True)


@pytest.fixture(scope="package")
def start_firefox(running: Web, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Make a Firefox that finds every domain at the page server; other preferences come on top."""

    def start(preferences: dict[str, Any] | None = None) -> Any:
        here = {
            "network.dns.forceResolve": "127.0.0.1",
            "network.socket.forcePort": f"80={running.pages.port}",
            "dom.securecontext.allowlist": SECURE,
        }
        assert EXECUTABLE
        return firefox(EXECUTABLE, tmp_path_factory.mktemp("firefox") / "profile", here | (preferences or {}))

    return start


@pytest.fixture(scope="package")
def browser(start_firefox: Callable[..., Any]) -> Iterator[Firefox]:
    """The one Firefox of the package."""
    with start_firefox() as started:
        yield started


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer than in Chromium: what a dying tab could not let go of is taken over after half a minute."""
    monkeypatch.setattr("browser.web.PATIENCE", 60.0)


@pytest.fixture
def visitor(browser: Firefox, web: Web) -> Iterator[Visitor]:
    """A visitor whom nobody has seen before."""
    made = Visitor(browser)
    yield made
    made.leave()
