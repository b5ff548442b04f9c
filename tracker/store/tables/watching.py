"""What is kept for as long as somebody watches: how far requests have come that were not taken."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.tables.base import Base, Id, Moment


class AttemptRow(Base):
    """A request that was turned away while somebody waited for its source: why and from where, never what it said."""

    __tablename__ = "attempt"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[int] = mapped_column(Moment, index=True)
    source_id: Mapped[str] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(String(32))
    origin: Mapped[str] = mapped_column(String(256))
    detail: Mapped[str] = mapped_column(String(256))
