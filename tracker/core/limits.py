"""The limits of protocol §8, with their defaults."""

from dataclasses import dataclass

from tracker.core.scrub import PARAMETERS

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may hold. Sizes are bytes of UTF-8 unless the name says otherwise."""

    body: int = MIB
    events: int = 500
    event: int = 64 * KIB
    depth: int = 32
    nodes: int = 50_000
    key: int = 256
    string: int = 16 * KIB
    url: int = 4 * KIB
    user_agent: int = KIB
    id_chars: int = 128
    ids: int = 10
    tags: int = 32
    tag_chars: int = 128
    stored: int = 4
    """Bytes that may be stored of each byte of a body, ids apart."""
    parameters: frozenset[str] = PARAMETERS
    """Names of URL parameters that are taken out of everything before it is stored."""
