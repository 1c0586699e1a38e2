"""One inbound message → one turn: mask, ask the assistant, never stay silent."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.assistant import Assistant, TurnFailed
from bot.links import opened_by
from bot.menu import payload, tracking
from bot.messages import Button, Content, File, Inbound, Reply, Turn
from bot.photos.desk import PhotoDesk
from bot.privacy.front_desk import PROVE, FrontDesk
from bot.privacy.masking import mask
from bot.texts import Texts

_log = logging.getLogger(__name__)
LONGEST_QUESTION = 2000


class Conversations:
    """Holds the turns of all conversations against one assistant."""

    def __init__(self, assistant: Assistant, texts: Texts, front: FrontDesk) -> None:
        self._assistant = assistant
        self._texts = texts
        self._front = front
        self._reachable = False
        self._photos: PhotoDesk | None = None

    def read_photos(self, photos: PhotoDesk) -> None:
        """Read the codes in photos from now on."""
        self._photos = photos

    def reach_people(self) -> None:
        """Note who asks from now on: news can be sent to them."""
        self._reachable = True

    async def turn(self, message: Inbound, pressed: Button | None = None) -> Turn:
        """Hold one turn; raises `RuntimeUnavailable` when it cannot be held now.

        Every other fault becomes a polite apology: silence is no outcome.
        """
        started = time.perf_counter()
        texts = self._texts.replying_to(message.text)
        opened = opened_by(message.text) if message.content is Content.START else None
        told = pressed.payload if pressed else opened
        if told is None and message.content is Content.START:
            return self._greeting(texts)
        if told is None and self._photos and self._photos.is_picture(message):
            seen = await self._photos.see(message)
            told = tracking(" ".join(seen.codes)) if seen.codes else None
            if not (told or message.text.strip()):
                return Turn("clarify", texts(seen.hint))
        if told is None and (hint := _hint(message, texts)):
            return Turn("clarify", hint)
        if self._reachable:
            await self._front.note(message)
        said = told or await self._said(message)
        reply = await self._assistant.ask(self.rasa_id(message.conversation), said)
        latency_ms = round((time.perf_counter() - started) * 1000)
        if isinstance(reply, TurnFailed) or not reply.text:
            reason = reply.reason if isinstance(reply, TurnFailed) else "empty reply"
            _log.error("turn failed (%s, message %s)", reason, message.channel)
            return Turn("failed", texts("failed"), latency_ms=latency_ms)
        return replace(_turn(reply, latency_ms), private=said == PROVE)

    def _greeting(self, texts: Texts) -> Turn:
        buttons = (Button(it["label"], it["text"]) for it in self._texts.suggestions)
        return Turn("social", texts("start"), buttons=tuple(buttons))

    def rasa_id(self, conversation: str) -> str:
        """Return the id Rasa knows a conversation by: no platform id reaches its store."""
        return self._front.rasa_id(conversation)

    async def _said(self, message: Inbound) -> str:
        """Return what the assistant is told for typed text; digits of a proof stay here."""
        command = payload(message.text)
        return command or await self._front.proof(message) or _free_text(message.text)


def _hint(message: Inbound, texts: Texts) -> str | None:
    """Return what is said to a message that holds no question, None if it may hold one."""
    said = message.text.strip()
    if message.content is not Content.TEXT and not said:
        return texts(f"content_{message.content}")
    if message.content is Content.EDITED:
        return texts("content_edited")
    if len(message.text) > LONGEST_QUESTION:
        return texts("too_long", limit=LONGEST_QUESTION)
    return None if said else texts("empty")


def _free_text(text: str) -> str:
    """Return typed text as Rasa may see it: masked, and never taken for a button's payload."""
    return mask(text).lstrip("/ ").strip() or text.strip("/ ") or "?"


def _turn(reply: Reply, latency_ms: int) -> Turn:
    report: Mapping[str, Any] = reply.report
    return Turn(
        outcome=report.get("outcome", "answered"),
        text=reply.text,
        buttons=reply.buttons,
        intent=report.get("intent"),
        confidence=report.get("confidence"),
        aspects=tuple(report.get("aspects", ())),
        procedure=report.get("procedure"),
        candidates=tuple(report.get("candidates", ())),
        dossiers=tuple(report.get("dossiers", ())),
        sources=tuple(report.get("sources", ())),
        files=tuple(File(it["name"], it["path"]) for it in report.get("files", ())),
        latency_ms=latency_ms,
        erases=report.get("then") == "erase",
    )
