"""From the bytes of a request to a plain dict within all limits, or to a refusal."""

import re
import time
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import orjson

from tracker.core.limits import Limits
from tracker.core.refusal import Malformed, Problem, Refusal, TooLarge, TooSlow, UnsupportedMedia
from tracker.ingest.normalise import WARN_CUT, WARN_REPLACED, normalise, scrub
from tracker.ingest.strict_json import (
    holds_more_values,
    malformed,
    members,
    most_members,
    refuse_large,
    same_key_twice,
    strict,
    with_exact_integers,
)

CHUNK = 64 * 1024
LATE = "The body did not come in time; send it again."
LONGEST_MEDIA = 256
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# What browsers send, so that nearly every request is spared the parsing.
COMMON_MEDIA = frozenset({"", "application/json", "text/plain;charset=UTF-8", "application/json; charset=utf-8"})
MEDIA = re.compile(
    r"\s*(?:application/(?:[\w!#$&^.-]+\+)?json|text/plain)\s*(;.*)?", re.ASCII | re.IGNORECASE | re.DOTALL
)
CHARSET = re.compile(r";\s*charset\s*=\s*(\"[^\"]*\"|[^;]*)", re.ASCII | re.IGNORECASE)


class Decoded(NamedTuple):
    """A payload within all limits, its shape not checked yet; what its sender should know; its size as sent."""

    body: dict[str, Any]
    warnings: tuple[str, ...] = ()
    size: int = 0
    unscrubbed: bytes = b""
    """The bytes it was read from, as long as its private parameters are still in it."""
    uncut: bool = False
    """There are URLs or user agents in it that are to be cut."""
    rewritten: bool = False
    """Its texts may have changed when they were scrubbed."""


def decode(
    stream: BinaryIO,
    *,
    content_type: str | None,
    content_encoding: str | None,
    limits: Limits,
    announced: int | None = None,
) -> Decoded:
    """The body of a request as a dict of bounded, storable JSON; ``Refusal`` and nothing else for any other bytes.

    ``announced`` is the length that the client said the body has, where it said one.
    """
    check_media(content_type, content_encoding)
    read = decode_only(read_bounded(stream, limits.body, announced), limits)
    return scrubbed(read, limits)._replace(unscrubbed=b"")


def decode_only(sent: bytes, limits: Limits) -> Decoded:
    """The same with the private parameters still in it: taking them out is work that a refused body need not cost."""
    # RFC 8259 lets a reader ignore the mark, and some editors and shells put one before everything they send.
    raw = sent.removeprefix(BYTE_ORDER_MARK)
    if not raw or raw.isspace():
        raise malformed("json_empty", "The body is empty: a JSON object is needed.")
    if holds_more_values(raw, limits.nodes):
        # Building so many values costs more than all else that is done with a body.
        raise malformed("too_many_nodes", f"There must not be more than {limits.nodes} values.")
    try:
        value, certain = orjson.loads(raw), False
    except orjson.JSONDecodeError as error:
        # The strict reader also takes lone surrogates, which are replaced and not refused, and it knows what is wrong.
        refuse_large(raw, error.msg)
        value, certain = strict(raw), True
    body = _payload(value, limits)
    tally = normalise(body, raw, limits, certain=certain)
    if tally.huge and not tally.problems:
        # The fast reader rounds an integer of more than 64 bits without a word.
        body = _payload(with_exact_integers(raw), limits)
        tally = normalise(body, raw, limits)
    if not certain and not tally.problems and _lost_members(tally.members, raw):
        raise same_key_twice()
    if tally.problems:
        raise Malformed(tally.problems)
    return Decoded(body, (WARN_REPLACED,) * tally.replaced, len(sent), raw, tally.cut)


def scrubbed(decoded: Decoded, limits: Limits) -> Decoded:
    """The payload without private parameters in its texts; ``Malformed`` where two keys are the same without them."""
    if not decoded.unscrubbed:
        return decoded
    tally = scrub(decoded.body, decoded.unscrubbed, limits, cut=decoded.uncut)
    if tally is None:
        return decoded
    if tally.problems:
        raise Malformed(tally.problems)
    return decoded._replace(
        warnings=(*decoded.warnings, *(WARN_CUT,) * tally.cut), unscrubbed=b"", uncut=False, rewritten=True
    )


def event_size(event: Mapping[str, Any]) -> int:
    """The bytes that one decoded event takes as compact JSON."""
    return len(orjson.dumps(event))


def oversized(decoded: Decoded, limits: Limits, inherited: int = 0) -> Mapping[int, int]:
    """The sizes in bytes of the events over the limit for one event, by their place in ``events``.

    ``inherited`` is what each of them takes over from the payload.
    """
    # No event of a small body can be over it, and nearly all bodies are small.
    events = decoded.body.get("events")
    if decoded.size + inherited <= limits.event or not isinstance(events, list):
        return {}
    sizes = {place: event_size(event) + inherited for place, event in enumerate(events) if isinstance(event, dict)}
    return {place: size for place, size in sizes.items() if size > limits.event}


def check_media(content_type: str | None, content_encoding: str | None) -> None:
    """Let a body pass that says it is JSON, plain text or nothing, in UTF-8 and not compressed."""
    if content_encoding is not None and content_encoding.strip():
        raise UnsupportedMedia("A compressed body is not accepted: send it without Content-Encoding.")
    media = (content_type or "").strip()
    if media in COMMON_MEDIA:
        return
    match = MEDIA.fullmatch(media) if len(media) <= LONGEST_MEDIA else None
    if match is None:
        raise UnsupportedMedia("Send the payload as application/json or text/plain.")
    charsets = (charset.strip('" \t').lower() for charset in CHARSET.findall(match[1] or ""))
    if any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise UnsupportedMedia("Send the payload in UTF-8.")


def read_bounded(stream: BinaryIO, limit: int, announced: int | None = None) -> bytes:
    """The whole body; ``TooLarge`` once it is over the limit, before a byte is read where it was announced so.

    ``Malformed`` where fewer bytes came than were announced, ``TooSlow`` where they did not come in time.
    """
    if announced is not None and announced > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    wanted = limit + 1
    while wanted > 0:
        try:
            chunk = stream.read(min(wanted, CHUNK))
        except Refusal:
            raise
        except TimeoutError:
            raise TooSlow(LATE) from None
        except Exception:
            # Each server reports a broken chunk or a lost client by errors of its own; all say that there is no body.
            raise incomplete() from None
        if not chunk:
            if announced is not None and limit + 1 - wanted != announced:
                # What was read may well be whole JSON: whether it is all that was meant, nobody knows.
                raise incomplete()
            return b"".join(chunks)
        chunks.append(chunk)
        wanted -= len(chunk)
        if len(chunk) == CHUNK:
            # Of a large body that is there already, let others' turns come between the pieces.
            time.sleep(0)
    raise _too_large(limit)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body must not be larger than {limit} bytes.")


def incomplete() -> Malformed:
    """The refusal of a body of which a part is missing."""
    return malformed("body_incomplete", "The body ended before it was complete.")


def _lost_members(read: int, raw: bytes) -> bool:
    """Return True where fewer members were read than are written: the fast reader keeps the last of two equal keys."""
    return read != most_members(raw) and read != members(raw)


def _payload(value: Any, limits: Limits) -> dict[str, Any]:
    """The value as an object with no more events than allowed."""
    if not isinstance(value, dict):
        raise malformed("not_an_object", "The body must be a JSON object.")
    events = value.get("events")
    if isinstance(events, list) and len(events) > limits.events:
        problem = Problem(("body", "events"), f"A payload must not hold more than {limits.events} events.", "too_long")
        raise Malformed([problem])
    return value
