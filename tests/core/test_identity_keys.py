"""One spelling for each user id, e-mail address and phone number, and none for what names nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.identity_keys import fit_traits, normalised, shown_traits

SPELLED = [
    ("user_id", "42", "42"),
    ("user_id", 42, "42"),
    ("user_id", " Anna ", "Anna"),
    ("user_id", "ＡＢ", "AB"),
    ("email", " Anna@Site.TEST ", "anna@site.test"),
    ("email", "a.b+c@sub.site.test", "a.b+c@sub.site.test"),
    ("phone", "+49 (30) 123-456", "+4930123456"),
    ("phone", "0049 30 123 456", "+4930123456"),
    ("phone", "030 / 123.456", "030123456"),
    ("phone", 30123456, "30123456"),
]
NOBODY = [
    *(
        ("user_id", word)
        for word in ("null", "undefined", "0", "anonymous", "GUEST", "[object Object]", "{{user.id}}", "")
    ),
    *(("user_id", word) for word in ("user_id", "test", "User", "n/a", "x" * 257, "a\u200bb", "a\nb", " ")),
    *(("user_id", value) for value in (None, True, False, 1.5, ["42"], {"id": 1})),
    *(("email", text) for text in ("anna", "@", "a@b", "a b@site.test", "a@@site.test", "null@null.null")),
    *(("email", text) for text in ("test@test.com", "noreply@site.test", "anna@example.com", "undefined@site.test")),
    *(("phone", text) for text in ("12345", "0000000", "+1111111111", "1234567890", "call me 123456", "1" * 20)),
    ("phone", "++49 30 123456x"),
]


@pytest.mark.parametrize(("kind", "given", "spelled"), SPELLED)
def test_the_same_person_is_spelled_the_same(kind, given, spelled) -> None:
    assert normalised(kind, given) == spelled


@pytest.mark.parametrize(("kind", "given"), NOBODY)
def test_what_names_nobody_is_no_key(kind, given) -> None:
    assert normalised(kind, given) is None


@given(st.sampled_from(["user_id", "email", "phone"]), st.text(max_size=40) | st.integers())
def test_a_spelling_is_its_own_spelling(kind, text) -> None:
    found = normalised(kind, text)
    assert found is None or normalised(kind, found) == found


def test_traits_are_an_object_and_leave_the_servers_own_names_alone() -> None:
    assert fit_traits({"plan": "pro", "email": "x", "unverified": 1, "unverified:a": 2}) == {"plan": "pro"}
    assert fit_traits(["plan"]) == {}
    assert fit_traits(None) == {}


def test_claimed_traits_are_shown_apart() -> None:
    shown = shown_traits([("plan", "pro"), ("unverified:email", "a@b.test"), ("unverified", 1), ("x:y", 2)])
    assert shown == {"plan": "pro", "x:y": 2, "unverified": {"email": "a@b.test"}}
    assert shown_traits([("plan", "pro")]) == {"plan": "pro"}
