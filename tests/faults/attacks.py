"""What one hostile client sends: for each attack of threats.md that loads the server, its requests one after another.

An attack is a generator of whole requests, for a client that knows what anybody can read from a page: the address of
the collector and the id of a source. Some have a login of a viewer or an owner (``Aim.cookie``), where the threat says
so. Bodies are made once and varied cheaply, so that the client costs the machine little beside the server.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from urllib.parse import quote_plus, urlencode
from uuid import uuid4

from tracker.core.limits import Limits

MIB = 2**20
TARGET = "target"
"""The source whose id the client has read from a page."""
MOST = Limits().events
FULL = [{"type": "page-view", "properties": {"n": "p" * (MIB // MOST - 100)}}] * MOST
"""As many events as a payload may have, in as large a body."""
EMPTY = [{"type": "page-view"}] * MOST
REFUSED = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429, 431})
STORED = frozenset({200, 413, 422, 429, 503})


@dataclass(frozen=True, slots=True)
class Aim:
    """What the client knows: its login in the console, the token of its forms, and a live profile of the source."""

    cookie: str = ""
    csrf: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to load the server: requests, what may be answered to them, and whether they are left open."""

    requests: Callable[[Aim], Iterator[bytes]]
    may_say: frozenset[int]
    held: bool = False
    login: str = ""
    """The role of the user whom the client has logged in as."""


def request(
    method: str, path: str, body: bytes = b"", kind: str = "application/json", *, more: str = "", length: int = -1
) -> bytes:
    """Return the bytes of a request; ``more`` are further header lines, ``length`` is what it says of its body."""
    size = f"Content-Type: {kind}\r\nContent-Length: {len(body) if length < 0 else length}\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{size if body or length >= 0 else ''}{more}\r\n"
    return head.encode() + body


def payload(events: Sequence[object], **fields: object) -> bytes:
    return json.dumps({"source": {"id": TARGET}, "events": events} | fields, separators=(",", ":")).encode()


def track(body: bytes) -> bytes:
    return request("POST", "/track", body)


# What is stored ------------------------------------------------------------------------------------------------------


def tags_times_events(_: Aim) -> Iterator[bytes]:
    """Tags of the payload, each added to as many events as there may be."""
    for number in count():
        tags = [f"{number}-{n}-".ljust(128, "t") for n in range(32)]
        yield track(payload(EMPTY, tags=tags))


def many_tags_times_events(_: Aim) -> Iterator[bytes]:
    """As many tags as the body has room for, each added to as many events as there may be."""
    bodies = [payload(EMPTY, tags=[f"{n:07}".ljust(size, "t") for n in range(400_000 // size)]) for size in (8, 4000)]
    yield from map(track, cycle(bodies))


def context_and_options_times_events(_: Aim) -> Iterator[bytes]:
    """A large context, properties and options of the payload before as many events as there may be."""
    large = {f"key-{n}": "v" * 1000 for n in range(300)}
    yield from map(track, cycle([payload(EMPTY, context=large, properties=large, options=large)]))


def whole_mebibytes(_: Aim) -> Iterator[bytes]:
    """Nothing but events that are right, as many as a body may hold."""
    yield from map(track, cycle([payload(FULL)]))


def traits_of_a_batch(_: Aim) -> Iterator[bytes]:
    """Thousands of traits, different ones in every request."""
    for number in count():
        traits = {f"trait-{number}-{n}": "v" * 16 for n in range(200)}
        yield track(payload([{"type": "identify", "properties": {"user_id": "u", "traits": traits}}] * 10))


def profiles_on_one_session(_: Aim) -> Iterator[bytes]:
    """One session id with a new profile in every request."""
    for _number in count():
        yield track(payload([{"type": "page-view"}], session={"id": "visit-7"}, profile={"id": str(uuid4())}))


def traits_on_one_session(_: Aim) -> Iterator[bytes]:
    """One session whose profile gets other traits of 60 KB with every request."""
    for number in count():
        update = {"type": "profile-update", "properties": {"traits": {f"t{number}-{n}": "v" * 900 for n in range(60)}}}
        yield track(payload([update], session={"id": "11111111-1111-4111-8111-111111111111"}))


def invented_types(_: Aim) -> Iterator[bytes]:
    """Five hundred new types of events in every request."""
    for number in count():
        yield track(payload([{"type": f"made-up-{number}-{n}"} for n in range(500)]))


def invented_pages(_: Aim) -> Iterator[bytes]:
    """Two hundred new pages in every request."""
    for number in count():
        pages = [f"https://target.example/{number}/{n}" for n in range(200)]
        yield track(payload([{"type": "page-view", "context": {"page": {"url": url}}} for url in pages]))


def repeated_ids(_: Aim) -> Iterator[bytes]:
    """Events that were all stored before, as many as a payload may have."""
    yield from map(track, cycle([payload([{"type": "page-view", "id": f"again-{n}"} for n in range(MOST)])]))


def hostile_pages(_: Aim) -> Iterator[bytes]:
    """Addresses whose reading might take long: nested, escaped, without an end."""
    texts = ("?" + "&" * 4000, "?" + "%25" * 1300, "?__tr_pid" * 400, "?a=" + "&amp;" * 800, "?" + "email" * 800)
    events = [{"type": "page-view", "context": {"page": f"https://target.example/{text}"}} for text in texts]
    yield from map(track, cycle([payload(events * 40), payload(events[:1])]))


# What is refused -----------------------------------------------------------------------------------------------------


def hostile_shapes(_: Aim) -> Iterator[bytes]:
    """A mebibyte of what is JSON and no payload, or no JSON at all."""
    start = b'{"source":{"id":"target"},"events":['

    def full(piece: bytes, end: bytes = b"]}", before: bytes = start) -> bytes:
        return before + piece * ((MIB - len(before) - len(end)) // len(piece)) + end

    bodies = [
        full(b"{},", b"{}]}"),
        full(b'{"type":1},', b"{}]}"),
        full(b"[", b""),
        full(b'{"a":', b""),
        full(b"1", b"]}"),
        full(b"0.1e1,", b"1]}"),
        full(b'"\\u0000",', b'""]}'),
        full(b'"\\ud800",', b'""]}'),
        full(b'"a",', b'""]}'),
        full(b'"a":1,', b'"a":1}', b"{"),
        full(b"\xff", b""),
        full(b" ", b""),
        full(b'{"type":"a","options":{"__proto__":1},"tags":[1]},', b"{}]}"),
        full(b'{"type":"a","time":{"create":"x"},"context":[]},', b"{}]}"),
        full(b"a", b'"},"events":[]}', b'{"source":{"id":"'),
        full(b"1,", b"1]", b"["),
    ]
    yield from map(track, cycle(bodies))


def too_large(_: Aim) -> Iterator[bytes]:
    """Bodies over the limit: sent whole, said to be far larger, and in chunks."""
    over = b" " * (MIB + 1)
    chunked = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n"
    chunks = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    yield from cycle(
        [
            request("POST", "/track", over),
            request("POST", "/track", b" " * 1000, length=10**10, more="Connection: close\r\n"),
            request("POST", "/track", more=chunked) + chunks * 20 + b"0\r\n\r\n",
            request("POST", "/pass", over),
        ]
    )


def kinds_that_are_not_taken(_: Aim) -> Iterator[bytes]:
    """A mebibyte each of a content type, an encoding or a charset that is not taken."""
    body = b"x" * MIB
    yield from cycle(
        [
            request("POST", "/track", body, "application/xml"),
            request("POST", "/track", body, "multipart/form-data; boundary=x"),
            request("POST", "/track", body, "application/json; charset=utf-16"),
            request("POST", "/track", body, more="Content-Encoding: gzip\r\n"),
        ]
    )


def unknown_sources(_: Aim) -> Iterator[bytes]:
    """A mebibyte of events for sources that are not there."""
    for number in count():
        yield track(payload(FULL, source={"id": f"made-up-{number}"}))


def login_forms(aim: Aim) -> Iterator[bytes]:
    """Wrong passwords, and forms as large as they may be."""
    fields = {"csrf": aim.csrf, "password": "a wrong one"}
    cookie = f"Cookie: {aim.cookie}\r\n"
    for number in count():
        wrong = urlencode(fields | {"name": f"user-{number}"}).encode()
        yield request("POST", "/login", wrong, "application/x-www-form-urlencoded", more=cookie)
        many = b"a=b&" * (MIB // 4)
        yield request("POST", "/login", many, "application/x-www-form-urlencoded", more=cookie)
        part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
        yield request("POST", "/login", part * (MIB // len(part)), "multipart/form-data; boundary=x", more=cookie)


def forms_without_a_cookie(_: Aim) -> Iterator[bytes]:
    """A mebibyte of form fields to pages that need a login."""
    body = b"a=b&" * (MIB // 4)
    paths = ("/login", "/account/password", "/sources/new", "/source/build", "/setup", "/logout", "/person/erase")
    yield from (request("POST", path, body, "application/x-www-form-urlencoded") for path in cycle(paths))


def programs_without_a_token(_: Aim) -> Iterator[bytes]:
    """Calls of the admin API with a token that is none, and a mebibyte."""
    body = b"{" + b'"a":1,' * (MIB // 6) + b'"b":1}'
    for number in count():
        more = f"Authorization: Bearer made-up-{number}\r\n"
        yield request("POST", "/api/sources", body, more=more)
        yield request("GET", "/api/profiles?limit=1000", more=more)
        yield request("POST", "/user/token", body)


# What asks and stores nothing ----------------------------------------------------------------------------------------


def dry_runs(_: Aim) -> Iterator[bytes]:
    """Dry runs of as many events as a body may hold."""
    yield from cycle([request("POST", "/track?dry_run=1", payload(FULL))])


def passes(aim: Aim) -> Iterator[bytes]:
    """Passes for a profile that is there, and for those that are not."""
    for number in count():
        for profile in (aim.profile, f"made-up-{number}"):
            asked = {"source": {"id": TARGET}, "profile": {"id": profile}}
            yield request("POST", "/pass", json.dumps(asked).encode())


def scripts_that_are_not_there(_: Aim) -> Iterator[bytes]:
    """The script of sources that are not there, and query strings as long as a line may be."""
    for number in count():
        yield request("GET", f"/tracker?source_id=made-up-{number}")
        yield request("GET", "/tracker?" + "&a=b" * 900)
        yield request("GET", f"/tracker?source_id=target&{number}", more="Accept-Encoding: br;q=0, gzip;q=0\r\n")


def paths_with_slashes(_: Aim) -> Iterator[bytes]:
    """Paths that are not there, or are written in another way, different in every request."""
    body = payload([{"type": "page-view"}])
    for number in count():
        yield request("POST", f"//track/{number}", body)
        yield request("POST", "/" * (number % 4000 + 1) + "track", body)
        yield request("GET", f"/assets/{number}.js")
        yield request("GET", f"/{number}" + "/a" * 1000)


def preflights(_: Aim) -> Iterator[bytes]:
    """Preflights from pages that are not there."""
    for number in count():
        more = f"Origin: https://{number}.example\r\nAccess-Control-Request-Headers: {'x-a, ' * 1000}x\r\n"
        yield request("OPTIONS", "/track", more=more + "Access-Control-Request-Method: POST\r\n")


def games_with_headers(_: Aim) -> Iterator[bytes]:
    """Hosts, prefixes and addresses that somebody claims, and as many cookies as a browser sends."""
    body = payload([{"type": "page-view"}])
    claims = (
        "SCRIPT_NAME: /evil\r\n",
        "Script-Name: /evil\r\nPath-Info: /metrics\r\n",
        "X-Forwarded-For: " + "1.2.3.4, " * 400 + "1.2.3.4\r\n",
        "X-Forwarded-Host: evil.example\r\nX-Forwarded-Prefix: /evil\r\n",
        "Cookie: " + "; ".join(f"c{n}={'v' * 100}" for n in range(110)) + "\r\n",
        "User-Agent: " + "Mozilla/5.0 (" * 300 + "\r\n",
        "Accept-Language: " + "de;q=0.1," * 700 + "\r\n",
        "Accept-Encoding: " + "gzip;q=0.5," * 600 + "\r\n",
    )
    for more in cycle(claims):
        yield request("POST", "/track", body, more=more)
        yield request("GET", "/metrics", more=more)
        yield request("GET", "/tracker?source_id=target", more=more).replace(b"Host: 127.0.0.1", b"Host: evil.example")
        yield request("GET", "/", more=more).replace(b"Host: 127.0.0.1", b"Host: evil.example")


# What is left open ---------------------------------------------------------------------------------------------------


def half_sent_bodies(_: Aim) -> Iterator[bytes]:
    """Bodies of which half never comes."""
    while True:
        body = payload([{"type": "page-view"}])
        yield request("POST", "/track", body[:20], length=len(body))
        yield request("POST", "/track", body[:20], length=MIB)


def half_sent_headers(_: Aim) -> Iterator[bytes]:
    """Requests that end in the middle of a header line, or before the first one."""
    yield from cycle([b"POST /track HTTP/1.1\r\nHost: here\r\nX-Long: " + b"a" * 4000, b"GET ", b""])


# With a login --------------------------------------------------------------------------------------------------------


def live_streams(aim: Aim) -> Iterator[bytes]:
    """As many open streams of events as the server gives to one viewer."""
    yield from cycle([request("GET", "/live/stream", more=f"Cookie: {aim.cookie}\r\n")])


def changes_of_password(aim: Aim) -> Iterator[bytes]:
    """A stolen login that tries passwords at the form that changes one."""
    for number in count():
        form = urlencode({"csrf": aim.csrf, "current": f"wrong-{number}", "new": "another long password"})
        more = f"Cookie: {aim.cookie}\r\n"
        yield request("POST", "/account/password", form.encode(), "application/x-www-form-urlencoded", more=more)


def pasted_snippets(aim: Aim) -> Iterator[bytes]:
    """Texts in the builder that a parser may take long for."""
    size = 15_000
    pieces = (
        *("{", "[", "(", "`${", "{a:", "/*", "//", "<script ", "'\\", '"+', "a.b.", "options", "options=", "tracker:"),
        *(
            "const options = {",
            "window.tracker.track(",
            "<!--",
            "  ",
            "\n",
            "{[(",
            "\\u{",
            "...",
            "=>",
            "a,",
            "?source_id=",
        ),
    )
    for start in ("", "const options = {", "const options = {tracker: {source: {id: '", "<script>const options="):
        for piece in pieces:
            form = f"csrf={quote_plus(aim.csrf)}&do=import&kind=browser&paste="
            body = (form + quote_plus(start + piece * (size // len(piece))))[:16_000].encode()
            more = f"Cookie: {aim.cookie}\r\nHX-Request: true\r\n"
            yield request("POST", "/source/build", body, "application/x-www-form-urlencoded", more=more)
    yield from pasted_snippets(aim)


ATTACKS: dict[str, Attack] = {
    "tags times events": Attack(tags_times_events, STORED),
    "many tags times events": Attack(many_tags_times_events, STORED),
    "context and options times events": Attack(context_and_options_times_events, STORED),
    "whole mebibytes": Attack(whole_mebibytes, STORED),
    "traits of a batch": Attack(traits_of_a_batch, STORED),
    "profiles on one session": Attack(profiles_on_one_session, STORED),
    "traits on one session": Attack(traits_on_one_session, STORED),
    "invented types": Attack(invented_types, STORED),
    "invented pages": Attack(invented_pages, STORED),
    "repeated ids": Attack(repeated_ids, STORED),
    "hostile pages": Attack(hostile_pages, STORED),
    "hostile shapes": Attack(hostile_shapes, REFUSED),
    "too large": Attack(too_large, REFUSED),
    "kinds that are not taken": Attack(kinds_that_are_not_taken, REFUSED),
    "unknown sources": Attack(unknown_sources, REFUSED),
    "login forms": Attack(login_forms, REFUSED, login="viewer"),
    "forms without a cookie": Attack(forms_without_a_cookie, REFUSED),
    "programs without a token": Attack(programs_without_a_token, REFUSED),
    "dry runs": Attack(dry_runs, STORED),
    "passes": Attack(passes, STORED | REFUSED),
    "scripts that are not there": Attack(scripts_that_are_not_there, REFUSED | {200, 304}),
    "paths with slashes": Attack(paths_with_slashes, REFUSED | {200}),
    "preflights": Attack(preflights, REFUSED | {204}),
    "games with headers": Attack(games_with_headers, REFUSED | STORED | {302, 303, 421}),
    "half-sent bodies": Attack(half_sent_bodies, REFUSED | {408}, held=True),
    "half-sent headers": Attack(half_sent_headers, REFUSED | {408}, held=True),
    "live streams": Attack(live_streams, frozenset({200, 429, 503}), held=True, login="viewer"),
    "changes of password": Attack(changes_of_password, REFUSED, login="viewer"),
    "pasted snippets": Attack(pasted_snippets, REFUSED | {200}, login="owner"),
}
