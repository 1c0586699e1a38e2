"""Steering the conversation: yes, no, never mind, small talk, and not understanding."""

from __future__ import annotations

from dataclasses import replace

from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.office import HandOver, ReplyOffice, hand_over
from actions.procedures import (
    ASPECT_OF_INTENT,
    NAMING,
    ListProcedures,
    chosen_number,
    doubt,
    not_ours,
    offer,
    procedure_answer,
    tell,
    which_procedure,
)
from actions.services import Services
from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.model import Aspect
from knowledge.procedures.resolve import Ambiguous, Resolved, resolve

_SOCIAL = ("greet", "thank", "say_goodbye", "ask_help", "praise")
_HAND_OVER_AFTER = 2
_SURE_REFUSAL = 0.7
_SURE_STEERING = 0.35
"""Below this confidence a yes, a no or a never-mind is not taken for one."""


class ReplySocial(MotcuaAction):
    """Greet, thank, help: the texts are responses of Rasa's domain."""

    action = "action_reply_social"

    async def answer(self, message: Message) -> Answer:
        """Answer with the response of the intent."""
        return await _social(self.services, message)


class Refuse(MotcuaAction):
    """Say that something is not the department's, unless the words name one of its procedures."""

    action = "action_refuse"

    async def answer(self, message: Message) -> Answer:
        """Refuse, or ask back when the knowledge base knows the words after all."""
        return await _refuse(self.services, message)


class ReplyUnclear(MotcuaAction):
    """What a message asks was not understood: offer what it names, then a list, then a person."""

    action = "action_reply_unclear"

    async def answer(self, message: Message) -> Answer:
        """Take the next step of the ladder."""
        return await _unclear(self.services, message)


class DefaultFallback(ReplyUnclear):
    """No rule fits; the same ladder."""

    action = "action_default_fallback"


class Affirm(MotcuaAction):
    """Yes: to the one procedure that was offered."""

    action = "action_affirm"

    async def answer(self, message: Message) -> Answer:
        """Take the offered procedure, or ask which."""
        return await _affirm(self.services, message)


class Deny(MotcuaAction):
    """No: the offered procedures are not meant."""

    action = "action_deny"

    async def answer(self, message: Message) -> Answer:
        """Take another procedure that the message names, or ask for its name."""
        return await _deny(self.services, message)


class Cancel(MotcuaAction):
    """Never mind: forget what was pending."""

    action = "action_cancel"

    async def answer(self, message: Message) -> Answer:
        """Forget the pending question."""
        if _doubtful(message):
            return await _unclear(self.services, message)
        return _cancel(self.services)


async def answer_instead(services: Services, message: Message) -> Answer:
    """Answer a message that ended the tracking-code form by asking something else."""
    intent = message.intent
    if intent in ASPECT_OF_INTENT or intent == NAMING:
        return await procedure_answer(services, message)
    if intent in _SOCIAL:
        return await _social(services, message)
    action = _ACTION_OF_INTENT.get(intent, ReplyUnclear)
    return await action(services).answer(message)


_ACTION_OF_INTENT: dict[str, type[MotcuaAction]] = {
    "list_procedures": ListProcedures,
    "talk_to_person": HandOver,
    "complain": HandOver,
    "ask_working_hours": ReplyOffice,
    "ask_contact": ReplyOffice,
    "out_of_scope": Refuse,
    "affirm": Affirm,
    "deny": Cancel,
    "cancel": Cancel,
}


async def _affirm(services: Services, message: Message) -> Answer:
    if _doubtful(message):
        return await _unclear(services, message)
    choices: list[str] = message.slots.get("choices") or []
    if len(choices) == 1:
        return await _take(services, message, choices[0])
    if choices:
        catalogue = await services.catalogue.get()
        known = tuple(catalogue.procedures[c] for c in choices if c in catalogue.procedures)
        return offer(services, known, _last_aspect(message))
    return _social_named(services, "ask_help")


def _doubtful(message: Message) -> bool:
    return message.confidence < _SURE_STEERING and not message.is_button


async def _deny(services: Services, message: Message) -> Answer:
    if _doubtful(message):
        return await _unclear(services, message)
    catalogue = await services.catalogue.get()
    meant = resolve(catalogue.index, message.text)
    refused = message.slots.get("choices") or (message.slots.get("procedure"),)
    if isinstance(meant, Resolved) and meant.procedure.id not in refused:
        return tell(services, catalogue, meant.procedure, _last_aspect(message) or Aspect.OVERVIEW)
    return which_procedure(services, _last_aspect(message))


def _cancel(services: Services) -> Answer:
    return Answer(
        Outcome.SOCIAL,
        response="utter_cancel",
        remember={"choices": None, "tracking_code": None, "tracking_tries": 0, "misses": 0},
    )


async def _refuse(services: Services, message: Message) -> Answer:
    catalogue = await services.catalogue.get()
    if _names_ours(catalogue, message) or _may_follow_up(catalogue, message):
        return await procedure_answer(services, message)
    return not_ours(services)


async def _unclear(services: Services, message: Message) -> Answer:
    number = chosen_number(message)
    if number is not None:
        return await _take(services, message, message.slots["choices"][number])
    catalogue = await services.catalogue.get()
    if _names_ours(catalogue, message):
        return await procedure_answer(services, message)
    misses = int(message.slots.get("misses") or 0) + 1
    if misses > _HAND_OVER_AFTER:
        return hand_over(services)
    answer = not_ours(services) if misses == 1 else await ListProcedures(services).answer(message)
    return replace(answer, outcome=Outcome.OUT_OF_SCOPE, remember={"misses": misses})


def _names_ours(catalogue: Catalogue, message: Message) -> bool:
    meant = resolve(catalogue.index, message.text, doubt=doubt(message))
    return isinstance(meant, Resolved | Ambiguous)


def _may_follow_up(catalogue: Catalogue, message: Message) -> bool:
    """Whether a doubtful message goes on about the procedure that was talked about."""
    query = catalogue.index.read(message.text)
    said_nothing_else = not query.content and message.confidence < _SURE_REFUSAL
    return bool(message.slots.get("procedure")) and (
        said_nothing_else or (query.variant is not None and not query.known)
    )


async def _take(services: Services, message: Message, procedure_id: str) -> Answer:
    catalogue = await services.catalogue.get()
    procedure = catalogue.procedures.get(procedure_id)
    if procedure is None:
        return which_procedure(services, _last_aspect(message))
    return tell(services, catalogue, procedure, _last_aspect(message) or Aspect.OVERVIEW)


def _last_aspect(message: Message) -> Aspect | None:
    last = message.slots.get("aspect")
    return Aspect(last) if last else None


async def _social(services: Services, message: Message) -> Answer:
    if _doubtful(message):
        return await _unclear(services, message)
    return _social_named(services, message.intent)


def _social_named(services: Services, name: str) -> Answer:
    labels = services.templates.labels["buttons"]
    offers_help = name in ("greet", "ask_help")
    buttons = [
        Button.intent(labels["other"], "list_procedures"),
        Button.intent(labels["track_dossier"], "track_dossier"),
        Button.intent(labels["talk_to_person"], "talk_to_person"),
    ]
    return Answer(Outcome.SOCIAL, response=f"utter_{name}", buttons=buttons if offers_help else ())
