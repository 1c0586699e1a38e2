"""The figures on questions: what is stored of turns and tickets, counted by month and channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from actions.base import Outcome
from actions.services import LOCAL_ZONE
from bot.reports.exports import to_csv, to_xlsx
from bot.reports.pdf import pdf_bytes
from bot.reports.questions import count_questions
from bot.reports.source import ReportSource
from bot.reports.words import ReportWords
from bot.settings import Settings
from bot.storage.tables import inbox, turns
from knowledge.dossiers.registry import DossierRegistry
from knowledge.dossiers.report import Period
from knowledge.questions.figures import QuestionFigures, QuestionLine, QuestionReport
from knowledge.questions.tickets import Question, Tickets
from tests.support.services import services_for

PERIOD = Period(date(2026, 10, 15), date(2026, 11, 24))
WORDS = ReportWords.load()


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=LOCAL_ZONE)


async def ended(
    engine: AsyncEngine, outcome: str, when: datetime, *, channel: str = "web"
) -> None:
    """Store what is kept of a turn once its message is let go."""
    message = {
        "channel": channel,
        "bot": "bot",
        "event_id": f"{outcome}{when}{channel}",
        "conversation": "",
        "sender": "",
        "text": "",
        "received_at": when,
        "state": "done",
        "attempts": 1,
    }
    turn = {"channel": channel, "at": when, "outcome": outcome, "aspects": [], "latency_ms": 1}
    async with engine.begin() as connection:
        stored = await connection.execute(insert(inbox).values(message))
        [number] = stored.inserted_primary_key or ()
        await connection.execute(insert(turns).values(**turn, inbox_id=number))


async def leave(engine: AsyncEngine, when: datetime, *, channel: str = "web") -> None:
    await Tickets(engine).leave(Question(f"câu {when}", channel, "c", when))


async def test_turns_count_by_outcome_month_and_channel(engine: AsyncEngine) -> None:
    await ended(engine, "answered", at(10, 14, 23, 59))
    await ended(engine, "answered", at(10, 15, 0, 0))
    await ended(engine, "clarify", at(10, 31, 23, 59))
    await ended(engine, "out_of_scope", at(11, 1, 0, 0), channel="telegram")
    await ended(engine, "dossier", at(11, 24, 23, 59))
    await ended(engine, "social", at(11, 2))
    await ended(engine, "failed", at(11, 25, 0, 0))
    await leave(engine, at(10, 14, 23, 59))
    await leave(engine, at(11, 3), channel="telegram")
    october = QuestionFigures(answered=1, clarify=1)
    assert await count_questions(engine, PERIOD) == QuestionReport(
        total=QuestionFigures(answered=1, clarify=1, out_of_scope=1, dossier=1, left=1),
        by_month=(
            QuestionLine("10/2026", october),
            QuestionLine("11/2026", QuestionFigures(out_of_scope=1, dossier=1, left=1)),
        ),
        by_channel=(
            QuestionLine("telegram", QuestionFigures(out_of_scope=1, left=1)),
            QuestionLine("web", QuestionFigures(answered=1, clarify=1, dossier=1)),
        ),
        turns_since=date(2026, 10, 14),
        tickets_since=date(2026, 10, 14),
    )


async def test_without_questions_the_report_says_so(engine: AsyncEngine) -> None:
    found = await count_questions(engine, PERIOD)
    assert found.total == QuestionFigures()
    assert (found.by_channel, found.turns_since) == ((), None)


def test_every_outcome_but_a_greeting_has_its_figure() -> None:
    figures = QuestionFigures(**{it.value: 1 for it in Outcome if it is not Outcome.SOCIAL})
    assert figures.asked == len(Outcome) - 1


@pytest.fixture
async def source(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[ReportSource]:
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(var_dir=tmp_path, database_url=url)
    services = services_for(settings, clock=lambda: at(11, 24))
    yield ReportSource(services, DossierRegistry(engine), settings.data_dir)
    await services.close()


async def test_the_report_has_them_in_every_form(
    engine: AsyncEngine, source: ReportSource
) -> None:
    await ended(engine, "answered", at(10, 20))
    await ended(engine, "no_data", at(11, 2), channel="zalo_oa")
    await leave(engine, at(11, 2), channel="zalo_oa")
    report = await source.report(PERIOD)
    said = WORDS.introduction(report)
    counted = "2 lượt hỏi: trả lời 1, về hồ sơ 0, hỏi lại 0, chưa có dữ liệu 1"
    assert any(counted in text for text in said)
    assert "Lượt hỏi sớm nhất còn lưu: ngày 20/10/2026." in said
    assert "Câu hỏi để lại sớm nhất còn lưu: ngày 02/11/2026." in said
    rows = to_csv(report, WORDS).decode("utf-8-sig").splitlines()
    assert "Zalo OA,1,0,0,0,1,0,0,0,1" in rows
    assert pdf_bytes(report, WORDS).startswith(b"%PDF")
    assert to_xlsx(report, WORDS).startswith(b"PK")
