"""Alembic runs this file for every command. `bot.storage.migrating` gives it a connection inside a transaction."""

from alembic import context

from bot.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
