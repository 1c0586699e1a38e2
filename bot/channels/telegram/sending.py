"""Delivering one part: a text with its buttons, or a form."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telegram import InputFile
from telegram.error import BadRequest, ChatMigrated

from bot.channels.base import Receipt, Refused
from bot.channels.sent_files import SentFiles
from bot.channels.telegram.api import Api
from bot.channels.telegram.errors import cannot_parse
from bot.channels.telegram.keyboard import KeyTooLong, keyboard
from bot.channels.telegram.markup import (
    LONGEST_CAPTION_UNITS,
    PARSE_MODE,
    to_html,
    to_plain,
    units,
)
from bot.channels.telegram.updates import chat_of, quoted
from bot.delivery.outbox import Outbound
from bot.messages import Kind

_UPLOAD_S = 50.0


async def send(api: Api, files: SentFiles, part: Outbound) -> Receipt:
    """Deliver a part; raises `TelegramError`, or `Refused` for what can never be sent."""
    chat = chat_of(part.recipient)
    deliver = _send_file if part.kind is Kind.FILE else _send_text
    try:
        return await deliver(api, files, part, chat)
    except ChatMigrated as moved:  # a group became a supergroup
        return await deliver(api, files, part, moved.new_chat_id)


async def _send_text(api: Api, _files: SentFiles, part: Outbound, chat: int) -> Receipt:
    try:
        buttons = keyboard(part.buttons)
    except KeyTooLong as error:
        raise Refused(str(error)) from None
    rest: dict[str, Any] = {
        "chat_id": chat,
        "reply_markup": buttons,
        "reply_parameters": _quotes(part),
        "link_preview_options": {"is_disabled": True},
    }
    try:
        sent = await api.call(
            "sendMessage", text=to_html(part.text), parse_mode=PARSE_MODE, **rest
        )
    except BadRequest as error:
        if not cannot_parse(error):
            raise
        sent = await api.call("sendMessage", text=to_plain(part.text), **rest)
    return _receipt(sent)


async def _send_file(api: Api, files: SentFiles, part: Outbound, chat: int) -> Receipt:
    if part.file is None:
        raise Refused("a file part without a file")
    try:
        content = await asyncio.to_thread(Path(part.file["path"]).read_bytes)
    except OSError as error:
        raise Refused(f"the file cannot be read: {type(error).__name__}") from None
    digest = hashlib.sha256(content).hexdigest()
    rest: dict[str, Any] = {
        "chat_id": chat,
        "reply_parameters": _quotes(part),
        **_caption(part),
    }
    if known := await files.known(digest):
        try:
            return _receipt(await api.call("sendDocument", document=known, **rest))
        except BadRequest as error:
            if not _is_about_file(error):
                raise
            await files.forget(known)
    upload = InputFile(content, filename=part.file["name"])
    sent = await api.call("sendDocument", answer_s=_UPLOAD_S, document=upload, **rest)
    if file_id := _file_id(sent):
        await files.keep(digest, file_id)
    return _receipt(sent)


def _quotes(part: Outbound) -> Mapping[str, Any] | None:
    message = quoted(part.in_reply_to)
    if message is None:
        return None
    return {"message_id": message, "allow_sending_without_reply": True}


def _caption(part: Outbound) -> Mapping[str, Any]:
    said = part.file and part.text == part.file["name"]  # the name is shown anyway
    if said or not part.text or units(part.text) > LONGEST_CAPTION_UNITS:
        return {}
    return {"caption": to_html(part.text), "parse_mode": PARSE_MODE}


def _receipt(sent: Any) -> Receipt:
    number = sent.get("message_id") if isinstance(sent, dict) else None
    return Receipt(None if number is None else str(number))


def _file_id(sent: Any) -> str | None:
    document = sent.get("document") if isinstance(sent, dict) else None
    found = document.get("file_id") if isinstance(document, dict) else None
    return found if isinstance(found, str) else None


def _is_about_file(error: BadRequest) -> bool:
    words = error.message.lower()
    return "file" in words and ("identifier" in words or "reference" in words or "id" in words)
