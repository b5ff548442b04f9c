"""``tracker serve``."""

import os
import socket
import sys
from pathlib import Path

import click

from tracker.cli.context import House, fail, house
from tracker.settings import with_absolute_paths
from tracker.store.address import shown

_ROOT = Path(__file__).resolve().parents[2]


@click.command("serve")
@house
def serve(house: House) -> None:
    """Migrate the database and serve with gunicorn until stopped."""
    settings = house.beginning
    try:
        _try_to_bind(settings.host, settings.port)
    except OSError as error:
        reason = error.strerror or "there is no such address"
        fail(f"Cannot bind {settings.listens_on}: {reason}. HOST and PORT choose another: PORT=9000")
    # Where it listens is said by its first worker, once that is true (gunicorn.conf.py).
    click.echo(f"Handoff starts on the database {shown(settings.database_url)} …")
    sys.stdout.flush()
    # gunicorn works in the folder of the program, where a relative path would mean another file.
    os.environ.update(with_absolute_paths(os.environ, settings))
    gunicorn = str(Path(sys.executable).parent / "gunicorn")
    # gunicorn takes this process's place, so that signals from a service manager reach it directly; its first worker
    # migrates before it takes a request (gunicorn.conf.py), where the database layer is loaded anyway.
    os.execv(  # noqa: S606 - our own interpreter's gunicorn, with fixed arguments
        gunicorn,
        [gunicorn, "--chdir", str(_ROOT), "--config", str(_ROOT / "gunicorn.conf.py"), "app:create_app()"],
    )


def _try_to_bind(host: str, port: int) -> None:
    """Bind as gunicorn is about to, which takes IPv4 too on ``::``; OSError says why it could not."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((host, port))
        # Two may bind a port that neither listens on.
        tried.listen()
