"""Feeds bytes that coverage leads on to everything between the socket and the payload; run it by hand.

``pip install atheris`` into an environment beside Handoff's dependencies, then
``python tests/fuzz/payloads.py -max_total_time=900``. It ends where anything but a refusal comes out. atheris is no
dependency of the tests, because it has wheels for few versions of Python; hypothesis fuzzes the same on every run
(tests/ingest/test_decode_fuzz.py).
"""

import io
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["tracker.core", "tracker.ingest", "tracker.web"]):
    from tracker.core.limits import Limits
    from tracker.core.refusal import Refusal
    from tracker.ingest.decode import decode
    from tracker.ingest.identities import IdentityOffice
    from tracker.ingest.passes import PassOffice
    from tracker.web.kept_headers import kept_headers
    from tracker.web.reading import Arrival, payload_from

NOW = 1_750_000_000_000_000
KEYS = ("a key that only fuzzing signs with",)
SMALL = Limits(body=8192, events=5, depth=8, nodes=200, key=16, string=80, url=60, user_agent=20)
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
        payload_from(decoded, arrival)
    except Refusal:
        return


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
