"""the newest quarantined events of a source and reason are found by an index"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEX = "ix_quarantine_source_id_reason_received_at"


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_index(INDEX, "quarantine", ["source_id", "reason", "received_at"])


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_index(INDEX, table_name="quarantine")
