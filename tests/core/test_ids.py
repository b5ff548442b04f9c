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
    *("(not set)", "(Not Set)", "not set", "not_set", "(null)", "(none)", "[null]", "<null>", "<unknown>", "unset"),
    *(
        "na",
        "NA",
        "N/A",
        "n.a.",
        "#N/A",
        "anon",
        "Anonym",
        "undef",
        "-",
        "--",
        "...",
        "_",
        "?",
        "*",
        "000",
        "0.0",
        "\u2014",
    ),
    *("null-null", "undefined_undefined", "null null", "none/none", "\\N", "not logged in", "logged_out", "no-user"),
    *("{user_id}", "{ user.id }", "{USER-ID}", "{!Contact}", "{$user}", "{0}", "%%USER_ID%%", "%user_id%", "%user.id%"),
    *("%s", "%d", "[user_id]", "[USER ID]", "[object Promise]", "<user_id>", "<YOUR-ID>", "<user id>", "__USER_ID__"),
    *("user-{{id}}", "#{user.id}", "@{id}", "$(id)", "*|UID|*", "[%id%]", "{% id %}", "<?= $id ?>", "id=${id}"),
    *("$USER_ID", ":user_id", "@user.id", "@@USER_ID@@", "@@ACCOUNT@@", "##ORDER##", "%7Buser_id%7D", "%7B%7Bid%7D%7D"),
    *("&lt;user&gt;", "&#123;contact&#125;", "USERID*", "***", "your-user-id", "YOUR_USER_ID", "yourUserId", "userId"),
    *("user_", "user-null", "user_undefined", "null,null", "undefinedundefined", "usernull", "nullnull", "null|null"),
    *("visitor", "anonymous_user", "anonymousUser", "no id", "no_id", "noUser", "not found", "void", "-none-", "n\\a"),
    *("\u00b1Infinity", "-Infinity", "xxx", "XXXX-XXXX", "<xxx>", "loggedOut", "not-authenticated"),
    *("%ACCOUNT%", "%20", "%00", "\u200b", "\u200b\u2060", "\u3164", "\u2800", "\ufe0f", "\u202a", "nu\u200bll"),
    *("ｎｕｌｌ", "（not set）", "\u00a0undefined\u00a0", "`none`"),
]


@pytest.mark.parametrize("given", NOBODY, ids=ascii)
def test_what_broken_clients_send_in_place_of_an_id_names_nobody(given):
    assert names_nobody(given)


TRUE_IDS = [
    *("1", "nullable", "undefined-7", "guest-7", "{a}-{b}", "50%", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
    *("{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}", "<4711@mail.example>", "<anna@mail.example>", "[2001:db8::1]"),
    *("a", "x", "10", "-12", "007", "0001", "0x1f", "1.0", "100", "a0", "00000000-0000-0000-0000-000000000001"),
    *(
        "nathan",
        "anon-4711",
        "anonymous2",
        "nils",
        "nanette",
        "none@site.dev",
        "null-island",
        "nil-armstrong",
        "Na'ama",
    ),
    *("unknown-soldier", "test-user-1", "unset1", "emptyset", "truesdale", "untrue", "n", "N.", "naan", "undefeated"),
    *("%41", "%41%42", "a%b%c", "user%40site.dev", "100%_cotton", "50%off%", "[1]", "[a1]", "{1}", "<7>", "(anna)"),
    *("anna(1)", "a[b]", "a<b", "$5", "$anna", "@anna", "#anna", "*anna*", "__init", "_anna_", "a_b", "ga:1234.5678"),
    *("GA1.2.1234567890.1700000000", "ZmFrZQ==", "d41d8cd98f00b204e9800998ecf8427e", "auth0|5f7c8ec7c33c6c004bbafe82"),
    *(
        "no",
        "user_12",
        "user12",
        "nulling",
        "visitor77",
        "visitor-77",
        "xxxavier",
        "novoid",
        ":alice",
        "voidwalker",
        "xx",
    ),
    *(
        "$2b$10$N9qo8uLOickgx2ZMRZoMye",
        "user@my.id",
        "no@user.id",
        "null@site.dev",
        "useragent",
        "x" * 128,
        "id-5",
        "no-7",
    ),
    *("the-doctor", "my-cat", "user-anna", "session-1", "infinity8", "user-x", "name", "set", "in", "the", "anna&co"),
    *("nana", "anna", "nona", "inno", "annanull", "\ue000", "e\u0301", "कि", "a\u200bb", "anna%C3%A9", "🦊🦊"),
    *("東京", "Zoë", "אנה", "🦊", "ü", "arn:aws:iam::123456789012:user/anna", "cn=anna,dc=site,dc=dev", "S-1-5-21-1"),
]


@pytest.mark.parametrize("given", TRUE_IDS, ids=ascii)
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
