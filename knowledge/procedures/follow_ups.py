"""Messages that go on with what was talked about, or come back to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from knowledge.procedures.features import ALL_KNOWN
from knowledge.procedures.model import Procedure
from knowledge.procedures.picking import CHOICES, Picker
from knowledge.procedures.reading import Query
from knowledge.procedures.resolution import Ambiguous, NotMentioned, Resolution, Resolved
from knowledge.procedures.search import Hits, ProcedureIndex
from knowledge.vietnamese import search_key

DOUBTED = 0.5
"""From this doubt on of the model a message may well be none of our business."""
_FEW_BESIDE = 2
"""So many words beside a particular of one of the choices do not hide which is meant."""
KEEP_TOPIC = 0.4
"""A family that was talked about is still meant with this share of the first one's probability."""
_LEAST_FOR_TOPIC = 0.05
_RETURN = 0.1
"""The same for one that was talked about earlier, where a message comes back to something."""
CLEARLY_OTHER = 0.6
"""From this probability on another family is named, whatever act goes with it."""


def returned(index: ProcedureIndex, hits: Hits, earlier: Sequence[Procedure]) -> Resolution | None:
    """Return the latest of the procedures talked about earlier that a message may name."""
    likeliest = max((family.by_itself for family in hits.families), default=0.0)
    named = {it.slug for it in hits.families if it.by_itself >= _RETURN * likeliest}
    for procedure in earlier:
        if not hits.query.content or procedure.family in named:
            picker = Picker(index, hits.query, procedure)
            return picker.pick(index.members(procedure.family, hits.query))
    return None


def sibling(picker: Picker, choices: Sequence[Procedure]) -> Resolution | None:
    """Return what a message means that says no more than a particular: "còn bán buôn?"."""
    query, index = picker.query, picker.index
    named = _said_of_one(query, choices)
    if named and not picker.asks:
        return Resolved(named, goes_on=True)
    said = query.particulars
    beside = [token for token in query.content if token.key not in said.keys]
    settled = [item for item in choices if said.settles(index.particulars_of(item))]
    if said and len(settled) == 1 and len(beside) <= _FEW_BESIDE:
        return Resolved(settled[0], goes_on=True)
    if not said or beside or not picker.before:
        return None
    slug = index.sibling_family(picker.before, query)
    found = picker.pick(index.members(slug, query)) if slug else None
    return replace(found, goes_on=True) if isinstance(found, Resolved) else found


def _said_of_one(query: Query, choices: Sequence[Procedure]) -> Procedure | None:
    """Return the choice in whose official name alone all stands that a message says."""
    keys = f" {' '.join(token.key for token in query.tokens)} "
    saying = [item for item in choices if keys in f" {search_key(item.name)} "]
    return saying[0] if len(saying) == 1 and len(query.tokens) > 1 else None


def follow_up(picker: Picker, choices: Sequence[Procedure]) -> Resolution:
    """Return what a message is about that names nothing: what was offered, or told last."""
    if len(choices) > 1:
        return Ambiguous(tuple(choices[:CHOICES]))
    about = choices[0] if choices else picker.before
    if about is None:
        return NotMentioned()
    variants = picker.query.variants
    if not variants or about.variant in variants:
        return Resolved(about, from_context=True)
    family = picker.index.family_with_act(about, variants[0]) or about.family
    return picker.pick(picker.index.members(family, picker.query))


def keeps_topic(before: Procedure, hits: Hits) -> bool:
    """Whether a message may well be about what was talked about last."""
    likeliest = max((family.by_itself for family in hits.families), default=0.0)
    least = max(KEEP_TOPIC * likeliest, _LEAST_FOR_TOPIC)
    return any(
        family.slug == before.family and family.by_itself >= least for family in hits.families
    )


def names_other_act(picker: Picker, before: Procedure, hits: Hits, doubt: float) -> bool:
    """Whether a message names an act on what was talked about, and nothing else clearly.

    Where the model has its doubts, all that it names must be known of what was talked about.
    """
    clear = any(family.by_itself >= CLEARLY_OTHER for family in hits.families)
    members = picker.index.members(before.family, hits.query)
    known = any(member.likeness.coverage >= ALL_KNOWN for member in members)
    return not clear and (known or doubt < DOUBTED) and bool(picker.worded(members))
