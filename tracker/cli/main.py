"""The command line's entrance."""

import click

from tracker.cli.context import Commands
from tracker.cli.database import db_commands
from tracker.cli.people import event_commands, profile_commands, quarantine_commands, session_commands
from tracker.cli.serving import serve
from tracker.cli.sources import snippet, source_commands


@click.group(cls=Commands)
@click.version_option(package_name="handoff-tracker")
def main() -> None:
    """Handoff: one profile for a visitor across all your domains."""


for command in (
    serve,
    source_commands,
    snippet,
    profile_commands,
    session_commands,
    event_commands,
    quarantine_commands,
    db_commands,
):
    main.add_command(command)
