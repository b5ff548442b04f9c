"""What the console's numbers are read from: a journal of what was stored, and the counts that it is folded into.

Hours and days are counted since 1970 in UTC. ``scope`` is a source's id, or empty for all sources together.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.tables.base import Base, Blob, Id, Moment

_CLUSTERED = {"sqlite_with_rowid": False}


class JournalRow(Base):
    """What one transaction stored and nobody has counted yet; written with it, deleted when it is counted."""

    __tablename__ = "journal"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    facts: Mapped[Any] = mapped_column(Blob)


class ReportTotalRow(Base):
    """The counts of an hour (``hours`` is 1) or a day (24); ``whole``: every event counted here is still stored."""

    __tablename__ = "report_total"
    __table_args__ = _CLUSTERED

    scope: Mapped[str] = mapped_column(Id, primary_key=True)
    hours: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[int] = mapped_column(Integer, primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)
    visits: Mapped[int] = mapped_column(BigInteger)
    visitors: Mapped[int] = mapped_column(BigInteger)
    bots: Mapped[int] = mapped_column(BigInteger)
    whole: Mapped[bool] = mapped_column(Boolean)


class ReportReturnRow(Base):
    """How many visitors of a day were here the last time on an earlier one (-1: never).

    Who was here in any span of days is counted once by summing those whose time before lies before the span: exactly,
    for every span, and without knowing who they were.
    """

    __tablename__ = "report_return"
    __table_args__ = _CLUSTERED

    scope: Mapped[str] = mapped_column(Id, primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True)
    before: Mapped[int] = mapped_column(Integer, primary_key=True)
    visitors: Mapped[int] = mapped_column(BigInteger)


class ReportNameRow(Base):
    """How often a page, a referrer, a browser … was counted on a day; an empty name stands for all further ones.

    ``credit`` is how often the name whose place it took was counted at most: what is kept goes by both together.
    """

    __tablename__ = "report_name"
    __table_args__ = _CLUSTERED

    scope: Mapped[str] = mapped_column(Id, primary_key=True)
    what: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(256), primary_key=True)
    times: Mapped[int] = mapped_column(BigInteger)
    credit: Mapped[int] = mapped_column(BigInteger, server_default="0")


class ReportBlockRow(Base):
    """How often each name of a kind was counted in a block of days that is over: a copy of what its days add up to."""

    __tablename__ = "report_block"

    scope: Mapped[str] = mapped_column(Id, primary_key=True)
    what: Mapped[str] = mapped_column(String(16), primary_key=True)
    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    first: Mapped[int] = mapped_column(Integer, primary_key=True)
    names: Mapped[Any] = mapped_column(Blob)


class ReportFlowRow(Base):
    """How many visitors came by a link from one source to another on a day, by what became of their profile."""

    __tablename__ = "report_flow"
    __table_args__ = _CLUSTERED

    day: Mapped[int] = mapped_column(Integer, primary_key=True)
    origin: Mapped[str] = mapped_column(Id, primary_key=True)
    landing: Mapped[str] = mapped_column(Id, primary_key=True)
    outcome: Mapped[str] = mapped_column(String(256), primary_key=True)
    times: Mapped[int] = mapped_column(BigInteger)


class ReportSeenRow(Base):
    """The hour a profile was counted in the last time, and the day before that one's (-1: none)."""

    __tablename__ = "report_seen"
    __table_args__ = _CLUSTERED

    profile_id: Mapped[str] = mapped_column(Id, primary_key=True)
    scope: Mapped[str] = mapped_column(Id, primary_key=True)
    hour: Mapped[int] = mapped_column(Integer)
    before: Mapped[int] = mapped_column(Integer)


class ReportVisitRow(Base):
    """The hour a visit was counted in the last time; gone with the day after."""

    __tablename__ = "report_visit"
    __table_args__ = _CLUSTERED

    session_id: Mapped[str] = mapped_column(Id, primary_key=True)
    scope: Mapped[str] = mapped_column(Id, primary_key=True)
    hour: Mapped[int] = mapped_column(Integer, index=True)
    bot: Mapped[bool] = mapped_column(Boolean)


class ReportHoldRow(Base):
    """There while somebody counts anew: until that moment nobody else folds the journal."""

    __tablename__ = "report_hold"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    until: Mapped[int] = mapped_column(Moment)


class ReportFrozenRow(Base):
    """The last day of which a scope's events may be gone: up to it the counts stand, and are never counted anew."""

    __tablename__ = "report_frozen"
    __table_args__ = _CLUSTERED

    scope: Mapped[str] = mapped_column(Id, primary_key=True)
    day: Mapped[int] = mapped_column(Integer)
