"""The department: filing places and portals, and what the installation says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from knowledge.office.calendar import WorkingCalendar
from knowledge.yaml_files import load_yaml

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HORIZON_DAYS = 31
Period = Annotated[
    str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")
]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FilingPlace(_File):
    """A desk where dossiers are filed (nơi tiếp nhận)."""

    name: str
    address: str | None = None


class Portal(_File):
    """A public-service portal (cổng dịch vụ công)."""

    name: str
    url: str


class OfficeSource(_File):
    """Where facts of the office were read."""

    title: str
    date: str
    supports: tuple[str, ...]


class OfficeFile(_File):
    """Shape of `offices.yaml`."""

    name: str
    filing_note: str
    filing_places: tuple[FilingPlace, ...]
    portals: tuple[Portal, ...]
    sources: tuple[OfficeSource, ...]


class InstallationFile(_File):
    """Shape of the installation's own office file; what is empty is unknown."""

    phone: str | None = None
    hotline: str | None = None
    email: str | None = None
    website: str | None = None
    opening_hours: dict[str, tuple[Period, ...]] = {}


@dataclass(frozen=True, slots=True)
class OpenNow:
    """The office is open until a moment of the same day."""

    until: datetime


@dataclass(frozen=True, slots=True)
class ClosedUntil:
    """The office is closed; it opens next at a moment, None when that is far off."""

    opens: datetime | None


@dataclass(frozen=True, slots=True)
class HoursUnknown:
    """The installation has not said when the office is open."""


Opening = OpenNow | ClosedUntil | HoursUnknown


@dataclass(frozen=True, slots=True)
class Office:
    """Everything known of the department."""

    facts: OfficeFile
    installation: InstallationFile

    @classmethod
    def load(cls, data_dir: Path, installation_file: Path | None) -> Office:
        """Read the files; raises `DataFileError`."""
        facts = load_yaml(data_dir / "office" / "offices.yaml", OfficeFile)
        own = load_yaml(installation_file, InstallationFile) if installation_file else None
        return cls(facts, own or InstallationFile())

    @property
    def name(self) -> str:
        """Return the name of the department."""
        return self.facts.name

    def ask_at(self) -> str:
        """Return where to ask, in a phrase: the department, its telephone if it is known."""
        own = self.installation
        numbers = [number for number in (own.hotline, own.phone) if number]
        return f"{self.name} ({', '.join(numbers)})" if numbers else self.name

    def opening(self, now: datetime, calendar: WorkingCalendar) -> Opening:
        """Return whether the office is open at a moment, or when it opens next."""
        if not any(self.installation.opening_hours.values()):
            return HoursUnknown()
        for ahead in range(_HORIZON_DAYS):
            for start, end in self._periods(now + timedelta(days=ahead), calendar):
                if start <= now < end:
                    return OpenNow(end)
                if start > now:
                    return ClosedUntil(start)
        return ClosedUntil(None)

    def _periods(
        self, day: datetime, calendar: WorkingCalendar
    ) -> Sequence[tuple[datetime, datetime]]:
        if not calendar.is_working_day(day.date()):
            return ()
        # A weekend day of compensation keeps the hours of an ordinary day of work.
        name = WEEKDAYS[min(day.weekday(), 4)]
        periods = sorted(self.installation.opening_hours.get(name, ()))
        return [(_at(day, period[:5]), _at(day, period[6:])) for period in periods]


def _at(day: datetime, clock: str) -> datetime:
    return datetime.combine(day.date(), time.fromisoformat(clock), tzinfo=day.tzinfo)
