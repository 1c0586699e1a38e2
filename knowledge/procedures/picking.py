"""Which procedure of a family a message means: by the act, the situation, the names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.procedures.families import LATER_ACTS
from knowledge.procedures.model import Procedure, State, Variant
from knowledge.procedures.reading import Query
from knowledge.procedures.resolution import Ambiguous, Resolution, Resolved
from knowledge.procedures.search import Match, ProcedureIndex

CHOICES = 3
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
class Picker:
    """Picks among the procedures of a family what a question means."""

    index: ProcedureIndex
    query: Query
    before: Procedure | None = None
    """What was talked about last."""
    goes_on: bool = False
    """Whether the message goes on with what was asked before: "còn … thì sao"."""
    asks: bool = False
    """Whether it words what it asks itself."""

    def pick(self, matches: Sequence[Match]) -> Resolution:
        """Return what is meant of the procedures of a family, the likest names first."""
        wanted = self.worded(matches) or self._hinted(matches) or self._carried_on(matches)
        if wanted:
            return _clear_leader(wanted)
        if self.query.variants:
            related = self._related(matches)
            return related or Ambiguous(tuple(match.procedure for match in matches[:CHOICES]))
        same = [match for match in matches if self.before and match.procedure == self.before]
        if same and not _another_is_named(same[0], matches):
            return Resolved(same[0].procedure, from_context=True)
        first_issue = [match for match in matches if match.procedure.variant in _FIRST_ISSUE]
        return _clear_leader(_fitting(first_issue, matches))

    def worded(self, matches: Sequence[Match]) -> Sequence[Match]:
        """Return those of the surest variant that the family has, or of one that serves."""
        for variant in self.query.variants:
            wanted = _of_variant(matches, variant)
            if wanted:
                return wanted
        for variant in self.query.variants:
            for instead in _INSTEAD.get(variant, ()):
                wanted = _of_variant(matches, instead)
                if wanted:
                    return wanted
        return ()

    def _hinted(self, matches: Sequence[Match]) -> Sequence[Match]:
        """Return those of a variant that words only hint at, and that no first issue uses."""
        first_issue = [it.words for it in matches if it.procedure.variant in _FIRST_ISSUE]
        for variant, keys in self.query.hints.items():
            wanted = _of_variant(matches, variant)
            if wanted and first_issue and not any(keys <= words for words in first_issue):
                return wanted
        return ()

    def _carried_on(self, matches: Sequence[Match]) -> Sequence[Match]:
        """Return those of the act that was talked about, on another licence: "còn …?"."""
        before = self.before
        if (
            self.asks
            or not (self.goes_on and before)
            or before.variant in _FIRST_ISSUE
            or self.query.variants
        ):
            return ()
        if any(match.procedure.family == before.family for match in matches):
            return ()
        return _of_variant(matches, before.variant)

    def _related(self, matches: Sequence[Match]) -> Resolution | None:
        """Return the related procedure of the act, where the family itself has none."""
        related = {
            found.id: found
            for match in matches
            for found in map(self.index.procedures.get, match.procedure.related)
            if found and found.variant in self.query.variants
        }
        if len(related) != 1:
            return None
        return Resolved(next(iter(related.values())))


def _another_is_named(told: Match, matches: Sequence[Match]) -> bool:
    """Whether a message names what only others of the family know: "mẫu GSTP thì sao"."""
    most = max(match.likeness.coverage for match in matches)
    return most >= told.likeness.coverage + _OTHER_LEAD


def _fitting(first_issue: Sequence[Match], matches: Sequence[Match]) -> Sequence[Match]:
    """Return the first issues, unless only another procedure knows words of the question.

    A later act that nothing words is meant only where its official name knows them.
    """
    if not first_issue:
        return matches
    known = max(match.likeness.coverage for match in first_issue)
    official = max(match.likeness.official for match in first_issue)
    others = [
        match
        for match in matches
        if match.procedure.variant not in LATER_ACTS
        or match.likeness.official >= official + _OTHER_LEAD
    ]
    other = max(others, key=lambda match: match.likeness.coverage, default=first_issue[0])
    return [other] if other.likeness.coverage >= known + _OTHER_LEAD else first_issue


def _of_variant(matches: Sequence[Match], variant: Variant) -> list[Match]:
    wanted = [match for match in matches if match.procedure.variant is variant]
    if not wanted and variant is Variant.CAP_MOI:
        return [match for match in matches if match.procedure.variant in _FIRST_ISSUE]
    return wanted


def _clear_leader(matches: Sequence[Match]) -> Resolution:
    alive = [m for m in matches if m.procedure.status.state is not State.REPLACED] or list(matches)
    first, *others = alive
    if not others or first.likeness.score - others[0].likeness.score >= _SIBLING_LEAD:
        return Resolved(first.procedure)
    return Ambiguous(tuple(match.procedure for match in alive[:CHOICES]))
