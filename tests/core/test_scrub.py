"""Which parts of a text are link parameters, and that everything else stays byte for byte."""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.core.scrub import may_carry, scrub_url

TAKEN_OUT = [
    ("https://a.test/?__tr_pid=x", "https://a.test/"),
    ("https://a.test/p?__tr_pid=x&a=1", "https://a.test/p?a=1"),
    ("https://a.test/p?a=1&__tr_pid=x", "https://a.test/p?a=1"),
    ("https://a.test/p?a=1&__tr_pid=x&b=2", "https://a.test/p?a=1&b=2"),
    ("https://a.test/p?__tr_pid=x&__tr_src=y&__tr_pass=a.b-c_d&b=2", "https://a.test/p?b=2"),
    ("https://a.test/p?a=1&__tr_pid=x&b=2&__tr_src=y&c=3", "https://a.test/p?a=1&b=2&c=3"),
    ("https://a.test/?__tr_pid=x&__tr_src=y#part", "https://a.test/#part"),
    ("https://a.test/?a=1&__tr_sid=x#part?b=2", "https://a.test/?a=1#part?b=2"),
    ("https://a.test/?a=1;__tr_pid=x;b=2", "https://a.test/?a=1;b=2"),
    ("https://a.test/?__tr_pid=x;b=2", "https://a.test/?b=2"),
    ("https://a.test/?__tr_debug", "https://a.test/"),
    ("https://a.test/?__tr_debug&b", "https://a.test/?b"),
    ("https://a.test/?__tr_=1&b", "https://a.test/?b"),
    ("https://a.test/?__TR_PID=x&b=2", "https://a.test/?b=2"),
    ("https://a.test/?__Tr_Pid=x", "https://a.test/"),
    ("https://a.test/?a=1&&__tr_pid=x&&b", "https://a.test/?a=1&&&b"),
    ("https://a.test/?%5F%5Ftr_pid=x&b=2", "https://a.test/?b=2"),
    ("https://a.test/?%5f_%74r%5Fpid=x&b=2", "https://a.test/?b=2"),
    ("https://a.test/?__t%52_pid=x", "https://a.test/"),
    ("https://a.test/?__tr_pid=a%26b%3Dc&b=2", "https://a.test/?b=2"),
    ("https://a.test/?__tr_pid=a?b&c", "https://a.test/?c"),
    ("https://a.test/?__tr_src=Source%20ID&c", "https://a.test/?c"),
    ("https://a.test/?__tr_src=O'Brien&c", "https://a.test/?c"),
    ("https://a.test/#__tr_pid=x", "https://a.test/"),
    ("https://a.test/#__tr_pid=x&b=2", "https://a.test/#b=2"),
    ("https://a.test/#a?x=1&__tr_pid=y", "https://a.test/#a?x=1"),
    ("https://a.test/#/route?__tr_pid=y&x=1", "https://a.test/#/route?x=1"),
    ("?__tr_pid=x", ""),
    ("__tr_pid=x", ""),
    ("__tr_pid=x&a=1", "a=1"),
    ("__tr_pid=x&__tr_src=y;a=1", "a=1"),
    ("a=1&__tr_pid=x", "a=1"),
    ("see https://a.test/?__tr_pid=x for more", "see https://a.test/ for more"),
    ('{"url": "https://a.test/?__tr_pid=x"}', '{"url": "https://a.test/"}'),
    (r"{\"url\": \"https://a.test/?__tr_pid=x\"}", r"{\"url\": \"https://a.test/\"}"),
    ("<https://a.test/?a&__tr_pid=x>", "<https://a.test/?a>"),
    (
        "https://a.test/?redirect=https%3A%2F%2Fb.test%2F%3F__tr_pid%3Dx",
        "https://a.test/?redirect=https%3A%2F%2Fb.test%2F",
    ),
    (
        "https://a.test/?r=https%3a%2f%2fb.test%2f%3f__tr_pid%3dx%26k%3d1&c=2",
        "https://a.test/?r=https%3a%2f%2fb.test%2f%3fk%3d1&c=2",
    ),
    ("https://a.test/?r=%2F%3Fa%3D1%26__tr_pid%3Dx&c=2", "https://a.test/?r=%2F%3Fa%3D1&c=2"),
    ("https://a.test/?r=%2F%3F__tr_pid%3Dx%26__tr_src%3Dy%23end", "https://a.test/?r=%2F%23end"),
    ("https://a.test/?r=%2F%3F%255F%255Ftr_pid%3Dx", "https://a.test/?r=%2F"),
    ("https://a.test/?r=%2F%23__tr_pid%3Dx&__tr_src=y", "https://a.test/?r=%2F"),
    ("https://a.test/?r=%252F%253F__tr_pid%253Dx%2526b", "https://a.test/?r=%252F%253Fb"),
    ("https://a.test/?r=%2F%3F__tr_pid%3Da%2526b&c=2", "https://a.test/?r=%2F&c=2"),
    ("https://a.test/?r=%2F%3Fs%3D%252F%253F__tr_pid%253Dx%26c=2", "https://a.test/?r=%2F%3Fs%3D%252F%26c=2"),
    ("https://a.test/?r=https://b.test/?__tr_pid=x&c=1", "https://a.test/?r=https://b.test/?c=1"),
]

LEFT_ALONE = [
    "",
    "a text",
    "https://a.test/?utm_source=a&utm_medium=b#c",
    "https://a.test/__tr_pid/x",
    "https://a.test/?a__tr_pid=x",
    "https://a.test/?a=__tr_pid",
    "https://a.test/?_tr_pid=x",
    "https://a.test/?__trpid=x",
    "https://a.test/?__trace=x&%74race=1",
    "https://a.test/?__utm=1&b=%20%26",
    "__tr_pid",
    "the parameter __tr_pid carries the profile",
    "100%",
    "%",
    "%%3F%zz?__",
    "über?ſ__tr",
]

PIECES = st.sampled_from(
    [
        "?",
        "&",
        ";",
        "#",
        "=",
        "%3F",
        "%26",
        "%23",
        "%253F",
        "%2526",
        "__tr_pid",
        "__TR_",
        "%5F",
        "_",
        "tr_",
        "%74",
        "a",
        "b=1",
        " ",
        '"',
        "\\",
        "%",
        "%25",
        "/",
        "é",
        "\n",
    ]
)


@pytest.mark.parametrize(("text", "left"), TAKEN_OUT)
def test_a_link_parameter_is_taken_out_and_the_rest_stays(text: str, left: str) -> None:
    assert scrub_url(text) == left


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_text_without_a_link_parameter_stays_as_it_is(text: str) -> None:
    assert scrub_url(text) == text


@pytest.mark.parametrize("text", [text for text, _ in TAKEN_OUT])
def test_the_cheap_look_never_misses_a_link_parameter(text: str) -> None:
    assert may_carry(text)


@example(["?", "__tr_pid", "&", "&", "__tr_pid"])
@given(st.lists(PIECES, max_size=12))
def test_once_is_enough(pieces: list[str]) -> None:
    once = scrub_url("".join(pieces))
    assert scrub_url(once) == once
    assert not any(f"{mark}__tr_" in once.lower() for mark in ("?", "&", ";", "#", "%3f", "%26", "%23", "%3b"))


@given(
    st.lists(st.tuples(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(max_size=5)), max_size=4),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=3),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_the_other_parameters_of_any_url_survive_at_any_level_of_nesting(
    others: list[tuple[str, str]], ids: list[str], levels: int, random: object
) -> None:
    kept = [f"{name}={quote(value, safe='')}" for name, value in others]
    mixed = list(kept)
    for number, value in enumerate(ids):
        mixed.insert(random.randint(0, len(mixed)), f"__tr_{number}={quote(value, safe='')}")  # type: ignore[attr-defined]
    dirty = "https://b.test/?" + "&".join(mixed)
    clean = "https://b.test/" + ("?" + "&".join(kept) if kept else "")
    for _ in range(levels):
        dirty, clean = (f"https://a.test/?r={quote(url, safe='')}&z=1" for url in (dirty, clean))
    assert scrub_url(dirty) == clean
