"""What the actions work with, put together once for a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from actions.language import Language
from actions.templates import Templates
from knowledge.database import open_engine
from knowledge.dossiers.due import DueDates
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.sources import DossierSource
from knowledge.office.calendar import WorkingCalendar
from knowledge.office.offices import Office
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

    @property
    def dossier_source(self) -> DossierSource:
        """Return what is asked for dossiers."""
        return self.source or self.dossiers

    @property
    def today(self) -> date:
        """Return the day of the question, in Vietnam."""
        return self.clock().astimezone(LOCAL_ZONE).date()

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
    )
