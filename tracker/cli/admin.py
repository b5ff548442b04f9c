"""``tracker admin …``: users of the console, for who sits at the machine."""

import secrets
import sys

import click

from tracker.cli.context import House, fail, house
from tracker.core import account_rules
from tracker.ingest import passwords
from tracker.ingest.fresh import system_clock
from tracker.store import accounts, throttle
from tracker.store.accounts import NameTaken, User
from tracker.store.engine import Connection, reading, transaction


@click.group("admin")
def admin_commands() -> None:
    """Who may open the console."""


@admin_commands.command("create")
@click.option("--name", required=True, help="What to log in with.")
@click.option("--role", type=click.Choice(account_rules.ROLES), default="owner", show_default=True)
@house
def create(house: House, name: str, role: account_rules.Role) -> None:
    """Make a user; the password is asked for, or is the first line of standard input."""
    try:
        user = User(secrets.token_hex(16), account_rules.user_name(name), role, system_clock())
        if transaction(reading(house.engine), lambda conn: accounts.named(conn, user.name)):
            raise NameTaken(f"There is a user {user.name!r} already; a new password: tracker admin password")
        password = passwords.hashed(account_rules.password(_password(), user.name))
        transaction(house.engine, lambda conn: accounts.add(conn, user, password))
    except ValueError as error:
        fail(str(error))
    click.echo(f"{user.name} may log in at {house.settings.public_url}/")


@admin_commands.command("password")
@click.option("--name", required=True, help="Whose password.")
@house
def change_password(house: House, name: str) -> None:
    """Give a user another password, asked for or from standard input, and end all its logins."""
    try:
        wanted = account_rules.user_name(name)
        found = transaction(reading(house.engine), lambda conn: accounts.named(conn, wanted))
        if found is None:
            fail(f"There is no user {wanted!r}; make one: tracker admin create")
        password = passwords.hashed(account_rules.password(_password(), wanted))
    except ValueError as error:
        fail(str(error))
    user, _ = found

    def work(conn: Connection) -> None:
        accounts.change_password(conn, user.id, password, system_clock())

    transaction(house.engine, work)
    click.echo(f"{user.name} has a new password and is logged out everywhere.")


@admin_commands.command("unlock")
@click.argument("name", metavar="NAME")
@house
def unlock(house: House, name: str) -> None:
    """Let a user log in again who has to wait after too many wrong passwords."""
    try:
        wanted = account_rules.user_name(name)
    except ValueError as error:
        fail(str(error))
    if transaction(reading(house.engine), lambda conn: accounts.named(conn, wanted)) is None:
        fail(f"There is no user {wanted!r}; make one: tracker admin create")
    keys = account_rules.tries_of(wanted), account_rules.tries_from(wanted)
    lifted = transaction(house.engine, lambda conn: throttle.lift(conn, *keys))
    click.echo(f"{wanted} may log in again." if lifted else f"{wanted} was not locked out by wrong passwords.")


def _password() -> str:
    """Return a password typed twice at a terminal, or the first line of what is piped in."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
