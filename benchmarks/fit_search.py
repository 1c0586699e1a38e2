"""Fit the weights of the search on the calibration questions: `make fit`.

A conditional logit model: each question is a choice among the families that share a word with it
and "none of ours". The fit maximises the likelihood of the labels with a small penalty on the
squares of the weights, by gradient ascent from the weights that are there.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.asking import open_asker
from bot.evaluation.labelled import Labelled, Reaction, read_labelled
from bot.evaluation.typing_ways import WAYS
from bot.settings import load_settings
from knowledge.procedures.catalogue import Catalogue, Terms
from knowledge.procedures.files import scan
from knowledge.procedures.ranking import Scored, Weights, probabilities
from knowledge.settings import SHIPPED_DATA

QUESTIONS = Path("tests/understanding/calibration.jsonl")
TYPED = ("as written", "no marks", "one typo")
_PENALTY = 0.0005
_STEPS = 1500
_RATE = 2.0


@dataclass(frozen=True)
class Choice:
    """A question as a choice: the families with their features, and which of them are right."""

    scored: Sequence[Scored]
    none: Mapping[str, float]
    right: frozenset[int]
    """Places in `scored`; its length stands for "none of ours"."""


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
    found = []
    for question in questions:
        families = {catalogue.procedures[item].family for item in question.procedure}
        for way in TYPED:
            typed = WAYS[way](question.text, question.id)
            scored, none = catalogue.index.features(typed, doubt=doubt[question.id, way])
            right = {at for at, item in enumerate(scored) if item.family.slug in families}
            if question.expect[0] is Reaction.REFUSE:
                right = {len(scored)}
            if right:
                found.append(Choice(scored, none, frozenset(right)))
    return found


def fit(weights: Weights, listed: Sequence[Choice]) -> dict[str, float]:
    """Return the weights that make the labels likeliest."""
    now = dict(weights)
    for _ in range(_STEPS):
        slope = dict.fromkeys(now, 0.0)
        for choice in listed:
            families, none = probabilities(now, choice.scored, choice.none)
            chances = [*families, none]
            right = sum(chances[at] for at in choice.right)
            for at, chance in enumerate(chances):
                pull = (chance / right if at in choice.right else 0.0) - chance
                if abs(pull) > 1e-4:
                    features = choice.none if at == len(families) else choice.scored[at].features
                    for name, value in features.items():
                        slope[name] += pull * value
        for name in now:
            now[name] += _RATE * (slope[name] / len(listed) - _PENALTY * now[name])
    return now


def right_share(weights: Weights, listed: Sequence[Choice]) -> float:
    """Return how often the likeliest choice is right."""
    hits = 0
    for choice in listed:
        families, none = probabilities(weights, choice.scored, choice.none)
        chances = [*families, none]
        hits += max(range(len(chances)), key=chances.__getitem__) in choice.right
    return hits / len(listed)


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
    before = {name: terms.weights.weights.get(name, 0.0) for name in catalogue.index.weight_names}
    after = fit(before, listed)
    print(f"{len(listed)} choices; right {right_share(before, listed):.4f} before")
    print(f"{'':>{len(str(len(listed)))}}          right {right_share(after, listed):.4f} after")
    content = {
        "fitted_on": f"{len(questions)} calibration questions, typed in {len(TYPED)} ways",
        "weights": {name: round(value, 3) for name, value in after.items()},
    }
    head = "# Weights of the search: written by `make fit` from the calibration questions.\n"
    target = SHIPPED_DATA / "search_weights.yaml"
    target.write_text(head + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or [QUESTIONS])
