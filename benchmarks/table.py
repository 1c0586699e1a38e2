"""The table that all benchmarks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One figure, ours beside what it is compared with; `ratio` is ours / other."""

    name: str
    unit: str
    ours: float
    other: float | None = None

    @property
    def ratio(self) -> float | None:
        """Return how much of the other figure ours is."""
        return self.ours / self.other if self.other else None


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows aligned."""
    width = max(len(row.name) for row in rows)
    print(f"{'':<{width}}  {'unit':<5} {'motcua':>9} {'stock':>9} {'ratio':>7}")
    for row in rows:
        other = "" if row.other is None else f"{row.other:9.2f}"
        ratio = "" if row.ratio is None else f"{row.ratio:7.2f}"
        print(f"{row.name:<{width}}  {row.unit:<5} {row.ours:9.2f} {other:>9} {ratio:>7}")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
