"""What steers every turn: choosing among what was offered, refusing it, leaving a question.

This comes before the action that the rules picked, because "2", "cái kia" and "không phải" mean
something only beside what was offered; and after it, so that nothing is said twice in a row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from actions.base import Answer, Button, Message, Outcome, Said
from actions.dossiers import another_code, known_codes
from actions.filing import asked_ahead, with_filing
from actions.following import WHICH, follow_named
from actions.guarding import guarded_answer
from actions.ladder import climb, last_aspect, missed
from actions.lists import (
    FAMILY,
    FIELD,
    FIELDS,
    Key,
    choice_buttons,
    family_answer,
    field_answer,
    fields_answer,
)
from actions.personal_data import ERASE
from actions.phrases import phrases
from actions.procedures import (
    OUT_OF_SCOPE,
    names_procedure,
    offer,
    procedure_answer,
    tell,
    which_procedure,
)
from actions.proving import PROOF, about_proof
from actions.services import Services
from actions.social import social
from actions.tickets import (
    OTHER_QUESTION,
    TICKET,
    ask_question,
    asks,
    is_the_question,
    leave,
    question_of,
)
from actions.told import ABOUT, asked_of_told, refuses_told
from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.model import Aspect
from knowledge.vietnamese import search_key

SURE_REFUSAL = 0.7
"""From this confidence on a message is taken for none of the department's business."""
_MOST_TALKED = 5
_BESIDE = frozenset(
    {
        *("greet", "thank", "say_goodbye", "ask_help", "praise", "affirm", "cancel"),
        *("ask_working_hours", "ask_contact", "talk_to_person", "complain"),
        *("list_followed", "stop_following", "show_my_data"),
    }
)
_SURE_TALK = 0.8
"""Below this confidence small talk that names a procedure is a question about it."""
_CLARIFYING = (Outcome.CLARIFY, Outcome.OUT_OF_SCOPE)


async def reply(
    services: Services, message: Message, answer: Callable[[Message], Awaitable[Answer]]
) -> Answer:
    """Answer a message: steered by what was offered, or else by its own action."""
    steered = (
        await _dossier_to_follow(services, message)
        or await about_proof(services, message)
        or await _about_told(services, message)
        or await asked_ahead(services, message)
        or await steer(services, message)
    )
    given = steered or await _asked_beside(services, message) or await answer(message)
    given = await with_filing(services, message, given)
    moved = await _moved_on(services, message, given)
    return _remembering(message, moved, steered=steered is not None)


async def _dossier_to_follow(services: Services, message: Message) -> Answer | None:
    """Follow the dossier whose code is given where one was asked for."""
    if message.slots.get("pending") != WHICH or message.is_button:
        return None
    codes = known_codes(services, message.text)
    return await follow_named(services, message, codes) if codes else None


async def _about_told(services: Services, message: Message) -> Answer | None:
    """Answer a short question that goes on about the dossier told last."""
    if refuses_told(message):
        return another_code(services)
    codes = asked_of_told(message)
    if not codes:
        return None
    told = await guarded_answer(services, message, codes, brief=True)
    if told.text != message.last_reply:
        return told
    return await guarded_answer(services, message, codes)


async def _asked_beside(services: Services, message: Message) -> Answer | None:
    """Return the answer to a question that the model takes for small talk, unsurely."""
    if message.is_button or message.intent not in _BESIDE or message.confidence >= _SURE_TALK:
        return None
    catalogue = await services.catalogue.get()
    if not names_procedure(catalogue, message):
        return None
    return await procedure_answer(services, message)


async def steer(services: Services, message: Message) -> Answer | None:
    """Return the answer to a message that only steers; None if it says something of its own."""
    if is_the_question(message):
        return await leave(services, message, message.text)
    if message.is_button:
        chosen = message.entities.get("choice")
        return await take(services, message, chosen) if chosen else None
    words = phrases()
    if words.leaves_question(message.text):
        question = words.question_in(message.text) or question_of(message)
        return await leave(services, message, question)
    pending = _page(message)
    if words.wants_more(message.text) and (pending or message.slots.get("choices")):
        if pending:
            return await take(services, message, pending)
        return await _said_about_choices(services, message, "dialogue/no_more")
    if words.means_other_one(message.text):
        return await _other_one(services, message)
    number = words.position_in(message.text, len(_offered(message)))
    if number is not None:
        return await _numbered(services, message, number)
    if words.refuses(message.text) and not words.is_bare_no(message.text):
        return await _refused(services, message)
    if words.is_bare_no(message.text) and message.slots.get("choices"):
        return await move_on(services, message)
    return await _named_field(services, message)


def _page(message: Message) -> str | None:
    """Return the next page, where one is pending."""
    pending: str | None = message.slots.get("pending")
    return None if pending in (WHICH, PROOF, ABOUT, ERASE) else pending


def steers(message: Message) -> bool:
    """Whether a message belongs to what was offered, whatever intent it looks like."""
    words = phrases()
    return is_the_question(message) or bool(
        message.slots.get("choices")
        and (
            words.refuses(message.text)
            or words.position_in(message.text, len(_offered(message))) is not None
        )
    )


async def take(services: Services, message: Message, chosen: str) -> Answer:
    """Return what a choice stands for."""
    catalogue = await services.catalogue.get()
    if chosen in catalogue.procedures:
        aspect = last_aspect(message) or Aspect.OVERVIEW
        return tell(services, catalogue, catalogue.procedures[chosen], aspect)
    key = Key.parse(chosen)
    if key.kind == TICKET:
        return await leave(services, message, question_of(message))
    if key.kind == OTHER_QUESTION:
        return ask_question(services)
    return _listed(services, catalogue, key) or which_procedure(services, last_aspect(message))


def may_refuse(message: Message) -> bool:
    """Whether there is anything that a no can be about."""
    return any(message.slots.get(name) for name in ("choices", "procedure", "misses"))


async def move_on(services: Services, message: Message) -> Answer:
    """Return the next step after a refusal of what was offered, or of what was answered."""
    choices = message.slots.get("choices") or ()
    if OTHER_QUESTION in choices:  # what is refused is to leave a question
        return social(services, "cancel", choices=None, misses=0)
    told = message.slots.get("procedure")
    refused = [*(message.slots.get("refused") or ()), *(choices or ([told] if told else ()))]
    return await climb(services, message, list(dict.fromkeys(refused)))


async def pick_number(services: Services, message: Message, typed: int | None = None) -> Answer:
    """Ask to choose one of the numbers; `typed` is one that was not among them."""
    count = len(message.slots.get("choices") or ())
    return await _said_about_choices(
        services, message, "dialogue/pick_number", count=count, typed=typed
    )


async def _said_about_choices(
    services: Services, message: Message, name: str, **values: object
) -> Answer:
    """Say something about the choices and show them once more; they stay as they are."""
    catalogue = await services.catalogue.get()
    texts = (services.templates.render(name, again=it, **values) for it in (False, True))
    choices: Sequence[str] = message.slots.get("choices") or ()
    labels = services.templates.labels["buttons"]
    return Answer(
        Outcome.CLARIFY,
        next(text for text in texts if text != message.last_reply),
        buttons=[
            *choice_buttons(catalogue, choices),
            Button.intent(labels["none_of_these"], "deny"),
        ],
        remember={"pending": message.slots.get("pending")},
    )


def _listed(services: Services, catalogue: Catalogue, key: Key) -> Answer | None:
    if key.kind == FIELDS:
        return fields_answer(services, catalogue, key.page)
    if key.kind == FIELD:
        field = next((it for it in catalogue.fields.fields if it.slug == key.value), None)
        return field_answer(services, catalogue, field, key.page) if field else None
    if key.kind == FAMILY and catalogue.family(key.value):
        return family_answer(services, catalogue, key.value, key.page)
    return None


async def _other_one(services: Services, message: Message) -> Answer | None:
    offered = _offered(message)
    done = {message.slots.get("procedure"), *(message.slots.get("refused") or ())}
    left = [item for item in offered if item not in done]
    if len(left) == 1 < len(offered):
        return await take(services, message, left[0])
    if not message.slots.get("choices") and left:
        catalogue = await services.catalogue.get()
        known = tuple(catalogue.procedures[it] for it in left if it in catalogue.procedures)
        return offer(services, known, last_aspect(message), again=True) if known else None
    if len(left) == len(offered) == 2:
        return await pick_number(services, message)
    return await _refused(services, message)


async def _numbered(services: Services, message: Message, number: int) -> Answer | None:
    offered = _offered(message)
    if 1 <= number <= len(offered):
        return await take(services, message, offered[number - 1])
    if not message.slots.get("choices"):
        lost = not message.slots.get("requested_slot") and message.text.strip().isdigit()
        return social(services, "ask_help") if lost else None
    if number == len(offered) + 1:  # the last button stands below the choices
        pending = _page(message)
        if pending:
            return await take(services, message, pending)
        return await move_on(services, message)
    return await pick_number(services, message, number)


async def _refused(services: Services, message: Message) -> Answer | None:
    return await move_on(services, message) if may_refuse(message) else None


async def _named_field(services: Services, message: Message) -> Answer | None:
    """Return the list of a field whose whole name was typed where fields were offered."""
    if not _offers_fields(message):
        return None
    catalogue = await services.catalogue.get()
    typed = search_key(message.text)
    for field in catalogue.fields.fields:
        if typed == search_key(field.name):
            return field_answer(services, catalogue, field)
    return None


async def _moved_on(services: Services, message: Message, answer: Answer) -> Answer:
    """Return the next step where an answer would miss again or say the same again."""
    if answer.outcome is Outcome.OUT_OF_SCOPE:
        if _is_sure_refusal(message):
            return replace(answer, remember={**answer.remember, "misses": 1})
        catalogue = await services.catalogue.get()
        field = catalogue.fields.named_in(message.text) if _offers_fields(message) else None
        if field and not message.is_button:
            return field_answer(services, catalogue, field)
        return missed(services, message, catalogue, answer)
    if answer.text != message.last_reply:
        return answer
    if answer.outcome in _CLARIFYING:
        return await climb(services, message, message.slots.get("choices") or ())
    if answer.outcome is Outcome.HANDOFF:
        return ask_question(services)
    return social(services, "ask_help") if answer.outcome is Outcome.SOCIAL else answer


def _is_sure_refusal(message: Message) -> bool:
    return message.intent == OUT_OF_SCOPE and message.confidence >= SURE_REFUSAL


def _remembering(message: Message, answer: Answer, *, steered: bool) -> Answer:
    """Add what every turn remembers: what is pending, what was offered before one was taken."""
    lost = answer.outcome in (*_CLARIFYING, Outcome.SOCIAL)
    values: dict[str, object] = {"pending": None}
    if lost and message.slots.get("pending") == ABOUT:
        values["pending"] = ABOUT
    if answer.procedure:
        values["earlier"] = _earlier(message, answer.procedure)
        talked = [it for it in message.slots.get("talked") or () if it != answer.procedure]
        values["talked"] = [*talked, answer.procedure][-_MOST_TALKED:]
    if answer.outcome is Outcome.DOSSIER:
        values["misses"] = 0
    if not steered and asks(Said(message.text, message.intent)):
        values["refused"] = None
    return replace(answer, remember={**values, **answer.remember})


def _earlier(message: Message, taken: str) -> list[str] | None:
    offered = _offered(message)
    return list(offered) if taken in offered and len(offered) > 1 else None


def _offered(message: Message) -> Sequence[str]:
    return message.slots.get("choices") or message.slots.get("earlier") or ()


def _offers_fields(message: Message) -> bool:
    return any(Key.parse(it).kind == FIELD for it in message.slots.get("choices") or ())
