"""The search with 6,000 procedures: the shipped ones, and names as other offices have them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import yaml

from benchmarks.table import Row, percentile
from bot.evaluation.labelled import Labelled, Reaction, read_labelled
from knowledge.procedures.catalogue import Catalogue, Others, Terms
from knowledge.procedures.families import Topic
from knowledge.procedures.files import scan
from knowledge.procedures.model import Procedure, Variant
from knowledge.procedures.resolve import Resolved, resolve
from knowledge.settings import SHIPPED_DATA
from knowledge.vietnamese import search_key

MANY = 6000
QUESTIONS = Path("tests/understanding/test.jsonl")
"""What is right is only compared here: nothing is fitted on these."""
_PARTS = Path(__file__).with_name("many_procedures.yaml")


def rows() -> Iterator[Row]:
    """Ask the test questions of the shipped knowledge base, then of the filled one."""
    procedures = list(scan(SHIPPED_DATA).procedures.values())
    terms = Terms.load(SHIPPED_DATA)
    questions = [
        question
        for question in read_labelled([QUESTIONS])
        if not question.conversation and question.expect[0] is Reaction.ANSWER
    ]
    others = islice(_filling(procedures[0], terms.others.topics), MANY - len(procedures))
    began = time.perf_counter()
    filled = Catalogue.build([*procedures, *others], replace(terms, others=Others(topics=())))
    built = time.perf_counter() - began
    own, _ = _ask(Catalogue.build(procedures, terms), questions)
    share, took = _ask(filled, questions)
    yield Row(f"search, {MANY} procedures: p50", "ms", percentile(took, 0.5) * 1000)
    yield Row(f"search, {MANY} procedures: p99", "ms", percentile(took, 0.99) * 1000)
    yield Row(f"index of {MANY} procedures built in", "ms", built * 1000)
    yield Row(f"right with {MANY} procedures, and with ours alone", "%", share * 100, own * 100)


def _filling(model: Procedure, topics: Sequence[Topic]) -> Iterator[Procedure]:
    parts = yaml.safe_load(_PARTS.read_text(encoding="utf-8"))
    for (number, scope), topic in product(enumerate(parts["scopes"]), topics):
        slug = search_key(topic.name).replace(" ", "-")
        for act, words in parts["acts"].items():
            first = number == 0 and act == Variant.CAP_MOI
            yield model.model_copy(
                update={
                    "id": f"{slug}-{number}-{act}",
                    "code": None,
                    "name": f"{words} {topic.name} {scope}".strip(),
                    "field": "others",
                    "family": f"{slug}-{number}",
                    "variant": Variant(act),
                    "aliases": topic.aliases if first else (),
                }
            )


def _ask(catalogue: Catalogue, questions: Sequence[Labelled]) -> tuple[float, list[float]]:
    """Return the share that leads to the right procedure, and the seconds of each search."""
    right, took = 0, []
    for question in questions:
        began = time.perf_counter()
        found = resolve(catalogue.index, question.text)
        took.append(time.perf_counter() - began)
        right += isinstance(found, Resolved) and found.procedure.id in question.procedure
    return right / len(questions), took
