"""No secret, no personal number and no message text in any log of the whole suite.

It runs last (see `conftest.py`) and reads what every started process has logged, the runtimes'
own logs, and what the tests themselves have logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import telegram, zalo_bot, zalo_oa
from tests.support.processes import LOGS, PROJECT
from tests.support.stage import SECRET

SECRETS = (
    telegram.TOKEN,
    telegram.TOKEN.partition(":")[2],
    zalo_oa.APP_SECRET,
    zalo_oa.SECRET_KEY,
    zalo_oa.FIRST_REFRESH_TOKEN,
    "fake-access-",
    "fake-refresh-",
    zalo_bot.TOKEN,
    SECRET,
)
NUMBER_OF_A_PERSON = re.compile(r"(?<![\d.:+-])(?:\+84|0)\d{9}(?![\d.])")
WORDS_OF_PEOPLE = re.compile(
    r"(?i)mở cây xăng|lệ phí|giấy phép|xin chào|hồ sơ H05|câu \d+ của|một lần|\bre: "
)


def faults(log: Path) -> Iterator[str]:
    """Yield what a log should not hold, with its line."""
    for number, line in enumerate(
        log.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
    ):
        if any(secret in line for secret in SECRETS):
            yield f"{log}:{number}: a secret"
        if NUMBER_OF_A_PERSON.search(line):
            yield f"{log}:{number}: a number of a person"
        if WORDS_OF_PEOPLE.search(line):
            yield f"{log}:{number}: words of people"


@pytest.mark.parametrize(
    "line",
    [
        f"POST /bot{telegram.TOKEN}/sendMessage",
        "khách 0912345678",
        "text='mở cây xăng cần gì'",
        f"X-Telegram-Bot-Api-Secret-Token: {SECRET}",
    ],
)
def test_such_a_line_would_be_found(line: str, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(f"2026-11-24 08:00:00,000 INFO bot: fine\n{line}\n", encoding="utf-8")
    assert len(list(faults(log))) == 1


def test_no_log_of_the_suite_holds_what_it_should_not() -> None:
    logs = {log for log in LOGS if log.exists()}
    logs |= {it for log in logs for it in log.parent.rglob("*.log")}
    logs.add(PROJECT / ".pytest_cache" / "suite.log")
    found = [fault for log in sorted(logs) if log.exists() for fault in faults(log)]
    assert found == []
