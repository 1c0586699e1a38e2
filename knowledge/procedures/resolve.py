"""Decide which procedure a message means, given what was talked about before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.procedures.model import Procedure, State, Variant
from knowledge.procedures.search import Hits, Match, ProcedureIndex

ACCEPT = 0.50
"""From this score on a procedure is taken without asking, if it leads clearly."""
LEAD = 0.035
"""How far the first family must lie ahead of the second to be taken without asking."""
LEAD_OF_FEW_WORDS = 0.08
"""The same where the message names hardly more than a word or two, which many may share."""
OFFER = 0.36
"""From this score on procedures are offered as choices."""
CHOICES = 3
COVERAGE = 0.5
"""How much of what a message names the procedure must know, however alike the names are."""
LEAST_COVERAGE = 0.3
"""From this share on a procedure with a very like name is still offered, never taken."""
_FEW_WORDS = 2
_SIBLING_LEAD = 0.06
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


def resolve(index: ProcedureIndex, text: str, *, context: str | None = None) -> Resolution:
    """Return which procedure `text` means; `context` is the id talked about last."""
    hits = index.search(text)
    before = index.procedures.get(context) if context else None
    if hits.query.codes:
        return _by_code(hits)
    if not hits.query.content:
        return _follow_up(index, hits, before)
    doubtful = _covering(index, hits, LEAST_COVERAGE)
    hits = _covering(index, hits, COVERAGE)
    if not hits.families and doubtful.best >= ACCEPT:
        return Ambiguous(_one_of_each(index, doubtful))
    if not hits.families:
        return _unclear(index, hits, before)
    if before and _refers_to(before, hits):
        return _pick(index, hits, _family(index, before), before)
    lead = LEAD if len(hits.query.content) > _FEW_WORDS else LEAD_OF_FEW_WORDS
    if hits.best >= ACCEPT and hits.margin >= lead:
        return _pick(index, hits, hits.families[0], before)
    return Ambiguous(_one_of_each(index, hits))


def _covering(index: ProcedureIndex, hits: Hits, share: float) -> Hits:
    """Keep the families that are alike enough and know a share of what the message names."""
    kept = (
        family
        for family in hits.families
        if family[0].score >= OFFER
        and index.coverage(hits.query, family[0].procedure.family) >= share
    )
    return Hits(hits.query, tuple(kept))


def _by_code(hits: Hits) -> Resolution:
    found = tuple(family[0].procedure for family in hits.families if family[0].score == 1.0)
    if not found:
        return Unknown()
    return Resolved(found[0]) if len(found) == 1 else Ambiguous(found[:CHOICES])


def _follow_up(index: ProcedureIndex, hits: Hits, before: Procedure | None) -> Resolution:
    if before is None:
        return NotMentioned()
    if hits.query.variant in (None, before.variant):
        return Resolved(before, from_context=True)
    return _pick(index, hits, _family(index, before), before)


def _unclear(index: ProcedureIndex, hits: Hits, before: Procedure | None) -> Resolution:
    # One stray word beside a follow-up ("còn lệ phí, sếp?") is no topic.
    if before and len(hits.query.content) <= 1 and not hits.query.known:
        return _follow_up(index, hits, before)
    return Unknown()


def _refers_to(before: Procedure, hits: Hits) -> bool:
    leaders = [family for family in hits.families if family[0].score >= hits.best - LEAD]
    return any(family[0].procedure.family == before.family for family in leaders)


def _family(index: ProcedureIndex, member: Procedure) -> tuple[Match, ...]:
    siblings = (item for item in index.procedures.values() if item.family == member.family)
    return tuple(Match(item, 0.0) for item in siblings)


def _pick(
    index: ProcedureIndex, hits: Hits, family: tuple[Match, ...], before: Procedure | None
) -> Resolution:
    """Pick the procedure of a family that the wording of the question means."""
    matches = _with_all_siblings(index, family)
    wanted = _of_variant(matches, hits.query.variant)
    if hits.query.variant and not wanted:
        return Ambiguous(tuple(match.procedure for match in matches[:CHOICES]))
    if wanted:
        return _clear_leader(wanted)
    same = [match for match in matches if before and match.procedure.id == before.id]
    if same:
        return Resolved(same[0].procedure, from_context=True)
    first_issue = [match for match in matches if match.procedure.variant in _FIRST_ISSUE]
    return _clear_leader(first_issue or matches)


def _with_all_siblings(index: ProcedureIndex, family: tuple[Match, ...]) -> list[Match]:
    found = {match.procedure.id: match for match in family}
    for sibling in _family(index, family[0].procedure):
        found.setdefault(sibling.procedure.id, sibling)
    return sorted(found.values(), key=lambda match: -match.score)


def _of_variant(matches: Sequence[Match], variant: Variant | None) -> list[Match]:
    if variant is None:
        return []
    wanted = [match for match in matches if match.procedure.variant is variant]
    if wanted:
        return wanted
    if variant is Variant.CAP_MOI:
        return [match for match in matches if match.procedure.variant in _FIRST_ISSUE]
    if variant is Variant.GIA_HAN:  # many licences are issued again when they expire
        return [match for match in matches if match.procedure.variant is Variant.CAP_LAI]
    return []


def _clear_leader(matches: Sequence[Match]) -> Resolution:
    alive = [m for m in matches if m.procedure.status.state is not State.REPLACED] or list(matches)
    if len(alive) == 1 or alive[0].score - alive[1].score >= _SIBLING_LEAD:
        return Resolved(alive[0].procedure)
    return Ambiguous(tuple(match.procedure for match in alive[:CHOICES]))


def _one_of_each(index: ProcedureIndex, hits: Hits) -> tuple[Procedure, ...]:
    choices = []
    for family in hits.families:
        picked = _pick(index, hits, family, None)
        choices.append(picked.procedure if isinstance(picked, Resolved) else family[0].procedure)
    return tuple(choices[:CHOICES])
