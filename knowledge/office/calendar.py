"""Working days: weekends, Viet Nam's public holidays, compensated days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from knowledge.yaml_files import load_yaml

if TYPE_CHECKING:
    from holidays import HolidayBase

_DAY = timedelta(days=1)


class CalendarDay(BaseModel):
    """A correction of the calendar, with the decision it rests on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    note: str
    source: str


class CalendarFile(BaseModel):
    """Shape of `calendar.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days_off: tuple[CalendarDay, ...] = ()
    working_days: tuple[CalendarDay, ...] = ()


class DueState(StrEnum):
    """How a dossier stands against its due date."""

    NO_DUE_DATE = "no_due_date"
    IN_TIME = "in_time"
    DUE_TODAY = "due_today"
    OVERDUE = "overdue"
    RESOLVED_EARLY = "resolved_early"
    RESOLVED_ON_TIME = "resolved_on_time"
    RESOLVED_LATE = "resolved_late"


@dataclass(frozen=True, slots=True)
class Due:
    """The state of a due date and the working days to it, or past it."""

    state: DueState
    working_days: int = 0


@dataclass(slots=True)
class WorkingCalendar:
    """Tells working days from days off (ngày làm việc, ngày nghỉ)."""

    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
    _public: HolidayBase | None = None

    @classmethod
    def load(cls, data_dir: Path) -> WorkingCalendar:
        """Read the corrections of an installation; raises `DataFileError`."""
        file = load_yaml(data_dir / "office" / "calendar.yaml", CalendarFile)
        return cls(
            frozenset(item.date for item in file.days_off),
            frozenset(item.date for item in file.working_days),
        )

    def is_working_day(self, day: date) -> bool:
        """Return whether the office works on a day."""
        if day in self.working_days:
            return True
        return day not in self.days_off and self._public_calendar().is_working_day(day)

    def add_working_days(self, start: date, working_days: int) -> date:
        """Return the n-th working day after `start`, which itself is not counted."""
        if working_days < 1:
            return start
        return next(islice(self._working_days_after(start), working_days - 1, None))

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and including `end`; negative backwards."""
        if end < start:
            return -self.working_days_between(end, start)
        days = (start + _DAY * n for n in range(1, (end - start).days + 1))
        return sum(map(self.is_working_day, days))

    def due(self, due_on: date | None, resolved_on: date | None, today: date) -> Due:
        """Compare a due date with the day of the result, or with today while there is none."""
        if due_on is None:
            return Due(DueState.NO_DUE_DATE)
        distance = self.working_days_between(resolved_on or today, due_on)
        day = resolved_on or today
        if resolved_on:
            if day == due_on:
                return Due(DueState.RESOLVED_ON_TIME)
            state = DueState.RESOLVED_EARLY if day < due_on else DueState.RESOLVED_LATE
            return Due(state, abs(distance))
        if day == due_on:
            return Due(DueState.DUE_TODAY)
        return Due(DueState.IN_TIME if day < due_on else DueState.OVERDUE, abs(distance))

    def _working_days_after(self, start: date) -> Iterator[date]:
        return (day for n in count(1) if self.is_working_day(day := start + timedelta(days=n)))

    def _public_calendar(self) -> HolidayBase:
        if self._public is None:
            # Imported late: the library takes a while and the gateway must start at once.
            import holidays

            self._public = holidays.country_holidays("VN")
        return self._public
