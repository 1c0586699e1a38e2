"""Read data files: YAML checked by a pydantic model; faults name file, line and field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class DataFileFault:
    """One thing that is wrong in a data file."""

    path: Path
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.field}: {self.message}"


class DataFileError(ValueError):
    """A data file cannot be used; `faults` lists everything that is wrong in it."""

    def __init__(self, faults: Sequence[DataFileFault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """Read a file and check it against a model; raises `DataFileError` with every fault."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataFileError([_unreadable(path, error)]) from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        tree = yaml.compose(text, Loader=yaml.CSafeLoader)
        raise DataFileError(
            [
                DataFileFault(path, _line_of(tree, item["loc"]), _field(item["loc"]), item["msg"])
                for item in error.errors(include_url=False, include_context=False)
            ]
        ) from None


def _unreadable(path: Path, error: Exception) -> DataFileFault:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    problem = getattr(error, "problem", None) or getattr(error, "strerror", None) or str(error)
    return DataFileFault(path, line, "(file)", problem)


def _field(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location) or "(file)"


def _line_of(tree: Any, location: Sequence[int | str]) -> int:
    """Return the line of the deepest node of a location that exists in the file."""
    node, line = tree, 1
    for part in location:
        child = _child(node, part)
        if child is None:
            break
        line, node = child
    return line


def _child(node: Any, part: int | str) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child = node.value[part]
        return child.start_mark.line + 1, child
    return None
