"""first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from knowledge.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of knowledge base, registry, inbox and outbox."""

    op.create_table(
        "dossiers",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("procedure_id", sa.String(length=120), nullable=True),
        sa.Column("procedure_name", sa.Text(), nullable=False),
        sa.Column("applicant_name", sa.Text(), nullable=True),
        sa.Column("phone_last4", sa.String(length=4), nullable=True),
        sa.Column("identity_last4", sa.String(length=4), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("resolved_on", sa.Date(), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("desk", sa.Text(), nullable=True),
        sa.Column("supplement_request", sa.Text(), nullable=True),
        sa.Column("supplement_due_on", sa.Date(), nullable=True),
        sa.Column("fee_due_vnd", sa.BigInteger(), nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_dossiers")),
    )
    op.create_table(
        "procedure_revisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("procedure_id", sa.String(length=120), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_revisions")),
        sa.UniqueConstraint(
            "procedure_id", "revision", name=op.f("uq_procedure_revisions_procedure_id")
        ),
    )
    with op.batch_alter_table("procedure_revisions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_procedure_revisions_procedure_id"), ["procedure_id"], unique=False
        )

    op.create_table(
        "dossier_steps",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code"], ["dossiers.code"], name=op.f("fk_dossier_steps_code_dossiers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_steps")),
        sa.UniqueConstraint("code", "position", name=op.f("uq_dossier_steps_code")),
    )
    with op.batch_alter_table("dossier_steps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dossier_steps_code"), ["code"], unique=False)


def downgrade() -> None:
    """Take the change back."""

    with op.batch_alter_table("dossier_steps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dossier_steps_code"))

    op.drop_table("dossier_steps")
    with op.batch_alter_table("procedure_revisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_procedure_revisions_procedure_id"))

    op.drop_table("procedure_revisions")
    op.drop_table("dossiers")
