"""Deep links: what a link or a QR code on a poster opens when a person starts the conversation.

A payload is at most 64 of `[A-Za-z0-9_-]`, as Telegram allows. It is readable and reversible:
`p-2_000648` is a procedure, `d-H05_20-190801-0001` a dossier; a dot is written as `_`.
"""

from __future__ import annotations

import json
import re

from bot.menu import tracking
from knowledge.dossiers.tracking_code import parse_code

LONGEST = 64
_PAYLOAD = re.compile(r"([pd])-([A-Za-z0-9_-]{1,62})")
_PROCEDURE_ID = re.compile(r"[12]\.\d{6}|[a-z0-9]+(-[a-z0-9]+)*")


class NotLinkable(ValueError):  # noqa: N818 - says what it is
    """There can be no link to this."""


def to_procedure(procedure_id: str) -> str:
    """Return the payload that opens a procedure; raises `NotLinkable`."""
    if not _PROCEDURE_ID.fullmatch(procedure_id):
        raise NotLinkable(f"{procedure_id}: no id of a procedure")
    return _payload("p", procedure_id)


def to_dossier(code: str) -> str:
    """Return the payload that opens a dossier; raises `NotLinkable`."""
    canonical = parse_code(code)
    if canonical is None:
        raise NotLinkable(f"{code}: no tracking code")
    return _payload("d", canonical)


def opened_by(payload: str) -> str | None:
    """Return what the assistant is told when a link opens; None for a payload we never made."""
    match = _PAYLOAD.fullmatch(payload.strip())
    if match is None:
        return None
    what, name = match[1], match[2].replace("_", ".")
    if what == "p" and _PROCEDURE_ID.fullmatch(name):
        return f"/ask_overview{json.dumps({'procedure_id': name})}"
    if what == "d" and parse_code(name) == name:
        return tracking(name)
    return None


def _payload(what: str, name: str) -> str:
    payload = f"{what}-{name.replace('.', '_')}"
    if len(payload) > LONGEST:
        raise NotLinkable(f"{name}: longer than a link can hold")
    return payload
