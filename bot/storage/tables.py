"""Tables of the gateway: inbox, outbox, buttons, turns, contacts, pauses, leases."""

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
    Column("content", String(16), nullable=False, server_default="text"),
    Column("attachment", JSON, nullable=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False, doc="waiting, working, done or dead"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("noticed", Boolean, nullable=False, default=False),
    Column("claimed_by", String(96), nullable=True),
    Column("claimed_until", UtcDateTime, nullable=True),
    Column("not_before", UtcDateTime, nullable=True, doc="when it may be tried again"),
    Column("problem", String(255), nullable=True),
    UniqueConstraint("channel", "bot", "event_id"),
    Index("ix_inbox_state_conversation_id", "state", "conversation", "id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("inbox_id", Integer, ForeignKey("inbox.id"), nullable=True),
    Column("channel", String(32), nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("in_reply_to", String(128), nullable=True, doc="event id of the answered message"),
    Column("push_key", String(128), nullable=True, unique=True, doc="what is told only once"),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("buttons", JSON, nullable=False, doc="list of {label, key, number?}"),
    Column("file", JSON, nullable=True, doc="{name, path} of a form"),
    Column("outcome", String(32), nullable=True),
    Column("turn", JSON, nullable=True, doc="report of the turn, on its last part"),
    Column("last", Boolean, nullable=False),
    Column("state", String(16), nullable=False, doc="waiting, sending, sent, unknown or dead"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_by", String(96), nullable=True),
    Column("claimed_until", UtcDateTime, nullable=True),
    Column("not_before", UtcDateTime, nullable=True, doc="when it may be tried again"),
    Column("problem", String(255), nullable=True),
    Column("message_id", String(128), nullable=True, doc="the platform's id of what was sent"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime, nullable=True),
    Index("ix_outbox_conversation_id", "conversation", "id"),
    Index("ix_outbox_state_id", "state", "id"),
    Index("ix_outbox_message_id", "message_id"),
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

contacts = Table(
    "contacts",
    metadata,
    Column("conversation", String(255), primary_key=True),
    Column("last_seen", UtcDateTime, nullable=False, doc="when the person last did something"),
    Column("unreachable", String(255), nullable=True, doc="why they cannot be written to"),
)

pauses = Table(
    "pauses",
    metadata,
    Column("conversation", String(255), primary_key=True),
    Column("until", UtcDateTime, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(96), primary_key=True),
    Column("owner", String(96), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

sent_files = Table(
    "sent_files",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("bot", String(64), primary_key=True),
    Column("digest", String(64), primary_key=True, doc="SHA-256 of the file"),
    Column("file_id", String(255), nullable=False, doc="what the platform knows it by"),
    Column("at", UtcDateTime, nullable=False),
)
