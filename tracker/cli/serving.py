"""``tracker serve``."""

import os
import socket
import sys
from pathlib import Path

import click

from tracker.cli.context import House, fail, house
from tracker.store.address import shown

_ROOT = Path(__file__).resolve().parents[2]


@click.command("serve")
@house
def serve(house: House) -> None:
    """Migrate the database and serve with gunicorn until stopped."""
    settings = house.beginning
    try:
        socket.create_server((settings.host, settings.port)).close()
    except OSError:
        fail(f"{settings.host}:{settings.port} is taken or not to be had on this machine; choose another: PORT=9000")
    # Where it listens is said by its first worker, once that is true (gunicorn.conf.py).
    click.echo(f"Handoff starts on the database {shown(settings.database_url)} …")
    sys.stdout.flush()
    gunicorn = str(Path(sys.executable).parent / "gunicorn")
    # gunicorn takes this process's place, so that signals from a service manager reach it directly; its first worker
    # migrates before it takes a request (gunicorn.conf.py), where the database layer is loaded anyway.
    os.execv(  # noqa: S606 - our own interpreter's gunicorn, with fixed arguments
        gunicorn,
        [gunicorn, "--chdir", str(_ROOT), "--config", str(_ROOT / "gunicorn.conf.py"), "app:create_app()"],
    )
