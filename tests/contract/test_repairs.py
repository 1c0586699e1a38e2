"""The repairs of Rasa decide as Rasa itself does; compared in Rasa's own environment."""

import subprocess

from tests.support.processes import PROJECT, RASA

COMPARE = """
import copy
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.engine.runner import dask as runner
from rasa.shared.core.events import Event

RESULTS = [
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "a", "value": None}], "responses": [{}]},
    {"events": [{"event": "followup", "name": "x"}], "responses": []},
    {"events": [{"event": "slot", "name": "a"}], "responses": []},
    {"events": [{"event": "slot", "name": 5, "value": 1}], "responses": []},
    {"events": [{"event": "nonsense"}], "responses": []},
    {"events": [{"name": "a"}], "responses": []},
    {"events": ["slot"], "responses": []},
    {"events": {}, "responses": []},
    {"events": [], "responses": ["text"]},
    {"events": [], "responses": {}},
    {"responses": []},
    [],
]

def verdicts():
    found = []
    for result in RESULTS:
        try:
            found.append(RemoteAction("a", None)._validate_action_result(copy.deepcopy(result)))
        except ValidationError:
            found.append(False)
        except Exception as error:
            found.append(type(error).__name__)
    return found

def event_types():
    names = ["slot", "user", "bot", "action", "session_started", "active_loop", "topic"]
    return [Event.resolve_by_type(name) for name in names]

GRAPH = {"a": (lambda: 1,), "b": (lambda a: a + 1, "a"), "c": (max, "a", "b"), "in": 5}
before = verdicts(), event_types(), tuple(runner.dask.get(GRAPH, ["c", "in"]))
from runtime import repairs
repairs.apply()
after = verdicts(), event_types(), tuple(runner.dask.get(GRAPH, ["c", "in"]))
assert before == after, (before, after)
assert before[0][:3] == [True, True, True] and False in before[0]
try:
    Event.resolve_by_type("nonsense")
    raise SystemExit("an unknown event was accepted")
except ValueError:
    print("same")
"""


def test_the_repairs_decide_as_rasa_does() -> None:
    done = subprocess.run(
        [RASA / "python", "-W", "ignore", "-c", COMPARE],
        cwd=PROJECT / "nlu_data",
        capture_output=True,
        text=True,
        timeout=350,
    )
    assert done.stdout.strip() == "same", done.stderr[-2000:]
