"""``tracker source …`` and ``tracker snippet``."""

import uuid
from typing import Any, BinaryIO

import click
import orjson

from tracker.cli.context import House, as_json, fail, house, print_lines, print_object
from tracker.core.model import Source
from tracker.ingest.fresh import system_clock
from tracker.ingest.identities import IdentityOffice
from tracker.script.render import FORMS
from tracker.store import sources

_UNKNOWN = "There is no source with the id {!r}; see: tracker source list"


@click.group("source")
def source_commands() -> None:
    """Event sources: the sites and backends that may post events."""


@source_commands.command("create")
@click.option("--name", required=True, help="What people call it.")
@click.option("--id", "source_id", help="1 to 128 printable characters; made up when absent.")
@click.option("--kind", type=click.Choice(["browser", "server"]), default="browser", show_default=True)
@click.option(
    "--origin", "origins", multiple=True, metavar="URL", help="An origin that may post; any, when none given."
)
@click.option("--domain", "domains", multiple=True, metavar="HOST", help="A host this source's site answers on.")
@click.option(
    "--link", "links", multiple=True, metavar="DOMAIN", help="Another domain of yours to pass the profile to."
)
@click.option("--referrals", type=click.Choice(["signed", "plain", "off"]), default="signed", show_default=True)
@click.option("--identify", type=click.Choice(["verified", "open", "off"]), default="verified", show_default=True)
@click.option("--config", type=click.File("rb"), metavar="FILE.json", help='{"auto": {…}, "settings": {…}}')
@as_json
@house
def create(house: House, /, source_id: str | None, config: BinaryIO | None, as_json: bool, **options: Any) -> None:
    """Make a source; a server source's secret is printed this once."""
    for plural in ("origins", "domains", "links"):
        options[plural] = tuple(options[plural])
    given = _config(config)
    try:
        wanted = Source(id=str(uuid.uuid4()) if source_id is None else source_id, **options, **given)
        made, secret = sources.create(house.engine, wanted, system_clock())
    except ValueError as error:
        fail(str(error))
    print_object({"id": made.id, "secret": secret}, as_json)


def _config(file: BinaryIO | None) -> dict[str, Any]:
    """Return ``auto`` and ``settings`` from a configuration file, or fail with what is wrong in it."""
    if file is None:
        return {}
    try:
        given = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        fail(f"{file.name} is not JSON: {error}")
    if not isinstance(given, dict) or not all(isinstance(given.get(key, {}), dict) for key in ("auto", "settings")):
        fail(f'{file.name} must hold {{"auto": {{…}}, "settings": {{…}}}}.')
    return {key: given[key] for key in ("auto", "settings") if key in given}


@source_commands.command("identify-secret")
@click.argument("source_id", metavar="ID")
@house
def identify_secret(house: House, source_id: str) -> None:
    """Print the secret by which a site's backend signs the user ids of its identify events."""
    if not any(source.id == source_id for source in sources.all_sources(house.engine)):
        fail(_UNKNOWN.format(source_id))
    click.echo(IdentityOffice(house.settings.secret_keys).secret_of(source_id))


@source_commands.command("list")
@as_json
@house
def list_sources(house: House, as_json: bool) -> None:
    """List all sources, the oldest first."""
    found = (
        {
            "id": source.id,
            "name": source.name,
            "kind": source.kind,
            "enabled": source.enabled,
            "origins": source.origins,
            "domains": source.domains,
            "links": source.links,
            "referrals": source.referrals,
            "identify": source.identify,
            "auto": dict(source.auto),
            "settings": dict(source.settings),
        }
        for source in sources.all_sources(house.engine)
    )
    print_lines(found, as_json, ("id", "kind", "enabled", "name"))


@source_commands.command("disable")
@click.argument("source_id", metavar="ID")
@house
def disable(house: House, source_id: str) -> None:
    """Refuse a source's events from now on (within 5 seconds); nothing stored is touched."""
    _switch(house, source_id, enabled=False)


@source_commands.command("enable")
@click.argument("source_id", metavar="ID")
@house
def enable(house: House, source_id: str) -> None:
    """Take a source's events again."""
    _switch(house, source_id, enabled=True)


def _switch(house: House, source_id: str, *, enabled: bool) -> None:
    if not sources.switch(house.engine, source_id, enabled=enabled, now=system_clock()):
        fail(_UNKNOWN.format(source_id))
    click.echo(f"{'Enabled' if enabled else 'Disabled'} {source_id}.")


@click.command("snippet")
@click.argument("source_id", metavar="SOURCE_ID")
@click.option(
    "--form",
    type=click.Choice(list(FORMS)),
    help="stub (default): for most pages; line: the script alone; inline: the configuration in the page; "
    "gtm: for Google Tag Manager; esm: for pages made of modules.",
)
@click.option("--inline", is_flag=True, help="The same as --form inline.")
@click.option("--nonce", metavar="TEXT", help="What stands for the nonce of a Content-Security-Policy on every tag.")
@house
def snippet(house: House, source_id: str, form: str | None, inline: bool, nonce: str | None) -> None:
    """Print what to paste into the pages of a source."""
    if inline and form not in (None, "inline"):
        fail(f"--inline and --form {form} are two forms; choose one.")
    chosen = "inline" if inline else form or "stub"
    if chosen == "gtm" and nonce is not None:
        fail("Google Tag Manager gives its tags a nonce by itself; leave out --nonce.")
    for source in sources.all_sources(house.engine):
        if source.id == source_id:
            click.echo(FORMS[chosen](source, house.settings.public_url, nonce))
            return
    fail(_UNKNOWN.format(source_id))
