"""by which secret keys the database has been used"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "secret_key_mark",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("first_used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_secret_key_mark")),
    )


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("secret_key_mark")
