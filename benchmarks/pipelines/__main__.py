"""Train all pipelines on the project's examples, read the test questions, print one table.

`python -m benchmarks.pipelines [NAME …]`: about half an hour, most of it for the transformers.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.evaluation.labelled import Labelled, read_labelled
from bot.evaluation.scoring import expected_intents
from bot.evaluation.typing_ways import WAYS

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
NLU = PROJECT / "nlu_data"
QUESTIONS = PROJECT / "tests" / "understanding" / "test.jsonl"
COSTS = (
    ("CPU a question, ms", "cpu_ms"),
    ("training, s", "train_s"),
    ("model, MB", "model_mb"),
    ("loaded, MB", "loaded_mb"),
    ("peak of training, MB", "peak_mb"),
)


def main(names: Sequence[str]) -> None:
    """Measure the named pipelines, or all, and print a table in Markdown."""
    chosen = names or [path.stem for path in sorted(HERE.glob("*.yml"))]
    questions = [item for item in read_labelled([QUESTIONS]) if not item.conversation]
    texts = [WAYS[way](question.text, question.id) for way in WAYS for question in questions]
    measured = {name: _measure(name, texts) for name in chosen}
    print(f"{len(questions)} questions of the test split; intents right, per cent\n")
    print("| | " + " | ".join(chosen) + " |")
    print("|---|" + "---|" * len(chosen))
    for number, way in enumerate(WAYS):
        start = number * len(questions)
        shares = [
            _right(questions, measured[name]["intents"][start : start + len(questions)])
            for name in chosen
        ]
        print(f"| {way} | " + " | ".join(f"{share * 100:.1f}" for share in shares) + " |")
    for title, key in COSTS:
        print(f"| {title} | " + " | ".join(f"{measured[it][key]:.1f}" for it in chosen) + " |")


def _measure(name: str, texts: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        asked, result = Path(folder) / "texts.json", Path(folder) / "result.json"
        asked.write_text(json.dumps(texts), encoding="utf-8")
        arguments = [str(HERE / f"{name}.yml"), "data/nlu", str(asked), str(result)]
        python = NLU.resolve() / ".venv" / "bin" / "python"
        print(f"training {name} …", file=sys.stderr)
        subprocess.run(
            [python, HERE / "measure.py", *arguments],
            cwd=NLU,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        figures: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return figures


def _right(questions: Sequence[Labelled], intents: Sequence[str]) -> float:
    hits = sum(
        intent in expected_intents(question)
        for question, intent in zip(questions, intents, strict=True)
    )
    return hits / len(questions)


if __name__ == "__main__":
    main(sys.argv[1:])
