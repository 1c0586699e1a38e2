"""`motcua report`: dossiers received, resolved early, on time and late in a period."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from actions.services import build_services
from bot.reports.exports import FORMATS
from bot.reports.source import ReportSource
from bot.reports.words import ReportWords
from bot.settings import Settings, load_settings
from bot.storage.migrate import upgrade_database
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.report import Period, Report

_DAYS = ["%Y-%m-%d", "%d/%m/%Y"]


def report(
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DAYS, help="First day; default: 1 January."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=_DAYS, help="Last day; default: today.")
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="Also write .xlsx, .csv or .pdf; may be repeated."),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Report on the shipped sample of 797 dossiers.")
    ] = False,
) -> None:
    """Say how many dossiers were received and resolved in a period."""
    files = output or []
    for file in files:
        if file.suffix.lower().lstrip(".") not in FORMATS:
            raise typer.BadParameter(f"{file.name}: only .xlsx, .csv and .pdf can be written")
    settings = load_settings()
    found = asyncio.run(_report(settings, first, last, sample=sample))
    words = ReportWords.load()
    for text in words.introduction(found):
        typer.echo(text)
    for file in files:
        _, make = FORMATS[file.suffix.lower().lstrip(".")]
        file.write_bytes(make(found, words))
        typer.echo(str(file))


async def _report(
    settings: Settings, first: datetime | None, last: datetime | None, *, sample: bool
) -> Report:
    services = build_services(settings)
    period = _period(first, last, services.today)
    source = ReportSource(services, DossierRegistry(services.engine), settings.data_dir)
    try:
        await upgrade_database(settings)
        return await (source.sample(period) if sample else source.report(period))
    finally:
        await services.close()


def _period(first: datetime | None, last: datetime | None, today: date) -> Period:
    end = last.date() if last else today
    begin = first.date() if first else end.replace(month=1, day=1)
    if end < begin:
        raise typer.BadParameter("--from lies after --to")
    return Period(begin, end)
