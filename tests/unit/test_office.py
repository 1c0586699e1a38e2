"""Working days, due dates and opening hours."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.office.calendar import DueState, WorkingCalendar
from knowledge.office.offices import ClosedUntil, HoursUnknown, Office, OpenNow
from knowledge.settings import SHIPPED_DATA
from knowledge.yaml_files import DataFileError

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
CALENDAR = WorkingCalendar()
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@cache
def public_calendar(year: int) -> holidays.HolidayBase:
    return holidays.VN(years=year)


def naive_is_working(day: date) -> bool:
    """An independent reading of the public calendar: weekends, holidays, swapped Saturdays."""
    year = public_calendar(day.year)
    if day in year.weekend_workdays:
        return True
    return day.weekday() < 5 and day not in year


@given(DAYS, st.integers(1, 60))
def test_adding_working_days_agrees_with_counting_one_by_one(start: date, number: int) -> None:
    day, counted = start, 0
    while counted < number:
        day += timedelta(days=1)
        counted += naive_is_working(day)
    assert CALENDAR.add_working_days(start, number) == day
    assert CALENDAR.working_days_between(start, day) == number


@given(DAYS, DAYS)
def test_counting_backwards_is_the_negative(first: date, second: date) -> None:
    forward = CALENDAR.working_days_between(first, second)
    assert CALENDAR.working_days_between(second, first) == -forward


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 2, 17), False),
        (date(2026, 4, 30), False),
        (date(2026, 8, 22), True),
        (date(2026, 11, 24), False),
        (date(2026, 11, 28), False),
        (date(2026, 11, 25), True),
    ],
    ids=["Tết", "30/4", "swapped Saturday", "culture day", "Saturday", "Wednesday"],
)
def test_days_of_work_and_days_off(day: date, working: bool) -> None:
    assert CALENDAR.is_working_day(day) is working


def test_the_installation_can_correct_the_calendar() -> None:
    saturday, wednesday = date(2026, 11, 28), date(2026, 11, 25)
    calendar = WorkingCalendar(frozenset({wednesday}), frozenset({saturday}))
    assert calendar.is_working_day(saturday)
    assert not calendar.is_working_day(wednesday)


@pytest.mark.parametrize(
    ("due", "resolved", "state", "days"),
    [
        (None, None, DueState.NO_DUE_DATE, 0),
        (date(2026, 11, 30), None, DueState.IN_TIME, 3),
        (date(2026, 11, 25), None, DueState.DUE_TODAY, 0),
        (date(2026, 11, 20), None, DueState.OVERDUE, 2),
        (date(2026, 11, 20), date(2026, 11, 19), DueState.RESOLVED_EARLY, 1),
        (date(2026, 11, 20), date(2026, 11, 20), DueState.RESOLVED_ON_TIME, 0),
        (date(2026, 11, 20), date(2026, 11, 23), DueState.RESOLVED_LATE, 1),
    ],
)
def test_how_a_dossier_stands_against_its_due_date(
    due: date | None, resolved: date | None, state: DueState, days: int
) -> None:
    found = CALENDAR.due(due, resolved, today=date(2026, 11, 25))
    assert (found.state, found.working_days) == (state, days)


def office(tmp_path: Path, text: str) -> Office:
    file = tmp_path / "office.yaml"
    file.write_text(text, encoding="utf-8")
    return Office.load(SHIPPED_DATA, file)


HOURS = 'phone: "0"\nopening_hours:\n' + "".join(
    f'  {day}: ["07:30-11:30", "13:30-17:00"]\n'
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
)


def test_hours_that_nobody_has_set_are_unknown() -> None:
    shipped = Office.load(SHIPPED_DATA, None)
    now = datetime(2026, 11, 25, 9, 0, tzinfo=HANOI)
    assert shipped.opening(now, CALENDAR) == HoursUnknown()
    assert shipped.installation.phone is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 25, 9, 0), OpenNow(datetime(2026, 11, 25, 11, 30, tzinfo=HANOI))),
        (datetime(2026, 11, 25, 12, 0), ClosedUntil(datetime(2026, 11, 25, 13, 30, tzinfo=HANOI))),
        (datetime(2026, 11, 24, 9, 0), ClosedUntil(datetime(2026, 11, 25, 7, 30, tzinfo=HANOI))),
        (datetime(2026, 11, 27, 18, 0), ClosedUntil(datetime(2026, 11, 30, 7, 30, tzinfo=HANOI))),
    ],
    ids=["morning", "lunch", "public holiday", "friday evening"],
)
def test_the_office_says_when_it_opens_next(
    tmp_path: Path, now: datetime, expected: OpenNow | ClosedUntil
) -> None:
    found = office(tmp_path, HOURS).opening(now.replace(tzinfo=HANOI), CALENDAR)
    assert found == expected


def test_a_wrong_opening_hour_names_file_line_and_field(tmp_path: Path) -> None:
    with pytest.raises(DataFileError) as error:
        office(tmp_path, 'phone: null\nopening_hours:\n  monday: ["7h30-11h30"]\n')
    [fault] = error.value.faults
    assert fault.line == 3
    assert fault.field.startswith("opening_hours.monday")
