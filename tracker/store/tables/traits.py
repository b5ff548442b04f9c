"""By which values of their traits people are found."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.tables.base import Base, Id


class TraitRow(Base):
    """A value that a profile's traits hold, as a hash of one length; the traits themselves are in ``profile``."""

    __tablename__ = "trait"

    hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    profile_id: Mapped[str] = mapped_column(Id, primary_key=True, index=True)
