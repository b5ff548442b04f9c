"""What holds for every payload in every world that payloads can lead to (issue 2, protocol §4–§6)."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TypeVar

from core_builders import BLOG, CRM, MINUTE, NOW, OTHER_UUID, SHOP, UUID, fresh, secret
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tracker.core.ids import names_nobody
from tracker.core.known import Known, absorb
from tracker.core.manual_merge import MANUAL, Side, planned
from tracker.core.model import Event, Fresh, LinkPass, Options, Payload, Profile, Referral
from tracker.core.resolution import resolve
from tracker.core.steps import (
    AddAlias,
    ContinueSession,
    CreateProfile,
    MergeProfiles,
    OpenSession,
    Quarantine,
    RepointSession,
    Resolution,
    SpendPass,
    StoreEvent,
    TouchProfile,
)
from tracker.core.which_session import own_session_id

T = TypeVar("T")

PLAIN_SHOP = replace(SHOP, id="plain-shop", referrals="plain")
SOURCES = (SHOP, BLOG, PLAIN_SHOP, CRM, replace(BLOG, id="off", enabled=False))
OPENING = CreateProfile | OpenSession | MergeProfiles
NAMES = (UUID, OTHER_UUID, "visitor-7", "null", "undefined")
many = settings(max_examples=300)
EVENT_IDS = tuple(map(secret, ("e1", "e2", "e3", "e4", "e5")))


@dataclass
class World:
    """A store as payloads, identification and erasure left it, and how many payloads that took."""

    known: Known = field(default_factory=lambda: Known(sources={source.id: source for source in SOURCES}))
    played: int = 0

    def decide(self, payload: Payload) -> Resolution:
        self.played += 1
        return resolve(payload, self.known, self.fresh(payload))

    def fresh(self, payload: Payload) -> Fresh:
        return fresh(self.played, len(payload.events), now=NOW + self.played * MINUTE)

    def play(self, payload: Payload) -> Resolution:
        resolution = self.decide(payload)
        absorb(self.known, resolution.steps)
        return resolution

    def identify(self, profile_id: str) -> None:
        self.known.profiles[profile_id] = Profile(profile_id, identified=True)

    def merge_by_hand(self, first: str, second: str) -> None:
        """Merge two profiles as an operator does, also where both are identified."""
        if first != second:
            found = planned(*(Side(name, self.known.profiles[name].identified) for name in (first, second)))
            merge = f"by-hand-{len(self.known.profiles)}-{self.played}"
            absorb(self.known, [MergeProfiles(merge, found.loser.id, found.survivor.id, MANUAL, NOW, {})])

    def erase(self, profile_id: str) -> None:
        """Forget a person as the store does: aliases and events go, ids stay as tombstones; a session may be left."""
        known = self.known
        names = {name for name, live in known.aliases.items() if live == profile_id}
        gone = {key for key, stored in known.events.items() if stored.profile_id in names}
        del known.profiles[profile_id]
        known.aliases = {name: live for name, live in known.aliases.items() if name not in names}
        known.events = {key: stored for key, stored in known.events.items() if key not in gone}
        known.erased |= names
        known.forgotten |= gone


@dataclass
class Tape:
    """Choices read off the bytes of one number: a world costs a single draw, and shrinks to the first choices."""

    choices: Iterator[int]

    def pick(self, *options: T) -> T:
        return options[next(self.choices, 0) % len(options)]

    def often(self) -> bool:
        return self.pick(True, True, True, False)

    def options(self) -> Options:
        if self.often():
            return Options()
        return Options(self.often(), self.often(), self.often(), self.often())

    def event(self, ids: Sequence[str | None]) -> Event:
        return Event("page-view", self.pick(*ids), options=self.options(), too_large=None if self.often() else 70_000)

    def referral(self, names: Sequence[str], sessions: Sequence[str | None]) -> Referral:
        """A link; passes that fit it and hosts that are owned come often, so that links get past the first checks."""
        name, source_id = self.pick(*names), self.pick(*SOURCES[:3]).id if self.often() else self.pick("crm", "off")
        link_pass = LinkPass(
            "valid" if self.often() else self.pick("absent", "expired", "forged"),
            name if self.often() else self.pick(*names),
            source_id if self.often() else self.pick(*SOURCES).id,
            self.pick("n1", "n2", "n3", "n4", "n5", "n6"),
            NOW + 10 * MINUTE,
        )
        referrer = self.pick("blog.example", "shop.example") if self.often() else self.pick(None, "evil.test")
        landing = self.pick("shop.example", "blog.example") if self.often() else self.pick(None, "evil.test")
        return Referral(name, source_id, link_pass, referrer, landing, self.pick(*sessions))

    def payload(self, known: Known, event_ids: Sequence[str | None] = (None, *EVENT_IDS)) -> Payload:
        """A payload that names what is known, what was erased, and what nobody ever heard of."""
        names = tuple(sorted(known.aliases)) if self.often() else ()
        names = names or (*NAMES, *sorted(known.erased))
        sessions = (None, "s1", "s2", "s3", "s4", "null") if self.often() else tuple(sorted(known.sessions)) or (None,)
        return Payload(
            source_id=self.pick(*SOURCES[:4]).id,
            events=tuple(self.event(event_ids) for _ in range(self.pick(1, 2, 3, 1 if event_ids[0] else 0))),
            session_id=self.pick(*sessions),
            profile_id=self.pick(*names) if self.pick(False, True) else None,
            profile_ids=tuple(self.pick(*names) for _ in range(self.pick(0, 0, 1, 2))),
            referral=self.referral(names, sessions) if self.pick(False, True) else None,
        )

    def world(self) -> World:
        """A world that up to seven payloads made, between which people were identified and erased."""
        world = World()
        for _ in range(self.pick(7, 6, 5, 4, 3, 2, 1, 0)):
            world.play(self.payload(world.known))
            happens = "nothing" if self.often() else self.pick("nothing", "identify", "erase", "merge")
            if happens != "nothing" and world.known.profiles:
                whom = self.pick(*sorted(world.known.profiles))
                if happens == "merge":
                    world.merge_by_hand(whom, self.pick(*sorted(world.known.profiles)))
                else:
                    world.identify(whom) if happens == "identify" else world.erase(whom)
        return world

    def scene(self, *event_ids: str) -> tuple[World, Payload]:
        """A world and one more payload that reaches it."""
        world = self.world()
        payload = self.payload(world.known, event_ids or (None, *EVENT_IDS))
        note(f"{world}\n{payload}")
        return world, payload


TAPE_BYTES = 350
tapes = st.integers(0, 256**TAPE_BYTES - 1).map(lambda number: Tape(iter(number.to_bytes(TAPE_BYTES))))
worlds = tapes.map(Tape.world)
scenes = tapes.map(Tape.scene)
scenes_with_ids = tapes.map(lambda tape: tape.scene(*EVENT_IDS))


@many
@given(scenes)
def test_the_same_payload_in_the_same_world_is_decided_the_same(scene):
    world, payload = scene
    ids = world.fresh(payload)

    assert resolve(payload, deepcopy(world.known), ids) == resolve(payload, world.known, ids)


@many
@given(scenes)
def test_deciding_changes_nothing_that_is_known(scene):
    world, payload = scene
    before = deepcopy(world.known)
    world.decide(payload)

    assert world.known == before


@many
@given(scenes_with_ids)
def test_a_repeated_payload_opens_nothing_and_is_answered_the_same(scene):
    world, payload = scene
    first, again = world.play(payload), world.play(payload)
    opened = [step for step in first.steps if isinstance(step, OPENING | SpendPass)]
    stored = [step for step in first.steps if isinstance(step, StoreEvent)]

    assert not [step for step in again.steps if isinstance(step, StoreEvent)]
    if stored or not opened:  # Otherwise no event of it was stored that it could be known again by.
        assert not [step for step in again.steps if isinstance(step, OPENING)]
        assert again.profile_id == first.profile_id
    if stored and (first.session_id == payload.session_id or first.session_id in world.known.sessions):
        # A session that stands for another one is found again in its row, which saveSession may have ruled out.
        assert again.session_id == first.session_id


@many
@given(scenes)
def test_the_session_answered_belongs_to_the_profile_answered(scene):
    world, payload = scene
    resolution = world.play(payload)
    rows = world.known.sessions.get(resolution.session_id, [])
    written = [step for step in resolution.steps if isinstance(step, OpenSession | ContinueSession)]

    if written and resolution.profile_id is not None:
        assert rows[0].id == resolution.session_id
        assert world.known.live(rows[0].profile_id) == world.known.live(resolution.profile_id)
        assert world.known.profiles[resolution.profile_id].id == resolution.profile_id, "the canonical id is answered"


@many
@given(scenes)
def test_every_event_is_stored_in_the_profile_and_session_that_were_answered(scene):
    world, payload = scene
    resolution = world.play(payload)

    for step in resolution.steps:
        if isinstance(step, StoreEvent):
            assert step.session_id == resolution.session_id
            assert resolution.profile_id in (step.profile_id, None)


@many
@given(scenes)
def test_no_id_is_made_up(scene):
    world, payload = scene
    had = _ids_known(world.known) | _ids_sent(payload)
    resolution = world.decide(payload)
    ids = world.fresh(payload)

    made = {ids.task, ids.profile, ids.session, ids.merge, *ids.events}
    if payload.session_id:
        made.add(own_session_id(payload.source_id, payload.session_id))
    assert _ids_written(resolution) <= had | made
    assert resolution.task == ids.task


@many
@given(worlds)
def test_every_alias_names_a_live_profile_that_names_itself(world):
    known = world.known

    for live in known.aliases.values():
        assert known.aliases[live] == live
        assert live in known.profiles
    assert known.profiles.keys() == set(known.aliases.values())
    assert not [name for name in known.aliases if names_nobody(name)]
    assert not known.aliases.keys() & known.erased, "what was erased stays erased"


@many
@given(worlds)
def test_a_profile_has_at_most_one_session_for_an_id_that_a_client_goes_by(world):
    rows = {row.id: row for rows in world.known.sessions.values() for row in rows}
    pairs = [(row.client_id, row.profile_id) for row in rows.values()]

    assert len(pairs) == len(set(pairs))


@many
@given(scenes)
def test_two_identified_profiles_are_never_merged_by_a_link(scene):
    world, payload = scene
    for profile_id in tuple(world.known.profiles):
        world.identify(profile_id)

    assert not [step for step in world.decide(payload).steps if isinstance(step, MergeProfiles)]


@many
@given(scenes)
def test_a_session_id_that_can_be_guessed_leads_to_nobody_at_another_source(scene):
    world, payload = scene
    asked = payload._replace(profile_id=None, profile_ids=(), referral=None, events=(Event("page-view"),))
    rows = world.known.sessions.get(asked.session_id or "", [])
    answer = world.decide(asked)

    if asked.source_id != CRM.id and all(row.source_id != asked.source_id for row in rows):
        assert answer.profile_id not in world.known.profiles


def _ids_known(known: Known) -> set[str | None]:
    sessions = {row for rows in known.sessions.values() for row in rows}
    return {
        *known.aliases,
        *known.aliases.values(),
        *(name for row in sessions for name in (row.id, row.client_id, row.profile_id)),
        *(name for stored in known.events.values() for name in (stored.profile_id, stored.session_id)),
    }


def _ids_sent(payload: Payload) -> set[str | None]:
    sent = {payload.profile_id, payload.session_id, *payload.profile_ids, *(event.id for event in payload.events), None}
    if payload.referral:
        sent |= {payload.referral.profile_id, payload.referral.session_id, payload.referral.link_pass.nonce}
    return sent


def _ids_written(resolution: Resolution) -> set[str | None]:
    written = {resolution.profile_id, resolution.session_id, *(event_id for event_id, _ in resolution.fates)}
    for step in resolution.steps:
        match step:
            case CreateProfile() | TouchProfile() | ContinueSession():
                written.add(step.id)
            case AddAlias() | RepointSession() | Quarantine():
                written |= {step.id, step.profile_id}
            case MergeProfiles():
                written |= {step.id, step.loser, step.survivor}
            case SpendPass():
                written.add(step.nonce)
            case OpenSession():
                written |= {step.id, step.client_id, step.profile_id}
            case StoreEvent():
                written |= {step.id, step.profile_id, step.session_id, step.batch}
    return written
