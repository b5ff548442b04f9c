"""By which secret keys the database has been used."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.tables.base import Base, Moment


class SecretKeyMarkRow(Base):
    """The mark of a secret key that a server has run with: it tells one key from another, and not what the key is."""

    __tablename__ = "secret_key_mark"

    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_used: Mapped[int] = mapped_column(Moment)
