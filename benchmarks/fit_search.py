"""Fit the weights of the search on the calibration questions: `make fit`.

A conditional logit model: each question is a choice among the families that share a word with it
and "none of ours". Aliases join in, asked of an index that does not know them. The fit maximises
the likelihood of the labels with a small penalty on the squares of the weights.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import minimize

from bot.asking import open_asker
from bot.evaluation.labelled import Labelled, Reaction, read_labelled
from bot.evaluation.typing_ways import WAYS
from bot.settings import load_settings
from knowledge.procedures.catalogue import Catalogue, Others, Terms
from knowledge.procedures.families import Topic
from knowledge.procedures.files import scan
from knowledge.procedures.model import Procedure
from knowledge.settings import SHIPPED_DATA

QUESTIONS = Path("tests/understanding/calibration.jsonl")
TYPED = ("as written", "no marks", "one typo")
FRAMES = Path("nlu_data/frames.yaml")
_PENALTY = 0.0005
_FOLDS = 4
_OF_ALIAS = 0.25
"""What a held-out alias counts beside a question."""

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """A question as a choice: the features of what may be meant, and which of it is right."""

    features: FloatArray
    """A row for each family that shares a word with the question, and one for "none of ours"."""
    right: BoolArray
    """Which rows are right."""
    weight: float


@dataclass(frozen=True)
class Case:
    """A text as it is typed, with what it means, and how much it counts."""

    text: str
    families: frozenset[str]
    """Families it means; none where it is none of ours."""
    weight: float = 1.0


def cases_of(catalogue: Catalogue, questions: Iterable[Labelled]) -> list[Case]:
    """Return the questions in several ways of typing."""
    return [
        Case(
            WAYS[way](question.text, question.id),
            frozenset(catalogue.procedures[item].family for item in question.procedure),
        )
        for question in questions
        for way in TYPED
    ]


def held_out(
    procedures: Sequence[Procedure], topics: Sequence[Topic], fold: int
) -> tuple[list[Procedure], list[Topic], list[Case]]:
    """Return procedures and topics without a share of their aliases, and these as questions.

    An alias that the index does not know is to the search what a new wording is.
    """
    frames = _frames()
    cases = []
    kept: list[Procedure] = []
    for item in procedures:
        left, out = _split(item.aliases, fold)
        kept.append(item.model_copy(update={"aliases": left}))
        cases += [Case(_framed(frames, it), frozenset({item.family}), _OF_ALIAS) for it in out]
    others: list[Topic] = []
    for topic in topics:
        left, out = _split(topic.aliases, fold)
        others.append(topic.model_copy(update={"aliases": left}))
        cases += [Case(_framed(frames, it), frozenset(), _OF_ALIAS) for it in out]
    return kept, others, cases


def _split(aliases: Sequence[str], fold: int) -> tuple[tuple[str, ...], list[str]]:
    out = [alias for alias in aliases if crc32(alias.encode()) % _FOLDS == fold]
    return tuple(alias for alias in aliases if alias not in out), out


def _frames() -> list[str]:
    content = yaml.safe_load(FRAMES.read_text(encoding="utf-8"))["frames"]
    return [frame for many in content.values() for frame in many]


def _framed(frames: Sequence[str], alias: str) -> str:
    return frames[crc32(alias.encode()) % len(frames)].format(x=alias)


async def doubts(texts: Sequence[str]) -> dict[str, float]:
    """Return how sure the model is that each text is out of scope."""
    found = {}
    async with open_asker(load_settings(), url=None, today=None) as asker:
        for number, text in enumerate(texts):
            turn = await asker.ask(str(number), text)
            sure = turn.intent == "out_of_scope"
            found[text] = (turn.confidence or 0.0) if sure else 0.0
    return found


def choices(
    catalogue: Catalogue, cases: Iterable[Case], doubt: Mapping[str, float]
) -> list[Choice]:
    """Return the texts that say which families are right, or that none is."""
    names = catalogue.index.weight_names
    found = []
    for case in cases:
        scored, none = catalogue.index.features(case.text, doubt=doubt[case.text])
        rows = [item.features for item in scored] + [none]
        refuse = not case.families
        right = [
            not item.family.ours if refuse else item.family.slug in case.families
            for item in scored
        ]
        if refuse or any(right):
            features = np.array([[row.get(name, 0.0) for name in names] for row in rows])
            found.append(Choice(features, np.array([*right, refuse]), case.weight))
    return found


def fit(before: FloatArray, listed: Sequence[Choice]) -> FloatArray:
    """Return the weights that make the labels likeliest."""
    rows = np.concatenate([choice.features for choice in listed])
    right = np.concatenate([choice.right for choice in listed])
    starts = np.cumsum([0, *(len(choice.right) for choice in listed[:-1])])
    widths = [len(choice.right) for choice in listed]
    counts = np.array([choice.weight for choice in listed])
    counts /= counts.sum()

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        values = rows @ weights
        powers = np.exp(values - np.repeat(np.maximum.reduceat(values, starts), widths))
        total = np.add.reduceat(powers, starts)
        good = np.add.reduceat(powers * right, starts)
        pull = powers / np.repeat(total, widths) - powers * right / np.repeat(good, widths)
        worth = np.log(total / good) @ counts + _PENALTY * (weights @ weights)
        return float(worth), rows.T @ (pull * np.repeat(counts, widths)) + 2 * _PENALTY * weights

    found: FloatArray = minimize(loss, before, jac=True, method="L-BFGS-B").x
    return found


def right_share(weights: FloatArray, listed: Sequence[Choice]) -> float:
    """Return how often the likeliest choice is right."""
    hits = sum(choice.right[np.argmax(choice.features @ weights)] for choice in listed)
    return float(hits / len(listed))


def main(paths: Sequence[Path]) -> None:
    """Fit and write the weights."""
    terms = Terms.load(SHIPPED_DATA)
    procedures = list(scan(SHIPPED_DATA).procedures.values())
    catalogue = Catalogue.build(procedures, terms)
    questions = [
        question
        for question in read_labelled(paths)
        if not question.conversation
        and (question.procedure or question.expect[0] is Reaction.REFUSE)
    ]
    asked = cases_of(catalogue, questions)
    folds = [held_out(procedures, terms.others.topics, fold) for fold in range(_FOLDS)]
    texts = [case.text for cases in (asked, *(out for _, _, out in folds)) for case in cases]
    doubt = asyncio.run(doubts(list(dict.fromkeys(texts))))
    listed = choices(catalogue, asked, doubt)
    unseen = [
        choice
        for kept, topics, cases in folds
        for choice in choices(
            Catalogue.build(kept, replace(terms, others=Others(topics=tuple(topics)))),
            cases,
            doubt,
        )
    ]
    names = catalogue.index.weight_names
    before = np.array([terms.weights.weights.get(name, 0.0) for name in names])
    after = fit(before, listed + unseen)
    for title, some in (("questions", listed), ("held-out aliases", unseen)):
        shares = [right_share(weights, some) for weights in (before, after)]
        print(f"{len(some):>6} {title:<18} right {shares[0]:.4f} before, {shares[1]:.4f} after")
    content = {
        "fitted_on": (
            f"{len(questions)} calibration questions, typed in {len(TYPED)} ways, and "
            f"{len(unseen)} aliases, each unknown to the index that it was asked of"
        ),
        "weights": dict(zip(names, after.round(3).tolist(), strict=True)),
    }
    head = "# Weights of the search: written by `make fit` from the calibration questions.\n"
    target = SHIPPED_DATA / "search_weights.yaml"
    target.write_text(head + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or [QUESTIONS])
