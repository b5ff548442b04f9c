"""The schema: declarative classes that Alembic compares with, and whose tables the Core statements are written on."""

from tracker.store.tables.base import Base
from tracker.store.tables.collected import (
    AliasRow,
    EventKeyRow,
    EventRow,
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
from tracker.store.tables.console import FailedLoginRow, LoginRow, SetupRow, UserRow
from tracker.store.tables.traits import TraitRow

__all__ = [
    "AliasRow",
    "Base",
    "EventKeyRow",
    "EventRow",
    "FailedLoginRow",
    "IdentityRow",
    "LoginRow",
    "MergeRow",
    "PassUseRow",
    "ProfileRow",
    "QuarantineRow",
    "RepeatedRow",
    "SessionRow",
    "SetupRow",
    "SourceRow",
    "TombstoneRow",
    "TraitRow",
    "UserRow",
]
