"""Tables of the gateway: inbox, outbox, buttons and recorded turns."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from knowledge.database import UtcDateTime, metadata

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("bot", String(64), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("sender", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("button", String(64), nullable=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False, doc="waiting, working, done or dead"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("noticed", Boolean, nullable=False, default=False),
    Column("claimed_by", String(64), nullable=True),
    Column("claimed_until", UtcDateTime, nullable=True),
    Column("problem", String(255), nullable=True),
    UniqueConstraint("channel", "bot", "event_id"),
    Index("ix_inbox_state_conversation_id", "state", "conversation", "id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("inbox_id", Integer, ForeignKey("inbox.id"), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("in_reply_to", String(128), nullable=False, doc="event id of the answered message"),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("buttons", JSON, nullable=False, doc="list of {label, key}"),
    Column("outcome", String(32), nullable=True),
    Column("turn", JSON, nullable=True, doc="report of the turn, on its last part"),
    Column("last", Boolean, nullable=False),
    Column("state", String(16), nullable=False, doc="waiting, sent or dead"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime, nullable=True),
    Index("ix_outbox_conversation_id", "conversation", "id"),
    Index("ix_outbox_state_id", "state", "id"),
)

button_keys = Table(
    "button_keys",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("conversation", String(255), nullable=False),
    Column("label", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("inbox_id", Integer, ForeignKey("inbox.id"), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("intent", String(64), nullable=True),
    Column("confidence", Float, nullable=True),
    Column("procedure", String(120), nullable=True),
    Column("aspects", JSON, nullable=False),
    Column("latency_ms", Integer, nullable=False),
)
