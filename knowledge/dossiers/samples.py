"""Sample dossiers, marked as such, so that a new installation can be tried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from knowledge.dossiers.dossier import Dossier, Supplement
from knowledge.dossiers.status import Status
from knowledge.office.calendar import WorkingCalendar
from knowledge.procedures.catalogue import Catalogue
from knowledge.yaml_files import load_yaml

Day = date | int | None
"""A date, or a number of working days from today."""


class Sample(BaseModel):
    """One line of `samples.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    procedure: str
    status: Status
    applicant: str
    phone_last4: str = "1234"
    """So that the second proof can be tried; samples have no telephone."""
    received: Day = None
    due: Day = None
    resolved: Day = None
    returned: Day = None
    supplement: str | None = None
    supplement_due: Day = None
    fee_due_vnd: int | None = None


class SampleFile(BaseModel):
    """Shape of `samples.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    samples: tuple[Sample, ...]


def sample_dossiers(
    data_dir: Path, catalogue: Catalogue, calendar: WorkingCalendar, today: date
) -> Iterator[Dossier]:
    """Yield the samples as they stand today; raises `DataFileError`."""

    def day(value: Day) -> date | None:
        return _from_today(calendar, today, value) if isinstance(value, int) else value

    for item in load_yaml(data_dir / "dossiers" / "samples.yaml", SampleFile).samples:
        procedure = catalogue.procedures.get(item.procedure)
        yield Dossier(
            code=item.code,
            procedure_id=item.procedure,
            procedure_name=procedure.name if procedure else item.procedure,
            status=item.status,
            applicant_name=item.applicant,
            phone_last4=item.phone_last4,
            received_on=day(item.received),
            due_on=day(item.due),
            resolved_on=day(item.resolved),
            returned_on=day(item.returned),
            supplements=_supplements(item, day(item.received), day(item.supplement_due)),
            fee_due_vnd=item.fee_due_vnd,
            sample=True,
        )


def _supplements(
    item: Sample, asked_on: date | None, due_on: date | None
) -> tuple[Supplement, ...]:
    if item.supplement is None:
        return ()
    return (Supplement(item.supplement, asked_on=asked_on, due_on=due_on),)


def _from_today(calendar: WorkingCalendar, today: date, working_days: int) -> date:
    if working_days >= 0:
        return calendar.add_working_days(today, working_days)
    day = today
    while calendar.working_days_between(day, today) < -working_days:
        day = date.fromordinal(day.toordinal() - 1)
    return day
