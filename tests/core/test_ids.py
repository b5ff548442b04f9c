"""What an id may look like, and which ids name nobody."""

import pytest

from tracker.core.ids import has_uuid_form, id_problem, names_nobody

NOBODY = [
    "null",
    "NULL",
    "undefined",
    "NaN",
    "None",
    "nil",
    "[object Object]",
    "[object Undefined]",
    "0",
    "-1",
    "true",
    "False",
    "anonymous",
    "Guest",
    "unknown",
    "n/a",
    '"null"',
    "'undefined'",
    " null ",
    "{null}",
    "{}",
    '""',
    "''",
    " ",
    "",
    "{{session_id}}",
    "{{ user.id }}",
    "${id}",
    "<%= id %>",
    "%VISITOR_ID%",
    "[[id]]",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
]


@pytest.mark.parametrize("given", NOBODY, ids=ascii)
def test_what_broken_clients_send_in_place_of_an_id_names_nobody(given):
    assert names_nobody(given)


@pytest.mark.parametrize(
    "given", ["1", "nullable", "undefined-7", "guest-7", "{a}-{b}", "50%", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"]
)
def test_an_id_that_only_resembles_one_of_those_names_somebody(given):
    assert not names_nobody(given)


UUIDS = [
    ("6ba7b810-9dad-41d1-80b4-00c04fd430c8", True),
    ("6BA7B810-9DAD-41D1-80B4-00C04FD430C8", True),
    ("6ba7b810-9dad-0000-0000-00c04fd430c8", True),
    ("6ba7b8109dad41d180b400c04fd430c8", False),
    ("{6ba7b810-9dad-41d1-80b4-00c04fd430c8}", False),
    ("6ba7b810-9dad-41d1-80b4-00c04fd430c", False),
    ("6ba7b810-9dad-41d1-80b4-00c04fd430c8 ", False),
    ("6ba7b810-9dad-41d1-80b4-00c04fd430c8\n", False),
    ("x6ba7b810-9dad-41d1-80b4-00c04fd430c8", False),
    ("gba7b810-9dad-41d1-80b4-00c04fd430c8", False),
    ("someone@shop.example", False),
    ("", False),
]


@pytest.mark.parametrize(("given", "has"), UUIDS, ids=[ascii(row[0]) for row in UUIDS])
def test_the_form_of_a_uuid(given, has):
    assert has_uuid_form(given) is has


PROBLEMS = [
    ("visitor-7", None),
    ("a", None),
    ("a" * 128, None),
    ("a b", None),
    ("ü/€|日本", None),
    ("", "must not be empty"),
    ("a" * 129, "must not be longer than 128 characters"),
    ("a\x00b", "must hold printable characters only"),
    ("a\nb", "must hold printable characters only"),
    ("a\u200bb", "must hold printable characters only"),
    ("a\ud800b", "must hold printable characters only"),
    ("a\ufffdb", "must hold printable characters only"),
]


@pytest.mark.parametrize(("given", "problem"), PROBLEMS, ids=[ascii(row[0][:20]) for row in PROBLEMS])
def test_why_a_string_cannot_be_an_id(given, problem):
    assert id_problem(given, 128) == problem
