"""`motcua staff`: the questions that people left for the staff."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bot.settings import load_settings
from bot.staff.desk import details_of, line_of, open_desk
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


def _print(number: str, ticket: Ticket | None) -> None:
    if ticket is None:
        typer.echo(f"{number}: no such ticket", err=True)
        raise typer.Exit(1)
    for name, value in details_of(ticket).items():
        typer.echo(f"{name + ':':<14}{value}")
