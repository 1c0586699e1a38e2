"""Form files: the folder of an installation, its faults, and the answer that gives them out."""

import os
from datetime import date, datetime
from pathlib import Path

import pytest

from actions.base import REPORT_KEY
from actions.procedures import AnswerProcedure
from actions.services import LOCAL_ZONE
from knowledge.procedures.catalogue import Catalogue
from knowledge.procedures.forms import INDEX, LARGEST_BYTES, Forms, form_faults
from knowledge.procedures.model import Procedure, State
from tests.support.services import opened_services
from tests.unit.test_actions import tracker

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
DAY = date(2026, 11, 25)


def with_form(catalogue: Catalogue, *, asserted: bool = True) -> Procedure:
    """Return a procedure whose record names a form."""
    return next(
        it
        for it in catalogue.procedures.values()
        if any(document.form for document in it.documents)
        and it.standing_on(DAY).asserted is asserted
        and (asserted or it.status.state is not State.CURRENT)
    )


def without_form(catalogue: Catalogue) -> Procedure:
    return next(
        it for it in catalogue.procedures.values() if not any(d.form for d in it.documents)
    )


def write(folder: Path, *entries: str, file: str = "mau-01.pdf") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / file).write_bytes(PDF)
    lines = [
        f"  - {{{entry}, source: Thông tư 01/2026/TT-BCT, date: 2026-01-02}}" for entry in entries
    ]
    (folder / INDEX).write_text("\n".join(["forms:", *lines, ""]), encoding="utf-8")
    return folder


def test_a_form_is_found_by_the_procedure_it_names(catalogue: Catalogue, tmp_path: Path) -> None:
    procedure = with_form(catalogue)
    folder = write(
        tmp_path / "forms",
        f'file: mau-01.pdf, name: "Mẫu số 01 – Đơn 1/2026", procedures: ["{procedure.id}"]',
    )
    [form] = Forms(folder).of(procedure)
    assert (form.name, form.path) == ("Mẫu số 01 – Đơn 1-2026.pdf", folder / "mau-01.pdf")
    assert (form.source, form.date) == ("Thông tư 01/2026/TT-BCT", date(2026, 1, 2))
    assert Forms(folder).of(without_form(catalogue)) == []
    assert form_faults(folder, catalogue.procedures) == []


def test_a_form_is_found_by_its_number_in_every_record_that_names_it(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    number = next(document.form for document in with_form(catalogue).documents if document.form)
    naming = [
        it
        for it in catalogue.procedures.values()
        if any(document.form == number for document in it.documents)
    ]
    folder = write(tmp_path / "forms", f'file: mau-01.pdf, name: Đơn, numbers: ["{number}"]')
    assert naming
    assert all(len(Forms(folder).of(it)) == 1 for it in naming)
    assert form_faults(folder, catalogue.procedures) == []


def test_without_a_folder_there_are_no_forms(catalogue: Catalogue, tmp_path: Path) -> None:
    procedure = with_form(catalogue)
    assert Forms().of(procedure) == []
    assert Forms(tmp_path / "nowhere").of(procedure) == []
    assert form_faults(None, catalogue.procedures) == ()


@pytest.mark.parametrize(
    ("entry", "field", "message"),
    [
        ('file: none.pdf, name: Đơn, procedures: ["{id}"]', "file", "no such file"),
        ('file: mau.exe, name: Đơn, procedures: ["{id}"]', "file", "must end in .pdf"),
        ('file: ../mau.pdf, name: Đơn, procedures: ["{id}"]', "file", "outside the folder"),
        ('file: large.pdf, name: Đơn, procedures: ["{id}"]', "file", "larger than 5 MB"),
        ('file: mau-01.pdf, name: Đơn, procedures: ["9-9"]', "procedures", "no such procedure"),
        ('file: mau-01.pdf, name: Đơn, procedures: ["{bare}"]', "procedures", "names no form"),
        ('file: mau-01.pdf, name: Đơn, numbers: ["Mẫu 99"]', "numbers", "no record names"),
        ("file: mau-01.pdf, name: Đơn", "", "name procedures, or numbers"),
        ('file: mau-01.pdf, procedures: ["{id}"]', "name", "required"),
    ],
)
def test_each_fault_is_named_with_its_line(
    catalogue: Catalogue, tmp_path: Path, entry: str, field: str, message: str
) -> None:
    ids = {"id": with_form(catalogue).id, "bare": without_form(catalogue).id}
    folder = write(
        tmp_path / "forms",
        'file: mau-01.pdf, name: Đơn, procedures: ["{id}"]'.format(**ids),
        entry.format(**ids),
    )
    (tmp_path / "mau.pdf").write_bytes(PDF)
    (folder / "large.pdf").write_bytes(b"x" * (LARGEST_BYTES + 1))
    [fault] = form_faults(folder, catalogue.procedures)
    assert fault.line == 3
    assert fault.field == f"forms.1.{field}".rstrip(".")
    assert message in fault.message


def test_a_broken_entry_does_not_hide_the_others(catalogue: Catalogue, tmp_path: Path) -> None:
    procedure = with_form(catalogue)
    folder = write(
        tmp_path / "forms",
        f'file: none.pdf, name: Một, procedures: ["{procedure.id}"]',
        f'file: mau-01.pdf, name: Hai, procedures: ["{procedure.id}"]',
    )
    assert [form.name for form in Forms(folder).of(procedure)] == ["Hai.pdf"]


def test_a_change_is_seen_without_a_restart(catalogue: Catalogue, tmp_path: Path) -> None:
    procedure = with_form(catalogue)
    entry = f'file: mau-01.pdf, name: Một, procedures: ["{procedure.id}"]'
    folder = write(tmp_path / "forms", entry)
    forms = Forms(folder)
    assert len(forms.of(procedure)) == 1
    write(folder, entry, entry.replace("Một", "Hai"))
    os.utime(folder / INDEX, (1, 1))
    assert len(forms.of(procedure)) == 2


async def test_the_answer_on_forms_reports_the_files(catalogue: Catalogue, tmp_path: Path) -> None:
    current, past = with_form(catalogue), with_form(catalogue, asserted=False)
    folder = write(
        tmp_path / "forms",
        f'file: mau-01.pdf, name: Đơn, procedures: ["{current.id}", "{past.id}"]',
    )
    now = datetime(2026, 11, 25, 9, 0, tzinfo=LOCAL_ZONE)
    async with opened_services(tmp_path, now, forms_dir=folder) as services:
        asked = {
            (aspect, it.id): await _report(services, aspect, it.id)
            for it in (current, past)
            for aspect in ("ask_forms", "ask_fee")
        }
    file = {"name": "Đơn.pdf", "path": str((folder / "mau-01.pdf").resolve())}
    assert asked[("ask_forms", current.id)] == [file]
    assert asked[("ask_forms", past.id)] == []  # the old form would be filled in for nothing
    assert asked[("ask_fee", current.id)] == []


async def _report(services: object, intent: str, procedure_id: str) -> object:
    from rasa_sdk.executor import CollectingDispatcher

    dispatcher = CollectingDispatcher()
    text = f'/{intent}{{"procedure_id": "{procedure_id}"}}'
    said = tracker(text, intent, entities={"procedure_id": procedure_id})
    await AnswerProcedure(services).run(dispatcher, said, {})  # type: ignore[arg-type]
    return dispatcher.messages[0]["custom"][REPORT_KEY]["files"]
