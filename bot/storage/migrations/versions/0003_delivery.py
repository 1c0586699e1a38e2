"""delivery: what was sent, what may be sent again, contacts, pauses, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from knowledge.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend inbox and outbox, create the tables around them."""
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("content", sa.String(length=16), nullable=False, server_default="text")
        )
        batch_op.add_column(sa.Column("attachment", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("not_before", UtcDateTime(), nullable=True))
        batch_op.alter_column("claimed_by", type_=sa.String(length=96))
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.alter_column("inbox_id", existing_type=sa.Integer(), nullable=True)
        batch_op.alter_column("in_reply_to", existing_type=sa.String(length=128), nullable=True)
        batch_op.add_column(sa.Column("push_key", sa.String(length=128), nullable=True))
        batch_op.add_column(sa.Column("file", sa.JSON(), nullable=True))
        batch_op.add_column(
            sa.Column("attempts", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("claimed_by", sa.String(length=96), nullable=True))
        batch_op.add_column(sa.Column("claimed_until", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("not_before", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("problem", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("message_id", sa.String(length=128), nullable=True))
        batch_op.create_unique_constraint(op.f("uq_outbox_push_key"), ["push_key"])
        batch_op.create_index("ix_outbox_message_id", ["message_id"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.Column("unreachable", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("conversation", name=op.f("pk_contacts")),
    )
    op.create_table(
        "pauses",
        sa.Column("conversation", sa.String(length=255), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", name=op.f("pk_pauses")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("owner", sa.String(length=96), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "sent_files",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("bot", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.String(length=255), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "bot", "digest", name=op.f("pk_sent_files")),
    )


def downgrade() -> None:
    """Take the change back; what is not an answer to a message is dropped."""
    for table in ("sent_files", "leases", "pauses", "contacts"):
        op.drop_table(table)
    op.execute("DELETE FROM outbox WHERE inbox_id IS NULL")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_message_id")
        batch_op.drop_constraint(op.f("uq_outbox_push_key"), type_="unique")
        for column in (
            *("message_id", "problem", "not_before", "claimed_until", "claimed_by"),
            *("attempts", "file", "push_key"),
        ):
            batch_op.drop_column(column)
        batch_op.alter_column("in_reply_to", existing_type=sa.String(length=128), nullable=False)
        batch_op.alter_column("inbox_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.alter_column("claimed_by", type_=sa.String(length=64))
        for column in ("not_before", "attachment", "content"):
            batch_op.drop_column(column)
