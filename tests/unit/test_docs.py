"""The documents keep up with the code, and the repository keeps to its own rules."""

import re
import subprocess
from pathlib import Path

import pytest

from bot.settings import Settings

PROJECT = Path(__file__).parents[2]
VIETNAMESE_SENTENCE = re.compile(
    r"[\"'][^\"'\n]*\w*[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđ]\w*( \w+){4,}"
)


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return [PROJECT / line for line in listed.stdout.splitlines()]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_has_a_heading(name: str) -> None:
    settings = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert f"## MOTCUA_{name.upper()}\n" in settings


def test_the_readme_names_the_two_commands_in_its_first_screen() -> None:
    first = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()[:30]
    assert any("make run" in line for line in first)
    assert any("make test" in line for line in first)


def test_links_between_documents_lead_somewhere() -> None:
    for page in tracked("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_vietnamese_sentence_stands_in_python() -> None:
    for file in tracked("bot/*.py", "actions/*.py", "knowledge/*.py"):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            docstring = '"""' in line  # the official term stands there once
            assert docstring or not VIETNAMESE_SENTENCE.search(line), f"{file}:{number}"


def test_every_intent_has_forty_examples_or_more() -> None:
    counts: dict[str, int] = {}
    for file in (PROJECT / "nlu_data" / "data" / "nlu").glob("*.yml"):
        for block in file.read_text(encoding="utf-8").split("- intent: ")[1:]:
            name, _, rest = block.partition("\n")
            counts[name] = counts.get(name, 0) + f"\n{rest}".count("\n    - ")
    assert len(counts) == 32
    assert min(counts.values()) >= 40, counts
