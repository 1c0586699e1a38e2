"""How much may be asked: the settings of the limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from knowledge.settings import KnowledgeSettings


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of an installation."""

    lookups: int = 20
    """Codes that a person may look up within the window."""
    lookups_of_address: int = 200
    """Codes that all who come from one network address may look up within the window."""
    window: timedelta = timedelta(minutes=10)
    guesses: int = 10
    """Misses and near-by codes within the window that are taken for guessing."""
    proof_tries: int = 3
    """Wrong proofs of one dossier in one conversation before the first pause."""
    proof_pause: timedelta = timedelta(minutes=30)
    """The first pause; each further one is twice as long."""

    @classmethod
    def of(cls, settings: KnowledgeSettings) -> Self:
        """Return the limits that the settings name."""
        return cls(
            lookups=settings.lookups,
            lookups_of_address=settings.lookups_of_address,
            window=timedelta(minutes=settings.lookups_window_min),
            guesses=settings.guesses,
            proof_tries=settings.proof_tries,
            proof_pause=timedelta(minutes=settings.proof_pause_min),
        )
