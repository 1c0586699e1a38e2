"""Nothing remains of a person who wants to be forgotten, nor of what is old; on both databases."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.delivery.outbox import Outbox
from bot.messages import Button, Reply
from bot.privacy.erasure import Eraser, Receipt, tidy_receipts
from bot.privacy.front_desk import PROVE
from bot.privacy.records import PersonalRecords
from bot.privacy.retention import Retention, Terms
from bot.storage.tables import inbox, outbox, turns
from knowledge.database import open_engine
from knowledge.following.proofs import Proofs
from knowledge.following.subscriptions import Subscriptions
from knowledge.privacy.guard import Guard
from knowledge.privacy.rules import Rules
from knowledge.questions.tickets import Question, Tickets
from tests.support.desk import Desk, message
from tests.support.dossiers import CODE, DIGITS, registered

MARK = "zebra-marker"
WHO = "4815162342"
MOTCUA = Path(sys.executable).with_name("motcua")


@pytest.fixture
async def store(engine: AsyncEngine, database_url: str, tmp_path: Path) -> str:
    """Rasa's store, as our runtime writes it: beside our tables in PostgreSQL."""
    url = database_url.replace("+asyncpg", "+psycopg2")
    if database_url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'conversations.db'}"
    engine = opened(url)
    async with engine.begin() as connection:
        await connection.execute(
            text("CREATE TABLE rasa_conversations (sender_id TEXT, version INT, tracker TEXT)")
        )
    await engine.dispose()
    return url


def opened(url: str) -> AsyncEngine:
    return open_engine(
        url.replace("sqlite://", "sqlite+aiosqlite://").replace("+psycopg2", "+asyncpg")
    )


class House:
    """A desk with everything that holds something of people."""

    def __init__(self, engine: AsyncEngine, folder: Path, store: str) -> None:
        self.engine = engine
        self.store = store
        self.proofs = Proofs(engine, Rules())
        self.desk = Desk(engine, folder / "sent", erase=self._erase)
        self.front = self.desk.front
        self.eraser = Eraser(engine, self.front, store)
        self.conversation = message("x", sender=WHO).conversation
        self.rasa_id = self.front.rasa_id(self.conversation)

    async def _erase(self, claimed: Any, _turn: Any) -> bool:
        return await self.eraser.erase_and_tell(claimed, lambda it: f"receipt {it.number}")

    async def lives(self, now: datetime) -> None:
        """Let a person do everything of which something is kept."""
        await registered(self.engine)
        await self.desk.inbox.put(message("1", f"{MARK} {CODE}", sender=WHO))
        await self.desk.inbox.put(message("2", f"của tôi {MARK}", sender=WHO))
        async with self.desk.running():
            await self.desk.sent(2)
        caller = await self.front_caller()
        await Guard(self.engine, Rules()).admit(caller, 1, now)
        await Guard(self.engine, Rules()).note(caller, {CODE: True}, now)
        await self.proofs.ask(self.rasa_id, [CODE], now)
        await self.proofs.attempt(caller, DIGITS, "e", now)
        await Subscriptions(self.engine).follow(self.rasa_id, CODE, language="vi", now=now)
        question = Question(f"hỏi {MARK}", "fake", self.rasa_id, now)
        await Tickets(self.engine).leave(question)
        await self.desk.pauses.pause(self.conversation, timedelta(seconds=0))
        await Outbox(self.engine, owner="t").push(
            self.conversation, "k", f"news {MARK}", buttons=[Button("Thôi", "/stop_following")]
        )
        await self.remember(self.rasa_id, now)

    async def front_caller(self) -> Any:
        from knowledge.privacy.callers import Callers

        await self.front.note(message("x", sender=WHO))
        return await Callers(self.engine).find(self.rasa_id)

    async def remember(self, rasa_id: str, now: datetime) -> None:
        engine = opened(self.store)
        tracker = {"events": [{"text": MARK, "timestamp": now.timestamp()}]}
        async with engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO rasa_conversations VALUES (:it, 1, :tracker)"),
                {"it": rasa_id, "tracker": json.dumps(tracker)},
            )
        await engine.dispose()

    async def settled(self) -> None:
        """Wait until every message is answered and every part is decided."""
        for _ in range(600):
            async with self.engine.connect() as connection:
                waiting = await connection.scalar(
                    select(
                        select(func.count())
                        .where(inbox.c.state.in_(["waiting", "working"]))
                        .scalar_subquery()
                        + select(func.count())
                        .where(outbox.c.state.in_(["waiting", "sending"]))
                        .scalar_subquery()
                    )
                )
            if not waiting:
                return
            await asyncio.sleep(0.02)
        raise TimeoutError

    async def everything(self) -> str:
        """Return all rows of all tables, Rasa's included, as one text."""
        own = await dumped(self.engine)
        rasa = opened(self.store)  # in PostgreSQL the same tables once more
        theirs = await dumped(rasa)
        await rasa.dispose()
        return own + theirs


async def dumped(engine: AsyncEngine) -> str:
    found = MetaData()
    async with engine.connect() as connection:
        await connection.run_sync(found.reflect)
        rows = []
        for table in found.sorted_tables:
            for row in (await connection.execute(select(table))).mappings():
                rows.append(f"{table.name}: {dict(row)}")
    return "\n".join(rows)


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path, store: str) -> House:
    return House(engine, tmp_path, store)


def now() -> datetime:
    return datetime.now(UTC)


async def test_everything_of_a_person_is_erased(house: House) -> None:
    await house.lives(now())
    before = await house.everything()
    assert before.count(MARK) >= 6
    assert WHO in before
    receipt = await house.eraser.erase(house.conversation)
    after = await house.everything()
    assert MARK not in after
    assert WHO not in after
    assert receipt.total >= 12
    assert f"'number': '{receipt.number}'" in after
    held = PersonalRecords(house.engine, house.store)
    assert list(await held.held(house.rasa_id)) == []


async def test_others_are_left_alone(house: House) -> None:
    await house.lives(now())
    await house.desk.inbox.put(message("3", "người khác", sender="b"))
    await house.eraser.erase(house.conversation)
    assert "người khác" in await house.everything()


async def test_what_still_runs_of_a_limit_outlives_erasing_without_a_code(house: House) -> None:
    """Else erasing would be the way around every pause."""
    await house.lives(now())
    caller = await house.front_caller()
    await Guard(house.engine, Rules()).admit(caller, 20, now())
    await house.eraser.erase(house.conversation)
    assert await Guard(house.engine, Rules()).admit(caller, 1, now()) is not None
    limits = [it for it in (await house.everything()).splitlines() if it.startswith("limits")]
    assert not any(CODE in it for it in limits if "everyone" not in it)
    assert WHO not in "".join(limits)


async def test_the_receipt_is_delivered_and_then_names_nobody(house: House) -> None:
    await house.lives(now())
    house.desk.assistant.fault = lambda _text: Reply("…", (), {"then": "erase"})
    await house.desk.inbox.put(message("9", f"xoá {MARK}", sender=WHO))
    async with house.desk.running():
        await house.settled()
    [part] = [it for it in house.desk.channel.sent if it.text.startswith("receipt")]
    assert part.recipient == WHO
    kept = await house.everything()
    assert MARK not in kept
    await tidy_receipts(house.engine, now() + timedelta(minutes=3))
    assert WHO not in await house.everything()


async def test_an_erasing_that_is_repeated_gives_one_receipt(house: House) -> None:
    await house.desk.inbox.put(message("1", sender=WHO))
    [claimed] = await house.desk.inbox.claim(1, ["fake"])

    def words(receipt: Receipt) -> str:
        return f"receipt {receipt.number}"

    assert await house.eraser.erase_and_tell(claimed, words)
    assert not await house.eraser.erase_and_tell(claimed, words)
    parts = await house.desk.outbox.after(house.conversation, 0)
    assert len(parts) == 1


async def test_numbers_of_parts_are_not_given_twice(house: House) -> None:
    """A page asks for what comes after the last part it has seen."""
    await house.desk.inbox.put(message("1", sender=WHO))
    async with house.desk.running():
        await house.settled()
    [seen] = await house.desk.outbox.after(house.conversation, 0)
    await house.desk.inbox.put(message("2", sender=WHO))
    [claimed] = await house.desk.inbox.claim(1, ["fake"])
    await house.eraser.erase_and_tell(claimed, lambda it: "receipt")
    async with house.desk.running():
        await house.settled()
    await tidy_receipts(house.engine, now() + timedelta(minutes=3))
    kept = Retention(house.engine, Terms(), house.store)
    await kept.apply(now() + timedelta(days=100))
    await house.desk.inbox.put(message("3", sender=WHO))
    async with house.desk.running():
        await house.settled()
    [part] = await house.desk.outbox.after(house.conversation, seen.id + 1)
    assert part.id > seen.id + 1


async def test_digits_of_a_proof_reach_neither_the_assistant_nor_any_table(house: House) -> None:
    await registered(house.engine)
    await house.proofs.ask(house.rasa_id, [CODE], now())
    await house.desk.inbox.put(message("1", f"4 số cuối là {DIGITS} ạ", sender=WHO))
    async with house.desk.running():
        await house.settled()
    assert house.desk.assistant.asked == [PROVE]
    assert await house.proofs.is_proven(house.rasa_id, CODE, now())
    kept = [it for it in (await house.everything()).splitlines() if not it.startswith("dossiers")]
    # Not as a part of a time or a digest, which may hold any four digits by chance.
    assert not re.search(rf"(?<![\da-f]){DIGITS}(?![\da-f])", "\n".join(kept))


async def test_whole_numbers_are_kept_masked(house: House) -> None:
    await house.desk.inbox.put(message("1", "gọi em 0912 345 678 nhé", sender=WHO))
    async with house.desk.running():
        await house.settled()
    kept = await house.everything()
    # Times and digests may hold any three digits by chance: the number counts, whole or in parts.
    assert "912345678" not in re.sub(r"\D", "", kept)
    assert not re.search(r"(?<![\da-f])(0912|345|678)(?![\da-f])", kept)


async def test_what_is_old_is_let_go_and_figures_stay(house: House) -> None:
    await house.lives(now())
    kept = Retention(house.engine, Terms(), house.store)
    assert MARK in await house.everything()
    await kept.apply(now() + timedelta(days=89))
    assert MARK in await house.everything()
    await Subscriptions(house.engine).stop(house.rasa_id)
    removed = await kept.apply(now() + timedelta(days=91))
    left = await house.everything()
    assert [it for it in left.splitlines() if MARK in it and not it.startswith("tickets")] == []
    assert WHO not in "".join(it for it in left.splitlines() if "outbox" not in it)
    assert removed["inbox"] == 2
    async with house.engine.connect() as connection:
        assert len((await connection.execute(select(turns))).all()) == 2
    await kept.apply(now() + timedelta(days=366))
    assert MARK not in await house.everything()
    assert (await kept.apply(now() + timedelta(days=1096)))["turns"] == 2


async def test_who_follows_a_dossier_is_not_forgotten(house: House) -> None:
    await house.lives(now())
    await Retention(house.engine, Terms(), house.store).apply(now() + timedelta(days=200))
    held = PersonalRecords(house.engine, house.store)
    assert {it.kind for it in await held.held(house.rasa_id) if it.count} >= {"followed"}


async def test_what_nobody_fetched_in_all_that_time_is_let_go_as_well(house: House) -> None:
    await house.desk.inbox.put(message("1", MARK, sender=WHO))
    await house.desk.outbox.push(house.conversation, "k", MARK)
    await Retention(house.engine, Terms(), house.store).apply(now() + timedelta(days=91))
    left = await house.everything()
    assert MARK not in left
    assert WHO not in left
    assert await house.desk.inbox.claim(1, ["fake"]) == []


async def test_a_person_sees_what_is_held(house: House) -> None:
    await house.lives(now())
    held = {
        it.kind: it for it in await PersonalRecords(house.engine, house.store).held(house.rasa_id)
    }
    counts = {kind: it.count for kind, it in held.items()}
    assert counts == {
        "messages": 2,
        "answers": 3,
        "tickets": 1,
        "followed": 1,
        "proofs": 1,
        "memory": 1,
        "address": 0,
    }
    since = held["messages"].since
    assert since is not None
    assert abs(since - now()) < timedelta(minutes=5)


async def test_the_export_holds_all_of_it(house: House) -> None:
    await house.lives(now())
    records = PersonalRecords(house.engine, house.store)
    found = json.dumps(await records.export(house.conversation, house.rasa_id))
    assert found.count(MARK) >= 6
    about = json.dumps(await records.export_dossier(CODE))
    assert '"followers": 1' in about
    assert DIGITS in about


def test_the_operator_exports_erases_and_retains(tmp_path: Path) -> None:
    def privacy(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [MOTCUA, "privacy", *arguments],
            capture_output=True,
            text=True,
            env={"MOTCUA_VAR_DIR": str(tmp_path), "PATH": ""},
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    assert json.loads(privacy("export", f"telegram:1:{WHO}"))["inbox"] == []
    assert json.loads(privacy("export", "--code", CODE))["dossiers"] == []
    assert "receipt XD-" in privacy("erase", f"telegram:1:{WHO}", "--yes")
    assert "row(s) let go" in privacy("retain")
    assert "channel:bot:sender" in privacy("erase", "nobody", "--yes", code=2)
    assert "--code" in privacy("export", code=2)
