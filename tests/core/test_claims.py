"""What an identify event says: nothing of it is lost without a word."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.claims import KINDS, beside_identify, said_in, signed_text

IGNORED = "{} of an identify event names nobody or cannot be read; it was ignored."
BESIDE = (
    "These properties of an identify event are stored with the event alone;"
    " who the visitor is goes into user_id, email, phone and traits: {}."
)
NOT_READ = "These say nothing about the visitor here and were not kept; send an identify event: {}."
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
    # Of the traits everything is kept, so that nothing is lost where one is emptied.
    (
        {"email": "anna@site.dev", "traits": {"email": None, "phone": "", "plan": None}},
        {"email": "anna@site.dev"},
        {"plan": None},
        [IGNORED.format("traits.email"), IGNORED.format("traits.phone")],
    ),
    (
        {"userId": "42", "Email": "anna@site.dev", "e-mail": "a@b.dev", "mail": None, "name": "", "signature": "x"},
        {},
        {},
        [BESIDE.format("Email, e-mail, userId")],
    ),
    ({"x" * 200: 0, **{f"n{n}": n for n in range(9)}}, {}, {}, [BESIDE.format("n0, n1, n2, n3, n4 and 5 more")]),
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
OTHERS = ("userId", "Email", "name")
SAID = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys((*KINDS, *OTHERS), IDENTITY),
        "traits": JSON
        | st.dictionaries(st.sampled_from(["email", "phone", "user_id", "plan", "unverified:x"]), IDENTITY, max_size=5),
    },
)


@given(SAID)
def test_nothing_is_lost_without_a_word(properties) -> None:
    said = said_in(properties)
    told = "\n".join(said.problems)
    traits = properties.get("traits")
    inner = traits if isinstance(traits, dict) else {}
    for kind in KINDS:
        sent = [properties[kind]] if properties.get(kind) not in (None, "") else []
        sent += [inner[kind]] if kind in inner else []
        assert not sent or kind in said.values or f"{kind} of" in told
        assert kind not in inner or kind in said.values or f"traits.{kind} of" in told
    for name in inner.keys() - set(KINDS):
        # Of many names that are the server's own the first few are named.
        assert name in said.traits or name.startswith("unverified")
        assert name in said.traits or "names that the server keeps for itself" in told
    for name in OTHERS:
        assert properties.get(name) in (None, "") or name in told
    if traits is not None and not isinstance(traits, dict):
        assert said.problems
    assert len(told) < 4_000


@pytest.mark.parametrize(
    ("payload", "identifying", "names"),
    [
        ({"events": [{"type": "page-view", "email": "anna@site.dev"}]}, [], ""),
        ({"profile": None, "session": {"id": "s"}, "context": {}, "device": {}, "debug": 1}, [], ""),
        ({"profile": {"id": "p", "ids": ["q"], "metadata": {"time": 1}, "email": None, "name": ""}}, [], ""),
        ({"profile": {"id": "p", "email": "a@b.dev", "traits": {"a": 1}}}, [], "profile.email, profile.traits"),
        ({"userId": "42", "Traits": {}, "name": "x", "events": [{"mail": 1}]}, [0], "Traits, events.0.mail, userId"),
        ({"profile": {"id": "p", **{f"{n}" * 99: n for n in range(9)}}}, [], None),
    ],
)
def test_what_is_said_of_a_visitor_where_nothing_reads_it_is_named(payload, identifying, names) -> None:
    told = beside_identify(payload, identifying)
    if names is None:
        assert told is not None
        assert len(told) < 500
    else:
        assert told == (NOT_READ.format(names) if names else None)


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
