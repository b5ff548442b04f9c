"""Files that commands write and read: regular ones, through links, whole or not at all; ``-`` is standard output."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from tracker.cli.context import fail
from tracker.store.backup import whole

WRITTEN = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
READ = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path)
STDOUT = Path("-")
_KINDS: dict[str, Callable[[Path], bool]] = {
    "standard input": lambda file: file == STDOUT,
    "a pipe": Path.is_fifo,
    "a socket": Path.is_socket,
    "a device": lambda file: file.is_char_device() or file.is_block_device(),
}


def refuse_to_replace(file: Path, *, overwrite: bool) -> None:
    """Fail where there is something under the name of a file that must not be replaced, or cannot be."""
    if file == STDOUT or not file.exists():
        return
    if not file.is_file():
        fail(f"{file} is no regular file, so it cannot be replaced; - is standard output.")
    if not overwrite:
        fail(f"{file} is there already; name another one, or say --overwrite.")


@contextmanager
def written(file: Path, *, overwrite: bool, text: bool = True) -> Iterator[IO[bytes]]:
    """Yield what to write a file to, which has its name only at the end; standard output is written as it comes."""
    if file == STDOUT:
        yield _stdout(text=text)
        return
    refuse_to_replace(file, overwrite=overwrite)
    with whole(file) as draft, draft.open("wb") as out:
        yield out


@contextmanager
def drafted(file: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield where something is written whole: the file itself, or a private one that then goes to standard output."""
    if file != STDOUT:
        refuse_to_replace(file, overwrite=overwrite)
        yield file
        return
    out = _stdout(text=False)
    with tempfile.TemporaryDirectory(prefix="handoff-") as folder:
        draft = Path(folder, "copy")
        yield draft
        with draft.open("rb") as found:
            shutil.copyfileobj(found, out)
        out.flush()


def told(file: Path, message: str) -> None:
    """Say something of a file that was written; beside what goes to standard output."""
    click.echo(message, err=file == STDOUT)


def read_again(file: Path, command: str) -> Path:
    """Return the regular file behind a name; fail, with a word for what it is, where it cannot be read twice."""
    if file == STDOUT or not file.is_file():
        what = next((word for word, holds in _KINDS.items() if holds(file)), "no regular file")
        fail(f"{command} reads its file more than once, and {file} is {what}: save what it holds to a file first.")
    return file.resolve()


def _stdout(*, text: bool) -> IO[bytes]:
    if not text and sys.stdout.isatty():
        fail("This is no text for a terminal: send it to a file or a pipe.")
    return sys.stdout.buffer
