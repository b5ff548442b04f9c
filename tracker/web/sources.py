"""Sources in the console: which there are, what each is configured as, and what to paste into its pages."""

import uuid
from dataclasses import replace

import orjson
from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.model import Source
from tracker.script.render import FORMS
from tracker.store import reports
from tracker.store import sources as kept
from tracker.web.guard import ask, guard
from tracker.web.page import page
from tracker.web.services import services
from tracker.web.source_form import SWITCHES, SourceForm, form_of, read

sources_blueprint = guard(Blueprint("sources", __name__))
NONCE = "{{ csp_nonce }}"
_BLANK = Source(id="", name="", auto={"events": [["page-view", {}]]})


@sources_blueprint.get("/sources")
def sources() -> BaseResponse:
    """List all sources."""
    found = kept.all_sources(services().engine)
    heard = ask(lambda conn: reports.heard_from(conn, [source.id for source in found]))
    return page("sources.html", sources=found, heard=heard)


@sources_blueprint.get("/sources/new")
def new_source() -> BaseResponse:
    """Show the form of a new source."""
    return _form_page(form_of(_BLANK))


@sources_blueprint.post("/sources/new")
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
    return _source_page(made, secret=secret) if secret else _to(made.id)


@sources_blueprint.get("/source")
def source() -> BaseResponse:
    """Show one source: its state and its snippet."""
    return _source_page(_asked_for())


@sources_blueprint.get("/source/edit")
def edit_source() -> BaseResponse:
    """Show the form of a source that is there."""
    found = _asked_for()
    return _form_page(form_of(found), found)


@sources_blueprint.post("/source/edit")
def change_source() -> BaseResponse:
    """Change a source; what it is called by its pages and what kind it is stay."""
    found = _asked_for()
    meant, form = read(request.form, found)
    meant = replace(meant, id=found.id, kind=found.kind)
    problems = {name: text for name, text in form.problems.items() if name not in ("id", "kind")}
    if problems:
        return _form_page(replace(form, problems=problems), found, 422)
    kept.change(services().engine, meant, services().clock())
    return _to(found.id)


@sources_blueprint.post("/source/switch")
def switch_source() -> BaseResponse:
    """Refuse a source's events from now on, or take them again."""
    found = _asked_for()
    kept.switch(services().engine, found.id, enabled=request.form.get("enabled") == "yes", now=services().clock())
    return _to(found.id)


@sources_blueprint.post("/source/secret")
def new_secret() -> BaseResponse:
    """Give a server source another secret, shown on the answer and nowhere else."""
    found = _asked_for()
    secret = kept.new_secret(services().engine, found.id, services().clock())
    if secret is None:
        raise NotFound("Only server sources have a secret.")
    return _source_page(found, secret=secret)


@sources_blueprint.post("/source/delete")
def delete_source() -> BaseResponse:
    """Delete a source whose id was typed once more; its events stay."""
    found = _asked_for()
    if request.form.get("typed", "").strip() != found.id:
        return _source_page(found, 422, problem=f"Type {found.id} to delete it.")
    kept.remove(services().engine, found.id)
    return redirect(url_for("sources.sources"), 303)


def _asked_for() -> Source:
    # An id may hold any printable character, "/" and ".." among them, so it is no part of the path.
    wanted = request.args.get("id", "")
    for found in kept.all_sources(services().engine):
        if found.id == wanted:
            return found
    raise NotFound(f"There is no source with the id {wanted!r}.")


def _to(source_id: str) -> BaseResponse:
    return redirect(url_for("sources.source", id=source_id), 303)


def _form_page(form: SourceForm, found: Source | None = None, status: int = 200) -> Response:
    return page("source_form.html", status, form=form, source=found, switches=SWITCHES)


def _source_page(found: Source, status: int = 200, *, secret: str | None = None, problem: str = "") -> Response:
    url = services().settings.public_url
    snippets = {name: form(found, url, None).strip() for name, form in FORMS.items()}
    snippets["nonce"] = FORMS["stub"](found, url, NONCE).strip()
    heard = ask(lambda conn: reports.heard_from(conn, [found.id]))
    return page(
        "source.html",
        status,
        source=found,
        snippets=snippets if found.kind == "browser" else {},
        secret=secret,
        problem=problem,
        heard=bool(heard),
        api=f"{url}/track",
        example=orjson.dumps({"source": {"id": found.id}, "events": [{"type": "order-shipped"}]}).decode(),
    )
