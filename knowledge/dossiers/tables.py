"""Tables of the dossier registry. Of personal numbers only the last four digits are kept."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from knowledge.database import UtcDateTime, metadata

dossiers = Table(
    "dossiers",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("procedure_id", String(120), nullable=True),
    Column("procedure_name", Text, nullable=False),
    Column("applicant_name", Text, nullable=True),
    Column("phone_last4", String(4), nullable=True),
    Column("identity_last4", String(4), nullable=True),
    Column("status", Integer, nullable=False),
    Column("received_on", Date, nullable=True),
    Column("due_on", Date, nullable=True),
    Column("resolved_on", Date, nullable=True),
    Column("returned_on", Date, nullable=True),
    Column("desk", Text, nullable=True),
    Column("supplement_request", Text, nullable=True),
    Column("supplement_due_on", Date, nullable=True),
    Column("fee_due_vnd", BigInteger, nullable=True),
    Column("sample", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("imported_at", UtcDateTime, nullable=False, doc="when this state was taken over"),
    Column("checked_at", UtcDateTime, nullable=False, doc="when a source last confirmed it"),
    Column("digest", String(64), nullable=False),
)

dossier_steps = Table(
    "dossier_steps",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", String(64), ForeignKey("dossiers.code"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("noted_at", UtcDateTime, nullable=False),
    UniqueConstraint("code", "position"),
)
