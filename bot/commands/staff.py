"""`motcua staff`: the questions that people left for the staff."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from actions.services import local_now
from bot.settings import load_settings
from bot.staff.desk import details_of, line_of, line_of_alarm, open_desk, open_house
from knowledge.privacy.alarms import Alarm, Alarms
from knowledge.questions.tickets import Ticket

app = typer.Typer(no_args_is_help=True, help=__doc__)
_Number = Annotated[str, typer.Argument(help="Number of a ticket, in any spelling.")]


@app.command()
def tickets(
    only_open: Annotated[bool, typer.Option("--open", help="Leave out what is done.")] = False,
) -> None:
    """List the tickets, the oldest first."""

    async def read() -> list[Ticket]:
        async with open_desk(load_settings()) as desk:
            return await desk.all(only_open=only_open)

    found = asyncio.run(read())
    for ticket in found:
        typer.echo(line_of(ticket))
    typer.echo(f"{len(found)} ticket(s)")


@app.command()
def show(number: _Number) -> None:
    """Show a ticket."""

    async def read() -> Ticket | None:
        async with open_desk(load_settings()) as desk:
            return await desk.find(number)

    _print(number, asyncio.run(read()))


@app.command()
def close(
    number: _Number,
    note: Annotated[str | None, typer.Option(help="What was done about it.")] = None,
) -> None:
    """Close a ticket."""

    async def write() -> Ticket | None:
        async with open_desk(load_settings()) as desk:
            return await desk.close(number, note=note)

    _print(number, asyncio.run(write()))


@app.command()
def alarms(
    days: Annotated[int, typer.Option(help="How many days back.")] = 30,
) -> None:
    """List where somebody seems to have guessed codes or proofs, the newest first."""

    async def read() -> list[Alarm]:
        async with open_house(load_settings()) as services:
            return await Alarms(services.engine).since(local_now() - timedelta(days=days))

    found = asyncio.run(read())
    for alarm in found:
        typer.echo(line_of_alarm(alarm))
    typer.echo(f"{len(found)} alarm(s)")


def _print(number: str, ticket: Ticket | None) -> None:
    if ticket is None:
        typer.echo(f"{number}: no such ticket", err=True)
        raise typer.Exit(1)
    for name, value in details_of(ticket).items():
        typer.echo(f"{name + ':':<14}{value}")
