"""What has happened to a dossier so far (tiến trình xử lý), the oldest first.

Days that the source gives come first; a status that was only noticed at an import is marked so,
and the one a dossier came in with is left out: nobody knows when it began.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from knowledge.dossiers.dates import LOCAL_ZONE
from knowledge.dossiers.dossier import Dossier, DossierFound, Step
from knowledge.dossiers.status import Status

MOST_EVENTS = 8


class EventKind(StrEnum):
    """What can have happened."""

    RECEIVED = "received"
    SUPPLEMENT_ASKED = "supplement_asked"
    SUPPLEMENT_ANSWERED = "supplement_answered"
    RESOLVED = "resolved"
    RETURNED = "returned"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened; `status` only of a `STATUS`."""

    day: date
    kind: EventKind
    status: Status | None = None
    desk: str | None = None
    noted: bool = False
    """Whether the day is that of an import that noticed it."""


_SAME = {
    Status.RECEIVED: EventKind.RECEIVED,
    Status.SUPPLEMENT_REQUESTED: EventKind.SUPPLEMENT_ASKED,
    Status.DONE: EventKind.RESOLVED,
    Status.RETURNED: EventKind.RETURNED,
}
"""Statuses that say the same as a day that the source gives."""


def timeline(found: DossierFound) -> tuple[Event, ...]:
    """Return the last events of a dossier, the oldest first."""
    told = list(_told(found.dossier))
    kinds = {event.kind for event in told}
    steps = [step for step in _steps(found) if _SAME.get(step.status) not in kinds]
    events = sorted([*told, *map(_event, steps)], key=lambda event: event.day)
    return tuple(events[-MOST_EVENTS:])


def _told(dossier: Dossier) -> Iterator[Event]:
    if dossier.received_on:
        yield Event(dossier.received_on, EventKind.RECEIVED)
    for item in dossier.supplements:
        if item.asked_on:
            yield Event(item.asked_on, EventKind.SUPPLEMENT_ASKED)
        if item.answered_on:
            yield Event(item.answered_on, EventKind.SUPPLEMENT_ANSWERED)
    if dossier.resolved_on:
        yield Event(dossier.resolved_on, EventKind.RESOLVED)
    if dossier.returned_on:
        yield Event(dossier.returned_on, EventKind.RETURNED)


def _steps(found: DossierFound) -> Sequence[Step]:
    """Return the steps worth telling: no status twice in a row, none of unknown beginning."""
    noted = [step for step in found.steps if step.happened_at is None]
    kept: list[Step] = []
    for step in found.steps:
        again = kept and kept[-1].status is step.status and kept[-1].desk == step.desk
        if step not in noted[:1] and not again:
            kept.append(step)
    return kept


def _event(step: Step) -> Event:
    moment = step.happened_at or step.noted_at
    day = moment.astimezone(LOCAL_ZONE).date()
    return Event(day, EventKind.STATUS, step.status, step.desk, noted=step.happened_at is None)
