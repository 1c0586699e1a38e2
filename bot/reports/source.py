"""Builds reports from the registry, or from the shipped sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from actions.services import Services
from bot.reports.questions import count_questions
from knowledge.dossiers.dossier import Dossier
from knowledge.dossiers.due import DueDates
from knowledge.dossiers.importer import read_dossiers
from knowledge.dossiers.presets import load_presets
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.report import Period, Report, build_report

SAMPLE = Path("dossiers") / "half_year_sample.csv"
"""The sample of 797 dossiers, beside the other data files."""


@dataclass(frozen=True, slots=True)
class ReportSource:
    """Where reports come from."""

    services: Services
    registry: DossierRegistry
    data_dir: Path

    async def report(self, period: Period) -> Report:
        """Return the report on the registry's dossiers and on what people asked."""
        report = await self._build(await self.registry.all(), period)
        return replace(report, questions=await count_questions(self.services.engine, period))

    async def sample(self, period: Period) -> Report:
        """Return the report on the shipped sample; nothing is read from the registry."""
        read = read_dossiers(
            self.data_dir / SAMPLE, load_presets(self.data_dir), self.services.today
        )
        return await self._build(read.dossiers, period)

    async def _build(self, dossiers: list[Dossier], period: Period) -> Report:
        return build_report(
            dossiers,
            period,
            today=self.services.today,
            due_dates=DueDates.load(self.data_dir, self.services.calendar),
            catalogue=await self.services.catalogue.get(),
        )
