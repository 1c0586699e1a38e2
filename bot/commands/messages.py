"""`motcua messages`: what could not be answered or delivered, and how to send it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

import typer

from actions.services import LOCAL_ZONE
from bot.delivery.dead_letters import DeadLetter, DeadLetters, NoSuchLetter
from bot.settings import load_settings
from bot.storage.migrate import upgrade_database
from knowledge.database import open_engine

app = typer.Typer(no_args_is_help=True, help=__doc__)
_Name = Annotated[str, typer.Argument(help="As listed by `dead`: in:12 or out:34.")]
Result = TypeVar("Result")


@app.command()
def dead() -> None:
    """List the dead letters, the oldest first; the texts are shown by `show` only."""
    letters = _with_letters(lambda found: found.all())
    for letter in letters:
        typer.echo(_line(letter))
    typer.echo(f"{len(letters)} dead letter(s)")


@app.command()
def show(name: _Name) -> None:
    """Show one, with its text."""
    letter = _find(name)
    typer.echo(_line(letter))
    typer.echo(letter.text)


@app.command()
def replay(
    names: Annotated[list[str] | None, typer.Argument(help="in:12, out:34, …")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are `dead`.")] = False,
) -> None:
    """Answer or send again; a part that is `unknown` may then arrive twice."""
    letters = [_find(name) for name in names or ()]
    if everything:
        letters += [it for it in _with_letters(lambda found: found.all()) if it.state == "dead"]

    async def send(found: DeadLetters) -> None:
        for letter in letters:
            await found.replay(letter)

    _with_letters(send)
    typer.echo(f"{len(letters)} put back; a running gateway takes them up")


def _find(name: str) -> DeadLetter:
    try:
        return _with_letters(lambda found: found.find(name))
    except NoSuchLetter:
        typer.echo(f"{name}: no such dead letter", err=True)
        raise typer.Exit(1) from None


def _with_letters(use: Callable[[DeadLetters], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with _open() as letters:
            return await use(letters)

    return asyncio.run(run())


@asynccontextmanager
async def _open() -> AsyncIterator[DeadLetters]:
    settings = load_settings()
    await upgrade_database(settings)
    engine = open_engine(settings.database)
    try:
        yield DeadLetters(engine)
    finally:
        await engine.dispose()


def _line(letter: DeadLetter) -> str:
    at = f"{letter.at.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}"
    return (
        f"{letter.name:<10} {letter.channel:<9} {letter.state:<8} {at}  "
        f"tried {letter.attempts} time(s)  {letter.problem}"
    )
