"""Tables of those who ask, of their limits, of alarms and of receipts for erasing.

A person is known here by a keyed digest only; the one exception is `callers.conversation`,
without which nobody could be told anything.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table

from knowledge.database import UtcDateTime, metadata

callers = Table(
    "callers",
    metadata,
    Column("rasa_id", String(64), primary_key=True, doc="the key Rasa and the actions know"),
    Column("conversation", String(255), nullable=False, doc="where news are sent to"),
    Column("person", String(64), nullable=False, doc="keyed digest of channel and sender"),
    Column("address", String(64), nullable=True, doc="keyed digest of the network address"),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("ix_callers_conversation", "conversation"),
)

limits = Table(
    "limits",
    metadata,
    Column("subject", String(200), primary_key=True, doc="what is limited: kind and digest"),
    Column("began_at", UtcDateTime, nullable=False, doc="beginning of the window"),
    Column("used", Integer, nullable=False),
    Column("guesses", Integer, nullable=False, doc="misses and near-by codes in the window"),
    Column("last_code", String(64), nullable=True),
    Column("strikes", Integer, nullable=False, doc="pauses in a row; each one is longer"),
    Column("paused_until", UtcDateTime, nullable=True),
    Column("expires_at", UtcDateTime, nullable=False, doc="when the row means nothing more"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(32), nullable=False, doc="guessing or guessed_proof"),
    Column("channel", String(32), nullable=False),
    Column("subject", String(16), nullable=False, doc="conversation, person, address, …"),
    Column("figures", JSON, nullable=False, doc="numbers only"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("number", String(32), nullable=True, unique=True, doc="what the person is told"),
    Column("channel", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("removed", JSON, nullable=False, doc="rows by table; numbers only"),
)
