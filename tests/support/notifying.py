"""A process that works off all changes and ends: `python -m tests.support.notifying URL FOLDER`.

It says a line for each batch, so that a test can kill it in the middle.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from actions.services import build_services
from bot.following.notifier import Notifier, Pace
from bot.settings import Settings
from bot.storage.leases import Leases
from knowledge.database import open_engine
from tests.support.dossiers import NOON


async def main(url: str, folder: str) -> None:
    services = build_services(Settings(var_dir=Path(folder)), clock=lambda: NOON)
    services = replace(services, engine=open_engine(url))
    notifier = Notifier(services, Leases(services.engine, owner="it"), pace=Pace(batch=150))
    while await notifier.work_off():
        sys.stdout.write("batch\n")
        sys.stdout.flush()
    await services.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
