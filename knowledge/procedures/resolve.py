"""Decide which procedure a message means, given what was talked about before."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.procedures.model import Procedure
from knowledge.procedures.picking import CHOICES, Picker
from knowledge.procedures.resolution import (
    Ambiguous,
    NotMentioned,
    Resolution,
    Resolved,
    Unknown,
)
from knowledge.procedures.search import FamilyMatch, Hits, ProcedureIndex

__all__ = ["CHOICES", "Ambiguous", "NotMentioned", "Resolution", "Resolved", "Unknown", "resolve"]

TAKE = 0.3
"""From this probability on a family is taken without asking, if it leads."""
LEAD = 1.1
"""How many times likelier than the next the first family must be, to be taken."""
OVER_NONE = 1.0
"""How many times likelier than "none of ours" it must be."""
OFFER = 0.04
"""With this share of the probability of all that is ours a family is offered as a choice."""
NONE = 0.6
"""From this probability on nothing of the knowledge base is meant."""
_KEEP_TOPIC = 0.4
"""A family that was talked about is still meant with this share of the first one's probability."""
_LEAST_FOR_TOPIC = 0.05
_RETURN = 0.1
"""The same for one that was talked about earlier, where a message comes back to something."""
_CLEARLY_OTHER = 0.6
"""From this probability on another family is named, whatever act goes with it."""
_CLEAR = 0.9
"""With this share of the probability of all that is ours a message is not too general."""
_ALL = 0.97
_MANY = 4
"""So many families know all that a message names: it is too general to take one."""
_A_WORD_OR_TWO = 3
_DOUBTED = 0.5
_FEW_WORDS = 6
"""A message that names more is not too general."""


def resolve(
    index: ProcedureIndex,
    text: str,
    *,
    context: str | None = None,
    offered: Sequence[str] = (),
    talked: Sequence[str] = (),
    doubt: float = 0.0,
) -> Resolution:
    """Return which procedure `text` means.

    `context` is the id talked about last, `talked` are those talked about before it, and
    `offered` those that were offered as choices.
    `doubt`, 0 to 1, is how sure the language model is that the message is none of our business.
    """
    before = index.procedures.get(context) if context else None
    choices = tuple(index.procedures[item] for item in offered if item in index.procedures)
    near = [*choices, *([before] if before else ())]
    hits = index.search(text, doubt=doubt, near=near)
    if hits.query.codes:
        return _by_code(hits)
    earlier = [index.procedures[it] for it in reversed(talked) if it in index.procedures]
    if earlier and index.returns(text):
        returned = _returned(index, hits, [it for it in earlier if it != before])
        if returned:
            return returned
    picker = Picker(index, hits.query, before, index.goes_on(text))
    if not hits.query.content:
        return _follow_up(picker, choices)
    other_act = before and doubt < _DOUBTED and _other_act(picker, before, hits)
    if before and (other_act or _keeps_topic(before, hits)):
        return picker.pick(index.members(before.family, hits.query))
    if not hits.families or (hits.none >= NONE and not _is_ours_in_general(hits, doubt)):
        return _unclear(picker, choices)
    if _leads(hits) and not _is_general(hits):
        return picker.pick(hits.families[0].matches)
    return Ambiguous(_one_of_each(picker, hits))


def _returned(
    index: ProcedureIndex, hits: Hits, earlier: Sequence[Procedure]
) -> Resolution | None:
    """Return the latest of the procedures talked about earlier that a message may name."""
    likeliest = max((family.by_itself for family in hits.families), default=0.0)
    named = {it.slug for it in hits.families if it.by_itself >= _RETURN * likeliest}
    for procedure in earlier:
        if not hits.query.content or procedure.family in named:
            picker = Picker(index, hits.query, procedure)
            return picker.pick(index.members(procedure.family, hits.query))
    return None


def _leads(hits: Hits) -> bool:
    first, *others = hits.families
    second = others[0].probability if others else 0.0
    return first.probability >= max(TAKE, LEAD * second, OVER_NONE * hits.none)


def _is_general(hits: Hits) -> bool:
    """Whether a message says no more than several families share, as "hóa chất" does."""
    words = {token.key for token in hits.query.content}
    ours = sum(family.probability for family in hits.families)
    if hits.families[0].probability >= _CLEAR * ours or len(words) > _FEW_WORDS:
        return False
    return sum(family.features["coverage"] >= _ALL for family in hits.families) >= _MANY


def _is_ours_in_general(hits: Hits, doubt: float) -> bool:
    """Whether a few words are all known to several families, as "khuyến mại" is.

    Many topics of others may share such a word; the model does not take it for one of them.
    """
    words = {token.key for token in hits.query.content}
    knowing = sum(family.features["coverage"] >= _ALL for family in hits.families)
    return len(words) <= _A_WORD_OR_TWO and doubt < _DOUBTED and knowing > 1


def _by_code(hits: Hits) -> Resolution:
    found = tuple(family.matches[0].procedure for family in hits.families if not family.slug)
    if not found:
        return Unknown()
    return Resolved(found[0]) if len(found) == 1 else Ambiguous(found[:CHOICES])


def _follow_up(picker: Picker, choices: Sequence[Procedure]) -> Resolution:
    """Return what a message is about that names nothing: what was offered, or told last."""
    if len(choices) > 1:
        return Ambiguous(tuple(choices[:CHOICES]))
    about = choices[0] if choices else picker.before
    if about is None:
        return NotMentioned()
    variants = picker.query.variants
    if not variants or about.variant in variants:
        return Resolved(about, from_context=True)
    return picker.pick(picker.index.members(about.family, picker.query))


def _unclear(picker: Picker, choices: Sequence[Procedure]) -> Resolution:
    # One stray word beside a follow-up ("còn lệ phí, sếp?") is no topic.
    query = picker.query
    if (picker.before or choices) and len(query.content) <= 1 and not query.known:
        return _follow_up(picker, choices)
    return Unknown()


def _keeps_topic(before: Procedure, hits: Hits) -> bool:
    likeliest = max((family.by_itself for family in hits.families), default=0.0)
    least = max(_KEEP_TOPIC * likeliest, _LEAST_FOR_TOPIC)
    return any(
        family.slug == before.family and family.by_itself >= least for family in hits.families
    )


def _other_act(picker: Picker, before: Procedure, hits: Hits) -> bool:
    """Whether a message names an act on what was talked about, and nothing else clearly."""
    clear = any(family.by_itself >= _CLEARLY_OTHER for family in hits.families)
    members = picker.index.members(before.family, hits.query)
    return not clear and bool(picker.worded(members))


def _one_of_each(picker: Picker, hits: Hits) -> tuple[Procedure, ...]:
    ours = sum(family.probability for family in hits.families)
    likely = [family for family in hits.families if family.probability >= OFFER * ours]
    return tuple(_likeliest(picker, family) for family in (likely or hits.families)[:CHOICES])


def _likeliest(picker: Picker, family: FamilyMatch) -> Procedure:
    picked = picker.pick(family.matches)
    return picked.procedure if isinstance(picked, Resolved) else family.matches[0].procedure
