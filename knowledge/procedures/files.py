"""Procedure records as files, one a procedure: `data/procedures/<field>/<id>.yaml`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.procedures.model import Procedure
from knowledge.vietnamese import search_key
from knowledge.yaml_files import DataFileError, DataFileFault, load_yaml

FOLDER = "procedures"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder of records holds: the good ones, and every fault of the others."""

    procedures: Mapping[str, Procedure]
    paths: Mapping[str, Path]
    faults: tuple[DataFileFault, ...]
    broken: frozenset[str]
    """Ids (file names) of records that could not be read; they are not *gone*."""


def record_files(data_dir: Path) -> list[Path]:
    """Return the record files below a data folder, in a stable order."""
    return sorted((data_dir / FOLDER).rglob("*.yaml"))


def signature(data_dir: Path) -> int:
    """Return a number that changes when a record file is added, edited or removed."""
    stats = ((str(path), path.stat()) for path in record_files(data_dir))
    return hash(tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats))


def scan(data_dir: Path) -> Scan:
    """Read and check all record files; a broken file is reported and does not hide the others."""
    procedures: dict[str, Procedure] = {}
    paths: dict[str, Path] = {}
    faults: list[DataFileFault] = []
    broken: set[str] = set()
    for path in record_files(data_dir):
        try:
            procedure = load_yaml(path, Procedure)
        except DataFileError as error:
            faults.extend(error.faults)
            broken.add(path.stem)
            continue
        fault = _misplaced(path, procedure, paths)
        if fault:
            faults.append(fault)
            broken.add(path.stem)
            continue
        procedures[procedure.id] = procedure
        paths[procedure.id] = path
    faults.extend(_cross_check(procedures, paths, broken))
    return Scan(procedures, paths, tuple(faults), frozenset(broken))


def _misplaced(path: Path, procedure: Procedure, seen: Mapping[str, Path]) -> DataFileFault | None:
    if procedure.id in seen:
        return DataFileFault(path, 1, "id", f"{procedure.id} is also in {seen[procedure.id]}")
    if path.stem != procedure.id:
        return DataFileFault(path, 1, "id", f"the file is called {path.stem}, not {procedure.id}")
    return None


def _cross_check(
    procedures: Mapping[str, Procedure], paths: Mapping[str, Path], broken: Iterable[str]
) -> Iterator[DataFileFault]:
    known = set(procedures) | set(broken)
    for procedure in procedures.values():
        for name, targets in (
            ("related", procedure.related),
            ("status.replaced_by", procedure.status.replaced_by),
        ):
            for target in set(targets) - known:
                yield DataFileFault(paths[procedure.id], 1, name, f"no record has the id {target}")
    yield from _shared_aliases(procedures, paths)


def _shared_aliases(
    procedures: Mapping[str, Procedure], paths: Mapping[str, Path]
) -> Iterator[DataFileFault]:
    owners: dict[str, dict[str, str]] = defaultdict(dict)
    for procedure in procedures.values():
        for alias in procedure.aliases:
            owners[search_key(alias)].setdefault(procedure.family, procedure.id)
    for alias, by_family in owners.items():
        first, *others = by_family.values()
        for other in others:
            yield DataFileFault(paths[other], 1, "aliases", f"“{alias}” is also used by {first}")
