"""The builder: a source's form, what is wrong with it as it is typed, and the snippet that it makes."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.auto_rules import ON_ELEMENTS, ON_PAGES
from tracker.core.model import Source
from tracker.core.pasted import Imported, imported
from tracker.store import sources as kept
from tracker.web.guard import for_owners, guard, long_form
from tracker.web.messages import brief, say
from tracker.web.page import page
from tracker.web.services import services
from tracker.web.snippets import TOLD, snippet_of
from tracker.web.source_form import (
    SourceForm,
    filled,
    form_of,
    read,
    sent,
    sound,
    with_row,
    without_row,
)
from tracker.web.source_rows import BY
from tracker.web.source_settings import CONSENT, GPC, SWITCHES
from tracker.web.sources import asked_for, source_page, to_source

builder_blueprint = guard(Blueprint("builder", __name__))
_PLACE = re.compile("[0-9]{1,4}")
_BLANK = Source(id="", name="", auto={"events": [["page-view", {}]]})


@builder_blueprint.get("/sources/new")
@for_owners
def new_source() -> BaseResponse:
    """Show the form of a new source."""
    return _fresh(None)


@builder_blueprint.post("/sources/new")
@long_form
def make_source() -> BaseResponse:
    """Make a source; a server source's secret is on the answer and nowhere else."""
    meant, form = read(request.form, _BLANK)
    meant = replace(meant, id=meant.id.strip() or str(uuid.uuid4()))
    problems = {name: text for name, text in form.problems.items() if name != "id" or form.typed["id"].strip()}
    if problems:
        return _form_page(replace(form, problems=problems), status=422)
    try:
        made, secret = kept.create(services().engine, meant, services().clock())
    except kept.SourceExists as error:
        return _form_page(replace(form, problems={"id": str(error)}), status=422)
    if secret:
        return source_page(made, secret=secret)
    say(f"The source {brief(made.name)} is made.")
    return to_source(made.id)


@builder_blueprint.get("/source/edit")
@for_owners
def edit_source() -> BaseResponse:
    """Show the form of a source that is there."""
    return _fresh(asked_for())


@builder_blueprint.post("/source/edit")
@long_form
def change_source() -> BaseResponse:
    """Change a source; what it is called by its pages and what kind it is stay."""
    found = asked_for()
    meant, form = read(request.form, found)
    meant = replace(meant, id=found.id, kind=found.kind)
    problems = {name: text for name, text in form.problems.items() if name not in ("id", "kind")}
    if problems:
        return _form_page(replace(form, problems=problems), found, 422)
    kept.change(services().engine, meant, services().clock())
    when = "count within 5 seconds" if found.kind == "server" else "reach its pages within five minutes"
    say(f"Saved. The changes of {brief(meant.name)} {when}.")
    return to_source(found.id)


@builder_blueprint.post("/source/build")
@long_form
def build() -> BaseResponse:
    """Answer what is typed so far, or the form after a button of it; nothing is stored."""
    found = asked_for() if "id" in request.args else None
    wish, _, row = request.form.get("do", "preview").rpartition(":")
    given, form = request.form.to_dict(), _while_typing(request.form, found)
    match wish or row:
        case "reset":
            return _fresh(found)
        case "import":
            return _taken_over(form, found)
        case "add":
            form = with_row(form, row)
        case "remove":
            noun, _, place = row.partition("-")
            given = without_row(given, noun, int(place) if _PLACE.fullmatch(place) else -1)
            # The rows after it have other names now.
            form = _while_typing(given, found, but=f"{noun}-")
        case "preview" if "HX-Request" in request.headers:
            return page("builder_preview.html", form=form, **_parts(form, found), oob=True)
    return _form_page(form, found, autofocus=row if wish == "add" else "", draft=(wish or row) == "draft")


def _while_typing(given: Mapping[str, str], found: Source | None, but: str | None = None) -> SourceForm:
    # The page's script says which fields have held something and hold nothing now.
    emptied = [name for name in request.form.get("emptied", "").split() if but is None or not name.startswith(but)]
    return read(given, found or _BLANK)[1].while_typing(emptied)


def _fresh(found: Source | None) -> Response:
    before = found or replace(_BLANK, id=str(uuid.uuid4()))
    return _form_page(form_of(before, services().settings.public_url), found, fresh=True)


def _taken_over(form: SourceForm, found: Source | None) -> Response:
    """Return the form with what the pasted snippet says, or with what is wrong with that."""
    try:
        taken = imported(form.typed["paste"], _here(form))
    except ValueError as error:
        return _form_page(replace(form, problems={**form.problems, "paste": str(error)}), found)
    after = sent(filled(form, taken, new=found is None))
    form = _while_typing(after | {"paste": ""}, found)
    return _form_page(form, found, taken=_told(taken, found))


def _here(form: SourceForm) -> list[str]:
    return [address for address in (services().settings.public_url, form.typed["api"].strip()) if address]


def _told(taken: Imported, found: Source | None) -> Imported:
    if found is None or taken.source_id in ("", found.id):
        return taken
    note = f"It names the source {taken.source_id[:128]}; the id of a source that is there does not change."
    return replace(taken, source_id="", left=(note, *taken.left))


def _form_page(
    form: SourceForm,
    found: Source | None = None,
    status: int = 200,
    *,
    taken: Imported | None = None,
    fresh: bool = False,
    draft: bool = False,
    autofocus: str = "",
) -> Response:
    """Return the whole page, or for htmx its form alone."""
    return page(
        "builder_form.html" if "HX-Request" in request.headers else "source_form.html",
        status,
        form=form,
        switches=SWITCHES,
        consents=CONSENT,
        gpc=GPC,
        all_keep=services().settings.retention_days,
        by=BY,
        triggers={"Of elements": ON_ELEMENTS, "Of the page": ON_PAGES},
        public_url=services().settings.public_url,
        taken=taken,
        fresh=fresh,
        draft=draft,
        autofocus=autofocus,
        **_parts(form, found),
    )


def _parts(form: SourceForm, found: Source | None) -> dict[str, Any]:
    """Return what the form and its preview share: the source, and the snippet that the form makes."""
    typed = sent(form)
    meant, whole = read(typed, found or _BLANK)
    meant = replace(sound(meant, whole), id=found.id if found else meant.id.strip() or "SOURCE_ID")
    chosen = request.form.get("show", "stub")
    chosen = chosen if chosen in TOLD else "stub"
    api = form.typed["api"].strip().rstrip("/") if "api" not in whole.problems else ""
    return {
        "source": found,
        "version": kept.digest_of(repr(found))[:12] if found else "",
        "chosen": chosen,
        "forms": TOLD,
        "server": (found or meant).kind == "server",
        "snippet": snippet_of(meant, api or services().settings.public_url, chosen),
        "unfinished": len(whole.problems.keys() - form.problems.keys() - {"id", "kind"}),
        "elsewhere": bool(api) and api != services().settings.public_url,
    }
