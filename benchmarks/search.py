"""The time of one search in the knowledge base, as shipped."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.table import Row, percentile
from knowledge.procedures.catalogue import Catalogue, Terms
from knowledge.procedures.files import scan
from knowledge.procedures.resolve import resolve
from knowledge.settings import SHIPPED_DATA
from knowledge.vietnamese import strip_marks


def rows() -> Iterator[Row]:
    """Ask for every alias, with and without marks."""
    procedures = scan(SHIPPED_DATA).procedures.values()
    began = time.perf_counter()
    catalogue = Catalogue.build(procedures, Terms.load(SHIPPED_DATA))
    built = time.perf_counter() - began
    took = []
    for procedure in procedures:
        for alias in procedure.aliases:
            for text in (alias, strip_marks(alias)):
                began = time.perf_counter()
                resolve(catalogue.index, text)
                took.append(time.perf_counter() - began)
    yield Row(f"search, {len(procedures)} procedures: p50", "ms", percentile(took, 0.5) * 1000)
    yield Row(f"search, {len(procedures)} procedures: p99", "ms", percentile(took, 0.99) * 1000)
    yield Row("index built in", "ms", built * 1000)
