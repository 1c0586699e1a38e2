"""The evaluation as people and programs read it: a table, a list of confusions, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.evaluation.figures import MEASURES, Shares, calibration, confusions, counts, shares
from bot.evaluation.scoring import Verdict
from bot.evaluation.typing_ways import AS_WRITTEN

_MOST_CONFUSIONS = 15

Slices = Mapping[str, Sequence[Verdict]]


def as_data(slices: Slices) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON."""
    first = slices[AS_WRITTEN] if AS_WRITTEN in slices else next(iter(slices.values()))
    return {
        "questions": len(first),
        "counts": counts(first),
        "slices": {name: shares(verdicts) for name, verdicts in slices.items()},
        "confusions": [list(item) for item in confusions(first)],
        "calibration": calibration(first),
    }


def table(data: Mapping[str, Any]) -> str:
    """Return the figures as an aligned table, in per cent, with confusions and calibration."""
    slices: Mapping[str, Shares] = data["slices"]
    width = max(map(len, slices))
    lines = [f"{data['questions']} questions; per cent"]
    lines.append(" " * width + "".join(f"{measure.title:>10}" for measure in MEASURES))
    lines += [
        f"{name:<{width}}" + "".join(_cell(found[measure.name]) for measure in MEASURES)
        for name, found in slices.items()
    ]
    lines += ["", "as written, wanted → done"]
    lines += [
        f"{count:>4}  {wanted} → {done}"
        for wanted, done, count in data["confusions"][:_MOST_CONFUSIONS]
    ]
    lines += [
        "",
        f"calibration of intents: expected error {data['calibration']['expected_error']}",
    ]
    lines += [
        f"  confidence {row['confidence']:.2f}: right {row['right']:.2f} of {row['questions']}"
        for row in data["calibration"]["bins"]
    ]
    return "\n".join(lines)


def mistakes(slices: Slices) -> str:
    """Return every answer that was not right, a JSON line each."""
    return "".join(
        json.dumps(_mistake(name, verdict), ensure_ascii=False) + "\n"
        for name, verdicts in slices.items()
        for verdict in verdicts
        if not verdict.right
    )


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write the figures."""
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _cell(share: float | None) -> str:
    return f"{'–':>10}" if share is None else f"{share * 100:>10.1f}"


def _mistake(slice_name: str, verdict: Verdict) -> dict[str, Any]:
    question, turn = verdict.question, verdict.turn
    return {
        "slice": slice_name,
        "id": question.id,
        "text": verdict.asked,
        "expect": list(question.expect),
        "procedure": list(question.procedure),
        "aspects": [sorted(wanted) for wanted in question.aspects],
        "reaction": verdict.reaction,
        "got_procedure": turn.procedure,
        "got_aspects": list(turn.aspects),
        "candidates": list(turn.candidates),
        "dossiers": list(turn.dossiers),
        "intent": turn.intent,
        "confidence": turn.confidence,
        "false_answer": verdict.false_answer,
        "tags": list(question.tags),
    }
