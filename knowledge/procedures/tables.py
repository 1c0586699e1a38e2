"""Table of the knowledge base: every revision of every procedure."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, UniqueConstraint

from knowledge.database import UtcDateTime, metadata

procedure_revisions = Table(
    "procedure_revisions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("procedure_id", String(120), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("record", Text, nullable=False, doc="the procedure as JSON"),
    Column("digest", String(64), nullable=False, doc="SHA-256 of `record`"),
    Column("withdrawn", Boolean, nullable=False, default=False),
    Column("author", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    UniqueConstraint("procedure_id", "revision"),
)
