"""Alembic's environment: the connection comes from `bot.storage.migrate`."""

from importlib import import_module

from alembic import context

from knowledge.database import metadata

for tables in (
    "bot.storage.tables",
    "bot.storage.zalo_tokens",
    "knowledge.dossiers.tables",
    "knowledge.following.tables",
    "knowledge.privacy.tables",
    "knowledge.procedures.tables",
    "knowledge.questions.tables",
):
    import_module(tables)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    user_module_prefix="",
)
with context.begin_transaction():
    context.run_migrations()
