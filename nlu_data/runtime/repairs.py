"""Places where Rasa 3.6.21 does the same work again at every turn, and does not need to.

Each repair replaces one function by an equal one that remembers what cannot change while the
process runs, or leaves out what nobody reads. `tests/contract` compares the replies with stock
Rasa's; `make bench` measures the difference.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, AsyncIterator, Dict, List, Optional, Text, Tuple, Type

import aiohttp
import rasa.engine.runner.dask as graph_runner
import rasa.shared.utils.common
from jsonschema import Draft7Validator
from rasa.core.actions.action import RemoteAction
from rasa.core.constants import DEFAULT_REQUEST_TIMEOUT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

_sessions: Dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}


def apply() -> None:
    """Put the repairs in place; call before the model is loaded."""
    _build_result_validator_once()
    _look_up_event_types_once()
    _run_graphs_directly()
    _send_no_domain()
    _keep_connections_to_the_actions()


async def close_connections() -> None:
    """Close what the repairs keep open."""
    while _sessions:
        _loop, session = _sessions.popitem()
        await session.close()


def _build_result_validator_once() -> None:
    """Check the result of each custom action with validators that are built once.

    `jsonschema.validate` first checks the schema itself, at every call: most of a turn's CPU. An
    event is checked against the alternative of its own name instead of against all of them.
    """
    whole = RemoteAction.action_response_format_spec()
    Draft7Validator.check_schema(whole)
    event_schema = whole["properties"]["events"]["items"]
    frame = Draft7Validator(
        {**whole, "properties": {**whole["properties"], "events": {"type": "array"}}}
    )
    any_event = Draft7Validator(event_schema)
    by_name = {
        alternative["properties"]["event"]["const"]: Draft7Validator(
            {**event_schema, "oneOf": [alternative]}
        )
        for alternative in event_schema["oneOf"]
    }

    def validate(self: RemoteAction, result: Dict[Text, Any]) -> bool:
        frame.validate(result)
        for event in result.get("events", ()):
            name = event.get("event") if isinstance(event, dict) else None
            by_name.get(name, any_event).validate(event)
        return True

    RemoteAction._validate_action_result = validate  # type: ignore[method-assign]


def _look_up_event_types_once() -> None:
    """Remember the class of each event type instead of walking all subclasses per event."""

    @lru_cache(maxsize=None)
    def classes() -> Dict[Text, Type[Event]]:
        found = rasa.shared.utils.common.all_subclasses(Event)
        return {cls.type_name: cls for cls in reversed(found)}

    search = Event.resolve_by_type

    def resolve(type_name: Text, default: Optional[Type[Event]] = None) -> Optional[Type[Event]]:
        return classes().get(type_name) or search(type_name, default)

    Event.resolve_by_type = staticmethod(resolve)  # type: ignore[method-assign]


def _run_graphs_directly() -> None:
    """Evaluate the small graphs of a turn in order, without dask's scheduler."""
    graph_runner.dask = SimpleNamespace(get=evaluate)  # type: ignore[attr-defined]


def evaluate(graph: Dict[Text, Any], targets: List[Text]) -> Tuple[Any, ...]:
    """Return the values of `targets`: a node is `(function, *names of its inputs)` or a value."""
    done: Dict[Text, Any] = {}

    def value_of(name: Text) -> Any:
        if name not in done:
            node = graph[name]
            if isinstance(node, tuple) and callable(node[0]):
                function, *inputs = node
                done[name] = function(*(value_of(item) for item in inputs))
            else:
                done[name] = node
        return done[name]

    return tuple(value_of(target) for target in targets)


def _send_no_domain() -> None:
    """Send an empty domain with each action call: the actions read nothing of it."""
    full_call = RemoteAction._action_call_format

    def call(self: RemoteAction, tracker: DialogueStateTracker, domain: Domain) -> Dict[Text, Any]:
        return {**full_call(self, tracker, domain), "domain": {}}

    RemoteAction._action_call_format = call  # type: ignore[method-assign]


def _keep_connections_to_the_actions() -> None:
    """Use one HTTP session for all action calls instead of a new connection for each."""

    @asynccontextmanager
    async def session(self: EndpointConfig) -> AsyncIterator[aiohttp.ClientSession]:
        loop = asyncio.get_running_loop()
        if loop not in _sessions:
            timeout = aiohttp.ClientTimeout(total=DEFAULT_REQUEST_TIMEOUT)
            _sessions[loop] = aiohttp.ClientSession(timeout=timeout)
        yield _sessions[loop]

    EndpointConfig.session = session  # type: ignore[method-assign,assignment]
