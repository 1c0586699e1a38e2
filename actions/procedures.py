"""Questions about procedures: an aspect of one, or the list of a field."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.dossiers import dossier_answer, known_codes
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
UNSURE = 0.3
"""Below this confidence the aspect is not trusted; a procedure that is clear is introduced."""
SURE = 0.6
"""Below this confidence the words of the question overrule the model's aspect."""
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
        return _list_field(self.services, catalogue, field) if field else self._fields(catalogue)

    def _fields(self, catalogue: Catalogue) -> Answer:
        fields = [
            (field, len(catalogue.of_field(field.slug))) for field in catalogue.fields.fields
        ]
        text = self.services.templates.render(
            "dialogue/fields", fields=fields, total=len(catalogue.procedures)
        )
        largest = sorted(fields, key=lambda item: -item[1])[:CHOICES]
        return Answer(
            Outcome.ANSWERED,
            text,
            aspects=[Aspect.LIST],
            buttons=[
                Button.intent(field.name, "list_procedures", field=field.slug)
                for field, _ in largest
            ],
        )


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
    return not_ours(services)


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
) -> Answer:
    """Ask which of at most three procedures is meant."""
    intent = INTENT_OF_ASPECT.get(aspect or Aspect.OVERVIEW, NAMING)
    return Answer(
        Outcome.CLARIFY,
        services.templates.render("dialogue/which_of", choices=choices),
        buttons=[Button.intent(item.name, intent, procedure_id=item.id) for item in choices],
        aspects=[aspect] if aspect else [],
        candidates=[item.id for item in choices],
        remember={"choices": [item.id for item in choices], "aspect": aspect and aspect.value},
    )


def which_procedure(services: Services, aspect: Aspect | None = None) -> Answer:
    """Ask for the name of the procedure."""
    return Answer(
        Outcome.CLARIFY,
        services.templates.render("dialogue/which_procedure", aspect=aspect),
        buttons=[Button.intent(services.templates.labels["buttons"]["other"], "list_procedures")],
        aspects=[aspect] if aspect else [],
        remember={"choices": None, "aspect": aspect and aspect.value},
    )


def not_ours(services: Services) -> Answer:
    """Say honestly that the knowledge base does not have it, and where to ask."""
    return Answer(
        Outcome.OUT_OF_SCOPE,
        services.templates.render("dialogue/not_ours", ask_at=services.office.ask_at()),
        buttons=[
            Button.intent(services.templates.labels["buttons"]["other"], "list_procedures"),
            Button.intent(
                services.templates.labels["buttons"]["talk_to_person"], "talk_to_person"
            ),
        ],
    )


def chosen_number(message: Message) -> int | None:
    """Return which of the offered choices a bare number names, counted from 0."""
    typed = message.text.strip().rstrip(".")
    choices = message.slots.get("choices") or ()
    if typed.isdigit() and 1 <= int(typed) <= len(choices):
        return int(typed) - 1
    return None


def _meant(catalogue: Catalogue, message: Message) -> Resolution:
    number = chosen_number(message)
    chosen = message.entities.get("procedure_id")
    if number is not None:
        chosen = message.slots["choices"][number]
    if chosen is not None and chosen in catalogue.procedures:
        return Resolved(catalogue.procedures[chosen])
    context = message.slots.get("procedure")
    return resolve(catalogue.index, "" if message.is_button else message.text, context=context)


def _asked(catalogue: Catalogue, message: Message) -> tuple[Aspect, ...]:
    """Return the aspects that are asked for; none where only a name was given.

    The model says what a message asks. Where it is not sure, or where the words name several
    aspects, the words decide.
    """
    aspect = ASPECT_OF_INTENT.get(message.intent)
    if message.is_button:
        return (aspect,) if aspect else ()
    worded = tuple(catalogue.index.wording.aspects_of(message.text))
    if len(worded) > 1 and (aspect in worded or message.confidence < SURE):
        return worded[:_MOST_ASPECTS]
    if worded and message.confidence < SURE:
        return worded
    return (aspect,) if aspect and message.confidence >= UNSURE else ()


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


def _list_field(services: Services, catalogue: Catalogue, field: Field) -> Answer:
    procedures = catalogue.of_field(field.slug)
    today = services.today
    text = services.templates.render(
        "dialogue/procedures_of_field",
        field=field,
        procedures=[(item, item.standing_on(today).state) for item in procedures],
    )
    return Answer(
        Outcome.ANSWERED,
        text,
        aspects=[Aspect.LIST],
        candidates=[item.id for item in procedures],
        remember={"choices": None},
    )
