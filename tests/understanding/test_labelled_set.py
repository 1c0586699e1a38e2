"""The labelled set is what it says: large, varied, and kept apart from what is learnt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.evaluation.labelled import BadLabel, Labelled, Reaction, read_labelled
from bot.evaluation.typing_ways import WAYS
from knowledge.procedures.catalogue import AskedQuestions, Catalogue
from knowledge.procedures.model import Aspect, Variant
from knowledge.settings import SHIPPED_DATA
from knowledge.vietnamese import nfc, search_key
from nlu_data import frames

HERE = Path(__file__).parent
NLU = HERE.parents[1] / "nlu_data" / "data" / "nlu"
ANNOTATION = re.compile(r"\[([^\]]*)\](\([^)]*\)|\{[^}]*\})")


@pytest.fixture(scope="module")
def test_split() -> list[Labelled]:
    return read_labelled([HERE / "test.jsonl"])


@pytest.fixture(scope="module")
def calibration() -> list[Labelled]:
    return read_labelled([HERE / "calibration.jsonl"])


def examples() -> Iterator[str]:
    for file in NLU.glob("*.yml"):
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            for line in block.get("examples", "").splitlines():
                yield ANNOTATION.sub(r"\1", line.removeprefix("- ").strip())


def learnt() -> set[str]:
    asked = AskedQuestions.load(SHIPPED_DATA / "asked_questions.yaml")
    texts = [*examples(), *asked.not_ours]
    texts += [question.text for many in asked.questions.values() for question in many]
    return {search_key(text) for text in texts}


def test_no_test_question_is_learnt_or_calibrated_on(
    test_split: list[Labelled], calibration: list[Labelled]
) -> None:
    known = learnt() | {search_key(question.text) for question in calibration}
    assert [item.id for item in test_split if search_key(item.text) in known] == []


def test_no_calibration_question_of_the_search_is_learnt(calibration: list[Labelled]) -> None:
    known = learnt()
    again = [item for item in calibration if search_key(item.text) in known]
    assert not [item.id for item in again if not item.conversation and item.procedure]


def test_the_set_is_as_large_and_varied_as_it_says(
    test_split: list[Labelled], calibration: list[Labelled]
) -> None:
    everything = [*test_split, *calibration]
    assert len(everything) >= 1900
    assert len({item for question in everything for item in question.procedure}) >= 200
    reactions = Counter(question.expect[0] for question in everything)
    assert reactions[Reaction.REFUSE] >= 350
    assert reactions[Reaction.DOSSIER] >= 60
    assert reactions[Reaction.CLARIFY] >= 60
    tags = Counter(tag for question in everything for tag in question.tags)
    assert min(tags["english"] / 150, tags["two_questions"] / 70, tags["near"] / 130) >= 1
    assert len({question.conversation for question in everything} - {""}) >= 130


@pytest.mark.parametrize("aspect", [it for it in Aspect if it is not Aspect.LIST])
def test_every_aspect_is_asked_in_the_test_split(
    aspect: Aspect, test_split: list[Labelled]
) -> None:
    assert sum(any(aspect in wanted for wanted in q.aspects) for q in test_split) >= 10


def test_every_variant_is_asked_in_the_test_split(
    test_split: list[Labelled], catalogue: Catalogue
) -> None:
    asked = {catalogue.procedures[it].variant for q in test_split for it in q.procedure}
    assert asked >= set(Variant)


def test_labels_name_procedures_that_exist(
    test_split: list[Labelled], calibration: list[Labelled], catalogue: Catalogue
) -> None:
    named = {item for question in (*test_split, *calibration) for item in question.procedure}
    assert named <= catalogue.procedures.keys()


@pytest.mark.parametrize("way", list(WAYS))
def test_a_way_of_typing_is_the_same_every_time_and_keeps_the_words(
    way: str, test_split: list[Labelled]
) -> None:
    for question in test_split[:100]:
        typed = WAYS[way](question.text, question.id)
        assert typed == WAYS[way](question.text, question.id)
        if way in ("NFD", "upper case", "no marks", "half of the marks"):
            assert search_key(typed) == search_key(question.text)
        assert nfc(typed).strip()


def test_the_typo_slice_mistypes_nearly_every_question(test_split: list[Labelled]) -> None:
    typed = [WAYS["one typo"](question.text, question.id) for question in test_split]
    changed = sum(a != b.text for a, b in zip(typed, test_split, strict=True))
    assert changed >= 0.9 * len(test_split)


def test_a_wrong_label_is_named_with_file_line_and_field(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        '{"id": "1", "text": "a", "expect": "answer"}\n{"id": "2", "text": "b", "expect": "?"}\n',
        encoding="utf-8",
    )
    with pytest.raises(BadLabel, match=r"questions\.jsonl:2: expect"):
        read_labelled([file])


def test_the_training_files_are_what_the_frames_and_questions_make() -> None:
    for path, text in frames.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run make frames"
