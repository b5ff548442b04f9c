"""the numbers of the console, and the journal they are counted from"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "journal",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_table(
        "report_flow",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=128), nullable=False),
        sa.Column("landing", sa.String(length=128), nullable=False),
        sa.Column("outcome", sa.String(length=256), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "origin", "landing", "outcome", name=op.f("pk_report_flow")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_hold",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_hold")),
    )
    op.create_table(
        "report_name",
        sa.Column("scope", sa.String(length=128), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "what", "day", "name", name=op.f("pk_report_name")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_return",
        sa.Column("scope", sa.String(length=128), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("visitors", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "day", "before", name=op.f("pk_report_return")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_seen",
        sa.Column("profile_id", sa.String(length=128), nullable=False),
        sa.Column("scope", sa.String(length=128), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("profile_id", "scope", name=op.f("pk_report_seen")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_total",
        sa.Column("scope", sa.String(length=128), nullable=False),
        sa.Column("hours", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.Column("visitors", sa.BigInteger(), nullable=False),
        sa.Column("bots", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "hours", "at", name=op.f("pk_report_total")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_visit",
        sa.Column("session_id", sa.String(length=128), nullable=False),
        sa.Column("scope", sa.String(length=128), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "scope", name=op.f("pk_report_visit")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_report_visit_hour"), "report_visit", ["hour"])


def downgrade() -> None:
    """Take the schema back to the revision before."""
    for table in ("visit", "total", "seen", "return", "name", "hold", "flow"):
        op.drop_table(f"report_{table}")
    op.drop_table("journal")
