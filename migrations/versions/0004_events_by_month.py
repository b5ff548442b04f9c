"""keep events by month, and their ids apart"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ALONE = sa.text("profile_id IS NULL")


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.drop_index("ix_event_received_at", "event")
    _rebuild(("received_at", "source_id", "id"), postgresql_partition_by="RANGE (received_at)")
    op.create_table(
        "event_key",
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("profile_id", sa.String(length=128), nullable=True),
        sa.Column("session_id", sa.String(length=128), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "id", name=op.f("pk_event_key")),
    )
    op.execute("INSERT INTO event_key SELECT source_id, id, profile_id, session_id, received_at FROM event")


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("event_key")
    _rebuild(("source_id", "id"))
    op.create_index("ix_event_received_at", "event", ["received_at"])


def _rebuild(key: tuple[str, ...], **options: str) -> None:
    """Make the table anew with this primary key, and put everything back into it."""
    op.drop_index("ix_event_profile_id_received_at", "event")
    op.drop_index("ix_event_without_profile", "event")
    op.rename_table("event", "event_before")
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        # On PostgreSQL the name of a primary key is taken for as long as its old table is there.
        op.drop_constraint("pk_event", "event_before")
    op.create_table("event", *_columns(), sa.PrimaryKeyConstraint(*key, name=op.f("pk_event")), **options)
    if on_postgresql and options:
        # What belongs to no month that was made ahead lands here, so that nothing is ever refused for it.
        op.execute("CREATE TABLE event_rest PARTITION OF event DEFAULT")
    names = ", ".join(column.name for column in _columns())
    op.execute(f"INSERT INTO event ({names}) SELECT {names} FROM event_before")  # noqa: S608 - our own names
    op.drop_table("event_before")
    op.create_index("ix_event_profile_id_received_at", "event", ["profile_id", "received_at"])
    op.create_index("ix_event_without_profile", "event", ["session_id"], postgresql_where=ALONE, sqlite_where=ALONE)


def _columns() -> list[sa.Column]:
    return [
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("profile_id", sa.String(length=128), nullable=True),
        sa.Column("session_id", sa.String(length=128), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("context", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tags", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("inserted", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.String(length=64), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("batch_size", sa.SmallInteger(), nullable=False),
    ]
