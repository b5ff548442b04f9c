"""What an identify event says: nothing of it is lost without a word."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.claims import KINDS, said_in, signed_text

IGNORED = "{} of an identify event names nobody or cannot be read; it was ignored."
CASES: list[tuple[dict[str, Any], dict[str, str], dict[str, Any], list[str]]] = [
    ({}, {}, {}, []),
    ({"user_id": "42", "email": "", "phone": None, "traits": None}, {"user_id": "42"}, {}, []),
    ({"user_id": 42, "traits": {"plan": "pro"}}, {"user_id": "42"}, {"plan": "pro"}, []),
    # An address in the traits counts as well.
    ({"traits": {"email": "Anna@site.dev", "a": 1}}, {"email": "anna@site.dev"}, {"a": 1}, []),
    ({"email": "anna@site.dev", "traits": {"email": "ANNA@site.dev"}}, {"email": "anna@site.dev"}, {}, []),
    (
        {"email": "anna@site.dev", "traits": {"email": "ben@site.dev"}},
        {"email": "anna@site.dev"},
        {},
        ["traits.email of an identify event differs from email; it was ignored."],
    ),
    # Junk is named where it stands, and does not hide what is sound.
    (
        {"user_id": "null", "email": ["x"], "traits": {"phone": "call me", "email": "anna@site.dev"}},
        {"email": "anna@site.dev"},
        {},
        [IGNORED.format(name) for name in ("user_id", "email", "traits.phone")],
    ),
    ({"user_id": "x" * 257}, {}, {}, [IGNORED.format("user_id")]),
    ({"user_id": True, "phone": 1.5}, {}, {}, [IGNORED.format("user_id"), IGNORED.format("phone")]),
    *(
        ({"traits": given}, {}, {}, ["traits of an identify event are no object; they were ignored."])
        for given in ("plan=pro", ["plan"], 7, False)
    ),
    (
        {"traits": {"unverified": 1, "unverified:email": 2, "unverifiable": 3}},
        {},
        {"unverifiable": 3},
        ["These traits have names that the server keeps for itself, and were ignored: unverified, unverified:email."],
    ),
    (
        {"traits": {f"unverified:{n}": n for n in range(8)}},
        {},
        {},
        [
            "These traits have names that the server keeps for itself, and were ignored: "
            "unverified:0, unverified:1, unverified:2, unverified:3, unverified:4 and 3 more."
        ],
    ),
]


@pytest.mark.parametrize(("properties", "values", "traits", "problems"), CASES)
def test_what_an_event_says_is_kept_or_named(properties, values, traits, problems) -> None:
    said = said_in(properties)
    assert (dict(said.values), dict(said.traits), list(said.problems)) == (values, traits, problems)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
IDENTITY = JSON | st.sampled_from(["anna", "anna@site.dev", "+49 30 123456", "null"])
SAID = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(KINDS, IDENTITY),
        "traits": JSON
        | st.dictionaries(st.sampled_from(["email", "phone", "user_id", "plan", "unverified:x"]), IDENTITY, max_size=5),
    },
)


@given(SAID)
def test_nothing_is_lost_without_a_word(properties) -> None:
    said = said_in(properties)
    traits = properties.get("traits")
    inner = traits if isinstance(traits, dict) else {}
    for kind in KINDS:
        sent = [value for value in (properties.get(kind), inner.get(kind)) if value not in (None, "")]
        assert not sent or kind in said.values or any(f"{kind} of" in problem for problem in said.problems)
    for name in inner.keys() - set(KINDS):
        assert name in said.traits or any(name[:64] in problem for problem in said.problems)
    if traits is not None and not isinstance(traits, dict):
        assert said.problems


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        (
            {
                "user_id": "4711",
                "signature": "x",
                "z": 1,
                "traits": {"plan": "pro", "name": "Zoë", "a": [1, None, True]},
            },
            '{"traits":{"a":[1,null,true],"name":"Zoë","plan":"pro"},"user_id":"4711"}',
        ),
        ({"email": "a@b.dev", "phone": 7}, '{"email":"a@b.dev","phone":7}'),
        ({"traits": {"say": 'a "b" \\ \n\u2028'}}, '{"traits":{"say":"a \\"b\\" \\\\ \\n\u2028"}}'),
        ({"user_id": "a", "traits": {"price": 9.9}}, None),
        ({"user_id": "a", "traits": {"deep": [{"price": 9.0}]}}, None),
        ({"other": 1}, None),
    ],
)
def test_a_signature_over_everything_is_made_of_one_text(properties, text) -> None:
    assert signed_text(properties) == text
