"""Hand-written readers take time in proportion to a text, whatever it says."""

import random
import time
from collections.abc import Callable

import pytest

from tracker.core.literals import Unreadable, read_literal
from tracker.core.pasted import imported
from tracker.core.scrub import scrubber

SHORT = 4_000
TOKENS = (
    *('"', '\\"', "'", "\\'", "`", "$", "${", "{", "}", "[", "]", "("),
    *(")", "a:", "a", ",", "1", ".", "true", "\\", "//", "/*", "*/", "\n"),
    *(" ", "options={", "tracker:", "/tracker?", "source_id=", "<", "&quot;", "?", "&", "#", ";", "%"),
    *("25", "3F", "%3F", "%26", "%3D", "=", "_", "%5F", "__tr_", "token", "email=", "api_"),
    *("-"),
)
HEADS = [
    "",
    "options = {",
    "{a:[",
    "{a:",
    '{a:"',
    '{a:b"',
    "{a:b`",
    '"/tracker?',
    "?",
    "%3F",
    "__tr_",
    "=",
    "https://a.example/?",
]
KNOWN = [
    ("{a:b", '\\"'),
    ('options = {a: "', '\\"'),
    ("{a:[", "\\'"),
    ("{a:`", "\\`$"),
    ("{", "/*"),
    ("?", "a" * 40 + "."),
    ("", "%25"),
]


def tries() -> list[tuple[str, str]]:
    """Return heads and units of hostile texts, the same in every run."""
    dice = random.Random(11)
    made = [(dice.choice(HEADS), "".join(dice.choices(TOKENS, k=dice.randint(1, 4)))) for _ in range(100)]
    return [*KNOWN, *made]


def literal(text: str) -> None:
    try:
        read_literal(text, 0)
    except Unreadable:
        return


def pasted(text: str) -> None:
    try:
        imported(text)
    except ValueError:
        return


def spent(read: Callable[[str], object], text: str) -> float:
    """Return the seconds that reading a text takes at best."""
    times = []
    for _ in range(3):
        started = time.thread_time()
        read(text)
        times.append(time.thread_time() - started)
    return min(times)


@pytest.mark.parametrize("read", [literal, pasted, scrubber().url], ids=["literals", "pasted", "scrub"])
def test_four_times_the_text_takes_about_four_times_the_time(read: Callable[[str], object]) -> None:
    for head, unit in tries():
        short, long = (head + unit * (size // len(unit)) for size in (SHORT, 4 * SHORT))
        # Twice what is expected and a hundredth of a second, for what else the machine does; squared it would be 16.
        assert spent(read, long) <= 8 * spent(read, short) + 0.01, (head, unit)


def test_a_whole_snippet_of_nothing_but_quotes_is_read_at_once() -> None:
    assert spent(pasted, "options = {a: b" + '\\"' * 14_000) < 0.5
