"""Brings a database to the schema of this netspy, and refuses one of a newer netspy or of another program.

Called when a store opens. Alembic is imported only when there is something to do: it takes longer to import than all
the rest of a start.
"""

import asyncio
import logging
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.errors import StorageError
from bot.storage import sqlite
from bot.storage.schema import schema_version, turns

log = logging.getLogger("netspy.storage")

HEAD = "0006"
"""The newest revision in `migrations/versions`."""
_SCRIPTS = "bot.storage:migrations"  # a package's folder, so that an installed wheel finds it too
_LOCK = 0x6E6574737079  # "netspy": PostgreSQL's advisory locks are numbers
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def version_of(engine: AsyncEngine) -> str | None:
    """The revision that the database is at; None for an empty one."""
    async with engine.connect() as connection:
        return await connection.run_sync(_version)


async def migrate(engine: AsyncEngine, place: str) -> None:
    """Raises: StorageError when a newer netspy or another program made the schema; the database is left as it is."""
    # Alembic keeps the migration that runs in a global, so two databases of one process take turns.
    lock = _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock, engine.connect() as connection:
        await _wait_for_others(connection)
        await connection.run_sync(_refuse_foreign, place)
        await connection.run_sync(_upgrade, place)
        await connection.commit()


async def _wait_for_others(connection: AsyncConnection) -> None:
    """From here until the transaction ends no other process migrates this database."""
    if connection.dialect.name == "sqlite":
        await sqlite.begin_alone(connection)
    else:
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _refuse_foreign(connection: Connection, place: str) -> None:
    """A SQLite file belongs to one program; a server's database may well be shared."""
    tables = inspect(connection).get_table_names()
    others = [name for name in tables if name != schema_version.name]
    if connection.dialect.name == "sqlite" and others and turns.name not in tables:
        raise StorageError(
            f"opening {place}",
            f"it is the database of another program, with the table {others[0]}",
            "name another file in NETSPY_DATABASE_URL",
            finding="foreign-database",
        )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(schema_version.name):
        return None
    return connection.execute(select(schema_version.c.version_num)).scalar_one_or_none()


def _upgrade(connection: Connection, place: str) -> None:
    from alembic import command  # noqa: PLC0415 (see the module's docstring)
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    version = _version(connection)
    if version is not None and version not in known:
        raise StorageError(
            f"opening {place}",
            f"a newer netspy made its schema ({version}; this one knows {HEAD})",
            "upgrade netspy, or put the database elsewhere with NETSPY_DATABASE_URL",
            finding="schema-too-new",
        )
    command.upgrade(config, HEAD)
    log.info("storage.migrated", extra={"place": place, "version_before": version, "version": HEAD})
