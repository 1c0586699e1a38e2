"""Run all benchmarks and print one table."""

from __future__ import annotations

from benchmarks import many_procedures, search, turn
from benchmarks.table import print_table

if __name__ == "__main__":
    print_table([*turn.rows(), *search.rows(), *many_procedures.rows()])
