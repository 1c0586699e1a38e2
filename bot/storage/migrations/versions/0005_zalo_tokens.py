"""zalo tokens: the pair in use, the one before, and a renewal under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from knowledge.database import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "zalo_tokens",
        sa.Column("oa_id", sa.String(length=64), nullable=False),
        sa.Column("access_token", sa.Text(), nullable=True),
        sa.Column("refresh_token", sa.Text(), nullable=False),
        sa.Column("obtained_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("previous_access_token", sa.Text(), nullable=True),
        sa.Column("previous_refresh_token", sa.Text(), nullable=True),
        sa.Column("previous_obtained_at", UtcDateTime(), nullable=True),
        sa.Column("renewing", sa.String(length=64), nullable=True),
        sa.Column("renewing_since", UtcDateTime(), nullable=True),
        sa.Column("renewing_until", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.String(length=255), nullable=True),
        sa.Column("problem_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("oa_id", name=op.f("pk_zalo_tokens")),
    )


def downgrade() -> None:
    """Take the change back; the account has to be connected again."""
    op.drop_table("zalo_tokens")
