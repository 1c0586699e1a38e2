"""Events of Zalo's webhook, by an allow-list: what is not on it is counted and nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.fetching import is_on
from bot.channels.incoming import event_id, id_of, part_of, text_of
from bot.messages import Content, Inbound

CHANNEL = "zalo_oa"
BUTTON = "#"
"""What a button's key is sent with: a tap comes back as an ordinary text."""
_BUTTON = re.compile(BUTTON + r"([A-Za-z0-9_-]{10,32})")
_SAID = {
    "user_send_text": Content.TEXT,
    "user_send_link": Content.OTHER,
    "user_send_image": Content.PHOTO,
    "user_send_gif": Content.PHOTO,
    "user_send_sticker": Content.STICKER,
    "user_send_location": Content.LOCATION,
    "user_send_business_card": Content.CONTACT,
    "user_send_audio": Content.VOICE,
    "user_send_video": Content.VIDEO,
    "user_send_file": Content.DOCUMENT,
}
_ECHOES = {f"oa_send_{kind}" for kind in ("text", "image", "gif", "list", "file", "sticker")}
_ALARMS = {"change_oa_daily_quota", "change_template_status"}


@dataclass(frozen=True, slots=True)
class Said:
    """A person wrote, sent something, pressed a button or followed the account."""

    inbound: Inbound


@dataclass(frozen=True, slots=True)
class Opened:
    """A person opened the chat: they may be written to."""

    conversation: str


@dataclass(frozen=True, slots=True)
class Left:
    """A person follows no more."""

    conversation: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A person asks that what is held of them is deleted."""

    conversation: str


@dataclass(frozen=True, slots=True)
class Echo:
    """The account sent something: this program, or the staff in Zalo's own console."""

    conversation: str
    message_id: str
    text: str
    by_staff: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """Zalo changed something that an operator should know."""

    name: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A receipt, a reaction, a group, a call, personal data, or something new."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """An event of the list without what belongs to it."""


Event = Said | Opened | Left | Withdrawn | Echo | Alarm | Ignored | Malformed


def read_event(
    body: Mapping[str, Any], *, oa_id: str, now: datetime, media_hosts: Collection[str]
) -> Event:
    """Return what a verified body means.

    Args:
        body: The body of the webhook.
        oa_id: The account's id.
        now: When it was received.
        media_hosts: Where files that people send may stand; other addresses are not kept.
    """
    name = body.get("event_name")
    if not isinstance(name, str):
        return Malformed()
    if name in _ALARMS:
        return Alarm(name)
    if name in _SAID:
        return _said(body, name, oa_id, now, media_hosts)
    if name in _ECHOES:
        return _echo(body, oa_id)
    if name in ("follow", "unfollow", "user_click_chatnow", "user_withdraw"):
        return _changed(body, name, oa_id, now)
    return Ignored()


def timestamp_of(body: Mapping[str, Any]) -> str:
    """Return the moment as the body spells it; the signature covers it."""
    value = body.get("timestamp")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _said(
    body: Mapping[str, Any], name: str, oa_id: str, now: datetime, media_hosts: Collection[str]
) -> Event:
    user = id_of(part_of(body, "sender").get("id"))
    if user is None or id_of(part_of(body, "recipient").get("id")) != oa_id:
        return Malformed() if user is None else Ignored()
    message = part_of(body, "message")
    content = _SAID[name]
    text = text_of(message.get("text"))
    if content is Content.OTHER and text.strip():  # a link is often just what was typed
        content = Content.TEXT
    pressed = _BUTTON.fullmatch(text.strip()) if name == "user_send_text" else None
    inbound = Inbound(
        channel=CHANNEL,
        bot=oa_id,
        event_id=_key(body, name, user),
        sender=user,
        text="" if pressed else text,
        received_at=now,
        button=pressed[1] if pressed else None,
        content=content,
        attachment=_attachment(message, media_hosts),
    )
    return Said(inbound)


def _key(body: Mapping[str, Any], name: str, subject: str) -> str:
    message_id = id_of(part_of(body, "message").get("msg_id"))
    return message_id or event_id(name, subject, timestamp_of(body))


def _attachment(
    message: Mapping[str, Any], media_hosts: Collection[str]
) -> Mapping[str, Any] | None:
    attachments = message.get("attachments")
    first = attachments[0] if isinstance(attachments, list) and attachments else None
    payload = part_of(first, "payload") if isinstance(first, dict) else {}
    url = payload.get("url")
    if not isinstance(url, str) or text_of(url) != url or not is_on(media_hosts, url):
        return None
    size = id_of(payload.get("size"))
    return {
        "url": url,
        "size": int(size) if size and size.isdecimal() else None,
        "type": text_of(payload.get("type"))[:40] or None,
    }


def _echo(body: Mapping[str, Any], oa_id: str) -> Event:
    sender, message = part_of(body, "sender"), part_of(body, "message")
    user = id_of(part_of(body, "recipient").get("id"))
    message_id = id_of(message.get("msg_id"))
    if id_of(sender.get("id")) != oa_id:
        return Ignored()
    if user is None or message_id is None:
        return Malformed()
    return Echo(
        conversation=_conversation(oa_id, user),
        message_id=message_id,
        text=text_of(message.get("text")),
        by_staff=id_of(sender.get("admin_id")) is not None,
    )


def _changed(body: Mapping[str, Any], name: str, oa_id: str, now: datetime) -> Event:
    follower = part_of(body, "follower").get("id")
    user = id_of(follower if name.endswith("follow") else body.get("user_id"))
    if user is None:
        return Malformed()
    if id_of(body.get("oa_id")) not in (oa_id, None):
        return Ignored()
    conversation = _conversation(oa_id, user)
    if name == "unfollow":
        return Left(conversation)
    if name == "user_click_chatnow":
        return Opened(conversation)
    if name == "user_withdraw":
        return Withdrawn(conversation)
    key = event_id(name, user, timestamp_of(body))
    return Said(Inbound(CHANNEL, oa_id, key, user, "", now, content=Content.START))


def _conversation(oa_id: str, user: str) -> str:
    return f"{CHANNEL}:{oa_id}:{user}"
