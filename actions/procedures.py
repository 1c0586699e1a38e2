"""Questions about procedures: an aspect of one, or the list of a field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.dossiers import dossier_answer, known_codes
from actions.lists import field_answer, fields_answer, labels_of
from actions.services import Services
from knowledge.procedures.answers import AspectAnswer, answer
from knowledge.procedures.catalogue import Catalogue, Field
from knowledge.procedures.model import Aspect, Procedure
from knowledge.procedures.resolve import (
    CHOICES,
    Ambiguous,
    NotMentioned,
    Resolution,
    Resolved,
    resolve,
)
from knowledge.vietnamese import search_key

ASPECT_OF_INTENT = {
    "ask_overview": Aspect.OVERVIEW,
    "ask_documents": Aspect.DOCUMENTS,
    "ask_forms": Aspect.FORMS,
    "ask_fee": Aspect.FEE,
    "ask_processing_time": Aspect.PROCESSING_TIME,
    "ask_where_to_file": Aspect.WHERE_TO_FILE,
    "ask_online_filing": Aspect.ONLINE_FILING,
    "ask_conditions": Aspect.CONDITIONS,
    "ask_legal_basis": Aspect.LEGAL_BASIS,
    "ask_result": Aspect.RESULT,
    "ask_validity": Aspect.VALIDITY,
}
INTENT_OF_ASPECT = {aspect: intent for intent, aspect in ASPECT_OF_INTENT.items()}
NAMING = "name_procedure"
OUT_OF_SCOPE = "out_of_scope"
_ABOUT_PROCEDURES = frozenset({*ASPECT_OF_INTENT, NAMING})
_UNSURE = 0.3
"""Below this confidence, and without a wording of an aspect, only the name counts."""
_LEAST_SHARE = 0.02
"""Below this share of the model a wording is taken for a part of something else."""
_VAGUE = 0.4
"""What is left of the model's share for a general question where an aspect is worded."""
_CUE = 0.35
"""What a wording of an aspect adds to the model's share for it."""
_MOST_ASPECTS = 4
_NEXT = (Aspect.DOCUMENTS, Aspect.FEE, Aspect.PROCESSING_TIME, Aspect.WHERE_TO_FILE)
_GOING_ON = re.compile(r"^(con|the|vay|the con|vay con)\b")


class AnswerProcedure(MotcuaAction):
    """Answer an aspect of the procedure that is meant, ask back, or say that it is not known."""

    action = "action_answer_procedure"

    async def answer(self, message: Message) -> Answer:
        """Resolve the procedure, then tell the aspect."""
        return await procedure_answer(self.services, message)


class ListProcedures(MotcuaAction):
    """List the procedures of a field, or the fields."""

    action = "action_list_procedures"

    async def answer(self, message: Message) -> Answer:
        """List what the text or the button names."""
        catalogue = await self.services.catalogue.get()
        field = _field(catalogue, message)
        listed = (
            field_answer(self.services, catalogue, field)
            if field
            else fields_answer(self.services, catalogue)
        )
        if message.is_button:  # what was asked of a procedure may still wait for its name
            return listed
        return replace(listed, remember={**listed.remember, "aspect": None})


async def procedure_answer(services: Services, message: Message) -> Answer:
    """Answer what a message asks of a procedure."""
    catalogue = await services.catalogue.get()
    meant = _meant(catalogue, message)
    if not isinstance(meant, Resolved) or meant.from_context:
        codes = known_codes(services, message.text)
        if codes:
            return await dossier_answer(services, codes)
    if isinstance(meant, Resolved):
        return tell(services, catalogue, meant.procedure, *_aspects(catalogue, message, meant))
    if isinstance(meant, Ambiguous):
        return offer(services, meant.choices, *_asked(catalogue, message))
    if isinstance(meant, NotMentioned):
        return which_procedure(services, *_asked(catalogue, message)[:1])
    return not_ours(services, message)


def tell(
    services: Services, catalogue: Catalogue, procedure: Procedure, *aspects: Aspect
) -> Answer:
    """Tell one or several aspects of a procedure, with what may be asked next."""
    facts = [answer(catalogue, procedure, aspect, services.today) for aspect in aspects]
    sources = list(dict.fromkeys(source for item in facts for source in item.sources))
    return Answer(
        Outcome.ANSWERED if any(item.known for item in facts) else Outcome.NO_DATA,
        services.templates.render(
            "procedure/answer", answers=facts, sources=sources, ask_at=services.office.ask_at()
        ),
        buttons=_next_buttons(services, facts),
        aspects=aspects,
        procedure=procedure.id,
        sources=[
            {"title": item.title, "document": item.url_or_document, "date": item.date}
            for item in sources
        ],
        remember={
            "procedure": procedure.id,
            "aspect": aspects[-1].value,
            "choices": None,
            "misses": 0,
        },
    )


def offer(
    services: Services,
    choices: tuple[Procedure, ...],
    aspect: Aspect | None = None,
    *_more: Aspect,
    again: bool = False,
) -> Answer:
    """Ask which of at most three procedures is meant; `again` after others were refused."""
    intent = INTENT_OF_ASPECT.get(aspect or Aspect.OVERVIEW, NAMING)
    buttons = [
        Button.intent(label, intent, procedure_id=item.id)
        for label, item in zip(labels_of(choices), choices, strict=True)
    ]
    none = Button.intent(services.templates.labels["buttons"]["none_of_these"], "deny")
    return Answer(
        Outcome.CLARIFY,
        services.templates.render("dialogue/which_of", choices=choices, again=again),
        buttons=[*buttons, none],
        aspects=[aspect] if aspect else [],
        candidates=[item.id for item in choices],
        remember={"choices": [item.id for item in choices], "aspect": aspect and aspect.value},
    )


def which_procedure(services: Services, aspect: Aspect | None = None) -> Answer:
    """Ask for the name of the procedure."""
    return Answer(
        Outcome.CLARIFY,
        services.templates.render("dialogue/which_procedure", aspect=aspect),
        buttons=_ways_out(services),
        aspects=[aspect] if aspect else [],
        remember={"choices": None, "aspect": aspect and aspect.value},
    )


def not_ours(services: Services, message: Message) -> Answer:
    """Say honestly that the knowledge base does not have it, and where to ask."""
    texts = (
        services.templates.render(
            "dialogue/not_ours", ask_at=services.office.ask_at(), again=again
        )
        for again in (False, True)
    )
    return Answer(
        Outcome.OUT_OF_SCOPE,
        next(text for text in texts if text != message.last_reply),
        buttons=_ways_out(services),
    )


def chosen_number(message: Message) -> int | None:
    """Return which of the offered choices a bare number names, counted from 0."""
    typed = message.text.strip().rstrip(".")
    choices = message.slots.get("choices") or ()
    if typed.isdigit() and 1 <= int(typed) <= len(choices):
        return int(typed) - 1
    return None


def _ways_out(services: Services) -> list[Button]:
    labels = services.templates.labels["buttons"]
    return [
        Button.intent(labels["by_field"], "list_procedures"),
        Button.intent(labels["talk_to_person"], "talk_to_person"),
    ]


def _meant(catalogue: Catalogue, message: Message) -> Resolution:
    number = chosen_number(message)
    chosen = message.entities.get("procedure_id")
    if number is not None:
        chosen = message.slots["choices"][number]
    if chosen is not None and chosen in catalogue.procedures:
        return Resolved(catalogue.procedures[chosen])
    context = message.slots.get("procedure")
    if message.is_button:
        return resolve(catalogue.index, "", context=context)
    return resolve(
        catalogue.index,
        message.text,
        context=context,
        offered=message.slots.get("choices") or (),
        doubt=doubt(message),
    )


def doubt(message: Message) -> float:
    """Return how sure the model is that a message is none of our business."""
    return message.ranking.get(OUT_OF_SCOPE, 0.0)


def _asked(catalogue: Catalogue, message: Message) -> tuple[Aspect, ...]:
    """Return the aspects that are asked for; none where only a name was given.

    The model's ranking and the wordings of the question decide together; several aspects are
    told where the wording names several.
    """
    aspect = ASPECT_OF_INTENT.get(message.intent)
    if message.is_button:
        return (aspect,) if aspect else ()
    worded = catalogue.index.aspects_of(message.text)
    if not worded and message.confidence < _UNSURE:
        return ()
    votes = _votes(message, worded)
    best = max(votes, key=lambda intent: votes[intent], default=NAMING)
    likeliest = ASPECT_OF_INTENT.get(best)
    if likeliest in worded:
        likely = [it for it in worded if votes[INTENT_OF_ASPECT[it]] >= _CUE + _LEAST_SHARE]
        return tuple(likely[:_MOST_ASPECTS]) or (likeliest,)
    return (likeliest,) if likeliest else ()


def _votes(message: Message, worded: Sequence[Aspect]) -> dict[str, float]:
    """Return a share for each intent that concerns a procedure."""
    ranking = message.ranking or {message.intent: message.confidence}
    ours = {name: value for name, value in ranking.items() if name in _ABOUT_PROCEDURES}
    total = sum(ours.values()) or 1.0
    votes = {name: value / total for name, value in ours.items()}
    if worded:  # what is asked in so many words is asked
        for name in (INTENT_OF_ASPECT[Aspect.OVERVIEW], NAMING):
            votes[name] = votes.get(name, 0.0) * _VAGUE
    for aspect in worded:
        name = INTENT_OF_ASPECT[aspect]
        votes[name] = votes.get(name, 0.0) + _CUE
    return votes


def _aspects(catalogue: Catalogue, message: Message, meant: Resolved) -> tuple[Aspect, ...]:
    asked = _asked(catalogue, message)
    if asked:
        return asked
    last = message.slots.get("aspect")
    if chosen_number(message) is not None and last:
        return (Aspect(last),)
    going_on = message.slots.get("choices") or _GOING_ON.match(search_key(message.text))
    if message.intent == NAMING and last and (going_on or meant.from_context):
        return (Aspect(last),)
    return (Aspect.OVERVIEW,)


def _next_buttons(services: Services, facts: Sequence[AspectAnswer]) -> list[Button]:
    labels = services.templates.labels["buttons"]
    told = [item.aspect for item in facts]
    newer = [
        Button.intent(item.name, INTENT_OF_ASPECT[told[0]], procedure_id=item.id)
        for item in facts[0].replaced_by[:CHOICES]
    ]
    others = [
        Button.intent(labels[aspect], INTENT_OF_ASPECT[aspect], procedure_id=facts[0].procedure.id)
        for aspect in _NEXT
        if aspect not in told
    ]
    return newer or others[:CHOICES]


def _field(catalogue: Catalogue, message: Message) -> Field | None:
    slug = message.entities.get("field")
    named = next((item for item in catalogue.fields.fields if item.slug == slug), None)
    return named or (None if message.is_button else catalogue.fields.named_in(message.text))
