"""`motcua kb`: check, show, search the knowledge base, and see what it covers."""

from __future__ import annotations

import csv
import sys
from datetime import date, datetime
from typing import Annotated

import typer
import yaml

from actions.services import LOCAL_ZONE
from bot.settings import Settings, load_settings
from knowledge.dossiers.due import StepwiseFile
from knowledge.dossiers.import_words import ImportWords
from knowledge.dossiers.presets import load_presets
from knowledge.dossiers.samples import SampleFile
from knowledge.dossiers.status import status_texts
from knowledge.office.calendar import WorkingCalendar
from knowledge.office.offices import Office
from knowledge.procedures.answers import dated, is_known
from knowledge.procedures.catalogue import Catalogue, Terms
from knowledge.procedures.files import Scan, scan
from knowledge.procedures.forms import form_faults
from knowledge.procedures.model import Aspect
from knowledge.procedures.resolve import Ambiguous, Resolved, resolve
from knowledge.yaml_files import DataFileError, DataFileFault, load_yaml

app = typer.Typer(no_args_is_help=True, help=__doc__)
_ASPECTS = [aspect for aspect in Aspect if aspect is not Aspect.LIST]
_Today = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Read the status as on this day.")
]


@app.command()
def check() -> None:
    """Check every data file; names file, line and field of each fault."""
    settings = load_settings()
    found = scan(settings.data_dir)
    forms = form_faults(settings.forms_dir, found.procedures)
    faults = [*found.faults, *_other_faults(settings), *forms]
    for fault in faults:
        typer.echo(str(fault), err=True)
    if faults:
        typer.echo(f"knowledge base: {len(faults)} fault(s)", err=True)
        raise typer.Exit(1)
    typer.echo(f"knowledge base: {len(found.procedures)} procedures, no fault")


@app.command()
def show(code: Annotated[str, typer.Argument(help="Id or national code of a procedure.")]) -> None:
    """Show a record as it stands in its file, and its status today."""
    found = _scan(load_settings())
    procedure = found.procedures.get(code) or next(
        (item for item in found.procedures.values() if item.code == code), None
    )
    if procedure is None:
        typer.echo(f"{code}: no such procedure", err=True)
        raise typer.Exit(1)
    standing = procedure.standing_on(_today(None))
    typer.echo(f"# {found.paths[procedure.id]}")
    typer.echo(f"# on {standing.day}: {standing.state} ({standing.reason})")
    content = procedure.model_dump(mode="json", exclude_none=True)
    typer.echo(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100), nl=False)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="A question or a name, as people type it.")],
    limit: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Search procedures as a question would, with scores, and say what would be taken."""
    catalogue = _catalogue(load_settings())
    hits = catalogue.index.search(text, limit=limit)
    for family in hits.families:
        for match in family.matches:
            name = f"{match.procedure.id:<36} {match.procedure.name}"
            typer.echo(f"{family.probability:5.2f} {match.likeness.closeness:5.2f}  {name}")
    typer.echo(f"{hits.none:5.2f}        none of these")
    decision = resolve(catalogue.index, text)
    if isinstance(decision, Resolved):
        typer.echo(f"taken: {decision.procedure.id}")
    elif isinstance(decision, Ambiguous):
        typer.echo(f"asked back: {', '.join(item.id for item in decision.choices)}")
    else:
        typer.echo(f"no procedure: {type(decision).__name__}")


@app.command()
def coverage(
    as_csv: Annotated[bool, typer.Option("--csv", help="One line a procedure, as CSV.")] = False,
    today: _Today = None,
) -> None:
    """Show procedure × aspect: + filled and dated, o filled without a date, . missing; status."""
    procedures = list(_scan(load_settings()).procedures.values())
    day = _today(today)
    marks = {
        item.id: [
            "." if not is_known(item, aspect) else "+" if dated(item, aspect) else "o"
            for aspect in _ASPECTS
        ]
        for item in procedures
    }
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(["id", "status", *_ASPECTS])
        for item in procedures:
            writer.writerow([item.id, item.standing_on(day).state, *marks[item.id]])
        return
    width = max(len(item.id) for item in procedures)
    typer.echo(f"{'':<{width}}  {' '.join(aspect[:5].ljust(5) for aspect in _ASPECTS)} status")
    for item in procedures:
        cells = " ".join(mark.ljust(5) for mark in marks[item.id])
        typer.echo(f"{item.id:<{width}}  {cells} {item.standing_on(day).state}")
    filled = [
        sum(marks[item.id][column] != "." for item in procedures)
        for column in range(len(_ASPECTS))
    ]
    typer.echo(f"{'filled':<{width}}  {' '.join(str(count).ljust(5) for count in filled)}")


def _other_faults(settings: Settings) -> list[DataFileFault]:
    faults: list[DataFileFault] = []
    data = settings.data_dir
    for read in (
        lambda: Terms.load(data),
        lambda: Office.load(data, settings.office_file),
        lambda: WorkingCalendar.load(data),
        lambda: status_texts(data),
        lambda: load_presets(data),
        lambda: ImportWords.load(data),
        lambda: load_yaml(data / "dossiers" / "samples.yaml", SampleFile),
        lambda: load_yaml(data / "dossiers" / "stepwise.yaml", StepwiseFile),
    ):
        try:
            read()
        except DataFileError as error:
            faults.extend(error.faults)
    return faults


def _scan(settings: Settings) -> Scan:
    return scan(settings.data_dir)


def _catalogue(settings: Settings) -> Catalogue:
    return Catalogue.build(_scan(settings).procedures.values(), Terms.load(settings.data_dir))


def _today(given: datetime | None) -> date:
    return given.date() if given else datetime.now(LOCAL_ZONE).date()
