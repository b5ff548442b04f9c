"""What is answered of a decision: the eight keys of protocol §3."""

from tracker.core.steps import Resolution

EIGHT = {"task", "ux", "response", "events", "profile", "session", "errors", "warnings"}


def test_the_answer_has_its_eight_keys_also_where_there_is_nothing_to_say():
    assert Resolution("t", (), None, None).reply() == {
        "task": ["t"],
        "ux": [],
        "response": {},
        "events": [],
        "profile": {},
        "session": {},
        "errors": [],
        "warnings": [],
    }


def test_the_answer_names_profile_session_errors_and_warnings():
    reply = Resolution("t", (), "P", "s", warnings=("careful",), errors=("sorry",)).reply()

    assert reply.keys() == EIGHT
    assert (reply["profile"], reply["session"]) == ({"id": "P"}, {"id": "s"})
    assert (reply["warnings"], reply["errors"]) == (["careful"], ["sorry"])


def test_the_fate_of_each_event_is_told_to_the_debugger_alone():
    fates = (("e1", "stored"), ("e2", "duplicate"))

    assert Resolution("t", (), "P", "s", fates).reply()["events"] == []
    assert Resolution("t", (), "P", "s", fates, debugger=True).reply()["events"] == [
        {"id": "e1", "fate": "stored"},
        {"id": "e2", "fate": "duplicate"},
    ]


def test_a_link_pass_is_a_ninth_key_where_links_are_signed():
    reply = Resolution("t", (), "P", "s").reply("signed")

    assert reply.keys() == EIGHT | {"pass"}
    assert reply["pass"] == "signed"
