"""`motcua dossiers`: import, export and show the dossiers of the registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actions.services import Services, build_services
from bot.settings import Settings, load_settings
from bot.storage.migrate import upgrade_database
from knowledge.dossiers.dossier import DossierFound, DossierNotFound, LookUp
from knowledge.dossiers.import_words import MOST_SHOWN, ImportWords
from knowledge.dossiers.importer import read_dossiers, table_of
from knowledge.dossiers.presets import load_presets
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.spreadsheet import UnreadableTable, write_rows
from knowledge.dossiers.status import status_texts
from knowledge.dossiers.tracking_code import parse_code

if TYPE_CHECKING:
    from bot.dossiers.sync import SyncResult

app = typer.Typer(no_args_is_help=True, help=__doc__)
_FileArgument = Annotated[Path, typer.Argument(help="A .csv or .xlsx file.")]


@app.command("import")
def import_(
    file: _FileArgument,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what would change; change nothing.")
    ] = False,
    mapping: Annotated[
        Path | None, typer.Option(help="A mapping of columns to try before the shipped ones.")
    ] = None,
) -> None:
    """Take over an export of the one-stop software; a faulty file changes nothing."""
    settings = load_settings()
    services = build_services(settings)
    words = ImportWords.load(settings.data_dir)
    presets = load_presets(settings.data_dir, mapping or settings.dossiers_mapping)
    read = read_dossiers(file, presets, services.today)
    if read.faults:
        typer.echo(words.refusal(file.name, read.faults), err=True)
        raise typer.Exit(1)

    async def take_over() -> str:
        async with _database(settings, services) as registry:
            if preview:
                found = await registry.compare(read.dossiers, read.told)
                return "\n".join(words.preview(file.name, read, found))
            result = await registry.import_all(read.dossiers, source=file.name, told=read.told)
            return words.result(file.name, read, result)

    typer.echo(asyncio.run(take_over()))


@app.command()
def sync(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; change nothing.")
    ] = False,
    at_once: Annotated[
        int, typer.Option(min=1, max=16, help="How many dossiers are asked for at once.")
    ] = 4,
) -> None:
    """Ask the portal for all dossiers that are not ended, and take over what it says."""
    settings = load_settings()
    if settings.portal_url is None:
        typer.echo("MOTCUA_PORTAL_URL is not set (see docs/settings.md)", err=True)
        raise typer.Exit(1)
    services = build_services(settings)

    async def ask() -> SyncResult:
        from bot.dossiers.sync import synchronise  # what retries and breaks circuits loads here

        async with _database(settings, services):
            return await synchronise(services.engine, settings, at_once=at_once, dry_run=dry_run)

    result = asyncio.run(ask())
    for line in _sync_lines(result, ImportWords.load(settings.data_dir), dry_run=dry_run):
        typer.echo(line)
    if not result.complete:
        raise typer.Exit(1)


@app.command()
def export(file: _FileArgument) -> None:
    """Write all dossiers to a file that can be imported again; applicants' names are left out."""
    settings = load_settings()
    services = build_services(settings)

    async def write() -> int:
        async with _database(settings, services) as registry:
            dossiers = await registry.all()
        write_rows(file, table_of(dossiers, load_presets(settings.data_dir)[0]))
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
    registry = DossierRegistry(services.engine)
    try:
        yield registry
    finally:
        await services.close()


def _sync_lines(result: SyncResult, words: ImportWords, *, dry_run: bool) -> Iterator[str]:
    """Yield the summary of a run, and before it what the staff may want to look at."""
    yield from words.differences(result.differences)
    for code in result.missing[:MOST_SHOWN]:
        yield words.sync["missing"].format(code=code)
    if len(result.missing) > MOST_SHOWN:
        yield words.more.format(count=len(result.missing) - MOST_SHOWN)
    for reason, count in result.faults.most_common():
        yield words.sync["fault"].format(count=count, reason=reason)
    if result.not_asked:
        yield words.sync["not_asked"].format(count=result.not_asked)
    yield words.sync["would" if dry_run else "done"].format(
        source=result.source,
        changed=result.changed,
        unchanged=result.unchanged,
        missing=len(result.missing),
        failed=result.faults.total(),
    )


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
