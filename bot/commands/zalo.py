"""`motcua zalo`: connect the Official Account, and see how old its tokens are."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import httpx
import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.registry import build_parts
from bot.channels.zalo_oa.channel import open_tokens
from bot.channels.zalo_oa.examining import about_tokens, missing_settings
from bot.channels.zalo_oa.token_server import Answer
from bot.channels.zalo_oa.token_store import Pair, TokenStore
from bot.channels.zalo_oa.tokens import Tokens
from bot.channels.zalo_oa.window import described, people
from bot.settings import Settings, SettingsError, load_settings
from bot.storage.migrate import upgrade_database
from bot.texts import Texts
from knowledge.database import open_engine

app = typer.Typer(no_args_is_help=True, help=__doc__)
Result = TypeVar("Result")
_Work = Callable[[AsyncEngine, Settings, Tokens], Awaitable[Result]]


@app.command()
def connect(
    code: Annotated[
        bool,
        typer.Option(help="The input is the code of a consent, then its code verifier."),
    ] = False,
    previous: Annotated[
        bool, typer.Option(help="Take nothing: try the pair before the present one.")
    ] = False,
) -> None:
    """Read a refresh token from the input and renew with it at once; nothing is shown."""
    first = "" if previous else _typed("Code" if code else "Refresh token")
    verifier = _typed("Code verifier") if code else ""

    async def work(engine: AsyncEngine, settings: Settings, tokens: Tokens) -> str | None:
        store = TokenStore(engine, settings.zalo_oa_id or "", _now)
        if previous:
            if not await store.restore_previous():
                return "there is no previous pair"
        elif code:
            return await _exchange(store, await tokens.server.exchange(first, verifier))
        else:
            await store.replace(first)
        return await _renew(store, tokens)

    problem = _with_tokens(work)
    if problem:
        typer.echo(f"not connected: {problem}", err=True)
        raise typer.Exit(1)
    typer.echo("connected; a running gateway takes the new tokens by itself")


@app.command()
def status() -> None:
    """Say how old the tokens are and whom the account may write to; no token is shown."""

    async def work(
        engine: AsyncEngine, settings: Settings, tokens: Tokens
    ) -> tuple[list[str], bool]:
        findings = about_tokens(await tokens.kept(), _now())
        lines = [f"{'ok  ' if it.ok else 'MEND'} {it.what}" for it in findings]
        lines += [f"     {it.mend}" for it in findings if it.mend]
        lines.append(described(await people(engine, settings.zalo_oa_id or "", _now())))
        return lines, all(it.ok for it in findings)

    lines, well = _with_tokens(work)
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if well else 1)


async def _renew(store: TokenStore, tokens: Tokens) -> str | None:
    """Spend what was brought; what the token server refuses does not stay in use."""
    kept = await store.read()
    if await tokens.renew(kept.access_token if kept else None):
        return None
    kept = await store.read()
    if kept and kept.problem and await store.restore_previous():
        return "the token server refuses it; the former tokens stay in use"
    return "the token server did not take it; see above"


async def _exchange(store: TokenStore, answer: Answer) -> str | None:
    if not isinstance(answer, Pair):
        return answer.problem
    await store.bring(answer)
    return None


def _with_tokens(work: _Work[Result]) -> Result:
    async def run() -> Result:
        settings = load_settings()
        _require(settings)
        await upgrade_database(settings)
        engine = open_engine(settings.database)
        parts = build_parts(
            settings, engine, Texts.load(), arrived=lambda: None, erase=_erase_nothing
        )
        try:
            async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
                return await work(engine, settings, open_tokens(settings, parts, http))
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _require(settings: Settings) -> None:
    missing = missing_settings(settings)
    if settings.zalo_oa_id is None:
        missing = ["MOTCUA_ZALO_OA_ID", *missing]
    if missing:
        raise SettingsError(f"{' and '.join(missing)} must be set (docs/channels/zalo_oa.md)")


def _typed(what: str) -> str:
    """Read one line; at a terminal it is not shown while it is typed."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True)).strip()
    line = sys.stdin.readline().strip()
    if not line:
        raise SettingsError(f"{what}: nothing was given on the input")
    return line


def _now() -> datetime:
    return datetime.now(UTC)


async def _erase_nothing(_conversation: str) -> None:
    """Stand for erasing where nothing is received."""
