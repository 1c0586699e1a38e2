"""Days and moments as exports and portals write them."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from openpyxl.utils.datetime import WINDOWS_EPOCH, from_excel

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
_WITH_TIME = re.compile(rf"(?:{_TIME},?\s+)?(\S+?)(?:,?\s+{_TIME})?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?")
_SERIALS = range(20_000, 80_000)
"""Spreadsheet numbers of the days 1954 to 2119; other numbers are no days."""


def parse_day(value: object, epoch: datetime = WINDOWS_EPOCH) -> date | None:
    """Return the day that a cell means, in Vietnam; None if it means none.

    Read are dates, dd/mm/yyyy (also with `-`, `.` or a time), ISO 8601, yyyymmdd[hhmmss] and
    the day numbers of spreadsheets. Years of two digits are not guessed.
    """
    if isinstance(value, datetime):
        return _local(value)
    if isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_serial(value, epoch) or _from_text(f"{value:.0f}", epoch)
    return _from_text(str(value).strip(), epoch)


def parse_moment(text: str) -> datetime | None:
    """Return the moment of yyyymmddhhmmss or ISO 8601; without a zone it is Vietnam's."""
    compact = _COMPACT.fullmatch(text.strip())
    try:
        if compact:
            numbers = [int(it or 0) for it in compact.groups()]
            return datetime(*numbers, tzinfo=LOCAL_ZONE)  # type: ignore[arg-type,misc]
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_ZONE)


def _from_text(text: str, epoch: datetime) -> date | None:
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return _from_serial(float(text), epoch)
    found = _WITH_TIME.fullmatch(text)
    day = _DAY.fullmatch(found[1]) if found else None
    if day:
        try:
            return date(int(day[3]), int(day[2]), int(day[1]))
        except ValueError:
            return None
    moment = parse_moment(text)
    return _local(moment) if moment else None


def _from_serial(number: float, epoch: datetime) -> date | None:
    if int(number) not in _SERIALS:
        return None
    day = from_excel(number, epoch)
    return day.date() if isinstance(day, datetime) else None


def _local(moment: datetime) -> date:
    return (moment.astimezone(LOCAL_ZONE) if moment.tzinfo else moment).date()
