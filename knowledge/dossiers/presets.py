"""Which columns an export has: mappings as data files, and the one whose headings a file shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from knowledge.dossiers.dossier import FIELDS, Supplement
from knowledge.dossiers.spreadsheet import Row, Sheet
from knowledge.dossiers.status import Status, parse_status
from knowledge.vietnamese import search_key
from knowledge.yaml_files import load_yaml

SUPPLEMENT_COLUMNS = {f"supplement_{name}": name for name in Supplement.__dataclass_fields__}
"""Columns that tell of a request for papers, by the field of `Supplement` they fill."""
_COLUMNS = (FIELDS - {"supplements"}) | SUPPLEMENT_COLUMNS.keys()
_HEADING_WITHIN = 30
"""How many rows a title above the headings may take."""
_BRACKETS = re.compile(r"\([^)]*\)")


class Preset(BaseModel):
    """A mapping of headings to our columns: the shape of `presets/*.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    statuses: dict[str, Status] = {}

    @model_validator(mode="after")
    def _columns_exist(self) -> Preset:
        unknown = {*self.columns, *self.required} - _COLUMNS
        if unknown:
            raise ValueError(f"unknown columns: {', '.join(sorted(unknown))}")
        missing = {"code", "procedure_name", "status", *self.required} - set(self.columns)
        if missing:
            raise ValueError(f"columns lacks {', '.join(sorted(missing))}")
        return self

    def header_of(self, column: str) -> str:
        """Return the heading that exports and fault reports use for a column."""
        return self.columns[column][0]

    def match(self, cells: Sequence[object]) -> dict[str, int]:
        """Return the position of each column whose heading is among the cells."""
        positions: dict[str, int] = {}
        for position, cell in enumerate(cells):
            for key in _keys(cell):
                positions.setdefault(key, position)
        found = {}
        for column, headings in self.columns.items():
            keys = (_squeezed(heading) for heading in headings)
            at = next((positions[key] for key in keys if key in positions), None)
            if at is not None:
                found[column] = at
        return found

    def status_of(self, value: object) -> Status | None:
        """Read a status in the words of this software, else as every export writes it."""
        return self._statuses.get(_squeezed(value)) or parse_status(value)

    @cached_property
    def _statuses(self) -> Mapping[str, Status]:
        return {_squeezed(word): status for word, status in self.statuses.items()}


@dataclass(frozen=True, slots=True)
class Headings:
    """The row of headings of a sheet, and the columns that a preset finds in it."""

    sheet: Sheet
    row: Row
    preset: Preset
    positions: Mapping[str, int]

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the required columns that are not there."""
        return tuple(it for it in self.preset.required if it not in self.positions)

    @property
    def body(self) -> Sequence[Row]:
        """Return the rows below the headings."""
        return [row for row in self.sheet.rows if row.number > self.row.number]


def load_presets(data_dir: Path, own: Path | None = None) -> list[Preset]:
    """Return the mapping of the installation, if any, then the shipped ones, ours first.

    Raises `DataFileError`.
    """
    folder = data_dir / "dossiers" / "presets"
    shipped = sorted(folder.glob("*.yaml"), key=lambda file: (file.stem != "motcua", file.stem))
    return [load_yaml(file, Preset) for file in ([own] if own else []) + shipped]


def find_headings(sheets: Iterable[Sheet], presets: Sequence[Preset]) -> Headings | None:
    """Return the row and the preset that fit best; None where not one heading is known.

    A preset whose required columns are all there fits better than one that lacks some; then
    counts how many columns it knows, then the order of the presets.
    """
    best, best_fit = None, (False, 0)
    for sheet in sheets:
        for row in sheet.rows[:_HEADING_WITHIN]:
            for preset in presets:
                found = Headings(sheet, row, preset, preset.match(row.cells))
                fit = (not found.missing, len(found.positions))
                if fit > best_fit:
                    best, best_fit = found, fit
    return best


def _keys(cell: object) -> list[str]:
    """Return the keys a heading goes by: as it stands, and without what is in brackets."""
    text = str(cell) if cell is not None else ""
    keys = (_squeezed(text), _squeezed(_BRACKETS.sub(" ", text)))
    return [key for key in dict.fromkeys(keys) if key]


def _squeezed(text: object) -> str:
    return search_key(str(text)).replace(" ", "")
