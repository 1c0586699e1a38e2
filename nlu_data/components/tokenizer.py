"""Words of Vietnamese text, with and without marks alike."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Text

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from knowledge.vietnamese import words

_CODE_LIKE = re.compile(r"(?=\w*\d)\w{6,}|\d{4,}")
_CODE_WORD = "mahosoma"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class VietnameseTokenizer(Tokenizer):
    """Split text into words whose lemma is the search key: no marks, shorthand written out.

    Featurizers read the lemma, so every way of typing a question gives the same features.
    Words that look like a part of a code share one lemma: their digits say nothing.
    """

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """Return the settings every Rasa tokenizer has."""
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
        }

    def tokenize(self, message: Message, attribute: Text) -> List[Token]:
        """Return one token a word; punctuation is passed over."""
        text = message.get(attribute)
        found = [
            Token(text[word.start : word.end] or word.key, word.start, lemma=lemma_of(word.key))
            for word in words(text)
        ]
        return found or [Token(text, 0)]


def lemma_of(key: str) -> str:
    """Return what features are made of: the search key, or one word for all parts of codes."""
    return _CODE_WORD if _CODE_LIKE.fullmatch(key) else key
