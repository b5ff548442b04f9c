"""Whose event is it: every row of the table of protocol §4."""

import pytest
from core_builders import CRM, NOW, OLD_P, OLD_Q, OTHER_UUID, UUID, event, only, payload, play, told, visit, world

from tracker.core.known import absorb
from tracker.core.model import Times
from tracker.core.which_session import MOST_SESSIONS, own_session_id

INVALID_SESSION = "The session belongs to another profile; a session of this profile stands for it."
ELSEWHERE = "The session belongs to another source; a session of this source stands for it."
TOO_MANY = "Too many profiles share this session id; store the session id of this answer."
NOT_KEPT = "The profile id sent is unknown and was not kept; store the one in this answer."
NEW = "new-profile-1"
MINTED = "new-session-1"


def table_world(**more):
    return world(
        ["P", "Q"],
        aliases={OLD_P: "P", OLD_Q: "Q"},
        sessions=[visit("of-P", "P"), visit("of-old-P", OLD_P), visit("of-Q", "Q"), visit("of-gone", "gone")],
        **more,
    )


TABLE = [
    # row, profile sent, session sent, steps before the event's, warnings
    ("none-none", None, None, [f"create {NEW}", f"open {MINTED} of {NEW}"], []),
    ("none-unknown", None, "s", [f"create {NEW}", f"open s of {NEW}"], []),
    ("none-known", None, "of-P", ["touch P", "continue of-P"], []),
    ("none-known-by-alias", None, "of-old-P", ["touch P", "continue of-old-P"], []),
    ("none-gone", None, "of-gone", [f"create {NEW}", f"repoint of-gone to {NEW}", "continue of-gone"], []),
    (
        "unknown-uuid-gone",
        UUID,
        "of-gone",
        [f"create {NEW}", f"alias {UUID} -> {NEW}", f"repoint of-gone to {NEW}", "continue of-gone"],
        [],
    ),
    (
        "unknown-name-gone",
        "visitor-7",
        "of-gone",
        [f"create {NEW}", f"repoint of-gone to {NEW}", "continue of-gone"],
        [NOT_KEPT],
    ),
    ("live-none", "P", None, ["touch P", f"open {MINTED} of P"], []),
    ("live-unknown", "P", "s", ["touch P", "open s of P"], []),
    ("live-its-own", "P", "of-P", ["touch P", "continue of-P"], []),
    ("live-its-own-by-alias", "P", "of-old-P", ["touch P", "continue of-old-P"], []),
    ("live-anothers", "P", "of-Q", ["touch P", f"open {MINTED} of P standing for of-Q"], [INVALID_SESSION]),
    ("live-gone", "P", "of-gone", ["touch P", "repoint of-gone to P", "continue of-gone"], []),
    ("unknown-uuid-known", UUID, "of-Q", ["touch Q", f"alias {UUID} -> Q", "continue of-Q"], []),
    ("unknown-name-known", "visitor-7", "of-Q", ["touch Q", "continue of-Q"], [NOT_KEPT]),
    ("unknown-uuid-none", UUID, None, [f"create {NEW}", f"alias {UUID} -> {NEW}", f"open {MINTED} of {NEW}"], []),
    ("unknown-uuid-unknown", UUID, "s", [f"create {NEW}", f"alias {UUID} -> {NEW}", f"open s of {NEW}"], []),
    ("unknown-name-none", "visitor-7", None, [f"create {NEW}", f"open {MINTED} of {NEW}"], [NOT_KEPT]),
    ("unknown-name-unknown", "visitor-7", "s", [f"create {NEW}", f"open s of {NEW}"], [NOT_KEPT]),
    ("alias-none", OLD_P, None, ["touch P", f"open {MINTED} of P"], []),
    ("alias-unknown", OLD_P, "s", ["touch P", "open s of P"], []),
    ("alias-its-own", OLD_P, "of-P", ["touch P", "continue of-P"], []),
    ("alias-anothers", OLD_P, "of-Q", ["touch P", f"open {MINTED} of P standing for of-Q"], [INVALID_SESSION]),
    ("alias-gone", OLD_P, "of-gone", ["touch P", "repoint of-gone to P", "continue of-gone"], []),
]


@pytest.mark.parametrize(
    ("profile", "session", "steps", "warnings"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table_of_profiles_and_sessions(profile, session, steps, warnings):
    resolution = only(table_world(), payload(profile, session))

    belongs = f"store e1 in {resolution.profile_id}, {resolution.session_id}"
    assert told(resolution.steps) == [*steps, belongs]
    assert resolution.warnings == tuple(warnings)
    assert resolution.errors == ()


@pytest.mark.parametrize(("profile", "session"), [row[1:3] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_was_answered_is_found_again(profile, session):
    known = table_world()
    first, second = play(known, payload(profile, session), payload(profile, session, event("e2")))
    assert second.session_id == first.session_id or session is None
    answered = play(known, payload(first.profile_id, first.session_id, event("e3")))[0]

    assert (answered.profile_id, answered.session_id) == (first.profile_id, first.session_id)
    assert told(answered.steps)[:2] == [f"touch {first.profile_id}", f"continue {first.session_id}"]
    assert answered.warnings == ()


def test_one_session_stands_for_a_foreign_session_id_the_same_one_every_time():
    known = table_world()
    first, again, later = play(
        known,
        payload("P", "of-Q"),
        payload("P", "of-Q", event("e2")),
        payload(OLD_P, "of-Q", event("e3")),
    )

    assert (first.session_id, again.session_id, later.session_id) == (MINTED, MINTED, MINTED)
    assert again.warnings == later.warnings == ()
    assert play(known, payload("Q", "of-Q", event("e4")))[0].session_id == "of-Q"


def test_two_profiles_that_share_a_foreign_session_id_get_a_session_each():
    known = world(["P", "Q", "R"], sessions=[visit("s", "Q")])
    of_p, of_r, nobody = play(known, payload("P", "s"), payload("R", "s", event("e2")), payload(None, "s", event("e3")))

    assert (of_p.session_id, of_r.session_id) == ("new-session-1", "new-session-2")
    assert (nobody.profile_id, nobody.session_id) == ("Q", "s"), "the session that carries the id itself comes first"


def test_a_session_id_that_can_be_guessed_leads_nowhere_from_another_source():
    known = world(["P", "Q"], sessions=[visit("s", "P", at="blog"), visit(UUID, "P", at="blog")])
    own = own_session_id("shop", "s")
    stranger, again, named = play(known, payload(None, "s"), payload(None, "s", event("e2")), payload("Q", "s"))
    assert (stranger.profile_id, stranger.session_id, again.session_id) == (NEW, own, own)
    assert (stranger.warnings, again.warnings, named.warnings) == ((ELSEWHERE,), (), (INVALID_SESSION,))
    assert named.session_id == "new-session-3"
    assert only(known, payload(None, UUID)).profile_id == "P"
    assert only(known, payload(None, "s", at=CRM.id)).profile_id == "P"
    assert only(known, payload("P", "s")).session_id == "s"


def test_a_session_id_that_a_stranger_has_taken_beforehand_keeps_nobody_from_coming():
    own = own_session_id("shop", "s")
    known = world(["P", "Q"], sessions=[visit("s", "P", at="blog"), visit(own, "Q", at="blog")])
    assert only(known, payload(None, "s")).session_id == MINTED


def test_no_more_than_twenty_sessions_stand_for_one_session_id():
    known = world([f"p{number}" for number in range(30)])
    answers = play(known, *(payload(f"p{number}", "s", event(f"e{number}")) for number in range(30)))
    standing = {row.id for row in known.sessions["s"]}
    assert len(standing) == MOST_SESSIONS == 20
    for number, answer in enumerate(answers):
        assert (answer.session_id in standing) is (number < MOST_SESSIONS)
        assert (TOO_MANY in answer.warnings) is (number >= MOST_SESSIONS)
    assert answers[-1].session_id == "new-session-30"
    assert only(known, payload("p5", "s", event("again"))).session_id == answers[5].session_id
    assert only(known, payload("p29", answers[29].session_id, event("again"))).session_id == answers[29].session_id


def test_a_session_that_only_others_stand_for_belongs_to_the_eldest_of_them():
    known = world(["P", "Q"], sessions=[visit("a", "P", client_id="s"), visit("b", "Q", client_id="s")])

    assert only(known, payload(None, "s")).session_id == "a"
    assert only(known, payload("Q", "s")).session_id == "b"


def test_a_new_browser_with_an_old_uuid_stays_one_visitor():
    first, second = play(world(), payload(UUID, "s"), payload(UUID, "s2", event("e2")))

    assert first.profile_id == second.profile_id == NEW
    assert told(second.steps)[0] == f"touch {NEW}"


def test_two_unknown_uuids_in_one_session_both_name_its_profile():
    known = world(["Q"], sessions=[visit("s", "Q")])
    play(known, payload(UUID, "s"), payload(OTHER_UUID, "s", event("e2")))

    assert known.aliases == {"Q": "Q", UUID: "Q", OTHER_UUID: "Q"}


# Ids that name nobody ---------------------------------------------------------------------------------------------


JUNK = ["null", "undefined", "NaN", "[object Object]", "0", "true", "anonymous", "guest", '"null"', "{}"]


@pytest.mark.parametrize("junk", JUNK)
def test_a_junk_profile_id_is_treated_as_absent(junk):
    resolution = only(world(["P"], aliases={junk: "P"}), payload(junk, None))

    assert told(resolution.steps)[:2] == [f"create {NEW}", f"open {MINTED} of {NEW}"]
    assert resolution.warnings == ("The profile id sent names nobody; it was treated as absent.",)


@pytest.mark.parametrize("junk", JUNK)
def test_a_junk_session_id_is_treated_as_absent(junk):
    resolution = only(world(["P"], sessions=[visit(junk, "P")]), payload(None, junk))

    assert (resolution.profile_id, resolution.session_id) == (NEW, MINTED)
    assert resolution.warnings == ("The session id sent names nobody; it was treated as absent.",)


def test_an_empty_id_is_an_absent_one_and_no_cause_for_a_warning():
    resolution = only(world(), payload("", ""))

    assert (resolution.profile_id, resolution.session_id) == (NEW, MINTED)
    assert resolution.warnings == ()


@pytest.mark.parametrize("erased", [UUID, "visitor-7"])
def test_the_id_of_an_erased_profile_names_nobody_and_never_becomes_an_alias_again(erased):
    resolution = only(world(erased=[erased]), payload(erased, "s"))

    assert told(resolution.steps)[:2] == [f"create {NEW}", f"open s of {NEW}"]
    assert resolution.warnings == ("The profile id sent belongs to an erased profile; it names nobody now.",)


def test_a_sentence_is_told_once_and_no_answer_grows_with_the_sentences():
    many = tuple(f"warning {number}" for number in range(50))
    assert only(world(), payload(warnings=many[:3] * 2)).warnings == many[:3]
    assert only(world(), payload(warnings=many)).warnings == (*many[:40], "And 10 further warnings.")


# Further ids of a profile -----------------------------------------------------------------------------------------


OWNED_BY_ANOTHER = "An entry of profile.ids belongs to another profile; it was ignored."
EXTRA_NAMES_NOBODY = "An entry of profile.ids names nobody; it was ignored."

EXTRAS = [
    ("new", "P", ("crm-1",), ["alias crm-1 -> P"], []),
    ("several", "P", ("crm-1", "crm-2"), ["alias crm-1 -> P", "alias crm-2 -> P"], []),
    ("twice", "P", ("crm-1", "crm-1"), ["alias crm-1 -> P"], []),
    ("its-own", "P", ("P", OLD_P), [], []),
    ("of-another", "P", ("Q",), [], [OWNED_BY_ANOTHER]),
    ("alias-of-another", "P", (OLD_Q,), [], [OWNED_BY_ANOTHER]),
    ("junk", "P", ("null", ""), [], [EXTRA_NAMES_NOBODY]),
    ("erased", "P", (OTHER_UUID,), [], [EXTRA_NAMES_NOBODY]),
    ("the-unknown-uuid-sent", UUID, (UUID,), [f"alias {UUID} -> {NEW}"], []),
    ("the-unknown-name-sent", "visitor-7", ("visitor-7",), [f"alias visitor-7 -> {NEW}"], []),
]


@pytest.mark.parametrize(
    ("profile", "ids", "aliases", "warnings"), [row[1:] for row in EXTRAS], ids=[row[0] for row in EXTRAS]
)
def test_a_trusted_source_names_further_ids_and_the_first_owner_of_an_id_wins(profile, ids, aliases, warnings):
    resolution = only(table_world(erased=[OTHER_UUID]), payload(profile, None, at=CRM.id, profile_ids=ids))

    assert [step for step in told(resolution.steps) if step.startswith("alias")] == aliases
    assert resolution.warnings == tuple(warnings)


def test_a_page_cannot_name_further_ids():
    resolution = only(table_world(), payload("P", None, profile_ids=("crm-1",)))

    assert told(resolution.steps)[:2] == ["touch P", f"open {MINTED} of P"]
    assert resolution.warnings == ("profile.ids is taken from trusted sources only; it was ignored.",)


def test_naming_an_id_of_somebody_else_leaves_it_with_its_owner():
    known = table_world()
    play(known, payload("P", None, at=CRM.id, profile_ids=("Q", OLD_Q)))

    assert known.live("Q") == known.live(OLD_Q) == known.profiles["Q"]


# What a new profile and session are made of -----------------------------------------------------------------------


def test_times_given_for_a_profile_and_a_session_are_used_when_they_are_made():
    given = Times(create=NOW - 5, update=NOW - 3)
    create, opened, _ = only(world(), payload(profile_times=given, session_times=given)).steps

    assert (create.created, create.updated) == (NOW - 5, NOW - 3)
    assert (opened.created, opened.updated) == (NOW - 5, NOW - 3)


@pytest.mark.parametrize(
    ("given", "created"), [(Times(insert=NOW - 4), NOW - 4), (Times(), NOW)], ids=["insert", "none"]
)
def test_without_a_time_of_creation_the_insertion_and_then_the_servers_time_counts(given, created):
    create, opened, _ = only(world(), payload(profile_times=given, session_times=given)).steps

    assert (create.created, create.updated) == (opened.created, opened.updated) == (created, NOW)


def test_a_session_keeps_context_properties_device_and_where_the_visit_came_from():
    asked = payload(
        None,
        "s",
        context={"utm": {"source": "letter"}, "screen": {"width": 800}},
        properties={"a": 1},
        device={"name": "x"},
    )
    opened = only(world(), asked).steps[1]

    assert opened.source_id == "shop"
    assert (opened.context, opened.properties, opened.device) == (asked.context, {"a": 1}, {"name": "x"})
    assert opened.touchpoint == {"origin": "letter"}


def test_a_known_session_takes_the_context_and_properties_that_come_along():
    known = world(["P"], sessions=[visit("s", "P")])
    continued = only(known, payload("P", "s", context={"time": 1}, properties={"a": 1})).steps[1]

    assert (continued.at, continued.context, continued.properties) == (NOW, {"time": 1}, {"a": 1})


def test_what_was_noticed_while_the_payload_was_read_comes_first_in_the_warnings():
    resolution = only(world(), payload("null", None, warnings=("A time was unreadable.",)))

    assert resolution.warnings[0] == "A time was unreadable."
    assert len(resolution.warnings) == 2


def test_deciding_leaves_what_is_known_to_absorb_alone():
    known = world()
    resolution = only(known, payload(UUID, "s"))

    assert known == world()
    absorb(known, resolution.steps)
    assert known.live(UUID) is not None


@pytest.mark.parametrize("events", [(event(),), ()], ids=["with an event", "without events"])
def test_a_name_that_can_be_guessed_opens_nothing_to_a_page(events):
    known = world(["P"], aliases={"cust-1001": "P"})
    guessed = only(known, payload("cust-1001", "s", *events)._replace(events=events))
    unknown = only(world(), payload("cust-1002", "s", *events)._replace(events=events))

    assert guessed.profile_id != "P"
    assert "cust-1001" not in "".join(told(guessed.steps))
    assert (guessed.profile_id, guessed.warnings, told(guessed.steps)) == (
        unknown.profile_id,
        unknown.warnings,
        told(unknown.steps),
    ), "who tries out names learns nothing of which there are"


def test_a_backend_finds_its_visitors_by_the_names_that_it_gave_them():
    known = world(["P"], aliases={"cust-1001": "P"})

    assert only(known, payload("cust-1001", "s", at=CRM.id)).profile_id == "P"
