"""What a message asks: logistic regression over n-grams of words and characters."""

from __future__ import annotations

from typing import Any, Dict, List, Text

import numpy as np
import skops.io
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from knowledge.vietnamese import respell

_FILE = "classifier.skops"
_TRUSTED = ["scipy.sparse._csr.csr_matrix"]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class NgramIntentClassifier(IntentClassifier, GraphComponent):
    """Classify the lemmas of a message, one sparse product a message.

    The tokenizer's lemmas carry no marks, so every way of typing gives the same features.
    """

    @classmethod
    def required_components(cls) -> List[Any]:
        """Return what must come before in the pipeline."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """Return the settings: n-gram lengths, strength of the fit, length of the ranking."""
        return {
            "word_ngrams": [1, 2],
            "char_ngrams": [2, 5],
            "C": 20.0,
            "ranking_length": 10,
            "random_state": 42,
        }

    def __init__(self, config: Dict[Text, Any], storage: ModelStorage, resource: Resource) -> None:
        """Keep the settings and where the model is stored."""
        self._config = {**self.get_default_config(), **config}
        self._storage = storage
        self._resource = resource
        self._model = _untrained(self._config)
        self._costs: Dict[Text, float] = {}

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> NgramIntentClassifier:
        """Return a classifier that is still to be trained."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> NgramIntentClassifier:
        """Return the trained classifier."""
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            file = folder / _FILE
            unknown = set(skops.io.get_untrusted_types(file=file)) - set(_TRUSTED)
            if unknown:
                raise ValueError(f"the model holds types it should not: {sorted(unknown)}")
            classifier._model = skops.io.load(file, trusted=_TRUSTED)
        classifier._costs = _word_costs(classifier._model["words"])
        return classifier

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the classifier on the examples of all intents and store it."""
        examples = [item for item in training_data.training_examples if item.get(INTENT)]
        texts = [_lemmas(item) for item in examples]
        for vectorizer in self._vectorizers():
            vectorizer.fit(texts)
        self._model["intents"].fit(self._features(texts), [item.get(INTENT) for item in examples])
        with self._storage.write_to(self._resource) as folder:
            skops.io.dump(self._model, folder / _FILE)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Add intent and ranking to each message that has a text."""
        for message in messages:
            if message.get(TEXT) is not None:
                self._classify(message)
        return messages

    def _classify(self, message: Message) -> None:
        classifier = self._model["intents"]
        [chances] = classifier.predict_proba(self._features([self._respelled(message)]))
        best = np.argsort(chances)[::-1][: self._config["ranking_length"]]
        ranking = [
            {"name": str(classifier.classes_[at]), "confidence": float(chances[at])} for at in best
        ]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)

    def _respelled(self, message: Message) -> Text:
        """Return the lemmas, with unknown ones read as the known words they stand for."""
        lemmas = _lemmas(message).split()
        return " ".join(word for lemma in lemmas for word in respell(lemma, self._costs))

    def _vectorizers(self) -> List[TfidfVectorizer]:
        return [self._model["words"], self._model["characters"]]

    def _features(self, texts: List[Text]) -> csr_matrix:
        return hstack([each.transform(texts) for each in self._vectorizers()], format="csr")


def _lemmas(message: Message) -> Text:
    return " ".join(token.lemma for token in message.get(TOKENS_NAMES[TEXT]) or ())


def _word_costs(words: TfidfVectorizer) -> Dict[Text, float]:
    return {term: words.idf_[at] for term, at in words.vocabulary_.items() if " " not in term}


def _untrained(config: Dict[Text, Any]) -> Dict[Text, Any]:
    options = {"sublinear_tf": True, "lowercase": False}
    return {
        "words": TfidfVectorizer(
            analyzer="word",
            ngram_range=tuple(config["word_ngrams"]),
            token_pattern=r"\S+",
            **options,
        ),
        "characters": TfidfVectorizer(
            analyzer="char_wb", ngram_range=tuple(config["char_ngrams"]), **options
        ),
        "intents": LogisticRegression(
            C=config["C"],
            class_weight="balanced",
            max_iter=400,
            random_state=config["random_state"],
        ),
    }
