"""The assistant, put together: action webhook, Rasa runtime and the client between them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import aiohttp

from bot.action_server import ActionServer
from bot.assistant import Assistant
from bot.conversation import Conversations
from bot.privacy.front_desk import FrontDesk
from bot.runtime_process import RuntimeOptions, RuntimeProcess
from bot.settings import Settings
from bot.texts import Texts

if TYPE_CHECKING:
    from actions.services import Services


class AssistantNotReady(RuntimeError):  # noqa: N818 - a state an operator can act on
    """The assistant did not become ready in time."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A running assistant."""

    assistant: Assistant
    conversations: Conversations
    services: Services
    texts: Texts
    runtime: RuntimeProcess | None
    front: FrontDesk

    async def wait_until_ready(self, timeout_s: float) -> None:
        """Wait for the model; raises `AssistantNotReady`."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not await self.assistant.is_ready():
            if asyncio.get_running_loop().time() > deadline:
                raise AssistantNotReady(f"no Rasa runtime was ready within {timeout_s:.0f} s")
            await asyncio.sleep(0.2)


@asynccontextmanager
async def open_stack(settings: Settings, services: Services) -> AsyncIterator[Stack]:
    """Start the action webhook and, unless one is run elsewhere, a Rasa runtime."""
    actions = ActionServer(services)
    await actions.start("127.0.0.1", settings.actions_port)
    runtime = None if settings.rasa_url else _runtime(settings, actions.url)
    url = runtime.url if runtime else str(settings.rasa_url)
    if runtime:
        runtime.start()
    texts = Texts.load()
    try:
        async with aiohttp.ClientSession() as session:
            assistant = Assistant(session, url, deadline_s=settings.turn_deadline_s)
            front = FrontDesk(
                services.engine, services.proofs, secret=settings.secret(), clock=services.clock
            )
            conversations = Conversations(assistant, texts, front)
            yield Stack(assistant, conversations, services, texts, runtime, front)
    finally:
        if runtime:
            await runtime.stop()
        await actions.stop()


def with_today(services: Services, today: date | None) -> Services:
    """Return services whose clock stands at another day, at the present time of day."""
    if today is None:
        return services
    now = services.clock

    def clock() -> datetime:
        return datetime.combine(today, now().timetz())

    return dataclasses.replace(services, clock=clock)


def _runtime(settings: Settings, actions_url: str) -> RuntimeProcess:
    return RuntimeProcess(
        RuntimeOptions(
            project=settings.rasa_project,
            model=settings.model_file,
            actions_url=actions_url,
            tracker_store=settings.tracker_store,
            log_file=settings.var_dir / "runtime.log",
        )
    )
