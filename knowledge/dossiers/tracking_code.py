"""Tracking codes of dossiers (mã hồ sơ): found anywhere in a sentence, however they are typed.

A code has three parts: the office (`H05.20`, or the old form `000.00.00.H05`), the day of
receipt (YYMMDD or YYYYMMDD) and a running number of 4 to 7 digits: `H05.20-190801-0001`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from knowledge.vietnamese import nfc

_DIGIT_LIKE = str.maketrans({"O": "0", "Q": "0", "I": "1", "L": "1", "|": "1"})
_D = r"[0-9OQIL|]"
_SEPARATOR = r"[\s.,_:/-]"
_OFFICE = re.compile(rf"(?<!\d)([GHK])({_SEPARATOR}?)(?=\d|{_D}\d)({_D}{_D})(?![A-Z])")
_OLD_PREFIX = re.compile(
    rf"({_D}{{3}}){_SEPARATOR}?({_D}{{2}}){_SEPARATOR}?({_D}{{2}}){_SEPARATOR}?$"
)
_GROUP = re.compile(rf"{_SEPARATOR}{{0,3}}(?={_D}*\d)({_D}+)(?![A-Z])")
_WITHOUT_OFFICE = re.compile(r"(?<![\d.-])(\d{6}|\d{8})\s?-\s?(\d{4,7})(?![\d-])")
_MOST_GROUPS = 8
_FEWEST_DIGITS = 7
_FIRST_YEAR = 2010
_NUMBER_WIDTHS = range(4, 8)


class Part(StrEnum):
    """The parts of a code."""

    OFFICE = "office"
    DATE = "date"
    NUMBER = "number"


class Problem(StrEnum):
    """What is wrong with a part."""

    MISSING = "missing"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_A_DATE = "not_a_date"
    IN_THE_FUTURE = "in_the_future"


@dataclass(frozen=True, slots=True)
class FoundCode:
    """A well-formed code in canonical form, and where it stands in the NFC text."""

    code: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MalformedCode:
    """Something that is meant as a code, the part that looks wrong, and why."""

    typed: str
    part: Part
    problem: Problem
    piece: str
    """The characters of that part as typed; empty when it is missing."""
    start: int
    end: int
    office: str | None = None
    """The parts that look right, in canonical form: what the nearest well-formed code keeps."""
    day: str | None = None
    number: str | None = None


class _Group(NamedTuple):
    digits: str
    end: int


def find_codes(text: str, today: date | None = None) -> tuple[FoundCode | MalformedCode, ...]:
    """Return the codes of a text in order; `today` refuses days of receipt after it."""
    text = nfc(text)
    folded = _fold(text)
    found: list[FoundCode | MalformedCode] = []
    for office in _OFFICE.finditer(folded):
        if found and office.start() < found[-1].end:
            continue
        code = _read(text, folded, office, today, found[-1].end if found else 0)
        stuck = folded[: office.start()][-1:].isalpha()  # "hồ sơH05.20-261005-0004"
        if code and not (stuck and isinstance(code, MalformedCode)):
            found.append(code)
    taken = [(item.start, item.end) for item in found]
    found.extend(_without_office(folded, taken, today))
    return tuple(sorted(found, key=lambda item: item.start))


def parse_code(text: str) -> str | None:
    """Return the canonical form of a text that is nothing but a code."""
    codes = find_codes(text)
    if len(codes) == 1 and isinstance(codes[0], FoundCode):
        rest = nfc(text)[: codes[0].start] + nfc(text)[codes[0].end :]
        return codes[0].code if not rest.strip() else None
    return None


def _fold(text: str) -> str:
    """Return the text in capitals with plain digits and dashes, character for character."""
    return "".join(map(_fold_character, text))


def _fold_character(char: str) -> str:
    if unicodedata.category(char) == "Pd" or char == "\u2212":
        return "-"
    plain = unicodedata.normalize("NFKC", char).upper()
    return plain if len(plain) == 1 else char


def _digits(typed: str) -> str:
    return typed.translate(_DIGIT_LIKE)


def _read(
    text: str, folded: str, office: re.Match[str], today: date | None, begins: int
) -> FoundCode | MalformedCode | None:
    groups = list(_groups(folded, office.end()))
    if sum(len(group.digits) for group in groups) < _FEWEST_DIGITS:
        return None
    start, prefix = _old_prefix(folded, begins, office.start())
    name = prefix + office[1] + _digits(office[3])
    for count in range(len(groups), 0, -1):
        parts = _split(groups[:count], today)
        if parts:
            unit, day, number = parts
            return FoundCode(f"{name}{unit}-{day}-{number}", start, groups[count - 1].end)
    return _explain(text, start, name, groups, today)


def _groups(folded: str, at: int) -> Iterator[_Group]:
    for _ in range(_MOST_GROUPS):
        match = _GROUP.match(folded, at)
        if match is None:
            return
        at = match.end()
        yield _Group(_digits(match[1]), at)


def _old_prefix(folded: str, begins: int, at: int) -> tuple[int, str]:
    """Return where a code begins; `begins` is the end of the code before it."""
    match = _OLD_PREFIX.search(folded, max(begins, at - 12), at)
    if match is None:
        return at, ""
    return match.start(), ".".join(_digits(part) for part in match.groups()) + "."


def _split(groups: Sequence[_Group], today: date | None) -> tuple[str, str, str] | None:
    """Return unit, day and number: as separated by the writer, else as the digits allow."""
    digits = [group.digits for group in groups]
    if len(digits) >= 2 and _is_day(digits[-2], today) and len(digits[-1]) in _NUMBER_WIDTHS:
        units = digits[:-2]
        if len(units) <= 3 and all(len(unit) <= 3 for unit in units):
            return "".join(f".{unit}" for unit in units), digits[-2], digits[-1]
    return _split_run("".join(digits), today)


def _split_run(run: str, today: date | None) -> tuple[str, str, str] | None:
    # An office of today has a unit of two digits (Quyết định 20/2020/QĐ-TTg); try that first.
    for unit in (2, 0):
        for day in (6, 8):
            number = run[unit + day :]
            if len(number) in _NUMBER_WIDTHS and _is_day(run[unit : unit + day], today):
                return (f".{run[:unit]}" if unit else ""), run[unit : unit + day], number
    return None


def _day(digits: str) -> date | None:
    if len(digits) not in (6, 8):
        return None
    full = digits if len(digits) == 8 else f"20{digits}"
    try:
        day = date(int(full[:4]), int(full[4:6]), int(full[6:]))
    except ValueError:
        return None
    return day if day.year >= _FIRST_YEAR else None


def _is_day(digits: str, today: date | None) -> bool:
    day = _day(digits)
    return day is not None and (today is None or day <= today)


def _explain(
    text: str, start: int, office: str, groups: Sequence[_Group], today: date | None
) -> MalformedCode:
    """Say which part of a code that cannot be read looks wrong, and which look right."""
    digits = [group.digits for group in groups]
    end = groups[-1].end
    typed = text[start:end]
    while len(digits) > 1 and len(digits[0]) <= 3:
        office += f".{digits.pop(0)}"
    day, *rest = digits
    part, problem, piece = _wrong_day(day, today) or _wrong_number(rest)
    right_day = day if part is not Part.DATE else None
    right_number = rest[0] if len(rest) == 1 and len(rest[0]) in _NUMBER_WIDTHS else None
    return MalformedCode(typed, part, problem, piece, start, end, office, right_day, right_number)


def _wrong_day(day: str, today: date | None) -> tuple[Part, Problem, str] | None:
    if len(day) < 6:
        return Part.DATE, Problem.TOO_SHORT, day
    if len(day) > 8 or len(day) == 7:
        return Part.DATE, Problem.TOO_LONG, day
    found = _day(day)
    if found is None:
        return Part.DATE, Problem.NOT_A_DATE, day
    if today is not None and found > today:
        return Part.DATE, Problem.IN_THE_FUTURE, day
    return None


def _wrong_number(rest: Sequence[str]) -> tuple[Part, Problem, str]:
    if not rest:
        return Part.NUMBER, Problem.MISSING, ""
    number = "".join(rest)
    problem = Problem.TOO_SHORT if len(number) < _NUMBER_WIDTHS.start else Problem.TOO_LONG
    return Part.NUMBER, problem, number


def _without_office(
    folded: str, taken: Sequence[tuple[int, int]], today: date | None
) -> Iterator[MalformedCode]:
    for match in _WITHOUT_OFFICE.finditer(folded):
        inside = any(start <= match.start() < end for start, end in taken)
        if not inside and _is_day(match[1], today):
            yield MalformedCode(
                match.group(),
                Part.OFFICE,
                Problem.MISSING,
                "",
                match.start(),
                match.end(),
                None,
                match[1],
                match[2],
            )
