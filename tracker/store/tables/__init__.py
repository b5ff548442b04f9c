"""The schema: declarative classes that Alembic compares with, and whose tables the Core statements are written on."""

from tracker.store.tables.base import Base
from tracker.store.tables.collected import (
    AliasRow,
    EventKeyRow,
    EventRow,
    EventTypeRow,
    IdentityRow,
    MergeRow,
    PassUseRow,
    ProfileRow,
    QuarantineRow,
    RepeatedRow,
    SessionRow,
    SourceRow,
    TombstoneRow,
)
from tracker.store.tables.console import FailedLoginRow, LoginRow, RemovedUserRow, SetupRow, UserRow
from tracker.store.tables.keys import SecretKeyMarkRow
from tracker.store.tables.report import (
    JournalRow,
    ReportBlockRow,
    ReportFlowRow,
    ReportFrozenRow,
    ReportHoldRow,
    ReportNameRow,
    ReportReturnRow,
    ReportSeenRow,
    ReportTotalRow,
    ReportVisitRow,
)
from tracker.store.tables.traits import TraitRow
from tracker.store.tables.watching import AttemptRow

__all__ = [
    "AliasRow",
    "AttemptRow",
    "Base",
    "EventKeyRow",
    "EventRow",
    "EventTypeRow",
    "FailedLoginRow",
    "IdentityRow",
    "JournalRow",
    "LoginRow",
    "MergeRow",
    "PassUseRow",
    "ProfileRow",
    "QuarantineRow",
    "RemovedUserRow",
    "RepeatedRow",
    "ReportBlockRow",
    "ReportFlowRow",
    "ReportFrozenRow",
    "ReportHoldRow",
    "ReportNameRow",
    "ReportReturnRow",
    "ReportSeenRow",
    "ReportTotalRow",
    "ReportVisitRow",
    "SecretKeyMarkRow",
    "SessionRow",
    "SetupRow",
    "SourceRow",
    "TombstoneRow",
    "TraitRow",
    "UserRow",
]
