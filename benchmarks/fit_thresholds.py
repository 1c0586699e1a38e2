"""Try other thresholds of the search on the calibration questions: `make thresholds`.

One threshold at a time is set to each value of its grid, all others as they are. Printed is, for
each value, how many questions led to the right procedure (or to the right choices, or to none)
and how many to a wrong one. Turns of a conversation are asked with what the labels say was talked
about before. Nothing is written: a threshold is changed by hand where a value is clearly better.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from benchmarks.fit_search import QUESTIONS, doubts
from bot.evaluation.labelled import Labelled, Reaction, conversations, read_labelled
from bot.evaluation.typing_ways import WAYS
from knowledge.procedures import chances, follow_ups, resolve, search
from knowledge.procedures.catalogue import Catalogue, Terms
from knowledge.procedures.files import scan
from knowledge.procedures.resolve import Ambiguous, Resolved
from knowledge.settings import SHIPPED_DATA

TYPED = ("as written", "one typo")
_MOST_TALKED = 5
GRID: Sequence[tuple[ModuleType, str, Sequence[float]]] = (
    (resolve, "TAKE", (0.2, 0.3, 0.4, 0.5)),
    (resolve, "LEAD", (1.0, 1.1, 1.3, 1.6, 2.0)),
    (resolve, "OVER_NONE", (0.8, 1.0, 1.3, 1.6)),
    (resolve, "NONE", (0.5, 0.6, 0.7)),
    (resolve, "CLEAR", (0.6, 0.75, 0.85, 0.95)),
    (resolve, "TOPIC_LEAD", (1.2, 1.5, 2.0, 3.0)),
    (follow_ups, "KEEP_TOPIC", (0.2, 0.3, 0.4, 0.6)),
    (follow_ups, "CLEARLY_OTHER", (0.4, 0.5, 0.6, 0.7)),
    (search, "TOPIC_ITSELF", (5.0, 10.0, 20.0, 40.0)),
    (search, "OF_THE_TOPIC", (20.0, 60.0, 120.0, 240.0)),
    (chances, "NAMED", (1.0, 4.0, 8.0, 16.0)),
    (chances, "AGREES", (1.0, 2.0, 4.0)),
    (chances, "LATER_ACTS_ONLY", (0.03, 0.1, 0.3, 1.0)),
    (chances, "EXCLUDED", (0.005, 0.02, 0.1)),
)


@dataclass(frozen=True)
class Case:
    """A text as it is typed, with its label and with what was talked about before."""

    question: Labelled
    text: str
    context: str | None
    offered: tuple[str, ...]
    talked: tuple[str, ...]


def cases_of(questions: Sequence[Labelled]) -> Iterator[Case]:
    """Yield the questions in several ways of typing, each after what its labels say."""
    for turns in conversations(questions):
        context: str | None = None
        offered: tuple[str, ...] = ()
        talked: tuple[str, ...] = ()
        for turn in turns:
            for way in TYPED:
                yield Case(turn, WAYS[way](turn.text, turn.id), context, offered, talked)
            if turn.expect[0] is Reaction.CLARIFY:
                offered = turn.procedure[: resolve.CHOICES]
            elif turn.wants_answer and turn.procedure:
                context, offered = turn.procedure[0], ()
                talked = (*(it for it in talked if it != context), context)[-_MOST_TALKED:]


def score(
    catalogue: Catalogue, cases: Sequence[Case], doubt: Mapping[str, float]
) -> tuple[float, float]:
    """Return the share that went right, and the share that was taken for something else."""
    right = wrong = 0
    for case in cases:
        found = resolve.resolve(
            catalogue.index,
            case.text,
            context=case.context,
            offered=case.offered,
            talked=case.talked,
            doubt=doubt[case.text],
        )
        expect, meant = case.question.expect, case.question.procedure
        if isinstance(found, Resolved):
            good = Reaction.ANSWER in expect and found.procedure.id in meant
            wrong += not good
        elif isinstance(found, Ambiguous):
            good = Reaction.CLARIFY in expect
        else:
            good = not case.question.wants_answer
        right += good
    return right / len(cases), wrong / len(cases)


def main(paths: Sequence[Path]) -> None:
    """Print the grid."""
    kinds = {Reaction.ANSWER, Reaction.CLARIFY, Reaction.REFUSE}
    questions = read_labelled(paths)
    cases = [case for case in cases_of(questions) if case.question.expect[0] in kinds]
    catalogue = Catalogue.build(scan(SHIPPED_DATA).procedures.values(), Terms.load(SHIPPED_DATA))
    doubt = asyncio.run(doubts(list(dict.fromkeys(case.text for case in cases))))
    right, wrong = score(catalogue, cases, doubt)
    print(f"{len(cases)} cases: right {right:.4f}, taken for another {wrong:.4f}")
    for module, name, values in GRID:
        now = getattr(module, name)
        for value in values:
            setattr(module, name, value)
            right, wrong = score(catalogue, cases, doubt)
            mark = "  <- now" if value == now else ""
            print(f"{name:<16} {value:>7} right {right:.4f} wrong {wrong:.4f}{mark}", flush=True)
        setattr(module, name, now)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or [QUESTIONS])
