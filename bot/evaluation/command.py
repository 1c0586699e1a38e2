"""The command behind `motcua evaluate`: read, ask, print, write, compare."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import typer

from bot.evaluation import report
from bot.evaluation.figures import drops
from bot.evaluation.labelled import BadLabel, read_labelled
from bot.evaluation.run import evaluate
from bot.evaluation.typing_ways import WAYS
from bot.settings import Settings


def run_evaluation(
    settings: Settings,
    files: Sequence[Path],
    *,
    slices: str,
    output: Path | None,
    mistakes: Path | None,
    accepted: Path | None,
    tolerance: float,
    url: str | None,
    today: date | None,
) -> bool:
    """Return whether nothing is worse than accepted; raises `BadLabel` for a bad file or slice."""
    questions = read_labelled(files)
    ways = list(WAYS) if slices == "all" else [name.strip() for name in slices.split(",")]
    for way in ways:
        if way not in WAYS:
            raise BadLabel(f"--slices: {way} is none of: {', '.join(WAYS)}")
    verdicts = asyncio.run(evaluate(settings, questions, ways, url=url, today=today))
    data = report.as_data(verdicts)
    typer.echo(report.table(data))
    if output:
        report.write_json(output, data)
    if mistakes:
        mistakes.write_text(report.mistakes(verdicts), encoding="utf-8")
    if accepted is None:
        return True
    before = json.loads(accepted.read_text(encoding="utf-8"))["slices"]
    worse = drops(data["slices"], before, data["counts"], tolerance=tolerance)
    for slice_name, measure, old, new in worse:
        typer.echo(
            f"worse than accepted: {slice_name}, {measure}: {old:.4f} → {new:.4f}", err=True
        )
    return not worse
