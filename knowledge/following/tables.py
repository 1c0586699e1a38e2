"""Tables of second proofs and of those who follow a dossier; digits are stored nowhere."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from knowledge.database import UtcDateTime, metadata

proofs = Table(
    "proofs",
    metadata,
    Column("conversation", String(64), primary_key=True, doc="the key Rasa knows it by"),
    Column("code", String(64), primary_key=True),
    Column("state", String(16), nullable=False, doc="asked, proven, wrong, paused or late"),
    Column("at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False, doc="how long the state counts"),
    Column("event", String(128), nullable=True, doc="the message that was taken for the proof"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String(24), primary_key=True, doc="random: never given twice"),
    Column("conversation", String(64), nullable=False, doc="the key Rasa knows it by"),
    Column("code", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("told_status", Integer, nullable=False, doc="the status the person knows"),
    Column("since", UtcDateTime, nullable=False),
    UniqueConstraint("conversation", "code"),
    Index("ix_subscriptions_code", "code"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("position", Integer, nullable=False, doc="id of the last change that was worked on"),
)
