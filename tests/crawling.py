"""Following every link of the console, as a browser below a path would, to find what leaves that path."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

_ADDRESSES = frozenset(
    {"href", "src", "action", "formaction", "poster", "data-stream", "data-specification"}
    | {f"hx-{verb}" for verb in ("get", "post", "put", "patch", "delete", "push-url", "replace-url")}
)
_NOT_FOLLOWED = frozenset({"action", "formaction", "data-stream", "hx-post", "hx-put", "hx-patch", "hx-delete"})
HOST = "http://crawled.example"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, as much of it as a crawler wants to know."""

    status: int
    location: str
    mimetype: str
    text: str


@dataclass(slots=True)
class Found:
    """What was asked for, with its status, and where an address led out of the path."""

    asked: dict[str, int] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    outside: list[str] = field(default_factory=list)


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(name, value or "") for name, value in attrs if name in _ADDRESSES]


def addresses(page: str) -> Iterator[tuple[str, str]]:
    """Yield every attribute of a page that holds an address, with that address."""
    parser = _Addresses()
    parser.feed(page)
    yield from parser.found


def crawl(fetch: Callable[[str], Fetched], path: str, *, most: int = 400) -> Found:
    """Ask for everything that can be reached by links from ``path``, which everything must stay below."""
    found, waiting = Found(), [f"{path}/"]

    def meet(base: str, address: str, why: str, *, follow: bool) -> None:
        target = urlsplit(urljoin(HOST + base, address))
        if f"{target.scheme}://{target.netloc}" != HOST or address.startswith("data:"):
            return
        found.named.add(target.path)
        if not target.path.startswith(f"{path}/"):
            found.outside.append(f"{why} of {base}: {address}")
        elif follow:
            waiting.append(target.path + (f"?{target.query}" if target.query else ""))

    while waiting and len(found.asked) < most:
        asked = waiting.pop(0)
        if asked in found.asked:
            continue
        answer = fetch(asked)
        found.asked[asked] = answer.status
        if answer.location:
            meet(asked, answer.location, "Location", follow=True)
        if answer.mimetype == "text/html":
            for name, value in addresses(answer.text):
                meet(asked, value, name, follow=name not in _NOT_FOLLOWED)
    return found
