"""The action webhook: Rasa's action-server protocol on loopback, served by the gateway itself."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from rasa_sdk.executor import ActionExecutor

    from actions.services import Services

_log = logging.getLogger(__name__)
_MAX_BODY = 32 * 1024 * 1024


class ActionServer:
    """Runs custom actions for the Rasa runtimes of this machine."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._executor: asyncio.Task[ActionExecutor] | None = None
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. The actions load while the runtime loads its model."""
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_post("/webhook", self._run)
        app.router.add_get("/health", self._health)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0]
        self.url = f"http://{host}:{bound[1]}/webhook"
        self._executor = asyncio.create_task(self._load())

    async def stop(self) -> None:
        """Stop listening."""
        if self._executor:
            self._executor.cancel()
        if self._runner:
            await self._runner.cleanup()

    async def _load(self) -> ActionExecutor:
        # rasa_sdk takes half a second to import; the gateway takes messages meanwhile.
        executor = await asyncio.to_thread(_build_executor, self._services)
        await self._services.catalogue.get()
        return executor

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _run(self, request: web.Request) -> web.Response:
        assert self._executor is not None
        try:
            call: dict[str, Any] = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError):
            return web.json_response({"error": "the body is not JSON"}, status=400)
        return await _execute(await asyncio.shield(self._executor), call)


def _build_executor(services: Services) -> ActionExecutor:
    from rasa_sdk.executor import ActionExecutor

    from actions.registry import all_actions

    logging.getLogger("rasa_sdk.executor").setLevel(logging.WARNING)
    executor = ActionExecutor()
    for action in all_actions(services):
        executor.register_action(action)
    return executor


async def _execute(executor: ActionExecutor, call: dict[str, Any]) -> web.Response:
    from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

    name = call.get("next_action")
    call.setdefault("domain", {})  # Rasa leaves it out on demand; the executor insists on one
    try:
        result = await executor.run(call)
    except ActionExecutionRejection as rejection:
        body = {"error": rejection.message, "action_name": rejection.action_name}
        return web.json_response(body, status=400)
    except ActionNotFoundException:
        return web.json_response({"error": "no such action", "action_name": name}, status=404)
    except Exception as error:
        _log.error("action %s failed: %s", name, type(error).__name__)
        return web.json_response({"error": "the action failed", "action_name": name}, status=500)
    return web.json_response(result.model_dump() if result else {"events": [], "responses": []})
