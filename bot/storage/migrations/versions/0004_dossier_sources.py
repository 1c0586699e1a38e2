"""dossiers: requests for papers, field, dated steps, and a record of each change of status."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from knowledge.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_dossiers = sa.table(
    "dossiers",
    sa.column("code", sa.String()),
    sa.column("supplement_request", sa.Text()),
    sa.column("supplement_due_on", sa.Date()),
    sa.column("supplements", sa.JSON()),
)


def upgrade() -> None:
    """Add the new columns, take the old requests over, drop what they replace.

    Columns are added and dropped in place: to rebuild a table that others refer to is refused
    by SQLite as long as it has rows.
    """
    op.add_column("dossiers", sa.Column("field", sa.Text(), nullable=True))
    op.add_column(
        "dossiers", sa.Column("supplements", sa.JSON(), nullable=False, server_default="[]")
    )
    _take_requests_over()
    for name in ("supplement_request", "supplement_due_on", "digest"):
        op.drop_column("dossiers", name)
    op.add_column("dossier_steps", sa.Column("happened_at", UtcDateTime(), nullable=True))
    op.add_column("dossier_steps", sa.Column("desk", sa.Text(), nullable=True))
    op.create_table(
        "dossier_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("from_status", sa.Integer(), nullable=True),
        sa.Column("to_status", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code"], ["dossiers.code"], name=op.f("fk_dossier_changes_code_dossiers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_changes")),
    )
    with op.batch_alter_table("dossier_changes", schema=None) as batch_op:
        batch_op.create_index("ix_dossier_changes_code", ["code"], unique=False)


def _take_requests_over() -> None:
    connection = op.get_bind()
    asked = sa.select(_dossiers).where(_dossiers.c.supplement_request.is_not(None))
    for row in connection.execute(asked).mappings().all():
        due = row["supplement_due_on"]
        request = {
            "request": row["supplement_request"],
            "papers": [],
            "asked_on": None,
            "due_on": due.isoformat() if due else None,
            "answered_on": None,
        }
        connection.execute(
            sa.update(_dossiers)
            .where(_dossiers.c.code == row["code"])
            .values(supplements=[request])
        )


def downgrade() -> None:
    """Take the change back; requests for papers and dated steps are lost."""
    with op.batch_alter_table("dossier_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_dossier_changes_code")
    op.drop_table("dossier_changes")
    for name in ("desk", "happened_at"):
        op.drop_column("dossier_steps", name)
    op.add_column(
        "dossiers", sa.Column("digest", sa.String(length=64), nullable=False, server_default="")
    )
    op.add_column("dossiers", sa.Column("supplement_due_on", sa.Date(), nullable=True))
    op.add_column("dossiers", sa.Column("supplement_request", sa.Text(), nullable=True))
    for name in ("supplements", "field"):
        op.drop_column("dossiers", name)
