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
@click.option(
    "--new-secret-key",
    is_flag=True,
    help="Go on with the secret key that is there now, where the one that the database was used with is lost.",
)
@house
def serve(house: House, new_secret_key: bool) -> None:
    """Migrate the database and serve with gunicorn until stopped."""
    settings = house.beginning
    if new_secret_key:
        _accept_key(house)
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


def _accept_key(house: House) -> None:
    """Take the key of the settings for the database's own, and say what is lost with the one of before."""
    from tracker.ingest import secret_keys
    from tracker.ingest.fresh import system_clock
    from tracker.store.engine import transaction

    keys, now = house.settings.secret_keys, system_clock()
    depends = transaction(house.engine, lambda conn: secret_keys.accept(conn, keys, now))
    if depends is None:
        click.echo("The secret key is one that this database knows, or nothing depended on another; nothing is lost.")
        return
    click.echo(f"From now on the secret key is that of {house.settings.key_from}. Lost with the one of before:")
    for sentence in secret_keys.lost(depends):
        click.echo(f"  {sentence}")


def _try_to_bind(host: str, port: int) -> None:
    """Bind as gunicorn is about to, which takes IPv4 too on ``::``; OSError says why it could not."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((host, port))
        # Two may bind a port that neither listens on.
        tried.listen()
