"""A snapshot of all procedures with what is derived from them: families, fields, search index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from knowledge.procedures.families import Topic
from knowledge.procedures.model import Aspect, Procedure, ProcedureId, Slug, Text
from knowledge.procedures.search import ProcedureIndex, SearchWeights
from knowledge.procedures.wording import Wording
from knowledge.vietnamese import search_key
from knowledge.yaml_files import load_yaml


class Field(BaseModel):
    """A field (lĩnh vực) of procedures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: Slug
    name: Text
    aliases: tuple[Text, ...] = ()


class Fields(BaseModel):
    """Shape of `fields.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: tuple[Field, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file; raises `DataFileError`."""
        return load_yaml(path, cls)

    def name_of(self, slug: str) -> str:
        """Return the official name of a field; an unlisted one shows its key."""
        return next((field.name for field in self.fields if field.slug == slug), slug)

    def named_in(self, text: str) -> Field | None:
        """Return the field whose longest name or alias stands in a text."""
        key = f" {search_key(text)} "
        found = [
            (len(name), field)
            for field in self.fields
            for name in map(search_key, (field.name, *field.aliases))
            if f" {name} " in key
        ]
        return max(found, key=lambda item: item[0])[1] if found else None


class Others(BaseModel):
    """Shape of `not_ours.yaml`: what people ask about that other offices do, or nobody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: tuple[Topic, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file; raises `DataFileError`."""
        return load_yaml(path, cls)


class AskedQuestion(BaseModel):
    """A question as somebody asked it, and what of the procedure it asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Text
    asks: tuple[Aspect, ...]


class AskedQuestions(BaseModel):
    """Shape of `asked_questions.yaml`: questions by the id of the procedure that is meant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: dict[ProcedureId, tuple[AskedQuestion, ...]]
    not_ours: tuple[Text, ...] = ()

    def of_procedures(self) -> Mapping[str, Sequence[str]]:
        """Return the texts by the id of the procedure."""
        return {name: [it.text for it in asked] for name, asked in self.questions.items()}

    def of_others(self) -> list[Topic]:
        """Return what is not ours, each a topic of its own."""
        return [Topic(name=text, was_asked=True) for text in self.not_ours]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check the file; raises `DataFileError`."""
        return load_yaml(path, cls)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the data folder says beside the procedures: fields, wordings, weights of the search."""

    fields: Fields
    wording: Wording
    weights: SearchWeights
    others: Others
    asked: AskedQuestions

    @classmethod
    def load(cls, data_dir: Path) -> Self:
        """Read and check the files of a data folder; raises `DataFileError`."""
        return cls(
            Fields.load(data_dir / "fields.yaml"),
            Wording.load(data_dir / "wording.yaml"),
            SearchWeights.load(data_dir / "search_weights.yaml"),
            Others.load(data_dir / "not_ours.yaml"),
            AskedQuestions.load(data_dir / "asked_questions.yaml"),
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All procedures of the installation at one moment."""

    procedures: Mapping[str, Procedure]
    fields: Fields
    index: ProcedureIndex

    @classmethod
    def build(cls, procedures: Iterable[Procedure], terms: Terms) -> Self:
        """Index the procedures."""
        ordered = {item.id: item for item in sorted(procedures, key=lambda item: item.id)}
        index = ProcedureIndex.build(
            ordered.values(),
            terms.wording,
            terms.weights.weights,
            [*terms.others.topics, *terms.asked.of_others()],
            terms.asked.of_procedures(),
        )
        return cls(ordered, terms.fields, index)

    def of_field(self, slug: str) -> list[Procedure]:
        """Return the procedures of a field, families together."""
        found = [item for item in self.procedures.values() if item.field == slug]
        return sorted(found, key=lambda item: (item.family, item.id))

    def family(self, slug: str) -> list[Procedure]:
        """Return the procedures of a family."""
        return [item for item in self.procedures.values() if item.family == slug]
