"""A person's data as a file: one JSON line an entry, or a ZIP with a file for each kind of entry."""

import re
import zipfile
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import orjson
from flask import Response, send_file

_IN_MEMORY = 4 * 1024 * 1024
_LINE = orjson.OPT_APPEND_NEWLINE

Entries = Iterable[dict[str, Any]]


def as_lines(entries: Entries) -> IO[bytes]:
    """Return a file with a JSON line for each entry."""
    file = _file()
    file.writelines(orjson.dumps(entry, option=_LINE) for entry in entries)
    return file


def as_zip(entries: Entries) -> IO[bytes]:
    """Return a ZIP with ``profile.jsonl``, ``session.jsonl`` and so on; entries of one kind come in a row."""
    file = _file()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        member, open_kind = None, None
        for entry in entries:
            if entry["kind"] != open_kind:
                if member is not None:
                    member.close()
                open_kind = entry["kind"]
                member = archive.open(f"{open_kind}.jsonl", "w")
            member.write(orjson.dumps(entry, option=_LINE))  # type: ignore[union-attr]
        if member is not None:
            member.close()
    return file


def download(file: IO[bytes], name: str, ending: str, media: str) -> Response:
    """Return a file as a download that no cache keeps."""
    file.seek(0)
    safe = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip(".-")[:64] or "person"
    answer = send_file(file, media, as_attachment=True, download_name=f"{safe}.{ending}")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _file() -> IO[bytes]:
    # What is too large for memory goes to the disk; the database is read to its end before anything is sent, so that a
    # failure is an answer that says so and not half a file.
    return SpooledTemporaryFile(_IN_MEMORY)
