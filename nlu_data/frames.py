"""Write the training files that are made of others: run `make frames` after a change of these.

`data/nlu/from_frames.yml` holds the frames of `frames.yaml` around many things,
`data/nlu/from_questions.yml` what was asked, from the knowledge base. A test holds them together.
"""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
FRAMES = HERE / "frames.yaml"
QUESTIONS = HERE.parent / "knowledge" / "data" / "asked_questions.yaml"
THINGS_A_FRAME = 5
OTHERS_A_FRAME = 2
_HEAD = """version: "3.1"

# Written by frames.py from {source}: change that file and run `make frames`.

nlu:
"""


def examples(content: dict[str, Any]) -> dict[str, list[str]]:
    """Return the examples by intent; which things a frame gets is fixed by its place."""
    things, others = cycle(content["things"]), cycle(content["other_things"])
    found: dict[str, list[str]] = {}
    beyond: list[str] = []
    for intent, frames in content["frames"].items():
        found[intent] = [
            frame.format(x=thing) for frame in frames for thing in islice(things, THINGS_A_FRAME)
        ]
        beyond += [
            frame.format(x=thing) for frame in frames for thing in islice(others, OTHERS_A_FRAME)
        ]
    return found | {"out_of_scope": beyond}


def asked(content: dict[str, Any]) -> dict[str, list[str]]:
    """Return the questions that ask one thing by intent, and those that are not ours."""
    found: dict[str, list[str]] = {}
    for questions in content["questions"].values():
        for question in questions:
            if len(question["asks"]) == 1:
                found.setdefault(f"ask_{question['asks'][0]}", []).append(question["text"])
    return {**dict(sorted(found.items())), "out_of_scope": content["not_ours"]}


def written(intents: dict[str, list[str]], source: Path) -> str:
    """Return the text of a training file."""
    parts = [_HEAD.format(source=source.name)]
    for intent, lines in intents.items():
        unique = dict.fromkeys(lines)
        parts.append(f"- intent: {intent}\n  examples: |\n")
        parts.extend(f"    - {line}\n" for line in unique)
    return "".join(parts)


def files() -> dict[Path, str]:
    """Return the training files with the text that they should have."""
    frames = yaml.safe_load(FRAMES.read_text(encoding="utf-8"))
    questions = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    return {
        HERE / "data" / "nlu" / "from_frames.yml": written(examples(frames), FRAMES),
        HERE / "data" / "nlu" / "from_questions.yml": written(asked(questions), QUESTIONS),
    }


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
