"""The command line of motcua; `motcua --help` lists the commands."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bot.settings import Settings, SettingsError, load_settings

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)
_GROUPS = ("kb", "dossiers", "staff", "report", "messages", "privacy", "link", "zalo")


def main() -> None:
    """Run a command; what an operator can mend is said in a line, without a stack trace."""
    _add_groups(sys.argv[1:2])
    try:
        app()
    except SettingsError as error:
        typer.echo(f"settings: {error}", err=True)
        sys.exit(2)


def _add_groups(named: list[str]) -> None:
    """Add the groups of commands: the one that is called, or all where none is.

    They take a while to load, and a command that is called needs no other.
    """
    called = named[0] if named else ""
    if called in {it.callback.__name__ for it in app.registered_commands if it.callback}:
        return
    for name in (called,) if called in _GROUPS else _GROUPS:
        module = import_module(f"bot.commands.{name}")
        if name == "report":
            app.command(name)(module.report)
        else:
            app.add_typer(module.app, name=name)


@app.command()
def serve() -> None:
    """Start the gateway with the web chat, and a Rasa runtime unless one is run elsewhere."""
    from bot.serving import serve_until_stopped

    settings = _settings()
    _require_model(settings)
    asyncio.run(serve_until_stopped(settings))


@app.command()
def doctor() -> None:
    """Say what of the set-up is missing or wrong, and how to mend it."""
    from bot.doctor import examine

    settings = _settings()

    async def look() -> bool:
        healthy = True
        async for about, finding in examine(settings):
            healthy = healthy and finding.ok
            mend = f"\n      → {finding.mend}" if finding.mend and not finding.ok else ""
            mark = "ok" if finding.ok else "!!"
            typer.echo(f"{mark}  {about}: {finding.what}{mend}")
        return healthy

    if not asyncio.run(look()):
        raise typer.Exit(1)


@app.command()
def train(
    force: Annotated[bool, typer.Option(help="Train even if nothing has changed.")] = False,
) -> None:
    """Train the model if its data changed."""
    from bot.training import TrainingFailed, is_current, progress
    from bot.training import train as train_model

    settings = _settings()
    if not force and is_current(settings.model_file, settings.rasa_project):
        typer.echo("The model is up to date.")
        return
    typer.echo("Training the model (one to two minutes) …")
    try:
        seconds = train_model(settings.rasa_project, settings.model_file, say=progress)
    except TrainingFailed as error:
        typer.echo(f"Training failed:\n{error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Trained in {seconds:.0f} s: {settings.model_file}")


@app.command()
def chat(
    url: Annotated[str | None, typer.Option(help="Address of a running gateway.")] = None,
    today: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
) -> None:
    """Hold a conversation in the terminal."""
    from bot.terminal import chat as chat_in_terminal

    settings = _settings()
    asyncio.run(chat_in_terminal(settings, url=url, today=_day(today, url)))


@app.command()
def ask(
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="JSON lines {id, text, conversation?}; default: input.",
        ),
    ] = None,
    url: Annotated[str | None, typer.Option(help="Address of a running gateway.")] = None,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Answer as on this day.")
    ] = None,
) -> None:
    """Answer a batch of questions: JSON lines in, one JSON line each out."""
    from bot.batch import BadLine, answer_lines

    settings = _settings()
    source = file.read_text(encoding="utf-8") if file else sys.stdin.read()
    try:
        asyncio.run(answer_lines(settings, source, url=url, today=_day(today, url)))
    except BadLine as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def evaluate(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="Labelled questions, JSON lines."),
    ],
    slices: Annotated[
        str, typer.Option(help="Ways of typing, by comma; `all` or names from the table.")
    ] = "all",
    output: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    mistakes: Annotated[Path | None, typer.Option(help="Write what was not right here.")] = None,
    accepted: Annotated[
        Path | None, typer.Option(help="Figures of an earlier run: fail where they are better.")
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Drop that is let pass, as a share.")] = 0.005,
    url: Annotated[str | None, typer.Option(help="Address of a running gateway.")] = None,
    today: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
) -> None:
    """Measure understanding on labelled questions, by way of typing."""
    from bot.evaluation.command import run_evaluation
    from bot.evaluation.labelled import BadLabel

    settings = _settings()
    try:
        passed = run_evaluation(
            settings,
            files,
            slices=slices,
            output=output,
            mistakes=mistakes,
            accepted=accepted,
            tolerance=tolerance,
            url=url,
            today=_day(today, url),
        )
    except BadLabel as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(0 if passed else 1)


def _settings() -> Settings:
    settings = load_settings()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for chatty in ("aiohttp.access", "alembic", "asyncio", "aiosqlite"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return settings


def _require_model(settings: Settings) -> None:
    if settings.rasa_url is None and not settings.model_file.exists():
        typer.echo(f"There is no trained model ({settings.model_file}): run make train", err=True)
        raise typer.Exit(1)


def _day(value: datetime | None, url: str | None) -> date | None:
    if value and url:
        typer.echo("--today sets the clock of a local assistant; leave --url out", err=True)
        raise typer.Exit(2)
    return value.date() if value else None
