"""The command line's entrance."""

from importlib import import_module

import click

from tracker.cli.context import Commands

# Each noun is loaded when it is asked for: `tracker serve` hands over to gunicorn, which loads the database layer
# itself, and loading it twice doubled the time that a start takes.
_COMMANDS = {
    "serve": "serving:serve",
    "source": "sources:source_commands",
    "snippet": "sources:snippet",
    "profile": "people:profile_commands",
    "session": "people:session_commands",
    "event": "events:event_commands",
    "quarantine": "quarantine:quarantine_commands",
    "admin": "admin:admin_commands",
    "report": "report:report_commands",
    "db": "database:db_commands",
}


class Nouns(Commands):
    """The commands of every noun, each imported from its module at first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"tracker.cli.{module}"), name)
        return command


@click.group(cls=Nouns)
@click.version_option(package_name="handoff-tracker")
def main() -> None:
    """Handoff: one profile for a visitor across all your domains."""
