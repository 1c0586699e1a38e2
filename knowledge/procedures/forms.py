"""Form files (mẫu đơn, tờ khai) that an installation keeps in a folder and gives out as documents.

The folder holds a `forms.yaml` beside the files. A broken entry is reported and not given out; it
does not hide the others. A change of `forms.yaml` is seen at the next question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import model_validator

from knowledge.procedures.model import Procedure, ProcedureId, Record, Text
from knowledge.vietnamese import search_key
from knowledge.yaml_files import DataFileError, DataFileFault, load_yaml

INDEX = "forms.yaml"
ENDINGS = (".pdf", ".doc", ".docx")
LARGEST_BYTES = 5 * 1024 * 1024
MOST_AT_ONCE = 5


class FormEntry(Record):
    """One file: what people see, and which procedures it belongs to."""

    file: Text
    name: Text
    procedures: tuple[ProcedureId, ...] = ()
    numbers: tuple[Text, ...] = ()
    """Forms as records name them (`form` of a document): it belongs to all that name one."""
    source: Text
    date: date

    @model_validator(mode="after")
    def _belongs_somewhere(self) -> Self:
        if not (self.procedures or self.numbers):
            raise ValueError("name procedures, or numbers of forms")
        return self


class FormsFile(Record):
    """Shape of `forms.yaml`."""

    forms: tuple[FormEntry, ...]


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file that can be given out."""

    name: str
    """What people see, with its ending."""
    path: Path
    source: str
    date: date


class Forms:
    """The forms of an installation; without a folder there are none."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._read_at: int | None = None
        self._entries: Sequence[FormEntry] = ()

    def of(self, procedure: Procedure) -> list[FormFile]:
        """Return the forms of a procedure, in the order of `forms.yaml`."""
        folder = self._folder
        if folder is None:
            return []
        self._refresh(folder)
        found = (_file(folder, entry) for entry in self._entries if belongs(entry, procedure))
        return list(found)[:MOST_AT_ONCE]

    def _refresh(self, folder: Path) -> None:
        try:
            changed_at = (folder / INDEX).stat().st_mtime_ns
        except OSError:
            self._read_at, self._entries = None, ()
            return
        if changed_at != self._read_at:
            self._read_at = changed_at
            self._entries = _usable(folder)


def belongs(entry: FormEntry, procedure: Procedure) -> bool:
    """Whether a form is one of a procedure."""
    if procedure.id in entry.procedures:
        return True
    numbers = {search_key(number) for number in entry.numbers}
    return any(item.form and search_key(item.form) in numbers for item in procedure.documents)


def form_faults(
    folder: Path | None, procedures: Mapping[str, Procedure]
) -> Sequence[DataFileFault]:
    """Return everything that is wrong with the forms of an installation."""
    if folder is None:
        return ()
    try:
        entries = load_yaml(folder / INDEX, FormsFile).forms
    except DataFileError as error:
        return error.faults
    return [
        _fault(folder, number, field, message)
        for number, entry in enumerate(entries)
        for field, message in (*_file_faults(folder, entry), *_links(entry, procedures))
    ]


def _usable(folder: Path) -> Sequence[FormEntry]:
    try:
        entries = load_yaml(folder / INDEX, FormsFile).forms
    except DataFileError:
        return ()
    return [entry for entry in entries if not list(_file_faults(folder, entry))]


def _file(folder: Path, entry: FormEntry) -> FormFile:
    shown = entry.name.replace("/", "-").replace("\\", "-")
    path = folder / entry.file
    return FormFile(f"{shown}{path.suffix.lower()}", path, entry.source, entry.date)


def _file_faults(folder: Path, entry: FormEntry) -> Iterator[tuple[str, str]]:
    path = folder / entry.file
    if path.suffix.lower() not in ENDINGS:
        yield "file", f"{entry.file}: must end in {', '.join(ENDINGS)}"
    elif not path.resolve().is_relative_to(folder.resolve()):
        yield "file", f"{entry.file}: lies outside the folder"
    elif not path.is_file():
        yield "file", f"{entry.file}: there is no such file"
    elif path.stat().st_size > LARGEST_BYTES:
        yield "file", f"{entry.file}: larger than {LARGEST_BYTES // 1024 // 1024} MB"


def _links(entry: FormEntry, procedures: Mapping[str, Procedure]) -> Iterator[tuple[str, str]]:
    for name in entry.procedures:
        if name not in procedures:
            yield "procedures", f"{name}: there is no such procedure"
        elif not any(item.form for item in procedures[name].documents):
            yield "procedures", f"{name}: its record names no form, so none is given out"
    named = {search_key(it.form) for p in procedures.values() for it in p.documents if it.form}
    for number in entry.numbers:
        if search_key(number) not in named:
            yield "numbers", f"{number}: no record names this form"


def _fault(folder: Path, number: int, field: str, message: str) -> DataFileFault:
    return DataFileFault(folder / INDEX, _line(folder, number), f"forms.{number}.{field}", message)


def _line(folder: Path, number: int) -> int:
    """Return the line of an entry of a file that has been read without a fault."""
    root: Any = yaml.compose((folder / INDEX).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    entries = next(value for key, value in root.value if key.value == "forms")
    return int(entries.value[number].start_mark.line) + 1
