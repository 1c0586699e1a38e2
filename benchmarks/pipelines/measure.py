"""Train one pipeline and let it read questions; runs in Rasa's environment, inside `nlu_data`.

`python measure.py CONFIG EXAMPLES TEXTS RESULT`: EXAMPLES is a folder or file of training data,
TEXTS a JSON list; RESULT gets the intents in the same order, and what it cost.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path


def main(config: str, examples: str, texts: str, result: str) -> None:
    """Train, load, read, and write the figures."""
    sys.path.insert(0, str(Path.cwd()))
    from rasa.core.agent import Agent
    from rasa.model_training import train_nlu

    questions = json.loads(Path(texts).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        cpu, wall = time.process_time(), time.monotonic()
        model = train_nlu(config, examples, folder, fixed_model_name="measured")
        trained_cpu, trained = time.process_time() - cpu, time.monotonic() - wall
        size = Path(model).stat().st_size
        before = _resident()
        agent = Agent.load(model)
        asyncio.run(_read(agent, questions[:20]))
        loaded = _resident() - before
        cpu = time.process_time()
        intents = asyncio.run(_read(agent, questions))
        spent = time.process_time() - cpu
    figures = {
        "intents": intents,
        "train_s": trained,
        "train_cpu_s": trained_cpu,
        "model_mb": size / 1e6,
        "loaded_mb": loaded,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cpu_ms": 1000 * spent / len(questions),
    }
    Path(result).write_text(json.dumps(figures), encoding="utf-8")


async def _read(agent: object, questions: list) -> list:
    found = []
    for text in questions:
        parsed = await agent.parse_message(text)  # type: ignore[attr-defined]
        found.append(parsed["intent"]["name"])
    return found


def _resident() -> float:
    """Return the memory in use, MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    main(*sys.argv[1:])
