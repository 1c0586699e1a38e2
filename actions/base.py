"""The frame of every action: read the tracker, answer, report; nobody is left without a reply."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.language import Language, spoken
from actions.services import Services, services_of_environment

_log = logging.getLogger(__name__)
REPORT_KEY = "motcua"
"""Key of the report in the custom part of a response."""


class Outcome(StrEnum):
    """How a turn ends. Silence is not an outcome."""

    ANSWERED = "answered"
    NO_DATA = "no_data"
    CLARIFY = "clarify"
    OUT_OF_SCOPE = "out_of_scope"
    DOSSIER = "dossier"
    HANDOFF = "handoff"
    SOCIAL = "social"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Said:
    """An earlier message of a person."""

    text: str
    intent: str


@dataclass(frozen=True, slots=True)
class Message:
    """What a person wrote, as Rasa understood it, and what is remembered of the conversation."""

    text: str
    intent: str
    confidence: float
    entities: Mapping[str, str]
    slots: Mapping[str, Any]
    ranking: Mapping[str, float] = field(default_factory=dict)
    """Intents with their confidence, the likeliest first."""
    conversation: str = ""
    """The key Rasa knows the conversation by: channel, then a digest."""
    said_before: Sequence[Said] = ()
    """What the person wrote earlier in this session, the oldest first."""
    last_reply: str = ""
    """What was answered last."""

    @classmethod
    def of(cls, tracker: Tracker) -> Message:
        """Read the latest message of a tracker."""
        latest = tracker.latest_message
        intent = latest.get("intent") or {}
        said = [_said(event) for event in tracker.events if event.get("event") == "user"]
        replies = [event.get("text") for event in tracker.events if event.get("event") == "bot"]
        return cls(
            text=latest.get("text") or "",
            intent=intent.get("name") or "",
            confidence=float(intent.get("confidence") or 0.0),
            entities={item["entity"]: item["value"] for item in latest.get("entities") or ()},
            slots=dict(tracker.slots),
            ranking={
                item["name"]: float(item["confidence"])
                for item in latest.get("intent_ranking") or ()
            },
            conversation=tracker.sender_id,
            said_before=said[:-1],
            last_reply=(replies[-1] if replies else "") or "",
        )

    @property
    def is_button(self) -> bool:
        """Whether a button was pressed; its payload is no text to search in."""
        return self.text.startswith("/")

    @property
    def language(self) -> Language:
        """Return the language to answer in: that of the last message that shows one."""
        return spoken((self.text, *(said.text for said in reversed(self.said_before))))


@dataclass(frozen=True, slots=True)
class Button:
    """A choice that is offered under an answer."""

    label: str
    payload: str

    @classmethod
    def intent(cls, label: str, intent: str, **entities: str) -> Button:
        """Return a button that stands for an intent, with entities."""
        inner = ", ".join(f'"{name}": "{value}"' for name, value in entities.items())
        return cls(label, f"/{intent}{{{inner}}}" if inner else f"/{intent}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, what it was about, and what to remember."""

    outcome: Outcome
    text: str
    buttons: Sequence[Button] = ()
    aspects: Sequence[str] = ()
    procedure: str | None = None
    candidates: Sequence[str] = ()
    dossiers: Sequence[Mapping[str, str]] = ()
    sources: Sequence[Mapping[str, str | None]] = ()
    files: Sequence[Mapping[str, str]] = ()
    """Forms that go with the answer: `{"name", "path"}`."""
    remember: Mapping[str, Any] = field(default_factory=dict)
    then: str | None = None
    """What the gateway is to do once the turn has ended."""

    def report(self, message: Message) -> dict[str, Any]:
        """Return what the gateway records of the turn."""
        then = {"then": self.then} if self.then else {}
        return then | {
            "outcome": self.outcome.value,
            "intent": message.intent,
            "confidence": round(message.confidence, 4),
            "aspects": list(self.aspects),
            "procedure": self.procedure,
            "candidates": list(self.candidates),
            "dossiers": [dict(item) for item in self.dossiers],
            "sources": [dict(item) for item in self.sources],
            "files": [dict(item) for item in self.files],
        }


class MotcuaAction(Action, ABC):
    """An action that answers with one reply."""

    action: str

    def __init__(self, services: Services | None = None) -> None:
        self._given = services

    @property
    def services(self) -> Services:
        """Return the services given at the start, else those of the environment."""
        return self._given or services_of_environment()

    def name(self) -> str:
        """Return the name that rules use."""
        return self.action

    def speaking(self, language: Language) -> Self:
        """Return the same action with the texts of a language."""
        return type(self)(self.services.speaking(language))

    @abstractmethod
    async def answer(self, message: Message) -> Answer:
        """Return the reply to a message."""

    async def reply(self, message: Message) -> Answer:
        """Return the reply, steered by what was offered before."""
        from actions.steering import reply  # it answers with what stands on this module

        return await reply(self.services, message, self.answer)

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Answer, or apologise: a fault is logged without what the person wrote."""
        message = Message.of(tracker)
        speaker = self.speaking(message.language)
        try:
            answer = await speaker.reply(message)
        except Exception as error:
            _log.error(
                "%s failed: %s", self.action, type(error).__name__, exc_info=_without_values(error)
            )
            answer = Answer(Outcome.FAILED, speaker.services.templates.render("dialogue/failed"))
        say(dispatcher, answer, message)
        return [
            SlotSet(name, value)
            for name, value in answer.remember.items()
            if message.slots.get(name) != value
        ]


def say(dispatcher: CollectingDispatcher, answer: Answer, message: Message) -> None:
    """Send a reply with its report."""
    dispatcher.utter_message(
        text=answer.text,
        buttons=[{"title": item.label, "payload": item.payload} for item in answer.buttons],
        json_message={REPORT_KEY: answer.report(message)},
    )


def _said(event: Mapping[str, Any]) -> Said:
    intent = (event.get("parse_data") or {}).get("intent") or {}
    return Said(event.get("text") or "", intent.get("name") or "")


def _without_values(error: Exception) -> Exception:
    """Return an error with the same traceback whose message holds no personal data."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
