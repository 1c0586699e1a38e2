"""`motcua privacy`: give out, erase and let go of what is held of people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.services import local_now
from bot.privacy.erasure import Eraser, Receipt
from bot.privacy.front_desk import FrontDesk
from bot.privacy.records import PersonalRecords
from bot.privacy.retention import Retention, Terms
from bot.settings import Settings, load_settings
from bot.storage.migrate import upgrade_database
from knowledge.database import open_engine
from knowledge.dossiers.tracking_code import parse_code
from knowledge.following.proofs import Proofs
from knowledge.privacy.rules import Rules

app = typer.Typer(no_args_is_help=True, help=__doc__)
_Key = Annotated[
    str, typer.Argument(help="Key of a conversation: channel:bot:sender, e.g. telegram:12:34.")
]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _House:
    """The parts that the commands work with."""

    engine: AsyncEngine
    settings: Settings
    front: FrontDesk


@app.command()
def export(
    conversation: Annotated[
        str | None, typer.Argument(help="Key of a conversation: channel:bot:sender.")
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="A tracking code: what the registry holds of a dossier.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write here; readable by you alone.")] = None,
) -> None:
    """Give out everything that is held of a conversation, or of a dossier, as JSON."""
    if (conversation is None) == (code is None):
        typer.echo("name a conversation, or --code and a tracking code", err=True)
        raise typer.Exit(2)

    async def read(house: _House) -> Mapping[str, Any]:
        records = PersonalRecords(house.engine, house.settings.tracker_store)
        if code is not None:
            return await records.export_dossier(parse_code(code) or code)
        key = _checked(conversation or "")
        return await records.export(key, house.front.rasa_id(key))

    text = json.dumps(_with_house(read), ensure_ascii=False, indent=1)
    if output is None:
        typer.echo(text)
        return
    output.touch(mode=0o600)
    output.write_text(text + "\n", encoding="utf-8")


@app.command()
def erase(
    conversation: _Key,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase everything that is held of a conversation, Rasa's memory included."""
    key = _checked(conversation)
    if not yes:
        typer.confirm("Erase everything that is held of this conversation?", abort=True)

    async def remove(house: _House) -> Receipt:
        return await Eraser(house.engine, house.front, house.settings.tracker_store).erase(key)

    receipt = _with_house(remove)
    for table, count in receipt.removed.items():
        if count:
            typer.echo(f"{table + ':':<20}{count}")
    typer.echo(f"receipt {receipt.number}, {receipt.total} row(s)")


@app.command()
def retain() -> None:
    """Let go of everything whose term is over; the gateway does it by itself every day."""

    async def let_go(house: _House) -> Mapping[str, int]:
        terms = Terms.of(house.settings)
        kept = Retention(house.engine, terms, house.settings.tracker_store)
        return await kept.apply(datetime.now(UTC))

    removed = _with_house(let_go)
    for name, count in removed.items():
        typer.echo(f"{name + ':':<20}{count}")
    typer.echo(f"{sum(removed.values())} row(s) let go")


def _checked(key: str) -> str:
    if key.count(":") < 2:
        typer.echo(f"{key}: not the key of a conversation, channel:bot:sender", err=True)
        raise typer.Exit(2)
    return key


@asynccontextmanager
async def _house() -> AsyncIterator[_House]:
    settings = load_settings()
    await upgrade_database(settings)
    engine = open_engine(settings.database)
    proofs = Proofs(engine, Rules.of(settings))
    front = FrontDesk(engine, proofs, secret=settings.secret(), clock=local_now)
    try:
        yield _House(engine, settings, front)
    finally:
        await engine.dispose()


def _with_house(do: Callable[[_House], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with _house() as house:
            return await do(house)

    return asyncio.run(run())
