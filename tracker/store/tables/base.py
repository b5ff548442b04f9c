"""What all tables share: the metadata that Alembic compares with, and the few types of their columns.

Moments are BIGINT microseconds since 1970 UTC, ids are opaque strings, JSON is text that comes back as it was put in:
the same on SQLite and on PostgreSQL (docs/decisions/0002-times-and-json.md).
"""

from sqlalchemy import JSON, BigInteger, MetaData, String
from sqlalchemy.orm import DeclarativeBase

Id = String(128)
Moment = BigInteger
Blob = JSON(none_as_null=True)


class Base(DeclarativeBase):
    """The one metadata; every constraint has a name, so that a migration can drop it on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
