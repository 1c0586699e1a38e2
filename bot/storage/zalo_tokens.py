"""The table of Zalo's tokens: the pair in use, the one before, and a renewal under way."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from knowledge.database import UtcDateTime, metadata

zalo_tokens = Table(
    "zalo_tokens",
    metadata,
    Column("oa_id", String(64), primary_key=True),
    Column("access_token", Text, nullable=True, doc="NULL before the first renewal"),
    Column("refresh_token", Text, nullable=False, doc="works once"),
    Column("obtained_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=True, doc="of the access token"),
    Column("previous_access_token", Text, nullable=True),
    Column("previous_refresh_token", Text, nullable=True),
    Column("previous_obtained_at", UtcDateTime, nullable=True),
    Column(
        "renewing",
        String(64),
        nullable=True,
        doc="fingerprint of the refresh token that was sent away; NULL when none is under way",
    ),
    Column("renewing_since", UtcDateTime, nullable=True),
    Column("renewing_until", UtcDateTime, nullable=True, doc="nobody else may try before"),
    Column("problem", String(255), nullable=True, doc="why the last renewal was refused"),
    Column("problem_at", UtcDateTime, nullable=True),
)
