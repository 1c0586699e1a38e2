"""Updates of the Zalo bot: one object, wrapped or flat; the documents disagree, so both count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from bot.channels.incoming import event_id, part_of, text_of
from bot.messages import Content, Inbound

CHANNEL = "zalo_bot"
_RECEIVED = {
    "message.text.received": Content.TEXT,
    "message.image.received": Content.PHOTO,
    "message.sticker.received": Content.STICKER,
    "message.voice.received": Content.VOICE,
    "message.unsupported.received": Content.OTHER,
}
_START = "/start"
_LONGEST_ID = 100
_LONGEST_URL = 2048
_LONGEST_SENDER = 128


class Malformed(ValueError):  # noqa: N818
    """Not an update, or a message without what belongs to it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes, and in a group, to whom."""

    chat: str
    user: str | None = None

    @property
    def sender(self) -> str:
        """Return it as the inbox keeps it: the chat, in groups `chat.user`."""
        return _safe(self.chat) if self.user is None else f"{_safe(self.chat)}.{_safe(self.user)}"

    @classmethod
    def read(cls, sender: str) -> Address:
        """Return what `sender` stands for."""
        chat, _, user = sender.partition(".")
        return cls(unquote(chat), unquote(user) or None)


def _safe(raw: str) -> str:
    """Return an opaque id without what separates: neither `:` nor `.` is left."""
    return quote(raw, safe="").replace(".", "%2E")


def read_update(
    body: Mapping[str, Any], *, bot: str, names: tuple[str, ...], now: datetime
) -> Inbound | None:
    """Return the message of an update, None for what is no message of a person.

    Args:
        body: The body of the webhook or the answer to a poll.
        bot: Our id.
        names: What people call the bot in groups; cut off at the beginning of a text.
        now: When it was received.
    """
    update = body["result"] if isinstance(body.get("result"), dict) else body
    name = update.get("event_name")
    if not isinstance(name, str):
        raise Malformed
    if name not in _RECEIVED:
        return None
    message = part_of(update, "message")
    sender, chat = part_of(message, "from"), part_of(message, "chat")
    if sender.get("is_bot") is True:
        return None
    chat_id, user_id = _id(chat.get("id")), _id(sender.get("id"))
    in_group = chat.get("chat_type") == "GROUP"
    address = Address(chat_id, user_id if in_group else None)
    if len(address.sender) > _LONGEST_SENDER:
        raise Malformed
    content, text = _RECEIVED[name], text_of(message.get("text") or message.get("caption"))
    if in_group:
        text = without_name(text, names)
    if content is Content.TEXT and text.strip().lower() == _START:
        content, text = Content.START, ""
    return Inbound(
        channel=CHANNEL,
        bot=bot,
        event_id=event_id(_id(message.get("message_id"))),
        sender=address.sender,
        text=text,
        received_at=now,
        content=content,
        attachment=_photo(message) if content is Content.PHOTO else None,
    )


def _photo(message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    url = text_of(message.get("photo"))
    return {"url": url, "size": None, "type": None} if 0 < len(url) <= _LONGEST_URL else None


def without_name(text: str, names: tuple[str, ...]) -> str:
    """Return a text without the mention of the bot that it begins with."""
    for name in sorted(names, key=len, reverse=True):
        mention = re.match(rf"\s*@{re.escape(name)}(?!\w)[\s,:]*", text, re.IGNORECASE)
        if mention:
            return text[mention.end() :]
    return text


def _id(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(text_of(value)) <= _LONGEST_ID:
        raise Malformed
    return text_of(value)
