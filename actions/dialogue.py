"""Steering the conversation: yes, no, never mind, small talk, and not understanding."""

from __future__ import annotations

from actions.aspects import ASPECT_OF_INTENT, NAMING
from actions.base import Answer, Message, MotcuaAction, Outcome
from actions.following import (
    FOLLOWING,
    FollowDossier,
    ListFollowed,
    ProveDossier,
    StopFollowing,
)
from actions.ladder import last_aspect
from actions.office import ReplyOffice
from actions.people import HandOver
from actions.personal_data import ERASE, EraseMyData, ShowMyData, erased_now
from actions.phrases import phrases
from actions.procedures import (
    ListProcedures,
    meant,
    not_ours,
    offer,
    procedure_answer,
    tell,
)
from actions.services import Services
from actions.social import SOCIAL, social
from actions.steering import SURE_REFUSAL, may_refuse, move_on, pick_number, take
from actions.tickets import TICKET, question_of, ticket_buttons, ticket_choices
from actions.told import ABOUT
from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.model import Aspect
from knowledge.procedures.resolve import Ambiguous, Resolved, resolve

_SURE_STEERING = 0.35
"""Below this confidence a yes, a no or a never-mind is not taken for one."""
_TRACKING = "track_dossier"


class ReplySocial(MotcuaAction):
    """Greet, thank, help."""

    action = "action_reply_social"

    async def answer(self, message: Message) -> Answer:
        """Answer with the text of the intent."""
        return await _social(self.services, message)


class Refuse(MotcuaAction):
    """Say that something is not the department's, unless the words name one of its procedures."""

    action = "action_refuse"

    async def answer(self, message: Message) -> Answer:
        """Refuse, or ask back when the knowledge base knows the words after all."""
        return await _refuse(self.services, message)


class ReplyUnclear(MotcuaAction):
    """What a message asks was not understood: answer what it names, else say so."""

    action = "action_reply_unclear"

    async def answer(self, message: Message) -> Answer:
        """Answer by what the message names; the ladder goes on from there."""
        return await _unclear(self.services, message)


class DefaultFallback(ReplyUnclear):
    """No rule fits; the same."""

    action = "action_default_fallback"


class Affirm(MotcuaAction):
    """Yes: to what was offered."""

    action = "action_affirm"

    async def answer(self, message: Message) -> Answer:
        """Take what was offered, or ask which."""
        return await _affirm(self.services, message)


class Deny(MotcuaAction):
    """No: what was offered or told is not meant."""

    action = "action_deny"

    async def answer(self, message: Message) -> Answer:
        """Take another procedure that the message names, or go on down the ladder."""
        return await _deny(self.services, message)


class Cancel(MotcuaAction):
    """Never mind: forget what was pending."""

    action = "action_cancel"

    async def answer(self, message: Message) -> Answer:
        """Forget the pending question."""
        if _doubtful(message):
            return await _unclear(self.services, message)
        await self.services.proofs.drop(message.conversation)
        return _cancel(self.services)


async def answer_instead(services: Services, message: Message) -> Answer:
    """Answer a message that ended the tracking-code form by asking something else."""
    intent = message.intent
    if intent in ASPECT_OF_INTENT or intent == NAMING:
        return await procedure_answer(services, message)
    if intent in SOCIAL:
        return await _social(services, message)
    if intent == _TRACKING and not phrases().refuses(message.text):
        return no_code(services, message)
    if phrases().refuses(message.text):
        return _cancel(services)
    action = _ACTION_OF_INTENT.get(intent, ReplyUnclear)
    return await action(services).answer(message)


ANSWERED_BESIDE = FOLLOWING
"""Intents whose codes are not only looked up when they end the form."""
_ACTION_OF_INTENT: dict[str, type[MotcuaAction]] = {
    "list_procedures": ListProcedures,
    "talk_to_person": HandOver,
    "complain": HandOver,
    "ask_working_hours": ReplyOffice,
    "ask_contact": ReplyOffice,
    "out_of_scope": Refuse,
    "affirm": Affirm,
    "deny": Cancel,
    "follow_dossier": FollowDossier,
    "prove_dossier": ProveDossier,
    "list_followed": ListFollowed,
    "stop_following": StopFollowing,
    "show_my_data": ShowMyData,
    "erase_my_data": EraseMyData,
    "cancel": Cancel,
}


async def _affirm(services: Services, message: Message) -> Answer:
    if _doubtful(message):
        return await _unclear(services, message)
    if message.slots.get("pending") == ERASE:
        return erased_now(services)
    choices: list[str] = message.slots.get("choices") or []
    if message.slots.get("pending") == ABOUT and not choices:
        return social(services, "thank")
    if TICKET in choices or len(choices) == 1:  # yes to leaving the question
        return await take(services, message, choices[0])
    if choices:
        return await pick_number(services, message)
    return social(services, "ask_help")


def _doubtful(message: Message) -> bool:
    return message.confidence < _SURE_STEERING and not message.is_button


async def _deny(services: Services, message: Message) -> Answer:
    if _doubtful(message):
        return await _unclear(services, message)
    choices = message.slots.get("choices") or ()
    told = message.slots.get("procedure")
    if not may_refuse(message) or (not choices and phrases().is_bare_no(message.text)):
        return _cancel(services)
    if message.is_button:
        return await move_on(services, message)
    catalogue = await services.catalogue.get()
    refused = {*choices, told, *(message.slots.get("refused") or ())}
    found = resolve(catalogue.index, message.text)
    if isinstance(found, Resolved) and found.procedure.id not in refused:
        aspect = last_aspect(message) or Aspect.OVERVIEW
        return tell(services, catalogue, found.procedure, aspect)
    fresh = found.choices if isinstance(found, Ambiguous) else ()
    fresh = tuple(item for item in fresh if item.id not in refused)
    if fresh:
        return offer(services, fresh, last_aspect(message), again=True)
    return await move_on(services, message)


def _cancel(services: Services) -> Answer:
    return social(
        services,
        "cancel",
        choices=None,
        refused=None,
        tracking_code=None,
        tracking_tries=0,
        misses=0,
    )


def no_code(services: Services, message: Message) -> Answer:
    """Say what can be done without a tracking code."""
    question = question_of(message)
    return Answer(
        Outcome.DOSSIER,
        services.templates.render("dossier/no_code", ask_at=services.office.ask_at()),
        buttons=ticket_buttons(services, question),
        remember={"choices": ticket_choices(question)},
    )


async def _refuse(services: Services, message: Message) -> Answer:
    catalogue = await services.catalogue.get()
    if _names_ours(catalogue, message) or _may_follow_up(catalogue, message):
        return await procedure_answer(services, message)
    return not_ours(services, message)


async def _unclear(services: Services, message: Message) -> Answer:
    catalogue = await services.catalogue.get()
    if _names_ours(catalogue, message):
        return await procedure_answer(services, message)
    return not_ours(services, message)


def _names_ours(catalogue: Catalogue, message: Message) -> bool:
    """Whether the words name a procedure, or another act on the one that was talked about."""
    found = meant(catalogue, message)
    if isinstance(found, Resolved) and found.from_context:
        return bool(catalogue.index.read(message.text).content)
    return isinstance(found, Resolved | Ambiguous)


def _may_follow_up(catalogue: Catalogue, message: Message) -> bool:
    """Whether a doubtful message goes on about the procedure that was talked about."""
    said_nothing_else = not catalogue.index.read(message.text).content
    sure = message.confidence >= SURE_REFUSAL
    return (
        bool(message.slots.get("procedure"))
        and said_nothing_else
        and not (sure and not catalogue.index.aspects_of(message.text))
    )


async def _social(services: Services, message: Message) -> Answer:
    if _doubtful(message):
        return await _unclear(services, message)
    return social(services, message.intent)
