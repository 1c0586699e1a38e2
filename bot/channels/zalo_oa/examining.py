"""What `motcua doctor` says of the account: settings, tokens, the account itself, the template."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from bot.channels.base import Finding, NotSent, Parts
from bot.channels.zalo_oa import WEBHOOK_PATH
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.errors import ZaloError
from bot.channels.zalo_oa.events import CHANNEL
from bot.channels.zalo_oa.notices import Notices
from bot.channels.zalo_oa.token_store import Kept
from bot.channels.zalo_oa.tokens import MEND, Tokens
from bot.channels.zalo_oa.window import described, people
from bot.settings import Settings
from bot.storage.tables import inbox

_OLD = timedelta(hours=20)


def missing_settings(settings: Settings) -> list[str]:
    """Return what an account needs and is not set."""
    return [
        f"MOTCUA_{name.upper()}"
        for name in ("zalo_oa_app_id", "zalo_oa_app_secret", "zalo_oa_secret_key")
        if not getattr(settings, name)
    ]


async def examine(
    settings: Settings, parts: Parts, tokens: Tokens, client: Client, notices: Notices | None
) -> Sequence[Finding]:
    """Return what is in order and what is not; no token is spent for it."""
    found = _about_settings(settings)
    try:
        kept = await tokens.kept()
    except Exception as error:
        return [*found, Finding(False, f"the tokens cannot be read: {type(error).__name__}")]
    found += about_tokens(kept, parts.clock())
    found += await _about_events(settings, parts)
    if kept is None or kept.access_token is None:
        return found
    return [*found, *await _about_account(client, settings), *await _about_template(notices)]


def _about_settings(settings: Settings) -> list[Finding]:
    found = [
        Finding(False, f"{name} is not set", "see docs/channels/zalo_oa.md")
        for name in missing_settings(settings)
    ]
    if not (settings.public_url or "").startswith("https://"):
        mend = "set the address that Zalo's console was given, with https"
        found.append(Finding(False, "MOTCUA_PUBLIC_URL is not an https address", mend))
    return found or [Finding(True, "all settings are there")]


def about_tokens(kept: Kept | None, now: datetime) -> list[Finding]:
    """Return the state of the tokens, without showing them."""
    if kept is None:
        return [Finding(False, "the account was never connected", MEND)]
    hours = (now - kept.obtained_at).total_seconds() / 3600
    found = [Finding(True, f"tokens renewed {hours:.1f} hours ago")]
    if kept.access_token is None:
        found = [Finding(False, "the first renewal has not happened", "start the gateway")]
    elif now - kept.obtained_at > _OLD:
        mend = "start the gateway; if it runs, look for `Zalo OA` in its log"
        found = [Finding(False, f"tokens are {hours:.1f} hours old", mend)]
    if kept.problem:
        found.append(Finding(False, f"the last renewal was refused: {kept.problem}", MEND))
    elif kept.in_doubt_since:
        when = f"{kept.in_doubt_since:%Y-%m-%d %H:%M} UTC"
        what = f"a renewal began at {when} and its answer is not stored"
        mend = "wait for two minutes: it is tried again; if it is refused, " + MEND
        found.append(Finding(False, what, mend))
    return found


async def _about_events(settings: Settings, parts: Parts) -> list[Finding]:
    """Zalo tells nobody where its webhook points: only what has arrived shows it."""
    oa_id = settings.zalo_oa_id or ""
    address = f"{(settings.public_url or 'https://…').rstrip('/')}{WEBHOOK_PATH}"
    query = select(func.max(inbox.c.received_at)).where(
        inbox.c.channel == CHANNEL, inbox.c.bot == oa_id
    )
    try:
        async with parts.engine.connect() as connection:
            last: datetime | None = (await connection.execute(query)).scalar()
        known = await people(parts.engine, oa_id, parts.clock())
    except Exception as error:
        return [Finding(False, f"the inbox cannot be read: {type(error).__name__}")]
    if last is None:
        mend = f"in Zalo's console: address {address}, events switched on, key as set here"
        return [Finding(False, "no event has ever arrived", mend)]
    hours = (parts.clock() - last).total_seconds() / 3600
    what = f"the last message came {hours:.1f} hours ago to {address}"
    return [Finding(True, what), Finding(True, described(known))]


async def _about_account(client: Client, settings: Settings) -> list[Finding]:
    try:
        about = await client.ask("/v2.0/oa/getoa")
    except ZaloError as error:
        mend = "see the table of errors in docs/channels/zalo_oa.md"
        return [Finding(False, f"Zalo refuses the account's token: {error}", mend)]
    except Exception as error:
        mend = "check the network, the proxy and MOTCUA_ZALO_OA_API_URL"
        return [Finding(False, f"Zalo does not answer: {type(error).__name__}", mend)]
    there = str(about.get("oaid") or about.get("oa_id") or "")
    if there and there != settings.zalo_oa_id:
        mend = "set MOTCUA_ZALO_OA_ID to the account that gave its consent"
        return [Finding(False, "the token belongs to another account", mend)]
    return [Finding(True, "Zalo knows the account and takes the token")]


async def _about_template(notices: Notices | None) -> list[Finding]:
    if notices is None:
        return [Finding(True, "no template is set: outside the free window no news is sent")]
    try:
        problem = await notices.problem()
    except (ZaloError, NotSent) as error:
        problem = f"Zalo does not show it: {error}"
    except Exception as error:
        problem = f"Zalo does not show it: {type(error).__name__}"
    if problem is None:
        return [Finding(True, "the template for news is in order")]
    mend = "see the part on notices in docs/channels/zalo_oa.md"
    return [Finding(False, f"the template for news cannot be used: {problem}", mend)]
