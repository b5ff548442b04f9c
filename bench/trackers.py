"""The trackers that ``bench/browser.py`` loads into the same page: ours from the renderer, the others from npm."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from tracker.core.model import Source
from tracker.script.render import Script, page_script, snippet, tracker_script

OTHERS = Path(__file__).with_name("others") / "node_modules"
COLLECTOR = "http://collect.test"
PAGE_VIEW = {"events": [["page-view", {}]]}
TRIGGERS = [
    {"tag": tag, "trigger": name, "data": {"event": f"{tag}-{name.lower()}"}}
    for tag, name in (
        ("product", "onVisible"),
        ("product", "onClick"),
        ("product", "onMouseOver"),
        ("product", "onTextSelect"),
        ("offer", "onAppear"),
    )
]
EVERYTHING = {
    "spa": True,
    "passSession": True,
    "trackOutboundLinks": True,
    "trackDownloads": True,
    "trackEngagement": True,
    "trackErrors": True,
    "trackWebVitals": True,
}


@dataclass(frozen=True, slots=True)
class Tracker:
    """One way to load the page: what is pasted into its head, and the scripts that this asks the collector for."""

    name: str
    head: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    links: bool = False


def trackers(*, others: bool) -> list[Tracker]:
    """Return the ways to load the page, in the table's order: no tracker, ours, the others if they are asked for."""
    return [Tracker("no tracker"), *_ours(), *(_others() if others else ())]


def _ours() -> list[Tracker]:
    plain = Source(id="bench", name="Bench", auto=PAGE_VIEW)
    rich = Source(
        id="bench", name="Bench", links=("blog.test",), auto=PAGE_VIEW | {"triggers": TRIGGERS}, settings=EVERYTHING
    )
    return [
        _own("Handoff, page views", snippet(plain, COLLECTOR), tracker_script(plain, COLLECTOR), "/tracker"),
        # The form with the options in the page loads the script that has every part in it.
        _own(
            "Handoff, everything and links",
            snippet(rich, COLLECTOR, inline=True),
            page_script(COLLECTOR),
            "/tracker/liliput.min.js",
            links=True,
        ),
    ]


def _own(name: str, head: str, script: Script, path: str, *, links: bool = False) -> Tracker:
    return Tracker(name, head, {path: script.body}, links)


def _others() -> list[Tracker]:
    """Configured for page views and for nothing that a page view does not need; each asks only the stand-in."""
    return [
        _plausible(),
        _other("Snowplow", "@snowplow/browser-tracker/dist/index.umd.min.js", _snowplow("")),
        _other(
            "Snowplow, with links",
            "@snowplow/browser-tracker/dist/index.umd.min.js",
            _snowplow("crossDomainLinker: (link) => link.hostname == 'blog.test',"),
            links=True,
        ),
        _other(
            "Segment",
            "@segment/analytics-next/dist/umd/standalone.js",
            "<script>var analytics = [['page']]; analytics._writeKey = 'bench'; analytics._cdn = 'COLLECTOR';"
            "analytics._loadOptions = { integrations: { 'Segment.io':"
            "{ apiHost: 'collect.test/v1', protocol: 'http' } } };</script>"
            '<script async src="FILE"></script>',
        ),
        _other(
            "Mixpanel",
            "mixpanel-browser/dist/mixpanel.min.js",
            "<script>var mixpanel = []; mixpanel.__SV = 1.2; mixpanel._i = [['bench', { api_host: 'COLLECTOR',"
            "track_pageview: true, autocapture: false, persistence: 'localStorage' }, 'mixpanel']];</script>"
            '<script async src="FILE"></script>',
        ),
        _other(
            "PostHog",
            "posthog-js/dist/array.js",
            "<script>var posthog = []; posthog.__SV = 1; posthog._i = [['phc_bench', { api_host: 'COLLECTOR',"
            "autocapture: false, capture_dead_clicks: false, disable_session_recording: true, disable_surveys: true,"
            "capture_performance: false, advanced_disable_flags: true }]];</script>"
            '<script async src="FILE"></script>',
        ),
    ]


def _plausible() -> Tracker:
    """The module as an ordinary script: what a module does when it is loaded, the trace ascribes to nobody."""
    module = (OTHERS / "@plausible-analytics/tracker/plausible.js").read_text()
    classic, names = re.subn(r"export \{ init, [^}]*\}", "window.start=init;", module)
    if names != 1:
        raise ValueError("The tracker of Plausible exports its functions in a way that is not known here.")
    head = (
        f'<script async src="{COLLECTOR}/lib/plausible.js" onload="start({{ domain: \'shop.test\','
        f" endpoint: '{COLLECTOR}/api/event' }})\"></script>"
    )
    return Tracker("Plausible", head, {"/lib/plausible.js": f"(function(){{{classic}}})();".encode()})


def _snowplow(linker: str) -> str:
    return (
        "<script>function start() { snowplowBrowserTracking.newTracker('sp', 'COLLECTOR',"
        f"{{ appId: 'bench', {linker} }}); snowplowBrowserTracking.trackPageView(); }}</script>"
        '<script async src="FILE" onload="start()"></script>'
    )


def _other(name: str, file: str, head: str, *, links: bool = False) -> Tracker:
    path = f"/lib/{file}"
    written = head.replace("FILE", f"{COLLECTOR}{path}").replace("COLLECTOR", COLLECTOR)
    return Tracker(name, written, {path: (OTHERS / file).read_bytes()}, links)
