"""The ladder when the assistant is unsure: other candidates, a field to pick, the staff.

Each step is taken once before the next; `misses` remembers which was taken last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from actions.base import Answer, Message, Outcome
from actions.lists import FAMILY, FIELD, Key, fields_answer, representative
from actions.people import hand_over
from actions.procedures import offer
from actions.services import Services
from actions.tickets import offer_ticket, question_of
from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.model import Aspect, Procedure, State
from knowledge.procedures.resolve import CHOICES
from knowledge.procedures.search import FamilyMatch, Hits

_PLAUSIBLE = 0.05
"""Share of what is left that a family must have, to be offered after others were refused."""
_ALL = 0.97
"""So much of what a question names a family must know, to be offered however unlikely it is."""
_LOOKED_AT = 8
_MOST_REFUSED = 5
"""Whoever has refused more than that is not asked to guess any longer."""
_FIELDS_STEP = 2
_TICKET_STEP = 3


async def climb(services: Services, message: Message, refused: Sequence[str]) -> Answer:
    """Return the next step after what was offered was refused; never what was said last."""
    catalogue = await services.catalogue.get()
    listed = _looks_at_list(message)
    others = () if listed else _others(catalogue, question_of(message), refused)
    if others:
        answer = offer(services, others, last_aspect(message), again=bool(refused))
        if answer.text != message.last_reply:
            return _noting(answer, {"refused": list(refused)})
    answer = step(services, message, catalogue, max(_misses(message) + 1, _FIELDS_STEP))
    return _noting(answer, {"refused": list(refused)})


def missed(services: Services, message: Message, catalogue: Catalogue, answer: Answer) -> Answer:
    """Return what is said when a message was not understood: `answer` only the first time."""
    misses = _misses(message) + 1
    if misses < _FIELDS_STEP:
        return _noting(answer, {"misses": misses})
    taken = step(services, message, catalogue, misses)
    return replace(taken, outcome=answer.outcome) if taken.outcome is Outcome.CLARIFY else taken


def step(services: Services, message: Message, catalogue: Catalogue, number: int) -> Answer:
    """Return a step of the ladder; past its end it goes on with the fields."""
    steps: tuple[Callable[[], Answer], ...] = (
        lambda: _lost_in_fields(services, catalogue),
        lambda: offer_ticket(services, message, lost=True),
        lambda: hand_over(services, message),
    )
    if _looks_at_list(message):  # whoever refuses a list need not see the first one again
        number = max(number, _TICKET_STEP)
    at = (number - _FIELDS_STEP) % len(steps)
    answer = steps[at]()
    if answer.text == message.last_reply:
        at = (at + 1) % len(steps)
        answer = steps[at]()
    return _noting(answer, {"misses": at + _FIELDS_STEP})


def last_aspect(message: Message) -> Aspect | None:
    """Return the aspect that was asked for last."""
    last = message.slots.get("aspect")
    return Aspect(last) if last else None


def _lost_in_fields(services: Services, catalogue: Catalogue) -> Answer:
    return replace(fields_answer(services, catalogue, lost=True), outcome=Outcome.CLARIFY)


def _others(
    catalogue: Catalogue, question: str | None, refused: Sequence[str]
) -> tuple[Procedure, ...]:
    """Return what else a question may mean: the siblings of a refused variant come first."""
    if question is None or len(refused) > _MOST_REFUSED:
        return ()
    hits = catalogue.index.search(question, limit=_LOOKED_AT)
    gone = {catalogue.procedures[item].family for item in refused if item in catalogue.procedures}
    rest = [family for family in hits.families if family.slug not in gone]
    left = sum(family.probability for family in rest) + hits.none
    likely = [
        item
        for item in rest
        if item.probability >= _PLAUSIBLE * left or item.features.get("coverage", 0.0) >= _ALL
    ]
    siblings = [
        match.procedure
        for family in hits.families
        if gone == {family.slug}
        for match in family.matches
    ]
    found = [*siblings, *(_likeliest(hits, family) for family in likely)]
    fresh = [
        item
        for item in found
        if item.id not in refused and item.status.state is not State.REPLACED
    ]
    return tuple(fresh[:CHOICES])


def _likeliest(hits: Hits, family: FamilyMatch) -> Procedure:
    members = [match.procedure for match in family.matches]
    wanted = [item for item in members if item.variant in hits.query.variants[:1]]
    return wanted[0] if wanted else representative(members)


def _looks_at_list(message: Message) -> bool:
    kinds = {Key.parse(choice).kind for choice in message.slots.get("choices") or ()}
    return not kinds.isdisjoint((FIELD, FAMILY))


def _misses(message: Message) -> int:
    return int(message.slots.get("misses") or 0)


def _noting(answer: Answer, values: dict[str, object]) -> Answer:
    return replace(answer, remember={**answer.remember, **values})
