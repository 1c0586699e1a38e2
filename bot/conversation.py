"""One inbound message → one turn: mask, ask the assistant, never stay silent."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from typing import Any

from bot.assistant import Assistant, TurnFailed
from bot.links import opened_by
from bot.menu import payload
from bot.messages import Button, Content, File, Inbound, Reply, Turn
from bot.privacy import mask
from bot.texts import Texts

_log = logging.getLogger(__name__)
LONGEST_QUESTION = 2000


class Conversations:
    """Holds the turns of all conversations against one assistant."""

    def __init__(self, assistant: Assistant, texts: Texts, *, secret: bytes) -> None:
        self._assistant = assistant
        self._texts = texts
        self._secret = secret

    async def turn(self, message: Inbound, pressed: Button | None = None) -> Turn:
        """Hold one turn; raises `RuntimeUnavailable` when it cannot be held now.

        Every other fault becomes a polite apology: silence is no outcome.
        """
        started = time.perf_counter()
        texts = self._texts.replying_to(message.text)
        opened = opened_by(message.text) if message.content is Content.START else None
        if message.content is Content.START and not (pressed or opened):
            return self._greeting(texts)
        if message.content is not Content.TEXT and not (pressed or message.text.strip()):
            return Turn("clarify", texts(f"content_{message.content}"))
        if message.content is Content.EDITED:
            return Turn("clarify", texts("content_edited"))
        if len(message.text) > LONGEST_QUESTION:
            return Turn("clarify", texts("too_long", limit=LONGEST_QUESTION))
        if not (pressed or message.text.strip()):
            return Turn("clarify", texts("empty"))
        told = pressed.payload if pressed else opened or payload(message.text)
        said = told or _free_text(message.text)
        reply = await self._assistant.ask(self.rasa_id(message.conversation), said)
        latency_ms = round((time.perf_counter() - started) * 1000)
        if isinstance(reply, TurnFailed) or not reply.text:
            reason = reply.reason if isinstance(reply, TurnFailed) else "empty reply"
            _log.error("turn failed (%s, message %s)", reason, message.channel)
            return Turn("failed", texts("failed"), latency_ms=latency_ms)
        return _turn(reply, latency_ms)

    def _greeting(self, texts: Texts) -> Turn:
        buttons = (Button(it["label"], it["text"]) for it in self._texts.suggestions)
        return Turn("social", texts("start"), buttons=tuple(buttons))

    def rasa_id(self, conversation: str) -> str:
        """Return the id Rasa knows a conversation by: no platform id reaches its store."""
        digest = hmac.new(self._secret, conversation.encode(), hashlib.sha256)
        return f"{conversation.partition(':')[0]}:{digest.hexdigest()[:32]}"


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
    )
