"""`open_store`: from a URL or a path to a store that is ready. Called by the composition root."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, InvalidRequestError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.domain.errors import InvalidSettings
from bot.storage import postgresql, sqlite
from bot.storage.database import Database
from bot.storage.failures import translated
from bot.storage.migrating import HEAD, migrate, version_of
from bot.storage.store import SqlThreadStore
from bot.storage.unbroken import unbroken

_DRIVERS = {"sqlite": "aiosqlite", "postgresql": "asyncpg", "postgres": "asyncpg"}
_FORMS = "a path, sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"


@asynccontextmanager
async def open_store(url: str, *, busy_timeout_s: float = 5.0) -> AsyncIterator[SqlThreadStore]:
    """The store in the database at `url` (an SQLAlchemy URL, or a SQLite file's path), made and migrated as needed.

    `busy_timeout_s` is how long SQLite waits for another process that writes.
    Raises: InvalidSettings, StorageError.
    """
    parsed = _parse(url)
    file = _file(parsed)
    place = str(file or parsed.set(drivername=parsed.get_backend_name()).render_as_string(hide_password=True))
    with translated("opening", place):
        notice = await asyncio.to_thread(sqlite.prepare_file, file) if file else None
    engine = _engine(parsed, file, busy_timeout_s)
    try:
        with translated("opening", place):
            await unbroken(_make_ready(engine, place))
        yield SqlThreadStore(Database(engine, place), notices=(notice,) if notice else ())
    finally:
        await unbroken(engine.dispose())


async def _make_ready(engine: AsyncEngine, place: str) -> None:
    if await version_of(engine) != HEAD:
        await migrate(engine, place)
    if engine.dialect.name == "sqlite":
        await sqlite.use_write_ahead_log(engine)


def _parse(url: str) -> URL:
    """Raises: InvalidSettings, without the URL: it may hold a password."""
    if "://" not in url:
        return URL.create("sqlite+aiosqlite", database=url)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise InvalidSettings("NETSPY_DATABASE_URL", "it is not a URL", f"write {_FORMS}") from error
    scheme = parsed.drivername
    if scheme.partition("+")[0] not in _DRIVERS:
        raise InvalidSettings("NETSPY_DATABASE_URL", f"{scheme} is not supported", f"write {_FORMS}")
    backend = "postgresql" if scheme == "postgres" else scheme
    parsed = parsed.set(drivername=backend if "+" in scheme else f"{backend}+{_DRIVERS[scheme]}")
    return postgresql.usable(parsed) if backend.startswith("postgresql") else parsed


def _file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:" or url.host or url.username:
        raise InvalidSettings("NETSPY_DATABASE_URL", "it names no file", f"write {_FORMS}")
    return Path(url.database).expanduser().resolve()


def _engine(url: URL, file: Path | None, busy_timeout_s: float) -> AsyncEngine:
    if file is None:
        return _create(url, pool_pre_ping=True, connect_args=postgresql.connect_args(url))
    # One connection: SQLite has one writer anyway, and turns that line up here are served in order, which SQLite's own
    # waiting is not. A turn's statements take about a millisecond.
    engine = _create(url.set(database=str(file)), pool_size=1, max_overflow=0, connect_args={"timeout": busy_timeout_s})
    sqlite.configure(engine)
    return engine


def _create(url: URL, **options: Any) -> AsyncEngine:
    try:
        return create_async_engine(url, **options)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        usual = _DRIVERS[url.get_backend_name()]
        remedy = f"install {usual}" if url.drivername.endswith(f"+{usual}") else f"write {_FORMS}"
        raise InvalidSettings("NETSPY_DATABASE_URL", f"no driver for {url.drivername} is installed", remedy) from error
    except InvalidRequestError as error:  # a driver that would block the event loop
        raise InvalidSettings("NETSPY_DATABASE_URL", f"{url.drivername} is not supported", f"write {_FORMS}") from error
