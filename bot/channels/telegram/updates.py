"""An update of Telegram, as plain data, becomes an `Inbound`, or is none of our business.

A field that is missing or new is no fault, as long as it is known where the answer goes. In groups
the bot listens only where it is addressed, and each member has a conversation of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeGuard

from bot.messages import Content, Inbound

NAME = "telegram"
KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of updates that are asked for."""
LARGEST_PHOTO = 5 * 1024 * 1024
_EDITED_WITHIN_S = 900
_GROUPS = ("group", "supergroup")
_LONGEST_KEY = 64
_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@(\w+))?(?=\s|$)")
_CONTENTS = {
    "sticker": Content.STICKER,
    "photo": Content.PHOTO,
    "animation": Content.VIDEO,
    "video": Content.VIDEO,
    "video_note": Content.VIDEO,
    "voice": Content.VOICE,
    "audio": Content.VOICE,
    "document": Content.DOCUMENT,
    "venue": Content.LOCATION,
    "location": Content.LOCATION,
    "contact": Content.CONTACT,
    "poll": Content.OTHER,
    "dice": Content.OTHER,
    "story": Content.OTHER,
    "game": Content.OTHER,
    "checklist": Content.OTHER,
}
"""What a message may hold; a document stands last of those that come with one."""
Json = Mapping[str, Any]


class Malformed(ValueError):  # noqa: N818 - what an update can be
    """No update of Telegram."""


class NameUnknown(Exception):  # noqa: N818 - an expected state
    """Whether a message in a group is meant for the bot cannot be told without its name."""


@dataclass(frozen=True, slots=True)
class Me:
    """The bot as Telegram knows it; its name is known once it has been asked for."""

    id: str
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A person has blocked the bot."""

    conversation: str


def read(update: Any, me: Me, now: datetime) -> Inbound | Left | None:
    """Return what an update says, None if nobody says anything to the bot in it.

    Raises:
        Malformed: it is no update.
        NameUnknown: the name of the bot is needed first.
    """
    if not isinstance(update, dict) or not _is_number(update.get("update_id")):
        raise Malformed("update_id")
    try:
        return _read(update, str(update["update_id"]), me, now)
    except (AttributeError, KeyError, TypeError) as error:
        raise Malformed(type(error).__name__) from None


def _read(update: Json, number: str, me: Me, now: datetime) -> Inbound | Left | None:
    if query := _object(update, "callback_query"):
        return _pressed(query, number, me, now)
    if message := _object(update, "message"):
        return _message(message, number, me, now)
    if message := _object(update, "edited_message"):
        return _edited(message, number, me, now)
    if change := _object(update, "my_chat_member"):
        return _membership(change, me)
    return None


def query_of(update: Any) -> str | None:
    """Return the id of a pressed button's query: it wants an answer, whatever comes of it."""
    query = update.get("callback_query") if isinstance(update, dict) else None
    found = query.get("id") if isinstance(query, dict) else None
    return found if isinstance(found, str) else None


def sender_of(chat: Json, person: Json | None) -> str:
    """Return the key of a conversation: the chat, in groups with the member who writes."""
    if not _is_number(chat.get("id")):
        raise Malformed("chat.id")
    if chat.get("type") in _GROUPS and person:
        return f"{chat['id']}.{person['id']}"
    return str(chat["id"])


def chat_of(recipient: str) -> int:
    """Return the chat to send to."""
    return int(recipient.partition(".")[0])


def quoted(event_id: str | None) -> int | None:
    """Return the number of the message that an answer quotes, in groups only."""
    number = (event_id or "").partition(".")[2]
    return int(number) if number.isdigit() else None


def _message(message: Json, number: str, me: Me, now: datetime) -> Inbound | None:
    chat, person = _chat_and_person(message)
    if person is None:
        return None
    content = _content(message)
    if content is None:
        return None
    text = _clean(message.get("text") or message.get("caption") or "")
    in_group = chat.get("type") in _GROUPS
    if in_group and not _addressed(message, text, me):
        return None
    text = _without_name(text, me)
    command = _COMMAND.match(text)
    if content is Content.TEXT and command and command[1].lower() == "start":
        content, text = Content.START, text[command.end() :].strip()
    return Inbound(
        channel=NAME,
        bot=me.id,
        event_id=_event_id(message, number, in_group=in_group),
        sender=sender_of(chat, person),
        text=text,
        received_at=now,
        content=content,
        attachment=_attachment(message),
    )


def _edited(message: Json, number: str, me: Me, now: datetime) -> Inbound | None:
    changed, written = message.get("edit_date"), message.get("date")
    if not (_is_number(changed) and _is_number(written)) or "location" in message:
        return None
    if changed - written > _EDITED_WITHIN_S:
        return None
    found = _message(message, number, me, now)
    return found and replace(found, content=Content.EDITED, attachment=None)


def _pressed(query: Json, number: str, me: Me, now: datetime) -> Inbound | None:
    message, person = _object(query, "message"), _object(query, "from")
    key = query.get("data")
    if message is None or person is None or not isinstance(key, str) or person.get("is_bot"):
        return None
    chat = _object(message, "chat")
    if chat is None or not _is_number(person.get("id")):
        raise Malformed("callback_query")
    return Inbound(
        channel=NAME,
        bot=me.id,
        event_id=number,
        sender=sender_of(chat, person),
        text=_clean(_label(message, key)),
        received_at=now,
        button=_clean(key)[:_LONGEST_KEY],
    )


def _membership(change: Json, me: Me) -> Left | None:
    chat, new = _object(change, "chat"), _object(change, "new_chat_member")
    if chat is None or new is None or chat.get("type") != "private":
        return None
    if new.get("status") not in ("kicked", "left"):
        return None
    return Left(f"{NAME}:{me.id}:{sender_of(chat, None)}")


def _chat_and_person(message: Json) -> tuple[Json, Json | None]:
    """Return the chat and who writes in it, None if that is a bot or a channel."""
    chat, person = _object(message, "chat"), _object(message, "from")
    if chat is None:
        raise Malformed("chat")
    if chat.get("type") == "channel" or person is None or person.get("is_bot"):
        return chat, None
    if not _is_number(person.get("id")):
        raise Malformed("from.id")
    return chat, person


def _event_id(message: Json, number: str, *, in_group: bool) -> str:
    album = message.get("media_group_id")
    if isinstance(album, str) and album:  # its pictures come one by one and get one reply
        return f"album-{_clean(album)[:100]}"
    if in_group and _is_number(message.get("message_id")):
        return f"{number}.{message['message_id']}"  # what the answer will quote
    return number


def _content(message: Json) -> Content | None:
    if isinstance(message.get("text"), str):
        return Content.TEXT
    return next((content for key, content in _CONTENTS.items() if message.get(key)), None)


def _attachment(message: Json) -> Json | None:
    if isinstance(sizes := message.get("photo"), Sequence) and not isinstance(sizes, str):
        fitting = [
            size
            for size in sizes
            if isinstance(size, dict) and (size.get("file_size") or 0) <= LARGEST_PHOTO
        ]
        best = max(fitting, key=lambda size: size.get("width") or 0, default=None)
        return _file(best, "image/jpeg") if best else None
    document = _object(message, "document")
    return _file(document, document.get("mime_type")) if document else None


def _file(file: Json, mime: Any) -> Json | None:
    if not isinstance(file.get("file_id"), str):
        return None
    size = file.get("file_size")
    return {
        "id": file["file_id"],
        "size": size if _is_number(size) else None,
        "type": mime if isinstance(mime, str) else None,
    }


def _addressed(message: Json, text: str, me: Me) -> bool:
    answered = _object(message, "reply_to_message") or {}
    if str((_object(answered, "from") or {}).get("id")) == me.id:
        return True
    command = _COMMAND.match(text)
    if command and command[2] is None:
        return True
    if any(str((_object(it, "user") or {}).get("id")) == me.id for it in _entities(message)):
        return True
    if "@" not in text:
        return False
    if me.username is None:
        raise NameUnknown
    return re.search(_mention(me.username), text, re.IGNORECASE) is not None


def _without_name(text: str, me: Me) -> str:
    if me.username is None:
        return text.strip()
    return re.sub(_mention(me.username), "", text, flags=re.IGNORECASE).strip()


def _mention(username: str) -> str:
    return rf"@{re.escape(username)}(?!\w)"


def _entities(message: Json) -> Sequence[Json]:
    found = message.get("entities") or message.get("caption_entities") or ()
    return [it for it in found if isinstance(it, dict)] if isinstance(found, list) else []


def _label(message: Json, key: str) -> str:
    """Return what the pressed button says, "" if the message is not shown to the bot any more."""
    rows = (_object(message, "reply_markup") or {}).get("inline_keyboard")
    buttons = [it for row in rows for it in row] if isinstance(rows, list) else []
    labels = [
        it.get("text") for it in buttons if isinstance(it, dict) and it.get("callback_data") == key
    ]
    return str(labels[0]) if labels and labels[0] else ""


def _object(parent: Json, name: str) -> Json | None:
    child = parent.get(name)
    return child if isinstance(child, dict) else None


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _clean(text: Any) -> str:
    """Return a text that every database takes: no NUL, no half of a character."""
    whole = str(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "")
