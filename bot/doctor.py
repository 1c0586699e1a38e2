"""What `motcua doctor` looks at: the installation itself, then each channel that is set up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Finding
from bot.channels.registry import build_parts, build_platforms
from bot.delivery.dead_letters import DeadLetters
from bot.settings import Settings
from bot.storage.migrate import upgrade_database
from bot.texts import Texts
from bot.training import is_current
from knowledge.database import open_engine


async def examine(settings: Settings) -> AsyncIterator[tuple[str, Finding]]:
    """Yield what is in order and what is not, each with what it is about; raises nothing."""
    for finding in _about_model(settings):
        yield "model", finding
    engine = open_engine(settings.database)
    try:
        problem = await _upgrade(settings)
        if problem:
            yield "database", problem
            return
        for finding in await _about_messages(engine):
            yield "messages", finding
        parts = build_parts(
            settings, engine, Texts.load(), arrived=lambda: None, erase=_erase_nothing
        )
        platforms = build_platforms(settings, parts)
        if not platforms:
            what = "no channel but the web chat is set up"
            yield "channels", Finding(True, what)
        for name, platform in platforms.items():
            for finding in await platform.examine():
                yield name, finding
    finally:
        await engine.dispose()


def _about_model(settings: Settings) -> Sequence[Finding]:
    if settings.rasa_url:
        return [Finding(True, "the Rasa runtime is run elsewhere")]
    if not settings.model_file.exists():
        return [Finding(False, f"there is no model ({settings.model_file})", "run make train")]
    if not is_current(settings.model_file, settings.rasa_project):
        return [Finding(False, "the model is older than its data", "run make train")]
    return [Finding(True, "the model is trained from the present data")]


async def _upgrade(settings: Settings) -> Finding | None:
    try:
        await upgrade_database(settings)
    except (SQLAlchemyError, OSError) as error:
        what = f"the database cannot be used: {type(error).__name__}"
        return Finding(False, what, "check MOTCUA_DATABASE_URL and MOTCUA_VAR_DIR")
    return None


async def _about_messages(engine: AsyncEngine) -> Sequence[Finding]:
    letters = await DeadLetters(engine).all()
    dead = sum(letter.state == "dead" for letter in letters)
    unknown = len(letters) - dead
    return [
        Finding(dead == 0, f"{dead} dead letter(s)", "see motcua messages dead"),
        Finding(True, f"{unknown} part(s) of which nobody knows whether they arrived"),
    ]


async def _erase_nothing(_conversation: str) -> None:
    """Stand for erasing where nothing is received."""
