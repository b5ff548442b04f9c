"""What is collected: sources, people, their visits and events, and what keeps these whole."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.tables.base import Base, Blob, Id, Moment


class SourceRow(Base):
    """An event source; what a page may know of it is in ``config``. Somebody waits for its events until a moment."""

    __tablename__ = "source"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    kind: Mapped[str] = mapped_column(String(16))
    enabled: Mapped[bool] = mapped_column(Boolean)
    config: Mapped[Any] = mapped_column(Blob)
    secret_hash: Mapped[str | None] = mapped_column(String(128))
    identify_generation: Mapped[int | None] = mapped_column(SmallInteger)
    identify_oldest: Mapped[int | None] = mapped_column(SmallInteger)
    watched_until: Mapped[int | None] = mapped_column(Moment)
    created: Mapped[int] = mapped_column(Moment)
    updated: Mapped[int] = mapped_column(Moment)


class ProfileRow(Base):
    """A visitor; after a merge the row stays, so that the merge can be undone."""

    __tablename__ = "profile"
    __table_args__ = (
        # Only who was merged is looked for by this. With the others in it, PostgreSQL took it for the way to those who
        # are live, and read them all.
        Index(
            "ix_profile_merged_into",
            "merged_into",
            postgresql_where=text("merged_into IS NOT NULL"),
            sqlite_where=text("merged_into IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    created: Mapped[int] = mapped_column(Moment)
    updated: Mapped[int] = mapped_column(Moment)
    traits: Mapped[Any] = mapped_column(Blob)
    consents: Mapped[Any] = mapped_column(Blob)
    identified: Mapped[bool] = mapped_column(Boolean)
    merged_into: Mapped[str | None] = mapped_column(Id)


class AliasRow(Base):
    """Every id that names a profile: ``profile_id`` is always a live one, ``given_to`` is who got the id first."""

    __tablename__ = "alias"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    profile_id: Mapped[str] = mapped_column(Id, ForeignKey("profile.id"), index=True)
    given_to: Mapped[str] = mapped_column(Id)


class IdentityRow(Base):
    """An e-mail address, phone number or user id, as a keyed hash; never accepted as a profile id."""

    __tablename__ = "identity"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    profile_id: Mapped[str] = mapped_column(Id, index=True)
    created: Mapped[int] = mapped_column(Moment)


class SessionRow(Base):
    """A visit. ``client_id`` is what the client calls it; ``profile_id`` is read through ``alias``."""

    __tablename__ = "session"
    __table_args__ = (UniqueConstraint("client_id", "profile_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    client_id: Mapped[str] = mapped_column(Id)
    profile_id: Mapped[str | None] = mapped_column(Id, index=True)
    source_id: Mapped[str] = mapped_column(Id)
    created: Mapped[int] = mapped_column(Moment)
    updated: Mapped[int] = mapped_column(Moment)
    context: Mapped[Any] = mapped_column(Blob)
    properties: Mapped[Any] = mapped_column(Blob)
    touchpoint: Mapped[Any] = mapped_column(Blob)
    device: Mapped[Any] = mapped_column(Blob)


class EventRow(Base):
    """What happened. On PostgreSQL a table for each month (docs/decisions/0011-events-by-month.md)."""

    __tablename__ = "event"
    __table_args__ = (
        PrimaryKeyConstraint("received_at", "source_id", "id"),
        Index("ix_event_profile_id_received_at", "profile_id", "received_at"),
        # Events that came without a profile are found by their session; there are few of them.
        Index(
            "ix_event_without_profile",
            "session_id",
            postgresql_where=text("profile_id IS NULL"),
            sqlite_where=text("profile_id IS NULL"),
        ),
        {"postgresql_partition_by": "RANGE (received_at)"},
    )

    source_id: Mapped[str] = mapped_column(Id)
    id: Mapped[str] = mapped_column(Id)
    type: Mapped[str] = mapped_column(Id)
    profile_id: Mapped[str | None] = mapped_column(Id)
    session_id: Mapped[str] = mapped_column(Id)
    properties: Mapped[Any] = mapped_column(Blob)
    context: Mapped[Any] = mapped_column(Blob)
    tags: Mapped[Any] = mapped_column(Blob)
    created: Mapped[int] = mapped_column(Moment)
    inserted: Mapped[int] = mapped_column(Moment)
    updated: Mapped[int | None] = mapped_column(Moment)
    received_at: Mapped[int] = mapped_column(Moment)
    batch: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(SmallInteger)
    batch_size: Mapped[int] = mapped_column(SmallInteger)


class EventKeyRow(Base):
    """Who an event was stored for, by the client's own id, so that a repeat cannot be stored twice.

    Tables of a month each cannot hold this rule themselves, as they know nothing of each other.
    """

    __tablename__ = "event_key"

    source_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    profile_id: Mapped[str | None] = mapped_column(Id)
    session_id: Mapped[str] = mapped_column(Id)
    received_at: Mapped[int] = mapped_column(Moment)


class MergeRow(Base):
    """The merge log: both sides, why and when, and whether it was undone."""

    __tablename__ = "merge"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    loser: Mapped[str] = mapped_column(Id, index=True)
    survivor: Mapped[str] = mapped_column(Id, index=True)
    reason: Mapped[str] = mapped_column(String(32))
    referral: Mapped[Any] = mapped_column(Blob)
    at: Mapped[int] = mapped_column(Moment)
    undone_at: Mapped[int | None] = mapped_column(Moment)


class PassUseRow(Base):
    """A link pass that was spent on a landing source; purged once it would have expired anyway."""

    __tablename__ = "pass_use"

    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    source_id: Mapped[str] = mapped_column(Id, primary_key=True)
    expires: Mapped[int] = mapped_column(Moment, index=True)


class QuarantineRow(Base):
    """An event kept out by its own content, with the reason and the beginning of what it said."""

    __tablename__ = "quarantine"
    __table_args__ = (Index("ix_quarantine_source_id_reason_received_at", "source_id", "reason", "received_at"),)

    source_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    profile_id: Mapped[str | None] = mapped_column(Id, index=True)
    reason: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[int] = mapped_column(Moment, index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    beginning: Mapped[str] = mapped_column(String)


class RepeatedRow(Base):
    """How many events of a source came again and were not stored twice: what retries and beacons cost."""

    __tablename__ = "repeated"

    source_id: Mapped[str] = mapped_column(Id, primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)


class EventTypeRow(Base):
    """A type of event that a source has, since when, and how much it is used; there is a limit to how many.

    ``hours`` is in how many different hours it was used, ``last_used`` its first use in the last one of them.
    """

    __tablename__ = "event_type"

    source_id: Mapped[str] = mapped_column(Id, primary_key=True)
    type: Mapped[str] = mapped_column(Id, primary_key=True)
    first_seen: Mapped[int] = mapped_column(Moment)
    last_used: Mapped[int] = mapped_column(Moment)
    hours: Mapped[int] = mapped_column(BigInteger)


class TombstoneRow(Base):
    """A keyed hash of something erased, so that a late retry does not bring it back."""

    __tablename__ = "tombstone"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    erased_at: Mapped[int] = mapped_column(Moment)
