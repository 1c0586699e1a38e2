"""Tables of the dossier registry. Of personal numbers only the last four digits are kept."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
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
    Column("field", Text, nullable=True),
    Column("applicant_name", Text, nullable=True),
    Column("phone_last4", String(4), nullable=True),
    Column("identity_last4", String(4), nullable=True),
    Column("status", Integer, nullable=False),
    Column("received_on", Date, nullable=True),
    Column("due_on", Date, nullable=True),
    Column("resolved_on", Date, nullable=True),
    Column("returned_on", Date, nullable=True),
    Column("desk", Text, nullable=True),
    Column("fee_due_vnd", BigInteger, nullable=True),
    Column("supplements", JSON, nullable=False, doc="list of {request, papers, …_on}"),
    Column("sample", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("imported_at", UtcDateTime, nullable=False, doc="when this state was taken over"),
    Column("checked_at", UtcDateTime, nullable=False, doc="when a source last confirmed it"),
)

dossier_steps = Table(
    "dossier_steps",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", String(64), ForeignKey("dossiers.code"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("noted_at", UtcDateTime, nullable=False),
    Column("happened_at", UtcDateTime, nullable=True, doc="only where the source says when"),
    Column("desk", Text, nullable=True),
    UniqueConstraint("code", "position"),
)

dossier_changes = Table(
    "dossier_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True, doc="in the order of the changes"),
    Column("code", String(64), ForeignKey("dossiers.code"), nullable=False, index=True),
    Column("from_status", Integer, nullable=True, doc="null: the dossier is new here"),
    Column("to_status", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
