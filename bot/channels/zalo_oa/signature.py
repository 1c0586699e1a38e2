"""The signature of Zalo's webhook: a plain SHA-256 over what was received, not an HMAC."""

from __future__ import annotations

import hashlib
import hmac
import re

HEADER = "X-ZEvent-Signature"
_VALUE = re.compile(r"\s*(?:mac\s*=\s*)?([0-9a-f]{64})\s*", re.IGNORECASE)


def signature(app_id: str, body: bytes, timestamp: str, key: str) -> str:
    """Return what Zalo writes after `mac=` for a body."""
    return hashlib.sha256(_bytes(app_id) + body + _bytes(timestamp) + _bytes(key)).hexdigest()


def is_signed(header: str | None, *, app_id: str, body: bytes, timestamp: str, key: str) -> bool:
    """Return whether a header is the signature of a body; never without a key.

    Args:
        header: Value of `X-ZEvent-Signature`, with or without `mac=`.
        app_id: The app that events are expected from.
        body: The bytes as received.
        timestamp: What the body itself says.
        key: The account's key for webhooks.
    """
    found = _VALUE.fullmatch(header or "")
    if found is None or not key or not app_id:
        return False
    return hmac.compare_digest(found[1].lower(), signature(app_id, body, timestamp, key))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
