"""`motcua link`: links and QR codes on posters and receipts that open the assistant."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot.links import NotLinkable, to_dossier, to_procedure
from bot.settings import Settings, load_settings
from knowledge.procedures.files import scan

app = typer.Typer(no_args_is_help=True, help=__doc__)
_Bot = Annotated[
    str | None, typer.Option("--bot", help="Name of the bot; unset: Telegram is asked.")
]
_Qr = Annotated[Path | None, typer.Option("--qr", help="Also write a QR code here, .svg or .png.")]
_BORDER = 4
_SCALE = 8


@app.command()
def procedure(
    code: Annotated[str, typer.Argument(help="Id or national code of a procedure.")],
    bot: _Bot = None,
    qr: _Qr = None,
) -> None:
    """Print the link that opens a procedure."""
    settings = load_settings()
    procedures = scan(settings.data_dir).procedures
    known = next((it.id for it in procedures.values() if code in (it.id, it.code)), None)
    if known is None:
        _fail(f"{code}: no such procedure")
    _give(settings, to_procedure(known), bot, qr)


@app.command()
def dossier(
    code: Annotated[str, typer.Argument(help="Tracking code of a dossier.")],
    bot: _Bot = None,
    qr: _Qr = None,
) -> None:
    """Print the link that opens a dossier."""
    try:
        payload = to_dossier(code)
    except NotLinkable as error:
        _fail(str(error))
    _give(load_settings(), payload, bot, qr)


def _give(settings: Settings, payload: str, bot: str | None, qr: Path | None) -> None:
    if qr and qr.suffix.lower() not in (".svg", ".png"):
        _fail(f"{qr}: a QR code is written as .svg or .png")
    link = f"https://t.me/{(bot or _asked(settings)).lstrip('@')}?start={payload}"
    typer.echo(link)
    if qr:
        import segno

        segno.make_qr(link, error="m").save(str(qr), scale=_SCALE, border=_BORDER)


def _asked(settings: Settings) -> str:
    """Return the name of the bot as Telegram knows it."""
    if settings.telegram_token is None:
        _fail("name the bot with --bot, or set MOTCUA_TELEGRAM_TOKEN")
    from telegram.error import TelegramError

    from bot.channels.telegram.errors import reason

    try:
        return asyncio.run(_username(settings))
    except TelegramError as error:
        _fail(f"Telegram does not tell the bot's name ({reason(error)}); name it with --bot")


async def _username(settings: Settings) -> str:
    from bot.channels.telegram.api import open_api

    api = open_api(settings)
    try:
        return str((await api.call("getMe"))["username"])
    finally:
        await api.close_connections()


def _fail(problem: str) -> NoReturn:
    typer.echo(problem, err=True)
    raise typer.Exit(1)
