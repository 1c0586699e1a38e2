"""Figures of an evaluation: shares by slice, confusions, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.evaluation.labelled import Reaction
from bot.evaluation.scoring import Verdict

_BINS = 10
_FEW = 2
"""So many questions may go another way on another machine."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A share that is measured: of which questions, and what is counted in them."""

    name: str
    title: str
    applies: Callable[[Verdict], bool]
    counts: Callable[[Verdict], bool]
    lower_is_better: bool = False


MEASURES = (
    Measure("joint", "joint", lambda v: v.question.wants_answer, lambda v: v.right),
    Measure("right", "all right", lambda v: True, lambda v: v.right),
    Measure("intent", "intent", lambda v: True, lambda v: v.intent),
    Measure(
        "aspect",
        "aspect",
        lambda v: v.question.wants_answer and v.reaction is Reaction.ANSWER,
        lambda v: v.aspect,
    ),
    Measure("first", "proc@1", lambda v: v.question.wants_answer, lambda v: v.first),
    Measure("first_three", "proc@3", lambda v: v.question.wants_answer, lambda v: v.first_three),
    Measure("false_answers", "false", lambda v: True, lambda v: v.false_answer, True),
    Measure(
        "refused",
        "oos ref.",
        lambda v: v.question.expect[0] is Reaction.REFUSE,
        lambda v: v.reacted,
    ),
    Measure(
        "wrongly_refused",
        "in ref.",
        lambda v: v.question.in_scope,
        lambda v: v.wrongly_refused,
        True,
    ),
    Measure(
        "asked_back", "asked", lambda v: v.question.wants_answer, lambda v: v.asked_back, True
    ),
    Measure(
        "clarified",
        "clarified",
        lambda v: v.question.expect == (Reaction.CLARIFY,),
        lambda v: v.right,
    ),
    Measure(
        "codes", "codes", lambda v: v.question.expect[0] is Reaction.DOSSIER, lambda v: v.right
    ),
)

Shares = dict[str, float | None]


def shares(verdicts: Sequence[Verdict]) -> Shares:
    """Return each measure as a share, 0 to 1; None where it applies to no question."""
    found: Shares = {}
    for measure in MEASURES:
        fitting = [verdict for verdict in verdicts if measure.applies(verdict)]
        hits = sum(map(measure.counts, fitting))
        found[measure.name] = round(hits / len(fitting), 4) if fitting else None
    return found


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Return to how many questions each measure applies."""
    return {measure.name: sum(map(measure.applies, verdicts)) for measure in MEASURES}


def confusions(verdicts: Iterable[Verdict]) -> list[tuple[str, str, int]]:
    """Return what was wanted, what was done instead and how often, the commonest first."""
    pairs = Counter(
        (_wanted(verdict), _done(verdict)) for verdict in verdicts if not verdict.right
    )
    return [(wanted, done, count) for (wanted, done), count in pairs.most_common()]


def calibration(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return how often intents of a confidence are right, by tenths, and the expected error."""
    bins: list[list[Verdict]] = [[] for _ in range(_BINS)]
    for verdict in verdicts:
        confidence = verdict.turn.confidence or 0.0
        bins[min(_BINS - 1, int(confidence * _BINS))].append(verdict)
    rows = [
        {
            "from": number / _BINS,
            "questions": len(inside),
            "confidence": round(sum(v.turn.confidence or 0.0 for v in inside) / len(inside), 4),
            "right": round(sum(v.intent for v in inside) / len(inside), 4),
        }
        for number, inside in enumerate(bins)
        if inside
    ]
    error = sum(row["questions"] * abs(row["confidence"] - row["right"]) for row in rows)
    return {"bins": rows, "expected_error": round(error / max(1, len(verdicts)), 4)}


def drops(
    now: Mapping[str, Shares],
    accepted: Mapping[str, Shares],
    questions: Mapping[str, int],
    *,
    tolerance: float,
) -> list[tuple[str, str, float, float]]:
    """Return slice, measure, accepted and present share wherever it has become worse.

    Slices that were not measured now are passed over. A share may fall by `tolerance`, and where
    a measure applies to few `questions`, by some of these: they differ from machine to machine.
    """
    worse = []
    for slice_name, before in accepted.items():
        for measure in MEASURES:
            old = before.get(measure.name)
            new = now.get(slice_name, {}).get(measure.name)
            if old is None or new is None:
                continue
            slack = max(tolerance, _FEW / max(1, questions.get(measure.name, 0)))
            if (new - old if measure.lower_is_better else old - new) > slack:
                worse.append((slice_name, measure.name, old, new))
    return worse


def _wanted(verdict: Verdict) -> str:
    question = verdict.question
    aspects = "+".join(sorted(question.aspects[0])) if question.aspects else ""
    return " ".join(filter(None, (question.expect[0].value, aspects)))


def _done(verdict: Verdict) -> str:
    aspects = "+".join(sorted(verdict.turn.aspects))
    other = ""
    if verdict.question.procedure and not verdict.first and verdict.reaction is Reaction.ANSWER:
        other = "other procedure"
    return " ".join(filter(None, (verdict.reaction.value, aspects, other)))
