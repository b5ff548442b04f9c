"""The console's front page: who came, from where, to what, and from one of your domains to another."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.span import PRESETS, USUAL, Span, span_between, span_of, written
from tracker.core.tally import EVERYWHERE
from tracker.core.times import DAY
from tracker.ingest.tables import write_table
from tracker.store import overview as counted
from tracker.store import sources as kept
from tracker.store.engine import Connection
from tracker.web.guard import ask, guard
from tracker.web.page import page
from tracker.web.services import services

overview_blueprint = guard(Blueprint("overview", __name__))

SHOWN, IN_A_FILE = 10, 1_000
LISTS = {
    "page": ("Pages", "views"),
    "event": ("Events", "events"),
    "referrer": ("Referrers", "visits"),
    "campaign": ("Campaigns", "visits"),
    "device": ("Devices", "visits"),
    "browser": ("Browsers", "visits"),
    "system": ("Systems", "visits"),
    "country": ("Countries", "visits"),
}
SPANS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
    "365d": "12 months",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a page or a file is asked to be about."""

    scope: str
    span: Span
    preset: str
    problem: str = ""

    def link(self, endpoint: str = "overview.overview", **changes: str) -> str:
        """Return the address of the same numbers, but for what is changed."""
        dates = {} if self.preset else dict(zip(("from", "to"), self.span.dates, strict=True))
        asked = {"source": self.scope, "span": self.preset} | dates | changes
        return f"{url_for(endpoint)}?{urlencode({name: value for name, value in asked.items() if value})}"


@overview_blueprint.get("/")
def overview() -> BaseResponse:
    """Show the numbers; who has none yet is led to the sources."""
    if not ask(counted.anything):
        return redirect(url_for("sources.sources"))
    wish, titles = _wish(), _titles()
    return page("overview.html", **ask(lambda conn: _numbers(conn, wish, titles)))


@overview_blueprint.get("/overview.csv")
def numbers_file() -> BaseResponse:
    """Return one of the tables as a CSV file."""
    wish, titles, what = _wish(), _titles(), request.args.get("what", "")
    heading, *lines = ask(lambda conn: list(_rows(conn, wish, titles, what)))
    table = io.BytesIO()
    write_table(table, [str(name) for name in heading], lines)
    first, last = wish.span.dates
    name = f'attachment; filename="handoff-{what}-{first}-{last}.csv"'
    return Response(table.getvalue(), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


def _numbers(conn: Connection, wish: Wish, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return all that the page shows."""
    scope, span = wish.scope, wish.span
    flows = counted.flows(conn, scope, span)
    found = {what: counted.names(conn, scope, what, span, SHOWN) for what in LISTS}
    return {
        "wish": wish,
        "titles": titles,
        "spans": SPANS,
        "lists": [(what, *LISTS[what], names) for what, names in found.items()],
        "now": counted.headline(conn, scope, span),
        "before": counted.headline(conn, scope, span.before),
        "line": _line(conn, scope, span),
        "flows": flows,
        "passages": counted.passages(flows),
        "source_title": lambda source: titles.get(source, source or "An unknown source"),
    }


def _line(conn: Connection, scope: str, span: Span) -> list[tuple[str, counted.Point, counted.Point]]:
    """Return a moment's name, its numbers, and those of the same place in the span before."""
    points = zip(counted.line(conn, scope, span), counted.line(conn, scope, span.before), strict=True)
    if span.unit == "day":
        return [(written(now.at), now, before) for now, before in points]
    return [(f"{written(now.at // 24)} {now.at % 24:02}:00", now, before) for now, before in points]


def _rows(conn: Connection, wish: Wish, titles: Mapping[str, str], what: str) -> Iterable[tuple[object, ...]]:
    """Return the rows of a file, its heading first; NotFound where there is no such table."""
    if what == "line":
        days = [(name, now.visitors, now.visits, now.events) for name, now, _ in _line(conn, wish.scope, wish.span)]
        return [(f"{wish.span.unit} (UTC)", "visitors", "visits", "events"), *days]
    if what == "flow":
        flows = [
            (titles.get(one.origin, one.origin), titles.get(one.landing, one.landing), one.outcome, one.times)
            for one in counted.flows(conn, wish.scope, wish.span)
        ]
        return [("from", "to", "outcome", "times"), *flows]
    if what not in LISTS:
        raise NotFound("There is no such table.")
    names = counted.names(conn, wish.scope, what, wish.span, IN_A_FILE)
    others = [("(others)", names.others)] if names.others else []
    return [(what, LISTS[what][1]), *names.top, *others]


def _titles() -> dict[str, str]:
    return {source.id: source.name for source in kept.all_sources(services().engine)}


def _wish() -> Wish:
    """Return what the address asks for; what cannot be read falls back to the usual, and says so."""
    given, today = request.args, services().clock() // DAY
    scope = given.get("source", EVERYWHERE)[:128]
    if not scope.isprintable():
        # No source is called that, and PostgreSQL would refuse the question.
        scope = EVERYWHERE
    usual = Span(today - PRESETS[USUAL] + 1, today)
    if span := span_of(given.get("span", ""), today):
        return Wish(scope, span, given["span"])
    if not given.get("from") and not given.get("to"):
        return Wish(scope, usual, USUAL)
    try:
        return Wish(scope, span_between(given.get("from", ""), given.get("to", ""), today), "")
    except ValueError as error:
        return Wish(scope, usual, USUAL, str(error))
