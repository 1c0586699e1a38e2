"""When a dossier is due (ngày hẹn trả): as its source says, else by the procedure's time limit.

The rule, which answers show: the day of receipt is not counted. Limits in working days count
working days; limits in days count every day, and one that ends on a day off ends on the next
working day; eight working hours are one working day. Days while the applicant has to supply
papers are not counted: those after the request up to and including the answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from knowledge.dossiers.dossier import Dossier
from knowledge.office.calendar import WorkingCalendar
from knowledge.procedures.model import Procedure, ProcessingTime, Unit, Variant
from knowledge.yaml_files import load_yaml

HOURS_A_DAY = 8
"""Working hours of a working day."""
_DAY = timedelta(days=1)


class StepwiseFile(BaseModel):
    """Shape of `stepwise.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    procedures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that are not counted: those after `after`, up to and including `until`."""

    after: date
    until: date

    def covers(self, day: date) -> bool:
        """Whether a day is not counted."""
        return self.after < day <= self.until


@dataclass(frozen=True, slots=True)
class Deadline:
    """A due date and what it rests on; without `times` it is what the source says."""

    on: date | None
    """None while the applicant has to supply papers: the rest runs from the answer on."""
    times: tuple[ProcessingTime, ...] = ()
    pauses: tuple[Pause, ...] = ()
    paused_since: date | None = None
    days_left: int | None = None
    """Working days (or days) that are left once a pause is over, where that can be told."""


class DueDates:
    """Works out due dates with the calendar and the knowledge base's time limits."""

    def __init__(self, calendar: WorkingCalendar, stepwise: frozenset[str] = frozenset()) -> None:
        self._calendar = calendar
        self._stepwise = stepwise

    @classmethod
    def load(cls, data_dir: Path, calendar: WorkingCalendar) -> DueDates:
        """Read which procedures go step by step; raises `DataFileError`."""
        file = load_yaml(data_dir / "dossiers" / "stepwise.yaml", StepwiseFile)
        return cls(calendar, frozenset(file.procedures))

    def of(self, dossier: Dossier, procedure: Procedure | None) -> tuple[Deadline, ...]:
        """Return when a dossier is due, one for each case that it may be; none if unknown."""
        if dossier.due_on:
            return (Deadline(dossier.due_on),)
        received = dossier.received_on
        pauses = _pauses(dossier)
        if received is None or procedure is None or pauses is None:
            return ()
        ways = self.ways(procedure)
        asked = dossier.open_supplement
        if asked is None:
            return self._deadlines(received, ways, pauses)
        if asked.asked_on is None:
            return ()
        return tuple(
            Deadline(
                None,
                way,
                pauses,
                asked.asked_on,
                self._left(received, way, pauses, asked.asked_on),
            )
            for way in ways
        )

    def if_filed(self, procedure: Procedure, day: date) -> tuple[Deadline, ...]:
        """Return when a result is due that is filed on a day, one for each case; none if unknown.

        A dossier that is filed on a day off counts as received on the next working day.
        """
        return self._deadlines(self.receipt(day), self.ways(procedure), ())

    def receipt(self, day: date) -> date:
        """Return the working day on which a dossier counts as received."""
        return self._working_day_from(day)

    def ways(self, procedure: Procedure) -> tuple[tuple[ProcessingTime, ...], ...]:
        """Return the time limits of a procedure: for each case the steps that follow one another.

        The lead time of a notification is no time limit of the authority.
        """
        times = [it for it in procedure.processing if it.value and it.unit]
        if procedure.variant is Variant.THONG_BAO or len(times) != len(procedure.processing):
            return ()
        if procedure.id in self._stepwise:
            return (tuple(times),)
        return tuple((time,) for time in times)

    def end(self, start: date, time: ProcessingTime, pauses: Sequence[Pause] = ()) -> date:
        """Return the last day of a time limit that begins after `start`."""
        wanted = _days_of(time)
        by_calendar = time.unit is Unit.DAY
        days = self._counted(start, pauses, working_only=not by_calendar)
        last = next((day for n, day in enumerate(days, start=1) if n >= wanted), start)
        return self._working_day_from(last) if by_calendar else last

    def _deadlines(
        self,
        received: date,
        ways: Sequence[tuple[ProcessingTime, ...]],
        pauses: tuple[Pause, ...],
    ) -> tuple[Deadline, ...]:
        found = []
        for way in ways:
            day = received
            for time in way:
                day = self.end(day, time, pauses)
            applied = tuple(it for it in pauses if received <= it.after < day)
            found.append(Deadline(day, way, applied))
        alike = len({(it.on, *((time.value, time.unit) for time in it.times)) for it in found})
        return tuple(found[:1] if alike == 1 else found)

    def _left(
        self,
        received: date,
        way: Sequence[ProcessingTime],
        pauses: Sequence[Pause],
        since: date,
    ) -> int | None:
        """Return how many days of a limit are left at a request; unknown for several steps."""
        if len(way) != 1:
            return None
        working_only = way[0].unit is not Unit.DAY
        used = 0
        for day in self._counted(received, pauses, working_only=working_only):
            if day > since:
                break
            used += 1
        return max(_days_of(way[0]) - used, 0)

    def _counted(
        self, start: date, pauses: Sequence[Pause], *, working_only: bool
    ) -> Iterator[date]:
        for n in count(1):
            day = start + _DAY * n
            if any(pause.covers(day) for pause in pauses):
                continue
            if not working_only or self._calendar.is_working_day(day):
                yield day

    def _working_day_from(self, day: date) -> date:
        return next(it for n in count() if self._calendar.is_working_day(it := day + _DAY * n))


def _days_of(time: ProcessingTime) -> int:
    value = time.value or 0
    return math.ceil(value / HOURS_A_DAY if time.unit is Unit.HOUR else value)


def _pauses(dossier: Dossier) -> tuple[Pause, ...] | None:
    """Return the pauses of a dossier; None where one of them has no known beginning or end."""
    found = []
    for item in dossier.supplements:
        if item is dossier.open_supplement:
            continue
        if item.asked_on is None or item.answered_on is None:
            return None
        found.append(Pause(item.asked_on, item.answered_on))
    return tuple(found)
