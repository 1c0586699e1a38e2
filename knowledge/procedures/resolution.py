"""What a message may mean: one procedure, one of several, none, or nothing that is known."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.procedures.model import Procedure


@dataclass(frozen=True, slots=True)
class Resolved:
    """One procedure is meant."""

    procedure: Procedure
    from_context: bool = False
    goes_on: bool = False
    """Whether the message says no more than how it differs from what was talked about."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several may be meant; ask back with these, best first."""

    choices: tuple[Procedure, ...]


@dataclass(frozen=True, slots=True)
class NotMentioned:
    """The message names no procedure, and none was talked about."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message names something that the knowledge base does not have."""


Resolution = Resolved | Ambiguous | NotMentioned | Unknown
