"""What became of the questions that people asked: numbers only, nothing of what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """Numbers of turns by their outcome, and of tickets; greetings and thanks are no questions."""

    answered: int = 0
    """About procedures, offices and what else the assistant knows."""
    dossier: int = 0
    """About a dossier, found or not."""
    clarify: int = 0
    """Asked back: more than one thing may have been meant."""
    no_data: int = 0
    """Understood, but the knowledge base does not say."""
    out_of_scope: int = 0
    """Refused: another office's matter, or none at all."""
    handoff: int = 0
    """Sent on to the staff, or written while the staff held the conversation."""
    failed: int = 0
    left: int = 0
    """Tickets that were left for the staff; each comes out of turns that are counted above."""

    @property
    def asked(self) -> int:
        """Return how many turns there were, however they ended."""
        return (
            self.answered
            + self.dossier
            + self.clarify
            + self.no_data
            + self.out_of_scope
            + self.handoff
            + self.failed
        )


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """The figures of one month or channel."""

    name: str
    figures: QuestionFigures


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """The questions of a period."""

    total: QuestionFigures
    by_month: tuple[QuestionLine, ...]
    by_channel: tuple[QuestionLine, ...]
    """Named by the keys of the channels."""
    turns_since: date | None = None
    """Day of the oldest turn that is still kept; None if there is none."""
    tickets_since: date | None = None
    """Day of the oldest ticket that is still kept."""
