"""Which parts of the browser tracker a source has switched on."""

from collections.abc import Iterable

from tracker.core.model import Json

CHUNKS = (
    "core",
    "nodes",
    "consent",
    "triggers",
    "original",
    "links",
    "moments",
    "google",
    "vitals",
    "spa",
    "elements",
    "visible",
)
"""In an order in which each finds what it builds on, and in which all of them together pack well."""

_ELEMENTS = {
    "onClick",
    "onDblClick",
    "onFocus",
    "onChange",
    "onSubmit",
    "onCopy",
    "onPlay",
    "onEnded",
    "onMouseOver",
    "onTextSelect",
}
_VISIBLE = {"onVisible", "onAppear"}
_MOMENTS = {"onScroll", "onTimer", "onExitIntent", "onOutbound", "onDownload", "onError", "onLeave"}
_MOMENT_SETTINGS = ("trackOutboundLinks", "trackDownloads", "trackErrors", "trackEngagement")
_SETTINGS = {
    "consent": "requireConsent",
    "links": "trackExternalLinks",
    "spa": "spa",
    "vitals": "trackWebVitals",
    "google": "trackGoogleClientId",
}


def chunks_for(auto: Json, settings: Json) -> tuple[str, ...]:
    """Return the names of the chunks that this configuration needs, in the order they are put together."""
    triggers = set(_trigger_names(auto.get("triggers")))
    wanted = {"core"} | {chunk for chunk, setting in _SETTINGS.items() if settings.get(setting)}
    if triggers & _ELEMENTS:
        wanted.add("elements")
    if triggers & _VISIBLE:
        wanted.add("visible")
    if triggers & _MOMENTS or any(settings.get(name) for name in _MOMENT_SETTINGS):
        wanted.add("moments")
    if wanted & {"elements", "visible", "moments"}:
        wanted.add("triggers")
    if wanted & {"links", "triggers"}:
        wanted.add("nodes")
    return tuple(chunk for chunk in CHUNKS if chunk in wanted)


def _trigger_names(triggers: object) -> Iterable[str]:
    if not isinstance(triggers, list):
        return ()
    return (str(trigger.get("trigger")) for trigger in triggers if isinstance(trigger, dict))
