"""``tracker source …`` and ``tracker snippet``."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any, BinaryIO

import click
import orjson

from tracker.cli import source_types
from tracker.cli.context import House, as_json, fail, house, print_lines, print_object, print_table
from tracker.core.keeping import MOST_DAYS, SETTING
from tracker.core.model import Source, SourceKind
from tracker.core.origins import origin_warnings
from tracker.ingest.fresh import system_clock
from tracker.ingest.identities import IdentityOffice
from tracker.script.render import FORMS
from tracker.store import identify_secrets, sources
from tracker.store.engine import transaction

Command = Callable[..., Any]
_LISTS = {"origins": "--origin", "domains": "--domain", "links": "--link"}
_CANNOT_SIGN = "Name user_id, email, phone or traits, and write numbers without decimals (9.90 as a text)."
_UNKNOWN = "There is no source with the id {!r}; see: tracker source list"


@click.group("source")
def source_commands() -> None:
    """Event sources: the sites and backends that may post events."""


source_commands.add_command(source_types.types)
source_commands.add_command(source_types.forget_type)


def _options(*, name: bool, **defaults: Any) -> Callable[[Command], Command]:
    """Return what gives a command an option for everything that a source has."""
    options = (
        click.option("--name", required=name, help="What people call it."),
        click.option(
            "--origin", "origins", multiple=True, metavar="URL", help="An origin that may post; any, when none given."
        ),
        click.option(
            "--domain", "domains", multiple=True, metavar="HOST", help="A host this source's site answers on."
        ),
        click.option(
            "--link", "links", multiple=True, metavar="DOMAIN", help="Another domain of yours to pass the profile to."
        ),
        _choice("--referrals", ("signed", "plain", "off"), defaults),
        _choice("--identify", ("verified", "open", "off"), defaults),
        click.option(
            "--retention-days",
            type=click.IntRange(0, MOST_DAYS),
            help="How long to keep what it sends; 0 for as long as RETENTION_DAYS says.",
        ),
        click.option("--config", type=click.File("rb"), metavar="FILE.json", help='{"auto": {…}, "settings": {…}}'),
    )
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


def _choice(option: str, words: Sequence[str], defaults: Mapping[str, Any]) -> Callable[[Command], Command]:
    default = defaults.get(option.removeprefix("--"))
    return click.option(option, type=click.Choice(words), default=default, show_default=default is not None)


@source_commands.command("create")
@click.option("--id", "source_id", help="1 to 128 printable characters; made up when absent.")
@click.option("--kind", type=click.Choice(["browser", "server"]), default="browser", show_default=True)
@_options(name=True, referrals="signed", identify="verified")
@as_json
@house
def create(house: House, /, source_id: str | None, kind: SourceKind, as_json: bool, **options: Any) -> None:
    """Make a source; a server source's secret is printed this once."""
    blank = Source(id=str(uuid.uuid4()) if source_id is None else source_id, name="", kind=kind)
    try:
        made, secret = sources.create(house.engine, _told(blank, **options), system_clock())
    except ValueError as error:
        fail(str(error))
    _warn(made)
    print_object({"id": made.id, "secret": secret}, as_json)


@source_commands.command("change")
@click.argument("source_id", metavar="ID")
@_options(name=False)
@click.option("--no-origins", is_flag=True, help="Empty the list of origins: any may post.")
@click.option("--no-domains", is_flag=True, help="Empty the list of hosts that its site answers on.")
@click.option("--no-links", is_flag=True, help="Empty the list of domains to pass the profile to.")
@house
def change(house: House, /, source_id: str, **options: Any) -> None:
    """Change what is named of a source; all else stays. A list takes the place of the whole list."""
    emptied: dict[str, Any] = {name: () for name in _LISTS if options.pop(f"no_{name}")}
    if both := next(filter(options.get, emptied), None):
        fail(f"--no-{both} and {_LISTS[both]} contradict each other; choose one.")
    try:
        meant = replace(_told(_found(house, source_id), **options), **emptied)
        if not sources.change(house.engine, meant, system_clock()):
            fail(_UNKNOWN.format(source_id))
    except ValueError as error:
        fail(str(error))
    _warn(sources.checked(meant))
    click.echo(f"Changed {source_id}.")


def _warn(source: Source) -> None:
    """Say on standard error what the operator should know of the origins."""
    for warning in origin_warnings(source.origins):
        click.echo(f"Warning: {warning}", err=True)


def _told(before: Source, *, retention_days: int | None, config: BinaryIO | None, **options: Any) -> Source:
    """Return a source with what the options say."""
    said = {name: value for name, value in options.items() if value not in (None, ())} | _config(config)
    source = replace(before, **said)
    if retention_days is None:
        return source
    others = {name: value for name, value in source.settings.items() if name != SETTING}
    return replace(source, settings=others | ({SETTING: retention_days} if retention_days else {}))


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


def _found(house: House, source_id: str) -> Source:
    """Return the source of that id, or fail with where to look."""
    found = {source.id: source for source in sources.all_sources(house.engine)}.get(source_id)
    return found or fail(_UNKNOWN.format(source_id))


@source_commands.command("identify-secret")
@click.argument("source_id", metavar="ID")
@click.option("--rotate", is_flag=True, help="Make a new secret; signatures under the old one are still believed.")
@click.option("--retire-old", is_flag=True, help="Believe signatures under the present secret alone from now on.")
@click.option("--sign", metavar="JSON", help="Print how to sign these properties: the text, and its signature.")
@house
def identify_secret(house: House, source_id: str, rotate: bool, retire_old: bool, sign: str | None) -> None:
    """Print the secret by which a site's backend signs its identify events, or change it."""
    for wanted, work in ((rotate, identify_secrets.rotate), (retire_old, identify_secrets.retire)):
        if wanted:
            transaction(house.engine, partial(work, source_id=source_id, now=system_clock()))
    found, office = _found(house, source_id), IdentityOffice(house.secret_keys)
    if sign is None:
        click.echo(office.secret_of(found.id, found.identify_generation))
        return
    text, signature = office.sign(found, _properties(sign)) or fail(_CANNOT_SIGN)
    click.echo(f"{text}\n{signature}")


def _properties(text: str) -> dict[str, Any]:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fail(f"--sign takes a JSON object: {error}")
    return given if isinstance(given, dict) else fail("--sign takes a JSON object.")


@source_commands.command("list")
@as_json
@house
def list_sources(house: House, as_json: bool) -> None:
    """List all sources, the oldest first."""
    found = sources.all_sources(house.engine)
    if as_json:
        print_lines(map(sources.shown, found), as_json, ())
    else:
        print_table([_row(source) for source in found])


def _row(source: Source) -> dict[str, str]:
    """Return what people see of a source in a list; how long it keeps what it sends is told in days."""
    return {
        "id": source.id,
        "kind": source.kind,
        "state": "enabled" if source.enabled else "disabled",
        "keeps days": str(source.settings.get(SETTING) or "default"),
        "name": source.name,
    }


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
    click.echo(FORMS[chosen](_found(house, source_id), house.settings.public_url, nonce))
