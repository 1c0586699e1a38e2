"""Labelled questions: JSON lines that say what the best possible assistant would do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from knowledge.procedures.model import Aspect


class Reaction(StrEnum):
    """What the assistant does with a message, as far as a label can say."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    REFUSE = "refuse"
    SOCIAL = "social"
    LIST = "list"
    DOSSIER = "dossier"
    HANDOFF = "handoff"
    FAILED = "failed"


class BadLabel(ValueError):  # noqa: N818 - names what it is about
    """A labelled question cannot be read; the message names file, line and field."""


class Labelled(BaseModel):
    """A question and what is right to do with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    text: str
    conversation: str = ""
    """Questions of one conversation are its turns, in order; by default each stands alone."""
    expect: tuple[Reaction, ...] = Field(min_length=1)
    """Reactions that are right, best first."""
    procedure: tuple[str, ...] = ()
    """Procedures that may be answered; where choices are right, one of them must be offered."""
    aspects: tuple[frozenset[Aspect], ...] = ()
    """Sets of aspects that are right, best first."""
    dossiers: tuple[str, ...] = ()
    """Tracking codes that must be recognised, in canonical form."""
    tags: tuple[str, ...] = ()

    @field_validator("expect", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @property
    def talk(self) -> str:
        """Return the key of the conversation this question belongs to."""
        return self.conversation or self.id

    @property
    def in_scope(self) -> bool:
        """Whether refusing it is wrong."""
        return Reaction.REFUSE not in self.expect

    @property
    def wants_answer(self) -> bool:
        """Whether a fact of a procedure is the best reaction."""
        return self.expect[0] is Reaction.ANSWER


def read_labelled(files: Iterable[Path]) -> list[Labelled]:
    """Read files of JSON lines; raises `BadLabel` for the first line that is wrong."""
    questions = [
        _labelled(path, number, line)
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip()
    ]
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise BadLabel(f"id {question.id} stands twice")
        seen.add(question.id)
    return questions


def conversations(questions: Sequence[Labelled]) -> list[list[Labelled]]:
    """Return the questions by conversation, in the order of the file."""
    return [list(turns) for _, turns in groupby(questions, key=lambda question: question.talk)]


def _labelled(path: Path, number: int, line: str) -> Labelled:
    try:
        return Labelled.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadLabel(f"{path}:{number}: {place}: {first['msg']}") from None
