"""What the assistant understands has not become worse than accepted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.evaluation.figures import MEASURES, drops
from bot.evaluation.typing_ways import WAYS

HERE = Path(__file__).parent
QUESTIONS = HERE / "test.jsonl"
ACCEPTED = HERE / "accepted.json"
SLICES = ("as written", "no marks", "one typo")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, dict[str, Any]]:
    """`motcua evaluate` as people run it: exit code, what it printed, its JSON."""
    folder = tmp_path_factory.mktemp("evaluation")
    figures = folder / "figures.json"
    command = [
        str(Path(sys.executable).with_name("motcua")),
        *("evaluate", str(QUESTIONS), "--slices", ",".join(SLICES), "--today", "2026-11-24"),
        *("--accepted", str(ACCEPTED), "--tolerance", "0.01", "--json", str(figures)),
    ]
    done = subprocess.run(
        command,
        cwd=HERE.parents[1],
        env={"MOTCUA_VAR_DIR": str(folder / "var"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    assert figures.exists(), done.stderr[-2000:]
    return done.returncode, done.stdout, json.loads(figures.read_text(encoding="utf-8"))


def test_nothing_is_understood_worse_than_accepted(
    evaluated: tuple[int, str, dict[str, Any]],
) -> None:
    code, printed, figures = evaluated
    accepted = json.loads(ACCEPTED.read_text(encoding="utf-8"))["slices"]
    worse = drops(figures["slices"], accepted, figures["counts"], tolerance=0.01)
    assert (worse, code) == ([], 0), printed


def test_the_table_has_a_row_for_each_slice_and_names_confusions(
    evaluated: tuple[int, str, dict[str, Any]],
) -> None:
    _, printed, figures = evaluated
    assert [line for line in SLICES if f"\n{line} " in printed] == list(SLICES)
    assert "wanted → done" in printed
    assert "calibration of intents" in printed
    assert figures["questions"] >= 1000


def test_the_accepted_figures_hold_all_ways_of_typing() -> None:
    accepted = json.loads(ACCEPTED.read_text(encoding="utf-8"))
    assert set(accepted["slices"]) == set(WAYS)


@pytest.mark.parametrize("measure", MEASURES, ids=[it.name for it in MEASURES])
def test_a_drop_is_found_in_every_measure(measure: Any) -> None:
    good, bad = (0.0, 1.0) if measure.lower_is_better else (1.0, 0.0)
    many = {measure.name: 1000}
    assert drops({"a": {measure.name: bad}}, {"a": {measure.name: good}}, many, tolerance=0.01)
    assert not drops({"a": {measure.name: good}}, {"a": {measure.name: bad}}, many, tolerance=0.01)
