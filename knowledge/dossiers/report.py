"""What came in and what was resolved in a period: the figures of the department's report.

Counted are dossiers that were received (not those that only wait for it or were refused). Every
one of them ends a period in exactly one way, so `carried_over + received` is always
`resolved + withdrawn + undated + pending`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

from knowledge.dossiers.dossier import Dossier
from knowledge.dossiers.due import DueDates
from knowledge.dossiers.status import Status
from knowledge.procedures.catalogue import Catalogue
from knowledge.questions.figures import QuestionReport

_NOT_RECEIVED = (Status.REGISTERED, Status.REFUSED)
_RESOLVED = (Status.DONE, Status.RETURNED)
_HELD = (Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED, Status.STOPPED)


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a report, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a period ends before it begins")

    def months(self) -> Iterator[Period]:
        """Yield the months of the period, the first and the last one cut to it."""
        first = self.first
        while first <= self.last:
            following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            yield Period(first, min(following - timedelta(days=1), self.last))
            first = following


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of dossiers in a period."""

    carried_over: int = 0
    """Received earlier and still pending when the period began (kỳ trước chuyển sang)."""
    received: int = 0
    early: int = 0
    on_time: int = 0
    late: int = 0
    without_due: int = 0
    """Resolved, but nobody knows when they were due."""
    withdrawn: int = 0
    undated: int = 0
    """Resolved on a day that the source does not tell."""
    in_time: int = 0
    """Pending and not yet overdue on the last day."""
    overdue: int = 0
    held: int = 0
    """Pending while the applicant has to act, or stopped (tạm dừng xử lý)."""
    open_without_due: int = 0

    @property
    def resolved(self) -> int:
        """Return how many were resolved in the period."""
        return self.early + self.on_time + self.late + self.without_due

    @property
    def pending(self) -> int:
        """Return how many are pending at its end."""
        return self.in_time + self.overdue + self.held + self.open_without_due


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one field, procedure, month or desk; without a name it is not recorded."""

    name: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period, in all and broken down."""

    period: Period
    as_of: date
    """The day on which pending dossiers are called overdue or not."""
    sample: bool
    """Whether only marked samples were counted, because there is nothing else."""
    total: Figures
    by_field: tuple[Line, ...]
    by_procedure: tuple[Line, ...]
    by_month: tuple[Line, ...]
    by_desk: tuple[Line, ...]
    questions: QuestionReport | None = None
    """What people asked in the period, where that is known."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A received dossier, with what the figures need to know of it."""

    dossier: Dossier
    received_on: date
    due_on: date | None
    field: str | None
    procedure: str


def build_report(
    dossiers: Iterable[Dossier],
    period: Period,
    *,
    today: date,
    due_dates: DueDates,
    catalogue: Catalogue,
) -> Report:
    """Count the dossiers of a period; marked samples count only where there is nothing else."""
    listed = list(dossiers)
    real = [item for item in listed if not item.sample]
    items = list(_received(real or listed, due_dates, catalogue))
    as_of = min(period.last, today)
    return Report(
        period=period,
        as_of=as_of,
        sample=bool(listed) and not real,
        total=_count(items, period, as_of),
        by_field=_lines(items, period, as_of, lambda item: item.field),
        by_procedure=_lines(items, period, as_of, lambda item: item.procedure),
        by_month=tuple(
            Line(f"{month.first:%m/%Y}", _count(items, month, min(month.last, today)))
            for month in period.months()
        ),
        by_desk=_lines(items, period, as_of, lambda item: item.dossier.desk),
    )


def _received(
    dossiers: Iterable[Dossier], due_dates: DueDates, catalogue: Catalogue
) -> Iterator[_Item]:
    names = {field.slug: field.name for field in catalogue.fields.fields}
    for item in dossiers:
        if item.received_on is None or item.status in _NOT_RECEIVED:
            continue
        procedure = catalogue.procedures.get(item.procedure_id or "")
        due = due_dates.of(item, procedure)
        yield _Item(
            item,
            item.received_on,
            due[0].on if len(due) == 1 else None,
            names.get(procedure.field) if procedure else item.field,
            procedure.name if procedure else item.procedure_name,
        )


def _lines(
    items: Sequence[_Item], period: Period, as_of: date, name_of: Callable[[_Item], str | None]
) -> tuple[Line, ...]:
    groups: dict[str | None, list[_Item]] = defaultdict(list)
    for item in items:
        groups[name_of(item)].append(item)
    lines = [Line(name, _count(group, period, as_of)) for name, group in groups.items()]
    present = [line for line in lines if line.figures != Figures()]
    return tuple(sorted(present, key=lambda it: (-it.figures.received, it.name or "")))


def _count(items: Iterable[_Item], period: Period, as_of: date) -> Figures:
    counts: Counter[str] = Counter()
    for item in items:
        ending = _ending(item, period, as_of)
        if ending and item.received_on <= period.last:
            counts[ending] += 1
            counts["received" if item.received_on >= period.first else "carried_over"] += 1
    return Figures(**{it.name: counts[it.name] for it in fields(Figures)})


def _ending(item: _Item, period: Period, as_of: date) -> str | None:
    """Return how a dossier ends the period; None if it ended before the period began."""
    status, done_on = item.dossier.status, item.dossier.done_on
    new = item.received_on >= period.first
    if status is Status.WITHDRAWN:
        return "withdrawn" if new else None
    if status in _RESOLVED:
        if done_on is None:
            return "undated" if new else None
        if done_on < period.first:
            return None
        if done_on <= period.last:
            return _resolved(done_on, item.due_on)
    elif status in _HELD:
        return "held"
    if item.due_on is None:
        return "open_without_due"
    return "overdue" if item.due_on < as_of else "in_time"


def _resolved(done_on: date, due_on: date | None) -> str:
    if due_on is None:
        return "without_due"
    if done_on == due_on:
        return "on_time"
    return "early" if done_on < due_on else "late"
