"""Take up exports that are dropped into a folder: imported, then moved to `done` or `refused`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.dossiers.settings import DossierSettings
from knowledge.dossiers.import_words import ImportWords
from knowledge.dossiers.importer import read_dossiers
from knowledge.dossiers.presets import Preset, load_presets
from knowledge.dossiers.registry import DossierRegistry

_log = logging.getLogger(__name__)
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
_OPEN = (".", "~")
"""Names that begin so are not meant to be read: hidden files, locks of office programs."""


class DroppedFiles:
    """The folder of an installation, looked into from time to time.

    An import is idempotent, so that nothing is lost or doubled when the gateway is stopped
    between an import and the move of its file.
    """

    def __init__(
        self,
        folder: Path,
        registry: DossierRegistry,
        presets: Sequence[Preset],
        words: ImportWords,
        *,
        clock: Callable[[], datetime],
        poll_s: float,
    ) -> None:
        self._folder = folder
        self._registry = registry
        self._presets = presets
        self._words = words
        self._clock = clock
        self._poll_s = poll_s
        self._seen: Mapping[Path, tuple[int, int]] = {}

    async def run(self) -> None:
        """Look into the folder until cancelled."""
        while True:
            try:
                await self.look()
            except OSError as error:
                _log.error("the folder of dropped files cannot be read: %s", error.strerror)
            await asyncio.sleep(self._poll_s)

    async def look(self) -> int:
        """Take up every file that has not changed since the last look; returns how many."""
        now = await asyncio.to_thread(self._files)
        ready = [path for path, state in now.items() if self._seen.get(path) == state]
        self._seen = now
        return sum([await self._take_up(path) for path in sorted(ready)])

    def _files(self) -> Mapping[Path, tuple[int, int]]:
        for name in ("done", "refused"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        found = {}
        for path in self._folder.iterdir():
            if path.name.startswith(_OPEN) or path.suffix.lower() in _UNFINISHED:
                continue
            if path.is_file():
                state = path.stat()
                found[path] = (state.st_size, state.st_mtime_ns)
        return found

    async def _take_up(self, path: Path) -> bool:
        read = await asyncio.to_thread(read_dossiers, path, self._presets, self._clock().date())
        if not path.exists():  # another gateway was quicker
            return False
        if read.faults:
            _log.warning("a dropped file was refused: %d faults", len(read.faults))
            said = self._words.refusal(path.name, read.faults)
            return await asyncio.to_thread(self._move, path, "refused", said)
        try:
            result = await self._registry.import_all(
                read.dossiers, source=path.name, told=read.told
            )
        except (SQLAlchemyError, OSError) as error:
            _log.error("a dropped file cannot be stored yet: %s", type(error).__name__)
            return False
        said = self._words.result(path.name, read, result)
        return await asyncio.to_thread(self._move, path, "done", said)

    def _move(self, path: Path, where: str, said: str) -> bool:
        """Move a file, with what is said of it in a text beside it."""
        target = self._folder / where / path.name
        if target.exists():
            target = target.with_name(f"{self._clock():%Y%m%d-%H%M%S-%f}-{path.name}")
        try:
            target.with_name(f"{target.name}.txt").write_text(said + "\n", encoding="utf-8")
            path.replace(target)
        except OSError as error:
            _log.error("a dropped file cannot be moved: %s", error.strerror)
            return False
        return True


def dropped_files(
    settings: DossierSettings,
    data_dir: Path,
    registry: DossierRegistry,
    clock: Callable[[], datetime],
) -> DroppedFiles | None:
    """Return the folder of an installation, if it has one; raises `DataFileError`."""
    if settings.dossiers_inbox_dir is None:
        return None
    return DroppedFiles(
        settings.dossiers_inbox_dir,
        registry,
        load_presets(data_dir, settings.dossiers_mapping),
        ImportWords.load(data_dir),
        clock=clock,
        poll_s=settings.dossiers_inbox_poll_s,
    )
