"""Which parts of a text are link parameters, and that everything else stays byte for byte."""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.core.scrub import PARAMETERS, may_carry, read_names, scrubbed, scrubber

scrub_url = scrubber().url

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

PRIVATE = [
    ("https://a.test/?token=x", "https://a.test/"),
    ("https://a.test/?a=1&access_token=x.y-z&b=2", "https://a.test/?a=1&b=2"),
    ("https://a.test/#id_token=x&state=1", "https://a.test/#state=1"),
    ("https://a.test/?EMAIL=jane%40doe.test&b", "https://a.test/?b"),
    ("https://a.test/?user[email]=jane@doe.test&b", "https://a.test/?b"),
    ("https://a.test/?user%5Bemail%5D=jane%40doe.test&b", "https://a.test/?b"),
    ("https://a.test/?billing-e-mail=jane@doe.test", "https://a.test/"),
    ("https://a.test/p;jsessionid=0123?b=2", "https://a.test/p"),
    ("https://a.test/?X-Amz-Signature=abc&b", "https://a.test/?b"),
    ("https://a.test/?__tr_pid=x&email=y&password=z&b=2", "https://a.test/?b=2"),
    (
        "https://a.test/?r=https%3A%2F%2Fb.test%2F%3Ftoken%3Dx%26k%3D1&c=2",
        "https://a.test/?r=https%3A%2F%2Fb.test%2F%3Fk%3D1&c=2",
    ),
    ("https://a.test/?r=%252F%253Fuser_email%253Dx%2526b", "https://a.test/?r=%252F%253Fb"),
    ("https://a.test/?r=%2F%3Fuser%255Bemail%255D%3Dx%26b", "https://a.test/?r=%2F%3Fb"),
    ("see https://a.test/?phone=0301234 for more", "see https://a.test/ for more"),
]

LEFT_ALONE = [
    "https://a.test/?utm_medium=email&author=jane&coupon=token",
    "https://a.test/?code=SUMMER&keyword=shoes&postcode=10115",
    "https://a.test/email=x",
    "https://a.test/?email",
    "https://a.test/?tokens=3&passage=2&mailing=1&telephones=4",
    "is your email=x or token=y?",
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
        "token",
        "e_email",
        "[tel]",
        "%3D",
        "%253D",
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


@pytest.mark.parametrize(("text", "left"), PRIVATE)
def test_a_private_parameter_is_taken_out_and_the_rest_stays(text: str, left: str) -> None:
    assert scrub_url(text) == left
    assert may_carry(text)
    assert scrubber().is_named_in(text.encode()), "the bytes of a body say that it has to be looked at"


@pytest.mark.parametrize("raw", [b"", b'{"a": "b"}', b"a=1", b"?author=x", b"%20%3Fa%3Db"])
def test_a_body_without_private_parameters_is_not_looked_at(raw: bytes) -> None:
    assert not scrubber().is_named_in(raw)


@given(st.sampled_from(sorted(PARAMETERS)), st.sampled_from(["?", "&", ";", "#"]), st.integers(0, 2), st.booleans())
def test_the_look_at_the_bytes_misses_no_name(name: str, mark: str, levels: int, bracketed: bool) -> None:
    text = f"https://a.test/{mark}" + (f"user[{name.upper()}]=CANARY" if bracketed else f"{name}=CANARY")
    for _ in range(levels):
        text = f"https://a.test/?r={quote(text, safe='')}&z=1"
    assert scrubber().is_named_in(text.encode())
    assert "CANARY" not in scrub_url(text)


@pytest.mark.parametrize(
    ("said", "taken", "kept"),
    [
        ("", "token", "code"),
        ("code, coupon", "code", "country"),
        ("-token Code", "code", "token"),
        ("-email", "phone", "email"),
    ],
)
def test_names_are_added_to_the_standard_ones_and_taken_back(said: str, taken: str, kept: str) -> None:
    url = scrubber(read_names(said)).url
    assert url(f"/?{taken}=1&{kept}=2") == f"/?{kept}=2"


def test_where_it_is_off_only_the_link_parameters_are_taken_out() -> None:
    none = scrubber(read_names(" OFF "))
    assert none.url("/?token=1&__tr_pid=2&r=%2F%3Femail%3D3") == "/?token=1&r=%2F%3Femail%3D3"
    assert not none.is_named_in(b"/?token=1&r=%2F%3Femail%3D3")


@pytest.mark.parametrize("text", ["a=b", "-", "é", "x" * 65, "a/b"])
def test_what_cannot_be_a_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="name of a parameter"):
        read_names(text)


def test_texts_and_keys_at_any_depth_of_json_are_scrubbed() -> None:
    given_json = {"a": ["?token=x", 1, None, {"?email=y": True}], "b": 1.5}
    assert scrubbed(given_json, scrub_url) == {"a": ["", 1, None, {"": True}], "b": 1.5}


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_text_without_a_link_parameter_stays_as_it_is(text: str) -> None:
    assert scrub_url(text) == text


@pytest.mark.parametrize("text", [text for text, _ in TAKEN_OUT])
def test_the_cheap_look_never_misses_a_link_parameter(text: str) -> None:
    assert may_carry(text)


@example(["?", "__tr_pid", "&", "&", "__tr_pid"])
@example(["__tr_pid", "&", "__tr_pid", '"', "b=1"])
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
