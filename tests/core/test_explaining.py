"""What a decision would write, told to who tries a payload out."""

from typing import get_args

import pytest
from core_builders import claim, event, key, only, payload, referral, visit, world

from tracker.core.explaining import _TOLD, explained
from tracker.core.steps import Step

SECRET = {"card": "not-to-be-told"}
ANNA = claim(key("user_id", "anna"))


def test_every_kind_of_step_can_be_told() -> None:
    assert set(_TOLD) == set(get_args(Step))


def test_the_answer_is_the_real_one_with_every_fate_and_every_step() -> None:
    asked = payload(None, "s", event("e1", properties=SECRET), event("e2", too_large=70_000))
    resolution = only(world(), asked)
    told = explained(resolution, asked, trusted=False)
    assert {name: told[name] for name in resolution.reply() if name != "events"} == {
        name: value for name, value in resolution.reply().items() if name != "events"
    }
    assert told["events"] == [{"id": "e1", "fate": "stored"}, {"id": "e2", "fate": "quarantined"}]
    assert told["dry_run"] is True
    assert told["would"] == [
        {"do": "create-profile", "id": "new-profile-1"},
        {"do": "open-session", "id": "s", "client": "s", "profile": "new-profile-1"},
        {"do": "store-event", "id": "e1", "profile": "new-profile-1", "session": "s", "type": "page-view"},
        {"do": "quarantine-event", "id": "e2", "reason": "event-too-large"},
    ]
    assert "not-to-be-told" not in str(told)


@pytest.mark.parametrize(
    ("asked", "does"),
    [
        (payload("P", "s", referral=referral("R")), ["spend-pass", "merge-profiles", "touch-profile"]),
        (
            payload("P", "s", claims=(claim(key("user_id", "anna")),)),
            ["claim-identity", "identify-profile", "set-traits"],
        ),
        (payload("P", "s", event("e", "consent-granted", properties={"anna": True})), ["set-consents"]),
    ],
)
def test_links_and_sign_ins_are_told_without_what_only_their_owner_may_know(asked, does) -> None:
    told = explained(only(world(["P", "R"], sessions=[visit("s", "P")]), asked), asked, trusted=False)
    assert [step["do"] for step in told["would"] if step["do"] in does] == does
    assert "nonce" not in str(told)
    assert "anna" not in str([step for step in told["would"] if step["do"] != "set-consents"])


def test_only_a_trusted_sender_is_told_more_than_a_real_request_tells() -> None:
    known = world(["hidden", "R"], sessions=[visit("s", "hidden")])
    known.types["shop"] = {}
    asked = payload(None, "s", event("e1"), referral=referral("R"))
    resolution = only(known, asked)
    public = explained(resolution, asked, trusted=False)
    assert {"do": "merge-profiles", "survivor": "R", "reason": "referral"} in public["would"]
    assert "hidden" not in str(public)
    assert "note-event-type" not in [step["do"] for step in public["would"]]
    trusted = explained(resolution, asked, trusted=True)
    assert {"do": "merge-profiles", "loser": "hidden", "survivor": "R", "reason": "referral"} in trusted["would"]
    assert {"do": "note-event-type", "type": "page-view"} in trusted["would"]
