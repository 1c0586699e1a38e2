"""Questions about procedures by their code: the real runtime's answer names what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.texts import Texts
from knowledge.procedures.files import scan
from knowledge.settings import SHIPPED_DATA
from tests.crash.scene import Script
from tests.support.people import Person


def procedure_scripts(people: Sequence[Person], count: int) -> Mapping[Person, Script]:
    """Return for each person questions about procedures, none of them twice."""
    found = scan(SHIPPED_DATA).procedures.values()
    names = {it.id: it.name for it in found if it.id[:1].isdigit()}
    codes = sorted(names)
    notice = Texts.load()("starting")

    def answers(text: str, answer: str) -> bool:
        return names[text.rsplit(" ", 1)[1]] in answer

    return {
        person: Script(
            texts=[f"lệ phí {codes[(number * 7 + turn) % len(codes)]}" for turn in range(count)],
            answers=answers,
            is_notice=lambda text: text == notice,
        )
        for number, person in enumerate(people)
    }
