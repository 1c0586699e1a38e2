"""An import in plain words: where a fault stands and what it is, what a file would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from knowledge.dossiers.dossier import PERSONAL
from knowledge.dossiers.importer import Fault, ReadResult
from knowledge.dossiers.registry import Difference, ImportResult
from knowledge.dossiers.status import Status, status_texts
from knowledge.yaml_files import load_yaml

MOST_SHOWN = 50


class ImportWords(BaseModel):
    """Shape of `import_words.yaml`, and the sentences that are made of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: dict[str, str]
    problems: dict[str, str]
    fields: dict[str, str]
    refused: str
    taken: str
    would: str
    failed: str
    new: str
    changed: str
    change: str
    change_hidden: str
    more: str
    nothing: str
    sync: dict[str, str]

    @classmethod
    def load(cls, data_dir: Path) -> ImportWords:
        """Read the words; raises `DataFileError`."""
        return load_yaml(data_dir / "dossiers" / "import_words.yaml", cls)

    def fault(self, fault: Fault) -> str:
        """Return a fault in a line: file, sheet, row, column, value, and what is wrong."""
        where = [fault.file]
        for name in ("sheet", "row", "column", "value"):
            if (value := getattr(fault, name)) is not None:
                where.append(self.where[name].format(**{name: value}))
        return f"{', '.join(where)}: {self.problems[fault.problem].format(detail=fault.detail)}"

    def refusal(self, file: str, faults: Sequence[Fault]) -> str:
        """Return all faults of a file, and that nothing was changed."""
        lines = [self.fault(fault) for fault in faults]
        return "\n".join([*lines, self.refused.format(file=file, count=len(faults))])

    def result(self, file: str, read: ReadResult, result: ImportResult) -> str:
        """Return how many dossiers were added, changed and found unchanged."""
        return self.taken.format(
            file=file,
            preset=read.preset,
            added=result.added,
            changed=result.changed,
            unchanged=result.unchanged,
        )

    def preview(self, file: str, read: ReadResult, found: Sequence[Difference]) -> Iterator[str]:
        """Yield what an import would change, a line a dossier; personal values stay hidden."""
        new = sum(it.before is None for it in found)
        moved = [it for it in found if it.before is None or it.changed_fields]
        yield self.would.format(
            file=file,
            preset=read.preset,
            added=new,
            changed=len(moved) - new,
            unchanged=len(found) - len(moved),
        )
        yield from self.differences(moved)

    def differences(self, moved: Sequence[Difference]) -> Iterator[str]:
        """Yield what changes, a line a dossier; of very many the first ones."""
        for difference in moved[:MOST_SHOWN]:
            yield self._difference(difference)
        if len(moved) > MOST_SHOWN:
            yield self.more.format(count=len(moved) - MOST_SHOWN)

    def _difference(self, found: Difference) -> str:
        code = found.after.code
        if found.before is None:
            return self.new.format(code=code, status=_status(found.after.status))
        changes = [self._change(found, name) for name in found.changed_fields]
        return self.changed.format(code=code, changes="; ".join(changes))

    def _change(self, found: Difference, name: str) -> str:
        field = self.fields[name]
        if name in PERSONAL or name == "supplements":
            return self.change_hidden.format(field=field)
        before, after = getattr(found.before, name), getattr(found.after, name)
        return self.change.format(
            field=field, before=self._value(before), after=self._value(after)
        )

    def _value(self, value: Any) -> str:
        if value is None or value is False:
            return self.nothing
        if isinstance(value, Status):
            return f"“{_status(value)}”"
        return f"{value:%d/%m/%Y}" if isinstance(value, date) else f"“{value}”"


def _status(status: Status) -> str:
    return status_texts()[status].name
