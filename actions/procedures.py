"""Questions about procedures: an aspect of one, or the list of a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actions.aspects import INTENT_OF_ASPECT, NAMING, asked, asked_of
from actions.base import Answer, Button, Message, MotcuaAction, Outcome
from actions.dossiers import TRACKING, Codes, known_codes, without_codes
from actions.guarding import guarded_answer
from actions.lists import field_answer, fields_answer, labels_of
from actions.services import Services
from knowledge.dossiers.tracking_code import FoundCode
from knowledge.procedures.answers import AspectAnswer, answer, aspect_of_lead_time, is_known
from knowledge.procedures.catalogue import Catalogue, Field
from knowledge.procedures.forms import FormFile
from knowledge.procedures.model import Aspect, Procedure
from knowledge.procedures.resolve import (
    CHOICES,
    Ambiguous,
    NotMentioned,
    Resolution,
    Resolved,
    Unknown,
    resolve,
)
from knowledge.procedures.several import asks_of_each, two_meant

OUT_OF_SCOPE = "out_of_scope"
_ASKED_OF_DOSSIERS = (Aspect.OVERVIEW, Aspect.PROCESSING_TIME, Aspect.WHERE_TO_FILE, Aspect.RESULT)
"""What is asked beside a tracking code is asked of the dossier: when, where, what came of it."""
_SURELY_TRACKING = 0.98
"""From this confidence on nothing but the dossier is asked: "hồ sơ xin giấy phép ... mã ..."."""
_OF_TIME = (Aspect.PROCESSING_TIME, Aspect.CONDITIONS, Aspect.OVERVIEW)
"""What a question for a deadline may be taken for."""
_NEXT = (Aspect.DOCUMENTS, Aspect.FEE, Aspect.PROCESSING_TIME, Aspect.WHERE_TO_FILE)


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
    codes = known_codes(services, message.text)
    found = meant(catalogue, message)
    wrong = not any(isinstance(code, FoundCode) for code in codes)
    if codes and not (wrong and isinstance(found, Resolved) and not found.from_context):
        return await codes_answer(services, message, codes)
    both = None if message.is_button else two_meant(catalogue.index, message.text)
    if both and not isinstance(found, Unknown):
        return tell_both(services, catalogue, both, asked(catalogue, message))
    if isinstance(found, Resolved):
        told = tell(services, catalogue, found.procedure, *_aspects(catalogue, message, found))
        return _with_the_other_due(services, catalogue, message, told)
    if isinstance(found, Ambiguous):
        offered = message.slots.get("choices") or ()
        again = [item.id for item in found.choices] == list(offered)
        return offer(services, found.choices, *asked(catalogue, message), again=again)
    if isinstance(found, NotMentioned):
        return which_procedure(services, *asked(catalogue, message)[:1])
    return not_ours(services, message)


async def codes_answer(services: Services, message: Message, codes: Codes) -> Answer:
    """Tell where dossiers stand, and what the message asks beside of a procedure it names."""
    dossiers = await guarded_answer(services, message, codes)
    if message.intent == TRACKING and message.confidence >= _SURELY_TRACKING:
        return dossiers
    catalogue = await services.catalogue.get()
    beside = replace(message, text=without_codes(message.text, codes))
    found = meant(catalogue, beside)
    wanted = [it for it in asked(catalogue, beside) if it not in _ASKED_OF_DOSSIERS]
    if not wanted or not isinstance(found, Resolved) or found.from_context:
        return dossiers
    told = tell(services, catalogue, found.procedure, *wanted)
    return replace(
        told,
        text=f"{dossiers.text}\n\n{told.text}",
        dossiers=dossiers.dossiers,
        sources=[*dossiers.sources, *told.sources],
        remember={**dossiers.remember, **told.remember},
    )


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
        files=[
            {"name": form.name, "path": str(form.path.resolve())}
            for item in facts
            for form in _forms(services, item)
        ],
        remember={
            "procedure": procedure.id,
            "aspect": aspects[-1].value,
            "choices": None,
            "misses": 0,
        },
    )


def tell_both(
    services: Services,
    catalogue: Catalogue,
    both: Sequence[Procedure],
    aspects: Sequence[Aspect],
) -> Answer:
    """Tell the same of two procedures, in the order of the message; then either may be asked."""
    told = [tell(services, catalogue, item, *(aspects or (Aspect.OVERVIEW,))) for item in both]
    first = told[0]
    buttons = [
        Button.intent(label, INTENT_OF_ASPECT[Aspect.OVERVIEW], procedure_id=item.id)
        for label, item in zip(labels_of(both), both, strict=True)
    ]
    known = any(item.outcome is Outcome.ANSWERED for item in told)
    sources = {str(source): source for item in told for source in item.sources}
    return replace(
        first,
        outcome=Outcome.ANSWERED if known else Outcome.NO_DATA,
        text="\n\n".join(item.text for item in told),
        buttons=buttons,
        candidates=[item.id for item in both],
        sources=list(sources.values()),
        files=[form for item in told for form in item.files],
        remember={**first.remember, "procedure": None, "choices": [item.id for item in both]},
    )


def _with_the_other_due(
    services: Services, catalogue: Catalogue, message: Message, told: Answer
) -> Answer:
    """Say so where a message is about two procedures and only one of them was understood."""
    if message.is_button or not asks_of_each(catalogue.index, message.text):
        return told
    return replace(told, text=f"{told.text}\n\n{services.templates.render('procedure/only_one')}")


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


def meant(catalogue: Catalogue, message: Message) -> Resolution:
    """Return which procedure a message means, beside what was talked about and offered."""
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
        talked=message.slots.get("talked") or (),
        doubt=doubt(message),
    )


def names_procedure(catalogue: Catalogue, message: Message) -> bool:
    """Whether the words of a message, and no context, name one procedure."""
    found = meant(catalogue, message)
    return isinstance(found, Resolved) and not found.from_context


def doubt(message: Message) -> float:
    """Return how sure the model is that a message is none of our business."""
    return message.ranking.get(OUT_OF_SCOPE, 0.0)


def _aspects(catalogue: Catalogue, message: Message, found: Resolved) -> tuple[Aspect, ...]:
    names_only = message.intent == NAMING and found.from_context
    wanted = asked_of(
        catalogue,
        message,
        goes_on=names_only or bool(message.slots.get("choices")),
        chosen=chosen_number(message) is not None
        or (found.goes_on and not catalogue.index.asks_by_itself(message.text)),
    )
    return _where_told(catalogue, message, found.procedure, wanted)


def _where_told(
    catalogue: Catalogue, message: Message, procedure: Procedure, wanted: Sequence[Aspect]
) -> tuple[Aspect, ...]:
    """Return where the record tells what is wanted: deadlines and duties may stand elsewhere."""
    index = catalogue.index
    unknown = not is_known(procedure, Aspect.CONDITIONS)
    instead: dict[Aspect, Aspect] = {}
    if index.asks_lead_time(message.text):
        instead = dict.fromkeys(_OF_TIME, aspect_of_lead_time(catalogue, procedure))
    elif unknown and index.asks_obligation(message.text):
        instead = {Aspect.CONDITIONS: Aspect.OVERVIEW}
    return tuple(dict.fromkeys(instead.get(aspect, aspect) for aspect in wanted))


def _forms(services: Services, told: AspectAnswer) -> Sequence[FormFile]:
    """Return the forms to give out: only where forms are asked for and the record applies."""
    if told.aspect is not Aspect.FORMS or not (told.known and told.standing.asserted):
        return ()
    return services.forms.of(told.procedure)


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
