"""Table of the tickets. Questions are kept as the assistant saw them: personal numbers masked."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from knowledge.database import UtcDateTime, metadata

tickets = Table(
    "tickets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("number", String(32), nullable=True, unique=True, doc="what people are told"),
    Column("channel", String(32), nullable=False),
    Column("conversation", String(255), nullable=False, doc="the key Rasa knows it by"),
    Column("question", Text, nullable=False),
    Column("procedure", String(120), nullable=True, doc="id of what was talked about"),
    Column("state", String(16), nullable=False, doc="open, answered or closed"),
    Column("left_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime, nullable=True),
    Column("note", Text, nullable=True, doc="what the staff noted"),
    Index("ix_tickets_conversation_id", "conversation", "id"),
    Index("ix_tickets_state_id", "state", "id"),
)
