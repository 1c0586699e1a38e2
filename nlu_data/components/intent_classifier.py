"""What a message asks: logistic regression over n-grams of words and characters."""

from __future__ import annotations

from typing import Any, Dict, List, Text
from zlib import crc32

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

from components.tokenizer import lemma_of
from knowledge.vietnamese import mistyped, respell, strip_marks, words

_FILE = "classifier.skops"
_TRUSTED = ["scipy.sparse._csr.csr_matrix"]
_OF_LEMMAS = ("words", "characters")
_OF_FORMS = "marked_words"
_WAYS = 3
_LONG = 4
"""Letters of a word that may be mistyped."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class NgramIntentClassifier(IntentClassifier, GraphComponent):
    """Classify n-grams of a message's words with and without marks, one sparse product a message.

    The tokenizer's lemmas carry no marks, so every way of typing gives nearly the same features;
    the marks, where they are typed, tell apart what the lemmas do not. Each example is learnt
    three times: as written, without marks, and with one word mistyped.
    """

    @classmethod
    def required_components(cls) -> List[Any]:
        """Return what must come before in the pipeline."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """Return the settings: n-gram lengths, strength of the fit, length of the ranking.

        `least_examples` are the examples an n-gram must stand in; each counts as it is typed.
        """
        return {
            "word_ngrams": [1, 2],
            "char_ngrams": [2, 5],
            "C": 50.0,
            "least_examples": {"words": 2, "characters": 4, "marked_words": 2},
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
        """Return the trained classifier; raises if its file holds types that it should not."""
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            classifier._model = skops.io.load(folder / _FILE, trusted=_TRUSTED)
        classifier._costs = _word_costs(classifier._model["words"])
        return classifier

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the classifier on the examples of all intents and store it."""
        examples = [
            item for item in training_data.training_examples if item.get(INTENT) and item.get(TEXT)
        ]
        texts = [text for item in examples for text in _ways_of_typing(item.get(TEXT))]
        intents = [item.get(INTENT) for item in examples for _ in range(_WAYS)]
        lemmas, forms = [_lemmas(text) for text in texts], [_forms(text) for text in texts]
        for name in _OF_LEMMAS:
            self._model[name].fit(lemmas)
        self._model[_OF_FORMS].fit(forms)
        classifier = self._model["intents"]
        classifier.fit(self._features(lemmas, forms), intents)
        classifier.coef_ = classifier.coef_.astype(np.float32)  # half the size, the same answers
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
        features = self._features([self._respelled(message)], [_forms(message.get(TEXT))])
        [chances] = classifier.predict_proba(features)
        best = np.argsort(chances)[::-1][: self._config["ranking_length"]]
        ranking = [
            {"name": str(classifier.classes_[at]), "confidence": float(chances[at])} for at in best
        ]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)

    def _respelled(self, message: Message) -> Text:
        """Return the lemmas, with unknown ones read as the known words they stand for."""
        lemmas = [token.lemma for token in message.get(TOKENS_NAMES[TEXT]) or ()]
        return " ".join(word for lemma in lemmas for word in respell(lemma, self._costs))

    def _features(self, lemmas: List[Text], forms: List[Text]) -> csr_matrix:
        parts = [self._model[name].transform(lemmas) for name in _OF_LEMMAS]
        return hstack([*parts, self._model[_OF_FORMS].transform(forms)], format="csr")


def _ways_of_typing(text: Text) -> List[Text]:
    """Return an example as it is written, without marks, and with one word mistyped."""
    return [text, strip_marks(text), _with_typo(text)]


def _with_typo(text: Text) -> Text:
    spoken = text.split(" ")
    long = [at for at, word in enumerate(spoken) if len(word) >= _LONG and word.isalpha()]
    if long:
        number = crc32(text.encode())
        at = long[number % len(long)]
        spoken[at] = mistyped(spoken[at], number // len(long))
    return " ".join(spoken)


def _lemmas(text: Text) -> Text:
    return " ".join(lemma_of(word.key) for word in words(text))


def _forms(text: Text) -> Text:
    return " ".join(word.form for word in words(text))


def _word_costs(words: TfidfVectorizer) -> Dict[Text, float]:
    return {term: words.idf_[at] for term, at in words.vocabulary_.items() if " " not in term}


def _untrained(config: Dict[Text, Any]) -> Dict[Text, Any]:
    options = {"sublinear_tf": True, "lowercase": False}
    least = config["least_examples"]
    return {
        "words": TfidfVectorizer(
            analyzer="word",
            ngram_range=tuple(config["word_ngrams"]),
            token_pattern=r"\S+",
            min_df=least["words"],
            **options,
        ),
        "characters": TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=tuple(config["char_ngrams"]),
            min_df=least["characters"],
            **options,
        ),
        _OF_FORMS: TfidfVectorizer(
            analyzer="word",
            ngram_range=tuple(config["word_ngrams"]),
            token_pattern=r"\S+",
            min_df=least["marked_words"],
            **options,
        ),
        "intents": LogisticRegression(
            C=config["C"],
            class_weight="balanced",
            solver="liblinear",
            random_state=config["random_state"],
        ),
    }
