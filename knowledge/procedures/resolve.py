"""Decide which procedure a message means, given what was talked about before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.procedures.model import Procedure, State, Variant
from knowledge.procedures.reading import Query
from knowledge.procedures.search import FamilyMatch, Hits, Match, ProcedureIndex

TAKE = 0.3
"""From this probability on a family is taken without asking, if it leads."""
LEAD = 1.2
"""How many times likelier than the next the first family must be, to be taken."""
OVER_NONE = 1.0
"""How many times likelier than "none of ours" it must be."""
OFFER = 0.04
"""From this probability on a family is offered as a choice."""
NONE = 0.6
"""From this probability on nothing of the knowledge base is meant."""
CHOICES = 3
_KEEP_TOPIC = 0.4
"""A family that was talked about is still meant with this share of the first one's probability."""
_LEAST_FOR_TOPIC = 0.05
_CLEARLY_OTHER = 0.6
"""From this probability on another family is named, whatever act goes with it."""
_CLEAR = 0.85
"""From this probability on a message is not too general."""
_ALL = 0.97
_MANY = 3
"""So many families know all that a message names: it is too general to take one."""
_FEW_WORDS = 6
"""A message that names more is not too general."""
_SIBLING_LEAD = 0.03
_OTHER_LEAD = 0.12
"""How much more of a question another variant must know, to be meant without a cue of it."""
_INSTEAD = {
    Variant.GIA_HAN: (Variant.CAP_LAI,),
    Variant.CAP_LAI: (Variant.SUA_DOI,),
    Variant.SUA_DOI: (Variant.CAP_LAI,),
}
"""What serves where a licence has no such act: many are issued again when they expire."""
_FIRST_ISSUE = (Variant.CAP_MOI, Variant.DANG_KY, Variant.THONG_BAO, Variant.PHE_DUYET)


@dataclass(frozen=True, slots=True)
class Resolved:
    """One procedure is meant."""

    procedure: Procedure
    from_context: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several may be meant; ask back with these, best first."""

    choices: tuple[Procedure, ...]


@dataclass(frozen=True, slots=True)
class NotMentioned:
    """The message names no procedure, and none was talked about."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message names something that the knowledge base does not have."""


Resolution = Resolved | Ambiguous | NotMentioned | Unknown


def resolve(
    index: ProcedureIndex,
    text: str,
    *,
    context: str | None = None,
    offered: Sequence[str] = (),
    doubt: float = 0.0,
) -> Resolution:
    """Return which procedure `text` means.

    `context` is the id talked about last, `offered` are the ids that were offered as choices.
    `doubt`, 0 to 1, is how sure the language model is that the message is none of our business.
    """
    before = index.procedures.get(context) if context else None
    near = [index.procedures[item] for item in (*offered, context) if item in index.procedures]
    hits = index.search(text, doubt=doubt, near=near)
    if hits.query.codes:
        return _by_code(hits)
    if not hits.query.content:
        return _follow_up(index, hits, before)
    if before and _keeps_topic(before, hits):
        return _pick(hits, index.members(before.family, hits.query), before)
    if before and _other_act(index, before, hits):
        return _pick(hits, index.members(before.family, hits.query), before)
    if not hits.families or hits.none >= NONE:
        return _unclear(index, hits, before)
    if _leads(hits) and not _is_general(hits):
        return _pick(hits, hits.families[0].matches, before)
    return Ambiguous(_one_of_each(hits))


def _leads(hits: Hits) -> bool:
    first, *others = hits.families
    second = others[0].probability if others else 0.0
    return first.probability >= max(TAKE, LEAD * second, OVER_NONE * hits.none)


def _is_general(hits: Hits) -> bool:
    """Whether a message says no more than several families share, as "hóa chất" does."""
    words = {token.key for token in hits.query.content}
    if hits.families[0].probability >= _CLEAR or len(words) > _FEW_WORDS:
        return False
    return sum(family.features["coverage"] >= _ALL for family in hits.families) >= _MANY


def _by_code(hits: Hits) -> Resolution:
    found = tuple(family.matches[0].procedure for family in hits.families if not family.slug)
    if not found:
        return Unknown()
    return Resolved(found[0]) if len(found) == 1 else Ambiguous(found[:CHOICES])


def _follow_up(index: ProcedureIndex, hits: Hits, before: Procedure | None) -> Resolution:
    if before is None:
        return NotMentioned()
    if not hits.query.variants or before.variant in hits.query.variants:
        return Resolved(before, from_context=True)
    return _pick(hits, index.members(before.family, hits.query), before)


def _unclear(index: ProcedureIndex, hits: Hits, before: Procedure | None) -> Resolution:
    # One stray word beside a follow-up ("còn lệ phí, sếp?") is no topic.
    if before and len(hits.query.content) <= 1 and not hits.query.known:
        return _follow_up(index, hits, before)
    return Unknown()


def _keeps_topic(before: Procedure, hits: Hits) -> bool:
    likeliest = max((family.by_itself for family in hits.families), default=0.0)
    least = max(_KEEP_TOPIC * likeliest, _LEAST_FOR_TOPIC)
    return any(
        family.slug == before.family and family.by_itself >= least for family in hits.families
    )


def _other_act(index: ProcedureIndex, before: Procedure, hits: Hits) -> bool:
    """Whether a message names an act on what was talked about, and nothing else clearly."""
    clear = any(family.by_itself >= _CLEARLY_OTHER for family in hits.families)
    members = index.members(before.family, hits.query)
    return bool(hits.query.variants) and not clear and bool(_worded(members, hits.query))


def _pick(hits: Hits, matches: Sequence[Match], before: Procedure | None) -> Resolution:
    """Pick the procedure of a family that the wording of the question means."""
    wanted = _worded(matches, hits.query) or _hinted(matches, hits.query)
    if wanted:
        return _clear_leader(wanted)
    if hits.query.variants:
        return Ambiguous(tuple(match.procedure for match in matches[:CHOICES]))
    same = [match for match in matches if before and match.procedure.id == before.id]
    if same:
        return Resolved(same[0].procedure, from_context=True)
    first_issue = [match for match in matches if match.procedure.variant in _FIRST_ISSUE]
    return _clear_leader(_fitting(first_issue, matches))


def _fitting(first_issue: Sequence[Match], matches: Sequence[Match]) -> Sequence[Match]:
    """Return the first issues, unless only another procedure knows words of the question."""
    if not first_issue:
        return matches
    known = max(match.likeness.coverage for match in first_issue)
    other = max(matches, key=lambda match: match.likeness.coverage)
    return [other] if other.likeness.coverage >= known + _OTHER_LEAD else first_issue


def _worded(matches: Sequence[Match], query: Query) -> Sequence[Match]:
    """Return the procedures of the surest variant that the family has, or of one that serves."""
    for variant in query.variants:
        wanted = _of_variant(matches, variant)
        if wanted:
            return wanted
    for variant in query.variants:
        for instead in _INSTEAD.get(variant, ()):
            wanted = _of_variant(matches, instead)
            if wanted:
                return wanted
    return ()


def _of_variant(matches: Sequence[Match], variant: Variant) -> list[Match]:
    wanted = [match for match in matches if match.procedure.variant is variant]
    if not wanted and variant is Variant.CAP_MOI:
        return [match for match in matches if match.procedure.variant in _FIRST_ISSUE]
    return wanted


def _hinted(matches: Sequence[Match], query: Query) -> list[Match]:
    """Return the procedures of a variant that words only hint at, which no first issue uses."""
    first_issue = [match.words for match in matches if match.procedure.variant in _FIRST_ISSUE]
    for variant, keys in query.hints.items():
        wanted = _of_variant(matches, variant)
        if wanted and first_issue and not any(keys <= words for words in first_issue):
            return wanted
    return []


def _clear_leader(matches: Sequence[Match]) -> Resolution:
    alive = [m for m in matches if m.procedure.status.state is not State.REPLACED] or list(matches)
    if len(alive) == 1 or alive[0].likeness.score - alive[1].likeness.score >= _SIBLING_LEAD:
        return Resolved(alive[0].procedure)
    return Ambiguous(tuple(match.procedure for match in alive[:CHOICES]))


def _one_of_each(hits: Hits) -> tuple[Procedure, ...]:
    return tuple(
        _likeliest(hits, family) for family in hits.families if family.probability >= OFFER
    )[:CHOICES]


def _likeliest(hits: Hits, family: FamilyMatch) -> Procedure:
    picked = _pick(hits, family.matches, None)
    return picked.procedure if isinstance(picked, Resolved) else family.matches[0].procedure
