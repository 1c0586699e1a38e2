"""Short questions about the dossier that was told last: "xong chưa?", "có trễ không?"."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from actions.base import Message
from actions.dossiers import Codes
from actions.phrases import phrases
from knowledge.dossiers.tracking_code import find_codes
from knowledge.vietnamese import search_key

FILE = Path(__file__).with_name("dossiers.yaml")
SLOT = "dossier"
"""The dossiers that were told last: what "báo cho tôi khi xong" is about."""
ABOUT = "dossier"
"""As what is pending: the next message may ask more about them."""
_LONGEST = 14


class ToldWords(BaseModel):
    """Shape of `dossiers.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    asks: tuple[str, ...]
    fillers: frozenset[str]
    names: tuple[str, ...]
    wrong_one: tuple[str, ...]
    no_code: tuple[str, ...]
    no_digits: tuple[str, ...]

    def asks_on(self, text: str, *, named: bool) -> bool:
        """Whether a message asks of a dossier and nothing else; `named`: it must say "hồ sơ"."""
        key = f" {search_key(text)} "
        if len(key.split()) > _LONGEST or (named and not _has(key, self.names)):
            return False
        rest = key
        for words in self.names:
            rest = rest.replace(f" {words} ", "  ")
        asked = rest
        for words in sorted(self.asks, key=len, reverse=True):
            rest = rest.replace(f" {words} ", "  ")
        return rest != asked and self._known.issuperset(rest.split())

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(word for words in self.fillers for word in words.split())

    def means_another(self, text: str) -> bool:
        """Whether a message says that another dossier is meant."""
        return _has(f" {search_key(text)} ", self.wrong_one)

    def has_no_code(self, text: str) -> bool:
        """Whether a message says that the code is not known."""
        return _has(f" {search_key(text)} ", self.no_code)

    def has_no_digits(self, text: str) -> bool:
        """Whether a message says that the digits are not known."""
        return _has(f" {search_key(text)} ", self.no_digits)


@lru_cache(maxsize=1)
def told_words() -> ToldWords:
    """Return the wordings that are shipped."""
    return ToldWords.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def told_codes(message: Message) -> Codes:
    """Return the codes of the dossiers that were told last."""
    return find_codes(message.slots.get(SLOT) or "")


def asked_of_told(message: Message) -> Codes:
    """Return the dossiers told last if a message goes on about them."""
    codes = told_codes(message)
    if not codes or message.is_button or find_codes(message.text):
        return ()
    just_told = message.slots.get("pending") == ABOUT
    return codes if told_words().asks_on(message.text, named=not just_told) else ()


def refuses_told(message: Message) -> bool:
    """Whether a message says that the dossier told just now is not the one that was meant."""
    if message.slots.get("pending") != ABOUT or message.is_button or find_codes(message.text):
        return False
    words = phrases()
    refused = words.refuses(message.text) and not words.is_bare_no(message.text)
    return refused or told_words().means_another(message.text)


def _has(key: str, wordings: tuple[str, ...]) -> bool:
    return any(f" {words} " in key for words in wordings)
