"""What happens if I file on a day: which day a message asks about, and when the result is due."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from actions.base import Answer, Message
from actions.services import Services
from knowledge.procedures.model import Aspect, Procedure, State, Variant
from knowledge.vietnamese import nfc, search_key

FILE = Path(__file__).with_name("filing.yaml")
_NUMERIC = re.compile(
    r"(?<![\d/.-])(\d{1,2})\s?[/.-]\s?(\d{1,2})(?:\s?[/.-]\s?(\d{4}))?(?![\d/.-]*\d)"
)
_WORDED = re.compile(r"(?:ngay|mung) (\d{1,2}) thang (\d{1,2})(?: nam (\d{4}))?")
_ENGLISH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)? ([a-z]+)(?: (\d{4}))?")
_ENGLISH_MONTH_FIRST = re.compile(r"([a-z]+) (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}))?")
_LONG_AGO = timedelta(days=183)
"""A day without a year that lies further back than this is meant in the year to come."""
_TOLD_OF = (State.CURRENT, State.UNVERIFIED)


class FilingWords(BaseModel):
    """Shape of `filing.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: tuple[str, ...]
    asks: tuple[str, ...]
    filed_already: tuple[str, ...]
    days: Mapping[str, int]
    weekdays: Mapping[str, int]
    next_week: tuple[str, ...]
    fillers: frozenset[str]
    months: Mapping[str, int]

    @classmethod
    def load(cls, file: Path = FILE) -> FilingWords:
        """Read the file."""
        return cls.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))

    def asked_in(self, text: str, today: date) -> date | None:
        """Return the day of filing that a message asks about; None if it asks nothing such."""
        key = f" {search_key(text)} "
        if not (_has(key, self.files) and _has(key, self.asks)):
            return None
        if _has(key, self.filed_already):
            return None
        return self._dated(text, key, today) or self._named(key, today)

    def names_nothing(self, text: str) -> bool:
        """Whether a message that asks about a filing names no procedure: it holds nothing else."""
        rest = f" {search_key(text)} "
        phrases = (*self.files, *self.asks, *self.days, *self.weekdays, *self.next_week)
        for words in sorted(phrases, key=len, reverse=True):
            rest = rest.replace(f" {words} ", "  ")
        return all(word in self.fillers or word.isdigit() for word in rest.split())

    def _dated(self, text: str, key: str, today: date) -> date | None:
        for match in _NUMERIC.finditer(nfc(text)):
            if day := _date(match[1], match[2], match[3], today):
                return day
        if worded := _WORDED.search(key):
            return _date(worded[1], worded[2], worded[3], today)
        for pattern, of_day, of_month in ((_ENGLISH, 1, 2), (_ENGLISH_MONTH_FIRST, 2, 1)):
            for match in pattern.finditer(key):
                month = self.months.get(match[of_month])
                if month and (day := _date(match[of_day], str(month), match[3], today)):
                    return day
        return None

    def _named(self, key: str, today: date) -> date | None:
        for words, weekday in self.weekdays.items():
            if f" {words} " in key:
                monday = today - timedelta(days=today.weekday())
                if _has(key, self.next_week):
                    return monday + timedelta(days=7 + weekday)
                return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
        ahead = next((n for words, n in self.days.items() if f" {words} " in key), None)
        return None if ahead is None else today + timedelta(days=ahead)


@lru_cache(maxsize=1)
def filing_words() -> FilingWords:
    """Return the wordings that are shipped."""
    return FilingWords.load()


def filing_day(text: str, today: date) -> date | None:
    """Return the day of filing that a message asks about."""
    return filing_words().asked_in(text, today)


def asks_ahead(text: str, today: date) -> bool:
    """Whether a message asks about a filing to come, so that there is no dossier yet."""
    day = filing_day(text, today)
    return day is not None and day >= today


async def asked_ahead(services: Services, message: Message) -> Answer | None:
    """Answer a question about a day of filing that names nothing: of what was talked about."""
    from actions.procedures import tell, which_procedure  # as below

    ahead = not message.is_button and asks_ahead(message.text, services.today)
    if not ahead or message.slots.get("choices") or not filing_words().names_nothing(message.text):
        return None
    catalogue = await services.catalogue.get()
    named = message.entities.get("procedure_id") or message.slots.get("procedure")
    procedure = catalogue.procedures.get(named or "")
    if procedure is None:
        return which_procedure(services, Aspect.PROCESSING_TIME)
    return tell(services, catalogue, procedure, Aspect.PROCESSING_TIME)


async def with_filing(services: Services, message: Message, told: Answer) -> Answer:
    """Add to an answer about a procedure when the result is there, if that was asked.

    What the message before asked is still asked where this one only names or picks a procedure.
    """
    from actions.procedures import tell  # it tells of everything, this of one thing more

    day = filing_day(message.text, services.today)
    if told.procedure is None or told.dossiers:
        return told
    if day is None and Aspect.PROCESSING_TIME in told.aspects and message.said_before:
        day = filing_day(message.said_before[-1].text, services.today)
    if day is None:
        return told
    catalogue = await services.catalogue.get()
    procedure = catalogue.procedures[told.procedure]
    if Aspect.PROCESSING_TIME not in told.aspects:
        others = [Aspect(it) for it in told.aspects if it != Aspect.OVERVIEW]
        told = tell(services, catalogue, procedure, Aspect.PROCESSING_TIME, *others)
    state = procedure.standing_on(services.today).state
    block = _block(services, procedure, day) if state in _TOLD_OF else ""
    if not block:
        return told
    # What must be said of an unverified record is said first.
    parts = (block, told.text) if state is State.CURRENT else (told.text, block)
    return replace(told, text="\n\n".join(parts))


def _block(services: Services, procedure: Procedure, day: date) -> str:
    deadlines = services.due_dates.if_filed(procedure, day)
    notice = procedure.variant is Variant.THONG_BAO
    if not deadlines and not notice:
        return ""
    return services.templates.render(
        "dossier/if_filed",
        day=day,
        receipt=services.due_dates.receipt(day),
        deadlines=deadlines,
        notice=notice,
        today=services.today,
    )


def _has(key: str, wordings: tuple[str, ...]) -> bool:
    return any(f" {words} " in key for words in wordings)


def _date(day: str, month: str, year: str | None, today: date) -> date | None:
    try:
        found = date(int(year or today.year), int(month), int(day))
    except ValueError:
        return None
    if year is None and today - found > _LONG_AGO:
        return found.replace(year=found.year + 1)
    return found
