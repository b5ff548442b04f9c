"""Who may open the console, and who tried to."""

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.tables.base import Base, Id, Moment


class UserRow(Base):
    """Somebody who may open the console; ``name`` is as it is compared, ``password`` is argon2's own text."""

    __tablename__ = "console_user"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Id, unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(String(256))
    created: Mapped[int] = mapped_column(Moment)
    updated: Mapped[int] = mapped_column(Moment)


class LoginRow(Base):
    """A browser that is logged in; ``id`` is a hash of what its cookie says, so that reading this logs nobody in."""

    __tablename__ = "login_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("console_user.id"), index=True)
    created: Mapped[int] = mapped_column(Moment)
    seen: Mapped[int] = mapped_column(Moment)
    browser: Mapped[str] = mapped_column(String(256))
    network: Mapped[str] = mapped_column(String(64))


class RemovedUserRow(Base):
    """A user who was removed within the last day: what restores it, and nothing that it could log in with."""

    __tablename__ = "removed_user"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Id)
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(String(256))
    created: Mapped[int] = mapped_column(Moment)
    removed: Mapped[int] = mapped_column(Moment, index=True)


class SetupRow(Base):
    """The hash of the link with which the first user is made; gone once it was used."""

    __tablename__ = "setup_token"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    created: Mapped[int] = mapped_column(Moment)


class FailedLoginRow(Base):
    """How often an account or a network gave a wrong password since a moment; purged with its window."""

    __tablename__ = "failed_login"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[int] = mapped_column(Moment, index=True)
