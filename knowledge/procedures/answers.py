"""What is known of an aspect of a procedure on a day, with the sources that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.model import Aspect, Procedure, Source, Standing, State

_PARTS: Mapping[Aspect, tuple[str, ...]] = {
    Aspect.OVERVIEW: ("status", "name", "agency"),
    Aspect.DOCUMENTS: ("documents", "sets"),
    Aspect.FORMS: ("documents",),
    Aspect.FEE: ("fees",),
    Aspect.PROCESSING_TIME: ("processing",),
    Aspect.WHERE_TO_FILE: ("where", "agency", "level"),
    Aspect.ONLINE_FILING: ("methods", "where"),
    Aspect.CONDITIONS: ("conditions", "applicants"),
    Aspect.LEGAL_BASIS: ("legal_basis", "status"),
    Aspect.RESULT: ("result",),
    Aspect.VALIDITY: ("validity",),
}
_MOST_SOURCES = 3


@dataclass(frozen=True, slots=True)
class AspectAnswer:
    """An aspect of a procedure as it may be told on a day."""

    procedure: Procedure
    aspect: Aspect
    standing: Standing
    known: bool
    """Whether the record has anything on the aspect; if not, that is what is said."""
    sources: tuple[Source, ...]
    sources_of_record: bool
    """The sources support the record as a whole; none names this very part of it."""
    replaced_by: tuple[Procedure, ...]

    @property
    def status_first(self) -> bool:
        """Whether the answer must begin with the state of the procedure."""
        return self.standing.state is not State.CURRENT


def answer(catalogue: Catalogue, procedure: Procedure, aspect: Aspect, day: date) -> AspectAnswer:
    """Put together what is known; nothing is filled in that the record does not have."""
    named = _sources(procedure, aspect)
    return AspectAnswer(
        procedure=procedure,
        aspect=aspect,
        standing=procedure.standing_on(day),
        known=is_known(procedure, aspect),
        sources=named or _newest_first(procedure.sources)[:1],
        sources_of_record=not named,
        replaced_by=tuple(
            catalogue.procedures[item]
            for item in procedure.status.replaced_by
            if item in catalogue.procedures
        ),
    )


def is_known(procedure: Procedure, aspect: Aspect) -> bool:
    """Return whether the record says anything about an aspect."""
    if aspect is Aspect.OVERVIEW:
        return True
    if aspect is Aspect.FORMS:
        return any(document.form for document in procedure.documents)
    if aspect is Aspect.WHERE_TO_FILE:
        return bool(procedure.where)
    if aspect is Aspect.ONLINE_FILING:
        return bool(procedure.methods)
    part = _PARTS[aspect][0]
    return bool(getattr(procedure, part))


def aspect_of_lead_time(catalogue: Catalogue, procedure: Procedure) -> Aspect:
    """Return where the record says how long before something one must file."""
    wording = catalogue.index.wording
    stated = any(wording.states_lead_time(item) for item in procedure.conditions)
    return Aspect.CONDITIONS if stated else Aspect.PROCESSING_TIME


def dated(procedure: Procedure, aspect: Aspect) -> bool:
    """Return whether a dated source names this aspect of the record."""
    return any(source.date for source in _sources(procedure, aspect))


def _sources(procedure: Procedure, aspect: Aspect) -> tuple[Source, ...]:
    part, *others = _PARTS[aspect]
    first = [source for source in procedure.sources if part in source.fields]
    more = [source for source in procedure.sources if set(others) & set(source.fields)]
    return _newest_first(tuple(first or more))[:_MOST_SOURCES]


def _newest_first(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    unique = {(source.title, source.date): source for source in sources}
    return tuple(sorted(unique.values(), key=lambda source: source.date or "", reverse=True))
