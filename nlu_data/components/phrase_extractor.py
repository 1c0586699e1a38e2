"""Entities from the lookup tables and synonyms of the training data, in any spelling."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Text, Tuple

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import dump_obj_as_json_to_file, read_json_file

from knowledge.vietnamese import words

Phrases = Dict[Text, Tuple[Text, Text]]
"""Search key of a phrase → (entity, value)."""

_FILE = "phrases.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class PhraseEntityExtractor(EntityExtractorMixin, GraphComponent):
    """Find the phrases of the lookup tables, longest first; a synonym gives the value."""

    def __init__(self, storage: ModelStorage, resource: Resource, phrases: Phrases) -> None:
        """Keep the phrases and where they are stored."""
        self._storage = storage
        self._resource = resource
        self._phrases = phrases
        self._longest = max((key.count(" ") + 1 for key in phrases), default=0)

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PhraseEntityExtractor:
        """Return an extractor that knows no phrase yet."""
        return cls(model_storage, resource, {})

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> PhraseEntityExtractor:
        """Return the trained extractor."""
        with model_storage.read_from(resource) as folder:
            stored = read_json_file(folder / _FILE)
        return cls(model_storage, resource, {key: tuple(value) for key, value in stored.items()})

    def train(self, training_data: TrainingData) -> Resource:
        """Collect the phrases of all lookup tables and store them."""
        synonyms = {_key(phrase): value for phrase, value in training_data.entity_synonyms.items()}
        for table in training_data.lookup_tables:
            for phrase in table["elements"]:
                key = _key(phrase)
                self._phrases[key] = (table["name"], synonyms.get(key, phrase))
        with self._storage.write_to(self._resource) as folder:
            dump_obj_as_json_to_file(folder / _FILE, self._phrases)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leave the training data alone: their entities are annotated by hand."""
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Add the found entities to each message."""
        for message in messages:
            found = self._find(message.get(TEXT) or "")
            if found:
                known = message.get(ENTITIES, [])
                tagged = self.add_extractor_name(found)
                message.set(ENTITIES, known + tagged, add_to_output=True)
        return messages

    def _find(self, text: Text) -> List[Dict[Text, Any]]:
        tokens = words(text)
        found, at = [], 0
        while at < len(tokens):
            width = self._width_at([token.key for token in tokens[at : at + self._longest]])
            if width is None:
                at += 1
                continue
            entity, value = self._phrases[" ".join(t.key for t in tokens[at : at + width])]
            start, end = tokens[at].start, tokens[at + width - 1].end
            found.append(
                {"entity": entity, "start": start, "end": end, "value": value, "confidence": 1.0}
            )
            at += width
        return found

    def _width_at(self, keys: List[Text]) -> Optional[int]:
        widths = range(len(keys), 0, -1)
        return next((width for width in widths if " ".join(keys[:width]) in self._phrases), None)


def _key(phrase: Text) -> Text:
    return " ".join(word.key for word in words(phrase))
