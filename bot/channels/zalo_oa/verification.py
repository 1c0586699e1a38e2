"""How Zalo checks that a domain is ours: a file at its root, or a tag on its first page."""

from __future__ import annotations

import hmac
from html import escape

META_NAME = "zalo-platform-site-verification"


def verifier_file(expected: str | None, asked: str) -> str | None:
    """Return the page `zalo_verifier<code>.html`, None when another code was asked for."""
    if not expected or not _same(expected, asked):
        return None
    return (
        f'<!DOCTYPE html><html lang="vi"><head>{meta_tag(expected)}</head>'
        f"<body>{escape(expected)}</body></html>"
    )


def _same(code: str, other: str) -> bool:
    return hmac.compare_digest(code.encode("utf-8"), other.encode("utf-8", "replace"))


def meta_tag(code: str | None) -> str:
    """Return the tag for the first page, empty when no code is set."""
    return f'<meta name="{META_NAME}" content="{escape(code)}">' if code else ""
