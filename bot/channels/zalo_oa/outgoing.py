"""Parts of answers in Zalo's shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.channels.base import Refused
from bot.channels.zalo_oa.events import BUTTON
from knowledge.vietnamese import nfc

MAX_CHARS = 2000
MAX_BUTTONS = 5
_MAX_TITLE = 100
_QUERY = "oa.query.hide"
"""A tap sends the key without showing it; `oa.query.show` would write `#…` into the chat."""


def text_message(user: str, text: str, buttons: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return a text, with quick replies under it; raises `Refused` where Zalo would."""
    text = nfc(text)
    if not text or len(text) > MAX_CHARS or len(buttons) > MAX_BUTTONS:
        raise Refused(f"{len(text)} characters, {len(buttons)} buttons")
    message: dict[str, Any] = {"text": text}
    if buttons:
        payload = {"buttons": [_button(button) for button in buttons]}
        message["attachment"] = {"type": "template", "payload": payload}
    return {"recipient": {"user_id": user}, "message": message}


def file_message(user: str, token: str) -> dict[str, Any]:
    """Return a file that was uploaded."""
    attachment = {"type": "file", "payload": {"token": token}}
    return {"recipient": {"user_id": user}, "message": {"attachment": attachment}}


def _button(button: Mapping[str, str]) -> dict[str, str]:
    title = nfc(button["label"])
    if len(title) > _MAX_TITLE:
        title = f"{title[: _MAX_TITLE - 1]}…"
    return {"title": title, "type": _QUERY, "payload": f"{BUTTON}{button['key']}"}
