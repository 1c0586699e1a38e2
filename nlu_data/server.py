"""Serve the trained assistant on loopback: Rasa's REST channel and `/model/parse`.

The protocols are Rasa's own, so stock `rasa run` can stand in for this server at any time. It
differs in what a turn costs: see `runtime/repairs.py` and docs/adr/0002.
Runs in Rasa's environment only: `nlu_data/.venv/bin/python server.py --port 5005 …`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any, Dict, Text

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import rasa.utils.log_utils  # noqa: E402

# Before anything else of Rasa: unconfigured, its log prints every message in full.
rasa.utils.log_utils.configure_structlog(logging.WARNING)

# The intent classifier is read with it. It looks each of its types up in all modules there are:
# once TensorFlow has loaded its thousands, that takes seconds.
import skops.io  # noqa: E402, F401
from aiohttp import web  # noqa: E402
from rasa.core.agent import Agent, load_agent  # noqa: E402
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage  # noqa: E402
from rasa.core.utils import AvailableEndpoints  # noqa: E402
from rasa.shared.constants import DEFAULT_MODELS_PATH  # noqa: E402
from rasa.utils.endpoints import EndpointConfig  # noqa: E402
from runtime import repairs  # noqa: E402

_log = logging.getLogger("nlu_data.server")
_AGENT: web.AppKey[Agent] = web.AppKey("agent", Agent)
_MAX_BODY = 256 * 1024


def main() -> None:
    """Read the options, load the model, serve until told to stop."""
    options = _parse_options()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    for chatty in ("aiohttp.access", "rasa", "matplotlib", "apscheduler", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    _end_with(options.parent)
    repairs.apply()
    asyncio.run(_serve(options))


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=5005)
    parser.add_argument("--model", default=DEFAULT_MODELS_PATH, help="model file or folder")
    parser.add_argument("--actions-url", default="http://127.0.0.1:5055/webhook")
    parser.add_argument(
        "--tracker-store",
        default=os.environ.get("TRACKER_STORE_URL"),
        help="where conversations are kept: a SQLAlchemy address (it may hold a password: prefer "
        "the variable TRACKER_STORE_URL); unset: in memory",
    )
    parser.add_argument("--parent", type=int, default=None, help="stop when this process is gone")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    agent = await _load(options)
    runner = web.AppRunner(build_app(agent), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, options.host, options.port).start()
    _log.info("ready on http://%s:%d, model %s", options.host, options.port, agent.model_id)
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await stop.wait()
    await runner.cleanup()
    await repairs.close_connections()


async def _load(options: argparse.Namespace) -> Agent:
    endpoints = AvailableEndpoints(
        action=EndpointConfig(options.actions_url, enable_selective_domain=True),
        tracker_store=_tracker_store(options.tracker_store),
    )
    agent = await load_agent(model_path=options.model, endpoints=endpoints)
    if not agent.is_ready():
        sys.exit(f"no usable model in {options.model}: train one with `make train`")
    await agent.parse_message("xin chào")  # the first one is slow; nobody should wait for it
    # What is loaded now stays: the collector need not look through TensorFlow again and again.
    gc.collect()
    gc.freeze()
    return agent


def _tracker_store(url: Text | None) -> EndpointConfig | None:
    if url is None:
        return None
    return EndpointConfig(url, type="runtime.conversation_store.ConversationStore")


def build_app(agent: Agent) -> web.Application:
    """Return the web application around a loaded agent."""
    app = web.Application(client_max_size=_MAX_BODY)
    app[_AGENT] = agent
    app.router.add_get("/", _alive)
    app.router.add_get("/status", _status)
    app.router.add_get("/webhooks/rest/", _channel_alive)
    app.router.add_post("/webhooks/rest/webhook", _converse)
    app.router.add_post("/model/parse", _parse)
    return app


async def _alive(request: web.Request) -> web.Response:
    return web.Response(text="Hello from Rasa: motcua runtime")


async def _channel_alive(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _status(request: web.Request) -> web.Response:
    agent = request.app[_AGENT]
    return web.json_response({"model_id": agent.model_id, "model_file": agent.model_name})


async def _converse(request: web.Request) -> web.Response:
    body = await _body(request)
    sender, text = body.get("sender"), body.get("message")
    if not isinstance(sender, str) or not isinstance(text, str):
        raise _bad_request("'sender' and 'message' must be texts")
    channel = CollectingOutputChannel()
    message = UserMessage(
        text,
        channel,
        sender,
        input_channel=body.get("input_channel") or "rest",
        metadata=body.get("metadata"),
    )
    try:
        await request.app[_AGENT].handle_message(message)
    except Exception as error:
        # The text of an exception may hold what a person wrote: only its kind is logged.
        _log.error("a turn failed: %s", type(error).__name__)
    return web.json_response(channel.messages)


async def _parse(request: web.Request) -> web.Response:
    text = (await _body(request)).get("text")
    if not isinstance(text, str):
        raise _bad_request("'text' must be a text")
    return web.json_response(await request.app[_AGENT].parse_message(text))


async def _body(request: web.Request) -> Dict[Text, Any]:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise _bad_request("the body is not JSON") from None
    if not isinstance(body, dict):
        raise _bad_request("the body is not an object")
    return body


def _bad_request(message: Text) -> web.HTTPBadRequest:
    body = json.dumps({"status": "failure", "reason": "BadRequest", "message": message})
    return web.HTTPBadRequest(text=body, content_type="application/json")


def _end_with(parent: int | None) -> None:
    """End with the gateway, even when it was killed and could not say so, even while loading."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
