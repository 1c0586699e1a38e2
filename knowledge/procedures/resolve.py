"""Decide which procedure a message means, given what was talked about before."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.procedures.features import ALL_KNOWN
from knowledge.procedures.follow_ups import (
    DOUBTED,
    follow_up,
    keeps_topic,
    names_other_act,
    returned,
    sibling,
)
from knowledge.procedures.model import Procedure
from knowledge.procedures.parts import pieces
from knowledge.procedures.picking import CHOICES, Picker
from knowledge.procedures.ranking import IN_NAME
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
TOPIC_LEAD = 1.2
"""The same for a message that names no more than several families share, in a conversation."""
OVER_NONE = 1.0
"""How many times likelier than "none of ours" it must be."""
OFFER = 0.04
"""With this share of the probability of all that is ours a family is offered as a choice."""
NONE = 0.45
"""From this probability on nothing of the knowledge base is meant."""
CLEAR = 0.85
"""With this share of the probability of all that is ours one of two families is clearly meant."""
_FEW = 2
_MANY = 3
"""So many families have all that a message names in their names: it is too general to take one."""
_HALF_KNOWN = 0.6
_STRAY_WORDS = 2
"""So many words beside a follow-up name no topic of their own."""
_A_WORD_OR_TWO = 3
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
    if earlier and index.wording.returns(hits.query.tokens):
        again = returned(index, hits, [it for it in earlier if it != before])
        if again:
            return again
    words = hits.query.tokens
    picker = Picker(
        index,
        hits.query,
        before,
        index.wording.goes_on(words),
        index.wording.asks_by_itself(words),
    )
    of_topic = sibling(picker, choices)
    if of_topic:
        return of_topic
    if not hits.query.content:
        return follow_up(picker, choices)
    other_act = before and names_other_act(picker, before, hits, doubt)
    if before and (other_act or keeps_topic(before, hits)):
        return picker.pick(index.members(before.family, hits.query))
    if not hits.families or _is_foreign(hits, doubt):
        return _unclear(picker, choices, doubt)
    if _leads(hits) and (not _is_general(hits) or (near and _leads_by_topic(hits))):
        return picker.pick(hits.families[0].matches)
    clear = None if near else _said_in_one_piece(index, text, doubt)
    return clear or Ambiguous(_one_of_each(picker, hits))


def _said_in_one_piece(index: ProcedureIndex, text: str, doubt: float) -> Resolved | None:
    """Return what one of several pieces of a question names, where the others name nothing.

    The others tell of what is beside the point, and hide it where all is read as one.
    """
    parts = pieces(text)
    if len(parts) == 1:
        return None
    found = [resolve(index, part, doubt=doubt) for part in parts]
    clear = [it for it in found if isinstance(it, Resolved)]
    others = [it for it in found if isinstance(it, Ambiguous)]
    return clear[0] if len(clear) == 1 and not others else None


def _leads(hits: Hits) -> bool:
    first, *others = hits.families
    second = others[0].probability if others else 0.0
    return first.probability >= max(TAKE, LEAD * second, OVER_NONE * hits.none)


def _leads_by_topic(hits: Hits) -> bool:
    """Whether what was talked about or offered makes one of several families the likeliest."""
    first, *others = hits.families
    return not others or first.probability >= TOPIC_LEAD * others[0].probability


def _is_general(hits: Hits) -> bool:
    """Whether a message says no more than the names of several families share: "hóa chất"."""
    words = {token.key for token in hits.query.content}
    if len(words) > _FEW_WORDS or hits.families[0].named:
        return False
    ours = sum(family.probability for family in hits.families)
    few = _FEW if hits.families[0].probability < CLEAR * ours else _MANY
    return len(_sharing(hits)) >= few


def _sharing(hits: Hits) -> list[FamilyMatch]:
    """Return the families in whose official names all stands that a message names.

    They have the act and the particular that it words, if any of them has.
    """
    sharing = [family for family in hits.families if family.features.get(IN_NAME)]
    acting = [family for family in sharing if not family.features["lacks_variant"]]
    settled = [family for family in acting if family.settled]
    return settled or acting or sharing


def _is_foreign(hits: Hits, doubt: float) -> bool:
    """Whether nothing of ours is meant, or the model doubts and little that is said is known."""
    if hits.none >= NONE:
        return not _is_ours_in_general(hits, doubt)
    return doubt >= DOUBTED and hits.families[0].features["coverage"] < _HALF_KNOWN


def _is_ours_in_general(hits: Hits, doubt: float) -> bool:
    """Whether a few words are all known to several families, as "khuyến mại" is.

    Many topics of others may share such a word; the model does not take it for one of them.
    """
    words = {token.key for token in hits.query.content}
    knowing = sum(family.features["coverage"] >= ALL_KNOWN for family in hits.families)
    return len(words) <= _A_WORD_OR_TWO and doubt < DOUBTED and knowing > 1


def _by_code(hits: Hits) -> Resolution:
    found = tuple(family.matches[0].procedure for family in hits.families if not family.slug)
    if not found:
        return Unknown()
    return Resolved(found[0]) if len(found) == 1 else Ambiguous(found[:CHOICES])


def _unclear(picker: Picker, choices: Sequence[Procedure], doubt: float) -> Resolution:
    # A stray word beside a follow-up ("còn lệ phí, sếp?", "mấy tiếng thì duyệt") is no topic.
    query = picker.query
    stray = len(query.content) <= 1 and not query.known
    asking = picker.asks and len(query.content) <= _STRAY_WORDS and doubt < DOUBTED
    if (picker.before or choices) and (stray or asking):
        return follow_up(picker, choices)
    return Unknown()


def _one_of_each(picker: Picker, hits: Hits) -> tuple[Procedure, ...]:
    ours = sum(family.probability for family in hits.families)
    likely = [family for family in hits.families if family.probability >= OFFER * ours]
    if hits.families and _is_general(hits):
        likely += [family for family in _sharing(hits) if family not in likely]
    alive = [family for family in likely if family.worth_asking]
    likely = alive if len(alive) > 1 else likely
    return tuple(_likeliest(picker, family) for family in (likely or hits.families)[:CHOICES])


def _likeliest(picker: Picker, family: FamilyMatch) -> Procedure:
    picked = picker.pick(family.matches)
    return picked.procedure if isinstance(picked, Resolved) else family.matches[0].procedure
