"""Alembic's environment: the connection comes from `bot.storage.migrate`."""

from __future__ import annotations

from alembic import context

import knowledge.dossiers.tables
import knowledge.procedures.tables  # noqa: F401
from knowledge.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    user_module_prefix="",
)
with context.begin_transaction():
    context.run_migrations()
