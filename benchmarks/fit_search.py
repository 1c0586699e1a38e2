"""Fit the weights of the search on the calibration questions: `make fit`.

A conditional logit model: each question is a choice among the families that share a word with it
and "none of ours". The fit maximises the likelihood of the labels with a small penalty on the
squares of the weights.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import minimize

from bot.asking import open_asker
from bot.evaluation.labelled import Labelled, Reaction, read_labelled
from bot.evaluation.typing_ways import WAYS
from bot.settings import load_settings
from knowledge.procedures.catalogue import Catalogue, Terms
from knowledge.procedures.files import scan
from knowledge.settings import SHIPPED_DATA

QUESTIONS = Path("tests/understanding/calibration.jsonl")
TYPED = ("as written", "no marks", "one typo")
_PENALTY = 0.0005

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """A question as a choice: the features of what may be meant, and which of it is right."""

    features: FloatArray
    """A row for each family that shares a word with the question, and one for "none of ours"."""
    right: BoolArray
    """Which rows are right."""


async def doubts(questions: Sequence[Labelled]) -> dict[tuple[str, str], float]:
    """Return how sure the model is that a question is out of scope, by id and way of typing."""
    found = {}
    async with open_asker(load_settings(), url=None, today=None) as asker:
        for way in TYPED:
            for question in questions:
                typed = WAYS[way](question.text, question.id)
                turn = await asker.ask(f"{way}:{question.id}", typed)
                sure = turn.intent == "out_of_scope"
                found[question.id, way] = (turn.confidence or 0.0) if sure else 0.0
    return found


def choices(
    catalogue: Catalogue, questions: Iterable[Labelled], doubt: Mapping[tuple[str, str], float]
) -> list[Choice]:
    """Return the questions that say which families are right, or that none is."""
    names = catalogue.index.weight_names
    found = []
    for question in questions:
        families = {catalogue.procedures[item].family for item in question.procedure}
        refuse = question.expect[0] is Reaction.REFUSE
        for way in TYPED:
            typed = WAYS[way](question.text, question.id)
            scored, none = catalogue.index.features(typed, doubt=doubt[question.id, way])
            rows = [item.features for item in scored] + [none]
            right = [
                not item.family.ours if refuse else item.family.slug in families for item in scored
            ]
            if refuse or any(right):
                found.append(
                    Choice(
                        np.array([[row.get(name, 0.0) for name in names] for row in rows]),
                        np.array([*right, refuse]),
                    )
                )
    return found


def fit(before: FloatArray, listed: Sequence[Choice]) -> FloatArray:
    """Return the weights that make the labels likeliest."""
    rows = np.concatenate([choice.features for choice in listed])
    right = np.concatenate([choice.right for choice in listed])
    starts = np.cumsum([0, *(len(choice.right) for choice in listed[:-1])])
    widths = [len(choice.right) for choice in listed]

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        values = rows @ weights
        powers = np.exp(values - np.repeat(np.maximum.reduceat(values, starts), widths))
        total = np.add.reduceat(powers, starts)
        good = np.add.reduceat(powers * right, starts)
        pull = powers / np.repeat(total, widths) - powers * right / np.repeat(good, widths)
        worth = np.log(total / good).mean() + _PENALTY * (weights @ weights)
        return float(worth), rows.T @ pull / len(listed) + 2 * _PENALTY * weights

    found: FloatArray = minimize(loss, before, jac=True, method="L-BFGS-B").x
    return found


def right_share(weights: FloatArray, listed: Sequence[Choice]) -> float:
    """Return how often the likeliest choice is right."""
    hits = sum(choice.right[np.argmax(choice.features @ weights)] for choice in listed)
    return float(hits / len(listed))


def main(paths: Sequence[Path]) -> None:
    """Fit and write the weights."""
    questions = [
        question
        for question in read_labelled(paths)
        if not question.conversation
        and (question.procedure or question.expect[0] is Reaction.REFUSE)
    ]
    terms = Terms.load(SHIPPED_DATA)
    catalogue = Catalogue.build(scan(SHIPPED_DATA).procedures.values(), terms)
    listed = choices(catalogue, questions, asyncio.run(doubts(questions)))
    names = catalogue.index.weight_names
    before = np.array([terms.weights.weights.get(name, 0.0) for name in names])
    after = fit(before, listed)
    print(f"{len(listed)} choices; right {right_share(before, listed):.4f} before")
    print(f"{'':>{len(str(len(listed)))}}          right {right_share(after, listed):.4f} after")
    content = {
        "fitted_on": f"{len(questions)} calibration questions, typed in {len(TYPED)} ways",
        "weights": dict(zip(names, after.round(3).tolist(), strict=True)),
    }
    head = "# Weights of the search: written by `make fit` from the calibration questions.\n"
    target = SHIPPED_DATA / "search_weights.yaml"
    target.write_text(head + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or [QUESTIONS])
