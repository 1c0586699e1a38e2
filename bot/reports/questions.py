"""Counts what became of people's questions: from the figures of turns, which name nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, Select, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from actions.services import LOCAL_ZONE
from bot.storage.tables import turns
from knowledge.dossiers.report import Period
from knowledge.questions.figures import QuestionFigures, QuestionLine, QuestionReport
from knowledge.questions.tables import tickets

_LEFT = "left"


async def count_questions(engine: AsyncEngine, period: Period) -> QuestionReport:
    """Return the figures of a period, by month and by channel."""
    months = list(period.months())
    async with engine.connect() as connection:
        rows = [
            *(await _rows(connection, _counted(turns.c.at, turns.c.outcome, months))),
            *(await _rows(connection, _counted(tickets.c.left_at, literal(_LEFT), months))),
        ]
        turns_since = await _oldest(connection, turns.c.at)
        tickets_since = await _oldest(connection, tickets.c.left_at)
    channels = sorted({row["channel"] for row in rows})
    by_channel = {it: _figures(row for row in rows if row["channel"] == it) for it in channels}
    return QuestionReport(
        total=_figures(rows),
        by_month=tuple(
            QuestionLine(f"{month.first:%m/%Y}", _figures(it for it in rows if it["month"] == n))
            for n, month in enumerate(months)
        ),
        by_channel=tuple(
            QuestionLine(channel, figures)
            for channel, figures in by_channel.items()
            if figures != QuestionFigures()
        ),
        turns_since=turns_since,
        tickets_since=tickets_since,
    )


def _counted(
    moment: Column[datetime], ending: ColumnElement[str], months: Sequence[Period]
) -> Select[Any]:
    """Return how to count the rows of a table by month, channel and what they ended with."""
    first, *others = (_begin(it.first) for it in months)
    end = _begin(months[-1].last + timedelta(days=1))
    month = case(*((moment < it, n) for n, it in enumerate([*others, end])))
    channel = moment.table.c.channel
    return (
        select(
            month.label("month"),
            channel.label("channel"),
            ending.label("ending"),
            func.count().label("count"),
        )
        .where(moment >= first, moment < end)
        .group_by("month", "channel", "ending")
    )


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Sequence[RowMapping]:
    rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
    return rows


async def _oldest(connection: AsyncConnection, moment: Column[datetime]) -> date | None:
    found: datetime | None = await connection.scalar(select(func.min(moment)))
    return found.astimezone(LOCAL_ZONE).date() if found else None


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)


def _figures(rows: Iterable[RowMapping]) -> QuestionFigures:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row["ending"]] += row["count"]
    return QuestionFigures(**{it.name: counts[it.name] for it in fields(QuestionFigures)})
