"""`motcua dossiers`: import, export and show the dossiers of the registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from actions.services import Services, build_services
from bot.settings import Settings, load_settings
from bot.storage.migrate import upgrade_database
from knowledge.dossiers.importer import Columns, read_dossiers, table_of
from knowledge.dossiers.registry import (
    DossierFound,
    DossierNotFound,
    DossierRegistry,
    ImportResult,
    LookUp,
)
from knowledge.dossiers.spreadsheet import UnreadableTable, write_rows
from knowledge.dossiers.status import status_texts
from knowledge.dossiers.tracking_code import parse_code

app = typer.Typer(no_args_is_help=True, help=__doc__)
_FileArgument = Annotated[Path, typer.Argument(help="A .csv or .xlsx file.")]


@app.command("import")
def import_(file: _FileArgument) -> None:
    """Take over an export of the one-stop software; a faulty file changes nothing."""
    settings = load_settings()
    services = build_services(settings)
    columns = Columns.load(settings.data_dir)
    read = read_dossiers(file, columns, services.today)
    if read.faults:
        for fault in read.faults:
            typer.echo(fault.text(columns), err=True)
        typer.echo(f"{file.name}: {len(read.faults)} fault(s), nothing was changed", err=True)
        raise typer.Exit(1)

    async def take_over() -> ImportResult:
        async with _database(settings, services) as registry:
            return await registry.import_all(read.dossiers, source=file.name)

    result = asyncio.run(take_over())
    typer.echo(
        f"{file.name}: {result.added} added, {result.changed} changed, "
        f"{result.unchanged} unchanged"
    )


@app.command()
def export(file: _FileArgument) -> None:
    """Write all dossiers to a file that can be imported again; applicants' names are left out."""
    settings = load_settings()
    services = build_services(settings)

    async def write() -> int:
        async with _database(settings, services) as registry:
            dossiers = await registry.all()
        write_rows(file, table_of(dossiers, Columns.load(settings.data_dir)))
        return len(dossiers)

    try:
        count = asyncio.run(write())
    except UnreadableTable:
        typer.echo(f"{file.name}: only .csv and .xlsx can be written", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file}: {count} dossiers")


@app.command()
def show(code: Annotated[str, typer.Argument(help="A tracking code, in any spelling.")]) -> None:
    """Show where a dossier stands."""
    canonical = parse_code(code)
    if canonical is None:
        typer.echo(f"{code}: not a tracking code", err=True)
        raise typer.Exit(1)
    settings = load_settings()
    services = build_services(settings)
    found = asyncio.run(_look_up(settings, services, canonical))
    if isinstance(found, DossierFound):
        _print(found, settings)
        return
    known = isinstance(found, DossierNotFound)
    typer.echo(f"{canonical}: {'not found' if known else 'the registry cannot be read'}", err=True)
    raise typer.Exit(1)


async def _look_up(settings: Settings, services: Services, code: str) -> LookUp:
    async with _database(settings, services) as registry:
        return await registry.look_up(code)


@asynccontextmanager
async def _database(settings: Settings, services: Services) -> AsyncIterator[DossierRegistry]:
    await upgrade_database(settings)
    try:
        yield services.dossiers
    finally:
        await services.close()


def _print(found: DossierFound, settings: Settings) -> None:
    dossier = found.dossier
    status = status_texts(settings.data_dir)[dossier.status]
    shown = {
        "code": dossier.code + (" (SAMPLE)" if dossier.sample else ""),
        "procedure": f"{dossier.procedure_id or '-'} {dossier.procedure_name}",
        "status": f"{int(dossier.status)} {status.name}",
        "received": dossier.received_on,
        "due": dossier.due_on,
        "resolved": dossier.resolved_on,
        "returned": dossier.returned_on,
        "desk": dossier.desk,
        "source": f"{found.source}, {found.as_of:%Y-%m-%d %H:%M} UTC",
    }
    for name, value in shown.items():
        typer.echo(f"{name + ':':<11}{'-' if value is None else value}")
