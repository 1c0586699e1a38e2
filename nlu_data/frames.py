"""Write `data/nlu/from_frames.yml`: the frames of `frames.yaml` around many things.

Run `make frames` after a change of `frames.yaml`; a test holds the two files together.
"""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SOURCE = HERE / "frames.yaml"
TARGET = HERE / "data" / "nlu" / "from_frames.yml"
THINGS_A_FRAME = 5
OTHERS_A_FRAME = 2
_HEAD = """version: "3.1"

# Written by frames.py from frames.yaml: change that file and run `make frames`.

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


def written(content: dict[str, Any]) -> str:
    """Return the text of the training file."""
    parts = [_HEAD]
    for intent, lines in examples(content).items():
        unique = dict.fromkeys(lines)
        parts.append(f"- intent: {intent}\n  examples: |\n")
        parts.extend(f"    - {line}\n" for line in unique)
    return "".join(parts)


def main() -> None:
    """Write the file."""
    content = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    TARGET.write_text(written(content), encoding="utf-8")


if __name__ == "__main__":
    main()
