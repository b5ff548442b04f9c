"""Feeds bytes that coverage leads on to everything between the socket and the payload; run it by hand.

``pip install atheris`` into an environment beside Handoff's dependencies, then
``python tests/fuzz/payloads.py -max_total_time=900``. It ends where anything but a refusal comes out. atheris is no
dependency of the tests, because it has wheels for few versions of Python; hypothesis fuzzes the same on every run
(tests/ingest/test_decode_fuzz.py).
"""

import io
import json
import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

with atheris.instrument_imports(include=["tracker.core", "tracker.ingest", "tracker.web"]):
    from corpus import CASES, body_of

    from tracker.core.limits import Limits
    from tracker.core.refusal import Refusal
    from tracker.ingest.decode import decode
    from tracker.ingest.identities import IdentityOffice
    from tracker.ingest.passes import PassOffice
    from tracker.web.kept_headers import kept_headers
    from tracker.web.reading import Arrival, payload_from
    from tracker.web.schemas import checked

NOW = 1_750_000_000_000_000
KEYS = ("a key that only fuzzing signs with",)
SMALL = Limits(body=8192, events=5, depth=8, nodes=200, key=16, string=80, url=60, user_agent=20)
MOST_TO_BEGIN_WITH = 4096
TYPES = (None, "application/json", "text/plain;charset=UTF-8", "application/x+json; charset=utf-8")


def one(data: bytes) -> None:
    """Take one body through all that reads it, under small limits and under the real ones."""
    choice, raw = (data[0], data[1:]) if data else (0, data)
    limits = SMALL if choice & 4 else Limits()
    arrival = Arrival(
        now=NOW,
        limits=limits,
        read_pass=PassOffice(KEYS, lambda: NOW).read,
        read_claim=IdentityOffice(KEYS).claim,
        origin_host="shop.example",
        headers=kept_headers({"HTTP_USER_AGENT": raw[:40].decode("latin-1"), "HTTP_DNT": "1"}, limits.user_agent),
    )
    try:
        decoded = decode(io.BytesIO(raw), content_type=TYPES[choice & 3], content_encoding=None, limits=limits)
        payload_from(decoded, checked(decoded.body), arrival)
    except Refusal:
        return


def begin_with(folder: Path) -> None:
    """Write down what to begin with, for from nothing chance finds no payload: what the tests send, good and bad."""
    good = json.loads((ROOT / "tests" / "cases" / "seed_payloads.json").read_text("utf-8"))
    bodies = [json.dumps(payload).encode() for payload in _payloads(good)] + [body_of(case) for case in CASES]
    for place, body in enumerate(bodies):
        if len(body) < MOST_TO_BEGIN_WITH:
            (folder / str(place)).write_bytes(bytes([place % 8]) + body)


def _payloads(found: object) -> list[object]:
    """Return every object that names a source, wherever it is in a file of cases."""
    if isinstance(found, dict) and "source" in found:
        return [found]
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return [payload for value in inner for payload in _payloads(value)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="handoff-fuzz-") as name:
        begin_with(Path(name))
        atheris.Setup([*sys.argv, name], one)
        atheris.Fuzz()
