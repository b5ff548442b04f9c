"""One spelling for each user id, e-mail address and phone number, and none for what names nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.identity_keys import normalised, older_spelling, shown_traits

SPELLED = [
    ("user_id", "42", "42"),
    ("user_id", 42, "42"),
    *(("user_id", same, same) for same in ("Anna", "anna", " anna", "anna ", "anna\u00a0", "ａnna", "ﬁ", "fi")),
    *(("user_id", same, same) for same in ("e\u0301", "\u00e9", "K", "\u212a", "a\u200bb", "a\u200db", "Ⅳ")),
    ("email", " Anna@Site.TEST ", "anna@site.test"),
    ("email", "MÜLLER@site.test", "müller@site.test"),
    ("email", "\u212aim@site.test", "\u212aim@site.test"),
    ("email", "ａnna@site.test", "ａnna@site.test"),
    ("email", "a.b+c@sub.site.test", "a.b+c@sub.site.test"),
    ("email", "a?b=c@site.test", "a?b=c@site.test"),
    *(
        ("email", text, "anna@site.test")
        for text in (
            *("mailto:anna@site.test", "MAILTO: Anna@Site.test?subject=a@b", "<anna@site.test>", "< Anna@site.test >"),
            *("Anna B. <anna@site.test>", "<mailto:anna@site.test>", "mailto:mailto:anna@site.test"),
            *("\u202aanna@site.test\u202c", "\ufeff anna@site.test", "anna@ｓite。test"),
        )
    ),
    *(
        ("email", text, "a@bücher.test")
        for text in ("a@bücher.test", "a@xn--bcher-kva.test", "A@XN--BCHER-KVA.Test", "a@BU\u0308CHER.test")
    ),
    *(("email", same, same) for same in ("a@straße.test", "a@strasse.test", "a@xn--strae-oqa.test", "a@xn--9.test")),
    ("phone", "+49 (30) 123-456", "+4930123456"),
    ("phone", "0049 30 123 456", "+4930123456"),
    ("phone", "030 / 123.456", "030123456"),
    ("phone", 30123456, "30123456"),
    *(
        ("phone", number, "+491701234567")
        for number in (
            *(
                "+49 (0)170 1234567",
                "+49(0)170/1234567",
                "0049 (0) 170 1234567",
                "+49.170.123.45.67",
                "(+49) 170 1234567",
            ),
            *("+49-170-1234567", "+49\u2011170\u20131234567", "+49\u00a0170\u202f1234567", "tel:+49-170-1234567"),
            *("TEL: 0049 170 / 123 45 67", "＋４９ １７０ １２３４５６７", "(0049) 170 1234567"),
        )
    ),
    *(
        ("phone", number, "+491701234567")
        for number in (
            *("+49 0170 1234567", "+49(0170)1234567", "0049 0170 1234567", "+4901701234567", "00 49 170 1234567"),
            *(
                "011 49 170 1234567",
                "011 49 (0)170 1234567",
                "\u202a+49 170 1234567\u202c",
                "\u200e+49 170\u200b1234567",
            ),
        )
    ),
    *(("phone", number, "+39061234567") for number in ("+39 (0)6 1234567", "+39 06 1234567", "0039061234567")),
    ("phone", "+225 07 07 12 34 56", "+2250707123456"),
    ("phone", "+420 0601 123 456", "+420601123456"),
    ("phone", "+44 (0)20 7946 0958", "+442079460958"),
    ("phone", "+44 20 7946 0958", "+442079460958"),
    ("phone", "+49 10 12345678", "+491012345678"),
    ("phone", "+1 (0)212 555 0123", "+12125550123"),
    ("phone", "+49 30 011 123456", "+4930011123456"),
    ("phone", "011 4912 3456", "01149123456"),
    ("phone", "011 91234-5678", "011912345678"),
    ("phone", "(0)170 1234567", "01701234567"),
    *(
        ("phone", f"+49 30 1234-567{more}", "+49301234567x89")
        for more in (" ext. 89", "x89", " ext 89", "#89", ";ext=89")
    ),
    ("phone", "+49 30 1234-567, Extension 89", "+49301234567x89"),
]
NOBODY = [
    *(
        ("user_id", word)
        for word in ("null", "undefined", "0", "anonymous", "GUEST", "[object Object]", "{{user.id}}", "")
    ),
    *(("user_id", word) for word in ("user_id", "test", "User", "n/a", "x" * 257, "a\ufffdb", "a\nb", "a\x7f", " ")),
    *(
        ("user_id", word)
        for word in ("(not set)", "{user_id}", "%%USER_ID%%", "(null)", "na", "anon", "unset", " Test ")
    ),
    *(
        ("user_id", word)
        for word in ("<email>", "test-user", "{test}", "your.email", "distinct_id", "\u200b", "$USER_ID")
    ),
    *(("user_id", value) for value in (None, True, False, 1.5, ["42"], {"id": 1})),
    *(("email", text) for text in ("anna", "@", "a@b", "a b@site.test", "a@@site.test", "null@null.null")),
    *(
        ("email", text)
        for text in ("mailto:", "<>", "a@b.test <c@d.test>", "<test@site.test>", "mailto:null@site.test")
    ),
    *(("email", text) for text in ("test@test.com", "noreply@site.test", "anna@example.com", "undefined@site.test")),
    *(("phone", text) for text in ("12345", "0000000", "+1111111111", "1234567890", "call me 123456", "1" * 20)),
    *(
        ("phone", text)
        for text in ("++49 30 123456x", "+49 30 123456x", "+49 30 123456 ext 12 ext 13", "49+30123456+1")
    ),
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


@given(st.text(min_size=1, max_size=40))
def test_two_user_ids_are_one_only_where_they_are_the_same(text) -> None:
    assert normalised("user_id", text) in (text, None)


def test_an_address_or_a_number_that_was_spelled_otherwise_before_is_looked_for_in_that_spelling_too() -> None:
    assert older_spelling("phone", "+49 (0)170 1234567") == "+4901701234567"
    assert older_spelling("phone", "0049 (0)170 1234567") == "+4901701234567"
    assert older_spelling("phone", "030 1234567x89") == "030123456789"
    assert older_spelling("phone", "+49 170 1234567") is None
    assert older_spelling("phone", "call me") is None
    assert older_spelling("user_id", "ａnna") is None
    assert older_spelling("email", "Anna@site.test") is None
    assert older_spelling("email", "mailto:Anna@site.test") == "mailto:anna@site.test"
    assert older_spelling("email", "a@xn--bcher-kva.test") == "a@xn--bcher-kva.test"
    assert older_spelling("email", "a@bücher.test") is None


def test_claimed_traits_are_shown_apart() -> None:
    shown = shown_traits([("plan", "pro"), ("unverified:email", "a@b.test"), ("unverified", 1), ("x:y", 2)])
    assert shown == {"plan": "pro", "x:y": 2, "unverified": {"email": "a@b.test"}}
    assert shown_traits([("plan", "pro")]) == {"plan": "pro"}
