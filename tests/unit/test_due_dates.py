"""Due dates against an independent calendar: numpy's, and counting day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import holidays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.dossiers.dossier import Dossier, Supplement
from knowledge.dossiers.due import Deadline, DueDates, Pause
from knowledge.dossiers.status import Status
from knowledge.office.calendar import WorkingCalendar
from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.model import Procedure, ProcessingTime, Unit, Variant
from knowledge.settings import SHIPPED_DATA

DAY = timedelta(days=1)
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
DAYS = st.dates(FIRST, date(2027, 2, 28))
WORKING_DAYS = st.integers(1, 60)
SHIPPED = DueDates.load(SHIPPED_DATA, WorkingCalendar.load(SHIPPED_DATA))


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    """Calendars with days off of their own and weekend days that are worked."""
    off = draw(st.frozensets(DAYS, max_size=15))
    worked = draw(st.frozensets(DAYS, max_size=8))
    return WorkingCalendar(off, worked - off)


@st.composite
def pauses(draw: st.DrawFn) -> tuple[Pause, ...]:
    starts = draw(st.lists(DAYS, max_size=3))
    return tuple(Pause(day, day + DAY * draw(st.integers(0, 40))) for day in starts)


def days_off(calendar: WorkingCalendar) -> set[date]:
    """All days without work, put together without our code."""
    public = holidays.country_holidays("VN", years=[2026, 2027, 2028])
    every = [FIRST + DAY * n for n in range((LAST - FIRST).days + 200)]
    weekend = {day for day in every if day.isoweekday() > 5}
    swapped = {day for day in weekend if day in public.weekend_workdays}
    off = (weekend - swapped) | set(public) | calendar.days_off
    return off - calendar.working_days


def independent(calendar: WorkingCalendar, paused: Sequence[Pause] = ()) -> np.busdaycalendar:
    off = days_off(calendar)
    for pause in paused:
        off |= {pause.after + DAY * n for n in range(1, (pause.until - pause.after).days + 1)}
    return np.busdaycalendar(weekmask="1111111", holidays=sorted(off))


def working(value: float) -> ProcessingTime:
    return ProcessingTime(text="x", value=value, unit=Unit.WORKING_DAY)


@given(calendars(), DAYS, WORKING_DAYS, pauses())
def test_working_days_agree_with_an_independent_calendar(
    calendar: WorkingCalendar, received: date, days: int, paused: tuple[Pause, ...]
) -> None:
    found = DueDates(calendar).end(received, working(days), paused)
    # numpy counts from the roll date: `preceding` makes the day of receipt day 0
    expected = np.busday_offset(
        received, days, roll="preceding", busdaycal=independent(calendar, paused)
    )
    assert found == expected.astype(date)


@given(calendars(), DAYS, WORKING_DAYS, pauses())
def test_days_agree_with_counting_day_by_day(
    calendar: WorkingCalendar, received: date, days: int, paused: tuple[Pause, ...]
) -> None:
    time = ProcessingTime(text="x", value=days, unit=Unit.DAY)
    off, day, left = days_off(calendar), received, days
    while left:
        day += DAY
        left -= not any(pause.after < day <= pause.until for pause in paused)
    while day in off:
        day += DAY
    assert DueDates(calendar).end(received, time, paused) == day


@given(calendars(), DAYS, WORKING_DAYS)
def test_the_last_day_is_worked_and_the_days_to_it_are_as_many_as_the_limit(
    calendar: WorkingCalendar, received: date, days: int
) -> None:
    end = DueDates(calendar).end(received, working(days))
    assert end not in days_off(calendar)
    counted = np.busday_count(received + DAY, end + DAY, busdaycal=independent(calendar))
    assert counted == days == calendar.working_days_between(received, end)


@given(calendars(), DAYS, WORKING_DAYS, pauses())
def test_a_pause_never_makes_a_dossier_due_earlier(
    calendar: WorkingCalendar, received: date, days: int, paused: tuple[Pause, ...]
) -> None:
    dates = DueDates(calendar)
    assert dates.end(received, working(days), paused) >= dates.end(received, working(days))


@given(calendars(), DAYS)
def test_what_is_filed_on_a_day_off_counts_from_the_next_working_day(
    calendar: WorkingCalendar, day: date
) -> None:
    receipt = np.busday_offset(day, 0, roll="following", busdaycal=independent(calendar))
    assert DueDates(calendar).receipt(day) == receipt.astype(date)


@pytest.mark.parametrize(
    ("value", "unit", "due"),
    [
        (3, Unit.WORKING_DAY, date(2026, 11, 27)),  # 24/11 is a public holiday
        (3, Unit.DAY, date(2026, 11, 26)),
        (5, Unit.DAY, date(2026, 11, 30)),  # 28/11 is a Saturday
        (8, Unit.HOUR, date(2026, 11, 25)),
        (9, Unit.HOUR, date(2026, 11, 26)),
        (0.5, Unit.WORKING_DAY, date(2026, 11, 25)),
    ],
)
def test_each_unit_is_counted_its_way(value: float, unit: Unit, due: date) -> None:
    time = ProcessingTime(text="x", value=value, unit=unit)
    assert SHIPPED.end(date(2026, 11, 23), time) == due


DOSSIER = Dossier("H05.20-261102-0001", "x", Status.IN_PROGRESS, received_on=date(2026, 11, 2))


@pytest.fixture(scope="module")
def procedure(catalogue: Catalogue) -> Procedure:
    record = catalogue.procedures["2.000648"]
    return record.model_copy(update={"processing": (working(10),)})


def test_what_the_source_says_comes_first(procedure: Procedure) -> None:
    told = replace(DOSSIER, due_on=date(2026, 12, 31))
    assert SHIPPED.of(told, procedure) == (Deadline(date(2026, 12, 31)),)


def test_without_it_the_time_limit_of_the_procedure_counts(procedure: Procedure) -> None:
    assert SHIPPED.of(DOSSIER, procedure) == (Deadline(date(2026, 11, 16), (working(10),)),)


def test_days_for_supplying_papers_are_not_counted(procedure: Procedure) -> None:
    asked = Supplement("x", asked_on=date(2026, 11, 4), answered_on=date(2026, 11, 10))
    [found] = SHIPPED.of(replace(DOSSIER, supplements=(asked,)), procedure)
    assert found.on == date(2026, 11, 20)
    assert found.pauses == (Pause(date(2026, 11, 4), date(2026, 11, 10)),)


def test_an_open_request_stops_the_clock(procedure: Procedure) -> None:
    asked = Supplement("x", asked_on=date(2026, 11, 4))
    waiting = replace(DOSSIER, status=Status.SUPPLEMENT_REQUESTED, supplements=(asked,))
    [found] = SHIPPED.of(waiting, procedure)
    assert (found.on, found.paused_since, found.days_left) == (None, date(2026, 11, 4), 8)


@pytest.mark.parametrize(
    "change",
    [
        {"received_on": None},
        {"supplements": (Supplement("x", asked_on=date(2026, 11, 4)),)},
        {"supplements": (Supplement("x", answered_on=date(2026, 11, 4)),)},
    ],
    ids=["no receipt", "pause without an end", "pause without a beginning"],
)
def test_what_cannot_be_told_is_not_told(procedure: Procedure, change: dict[str, Any]) -> None:
    assert SHIPPED.of(replace(DOSSIER, **change), procedure) == ()


def test_cases_are_alternatives_and_steps_follow_one_another(catalogue: Catalogue) -> None:
    cases = SHIPPED.if_filed(catalogue.procedures["1.014256"], date(2026, 11, 2))
    assert [it.on for it in cases] == [date(2026, 11, 19), date(2026, 11, 17)]
    [steps] = SHIPPED.if_filed(catalogue.procedures["1.014257"], date(2026, 11, 2))
    assert [time.value for time in steps.times] == [3, 60, 5, 2]
    assert steps.on == date(2027, 1, 13)


def test_a_notification_has_no_due_date(catalogue: Catalogue) -> None:
    notices = [it for it in catalogue.procedures.values() if it.variant is Variant.THONG_BAO]
    assert notices
    assert not any(SHIPPED.if_filed(it, date(2026, 11, 2)) for it in notices)


def test_every_procedure_with_a_time_limit_has_a_due_date(catalogue: Catalogue) -> None:
    for item in catalogue.procedures.values():
        if item.processing and item.variant is not Variant.THONG_BAO:
            assert SHIPPED.if_filed(item, date(2026, 11, 2)), item.id


def test_the_procedures_that_go_step_by_step_exist(catalogue: Catalogue) -> None:
    for name in SHIPPED._stepwise:
        assert len(catalogue.procedures[name].processing) > 1
