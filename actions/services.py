"""What the actions work with, put together once for a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from actions.language import Language
from actions.templates import Templates
from knowledge.database import open_engine
from knowledge.dossiers.due import DueDates
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.sources import DossierSource
from knowledge.following.proofs import Proofs
from knowledge.following.subscriptions import Subscriptions
from knowledge.office.calendar import WorkingCalendar
from knowledge.office.offices import Office
from knowledge.privacy.callers import Callers
from knowledge.privacy.guard import Guard, Heard
from knowledge.privacy.rules import Rules
from knowledge.procedures.forms import Forms
from knowledge.procedures.repository import LiveCatalogue
from knowledge.questions.tickets import Tickets
from knowledge.settings import KnowledgeSettings

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
Clock = Callable[[], datetime]


def local_now() -> datetime:
    """Return the present moment in Vietnam."""
    return datetime.now(LOCAL_ZONE)


@dataclass(frozen=True, slots=True)
class Held:
    """How much of one kind is held of a person, and from when on."""

    kind: str
    count: int
    since: datetime | None = None
    until: datetime | None = None


class PersonalData(Protocol):
    """Tells what is held of a person; the gateway, which holds it, lends this to the actions."""

    async def held(self, rasa_id: str) -> Sequence[Held]:
        """Return what is held of a conversation, by kind."""


@dataclass(frozen=True, slots=True)
class Services:
    """The knowledge the actions ask, the texts they answer with, and the clock."""

    engine: AsyncEngine
    catalogue: LiveCatalogue
    dossiers: DossierRegistry
    calendar: WorkingCalendar
    office: Office
    tickets: Tickets
    due_dates: DueDates
    source: DossierSource | None = None
    """What is asked for dossiers in place of the registry alone."""
    forms: Forms = field(default_factory=Forms)
    templates: Templates = field(default_factory=Templates)
    clock: Clock = local_now
    rules: Rules = field(default_factory=Rules)
    alarms: Sequence[Heard] = ()
    """Are told the channel and the kind of each alarm."""
    personal: PersonalData | None = None
    """None where the actions are served by another process than the gateway."""

    @property
    def callers(self) -> Callers:
        """Return who asks."""
        return Callers(self.engine)

    @property
    def guard(self) -> Guard:
        """Return what limits look-ups."""
        return Guard(self.engine, self.rules, heard=self.raise_alarm)

    @property
    def proofs(self) -> Proofs:
        """Return what compares second proofs."""
        return Proofs(self.engine, self.rules, heard=self.raise_alarm)

    @property
    def subscriptions(self) -> Subscriptions:
        """Return who follows which dossier."""
        return Subscriptions(self.engine)

    @property
    def dossier_source(self) -> DossierSource:
        """Return what is asked for dossiers."""
        return self.source or self.dossiers

    @property
    def today(self) -> date:
        """Return the day of the question, in Vietnam."""
        return self.clock().astimezone(LOCAL_ZONE).date()

    def raise_alarm(self, channel: str, kind: str) -> None:
        """Tell whoever listens that something was noticed."""
        for heard in self.alarms:
            heard(channel, kind)

    def speaking(self, language: Language) -> Services:
        """Return the same services with the texts of a language."""
        return replace(self, templates=self.templates.of(language))

    async def close(self) -> None:
        """Close the database."""
        await self.engine.dispose()


@lru_cache(maxsize=1)
def services_of_environment() -> Services:
    """Build the services from the environment, for a stock action server."""
    settings = KnowledgeSettings()
    return build_services(settings)


def build_services(settings: KnowledgeSettings, *, clock: Clock = local_now) -> Services:
    """Build the services of an installation; nothing connects or loads yet."""
    engine = open_engine(settings.database)
    calendar = WorkingCalendar.load(settings.data_dir)
    return Services(
        engine=engine,
        catalogue=LiveCatalogue(engine, settings.data_dir),
        dossiers=DossierRegistry(engine),
        calendar=calendar,
        office=Office.load(settings.data_dir, settings.office_file),
        tickets=Tickets(engine),
        due_dates=DueDates.load(settings.data_dir, calendar),
        forms=Forms(settings.forms_dir),
        clock=clock,
        rules=Rules.of(settings),
    )
