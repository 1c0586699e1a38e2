"""One answered question against its label."""

from __future__ import annotations

from dataclasses import dataclass

from bot.evaluation.labelled import Labelled, Reaction
from bot.messages import Turn
from knowledge.procedures.model import Aspect

_REACTIONS = {
    "answered": Reaction.ANSWER,
    "no_data": Reaction.ANSWER,
    "clarify": Reaction.CLARIFY,
    "out_of_scope": Reaction.REFUSE,
    "social": Reaction.SOCIAL,
    "dossier": Reaction.DOSSIER,
    "handoff": Reaction.HANDOFF,
}
_SOCIAL_INTENTS = frozenset(
    {
        *("greet", "thank", "say_goodbye", "ask_help", "praise", "affirm", "deny", "cancel"),
        *("ask_working_hours", "ask_contact"),
    }
)
_INTENTS = {
    Reaction.REFUSE: frozenset({"out_of_scope", "nlu_fallback"}),
    Reaction.SOCIAL: _SOCIAL_INTENTS,
    Reaction.LIST: frozenset({"list_procedures"}),
    Reaction.DOSSIER: frozenset({"track_dossier"}),
    Reaction.HANDOFF: frozenset({"talk_to_person", "complain"}),
}
_FIRST = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a turn compares with the label of its question."""

    question: Labelled
    asked: str
    """The text as it was typed in this slice."""
    turn: Turn
    reaction: Reaction

    @property
    def reacted(self) -> bool:
        """Whether what was done is right, whatever it was done with."""
        return self.reaction in self.question.expect

    @property
    def intent(self) -> bool:
        """Whether the model's intent is one that leads to the right reaction."""
        return (self.turn.intent or "") in expected_intents(self.question)

    @property
    def aspect(self) -> bool:
        """Whether exactly the aspects were told that were asked for."""
        told = frozenset(Aspect(name) for name in self.turn.aspects)
        return not self.question.aspects or told in self.question.aspects

    @property
    def first(self) -> bool:
        """Whether the right procedure was answered or stands first among the choices."""
        return bool(self._named[:1]) and self._named[0] in self.question.procedure

    @property
    def first_three(self) -> bool:
        """Whether the right procedure was answered or stands among the first three choices."""
        return any(name in self.question.procedure for name in self._named[:_FIRST])

    @property
    def right(self) -> bool:
        """Whether all of it is right: reaction, procedure (and so variant), aspects, codes."""
        if not self.reacted:
            return False
        if self.reaction is Reaction.ANSWER:
            return self.first and self.aspect
        if self.reaction is Reaction.CLARIFY:
            return self.first_three or not self.question.procedure
        if self.reaction is Reaction.DOSSIER:
            return self.codes
        return True

    @property
    def codes(self) -> bool:
        """Whether exactly the right tracking codes were recognised."""
        return [item["code"] for item in self.turn.dossiers] == list(self.question.dossiers)

    @property
    def false_answer(self) -> bool:
        """Whether a person was told something about another thing than was asked."""
        if self.reaction is Reaction.DOSSIER:
            return bool(self.turn.dossiers) and not self.codes
        if self.reaction is not Reaction.ANSWER:
            return False
        told = {Aspect(name) for name in self.turn.aspects}
        about = any(told & wanted for wanted in self.question.aspects) or not self.question.aspects
        return not (self.turn.procedure in self.question.procedure and about)

    @property
    def wrongly_refused(self) -> bool:
        """Whether a question of ours was turned away."""
        return self.question.in_scope and self.reaction is Reaction.REFUSE

    @property
    def asked_back(self) -> bool:
        """Whether choices were offered where a plain answer was due."""
        return self.reaction is Reaction.CLARIFY and Reaction.CLARIFY not in self.question.expect

    @property
    def _named(self) -> list[str]:
        return [self.turn.procedure] if self.turn.procedure else list(self.turn.candidates)


def judge(question: Labelled, asked: str, turn: Turn) -> Verdict:
    """Compare a turn with the label of its question."""
    return Verdict(question, asked, turn, reaction_of(turn))


def reaction_of(turn: Turn) -> Reaction:
    """Return what the assistant did in a turn."""
    if turn.outcome == "answered" and turn.aspects == (Aspect.LIST.value,):
        return Reaction.LIST
    return _REACTIONS.get(turn.outcome, Reaction.FAILED)


def expected_intents(question: Labelled) -> frozenset[str]:
    """Return the intents that lead to a right reaction."""
    found: set[str] = set()
    for reaction in question.expect:
        found |= _INTENTS.get(reaction, frozenset())
        if reaction in (Reaction.ANSWER, Reaction.CLARIFY):
            found |= {f"ask_{aspect}" for wanted in question.aspects for aspect in wanted}
            if not question.aspects or any(
                Aspect.OVERVIEW in wanted for wanted in question.aspects
            ):
                found |= {"name_procedure", "ask_overview"}
    return frozenset(found)
