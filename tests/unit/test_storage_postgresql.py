"""PostgreSQL: its schema, many processes at once, and what is said when it fails."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from bot.domain.errors import StorageError, StorageFull
from bot.storage import open_store
from bot.storage.failures import translated
from bot.storage.postgresql import server_of, usable
from bot.storage.schema import metadata
from tests.contract.test_thread_store import KEY, begun, ended, turn
from tests.postgres import GUARDED, PASSWORD, SUPERUSER, Postgres
from tests.unit.test_storage_opening import open_in_processes


async def failure_of(url: str) -> StorageError:
    with pytest.raises(StorageError) as raised:
        async with open_store(url):
            pass
    return raised.value


async def test_the_migrations_lead_to_the_tables_as_declared(postgres_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    async with open_store(postgres_url) as store, store._database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_processes_that_open_an_empty_database_at_once_make_one_schema(
    postgres: Postgres, postgres_url: str
) -> None:
    opened = await open_in_processes(postgres_url, 4)
    assert sum(each["began"] for each in opened) == 1
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
    assert postgres.sql(tables, url=postgres_url).split() == sorted(["alembic_version", *metadata.tables])
    assert postgres.sql("SELECT count(*) FROM alembic_version", url=postgres_url) == "1"


async def test_stores_opened_at_once_in_one_process_share_a_database(postgres_url: str) -> None:
    async def begin() -> bool:
        async with open_store(postgres_url) as store:
            return await begun(store, turn())

    assert sorted(await asyncio.gather(*(begin() for _ in range(4)))) == [False, False, False, True]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_a_thread_is_known_again_after_a_close(postgres_url: str, scheme: str) -> None:
    url = postgres_url.replace("postgresql", scheme, 1) + "?sslmode=prefer"
    async with open_store(url) as store:
        await ended(store, turn(1), turn(2))
    async with open_store(url) as store:
        assert [each.message.id for each in await store.history(KEY, limit=5, whole=5)] == ["m1", "m2"]


async def test_a_database_that_comes_back_is_used_again(postgres: Postgres, postgres_url: str) -> None:
    async with open_store(postgres_url) as store:
        await ended(store, turn(1))
        postgres.stop()
        with pytest.raises(StorageError, match=f"nothing answers at 127.0.0.1:{postgres.port}"):
            await begun(store, turn(2))
        assert (await store.check()).state == "fault"
        postgres.start()
        await ended(store, turn(2))
        assert [each.message.id for each in await store.history(KEY, limit=5, whole=5)] == ["m1", "m2"]
        assert (await store.check()).state == "ok"


async def test_a_server_that_is_not_there_is_named(postgres: Postgres) -> None:
    postgres.stop()
    failure = await failure_of(postgres.url("netspy", login=f"netspy:{PASSWORD}"))
    postgres.start()
    assert failure.got == f"nothing answers at 127.0.0.1:{postgres.port}"
    assert failure.remedy == "start PostgreSQL there, or correct NETSPY_DATABASE_URL"
    assert PASSWORD not in str(failure)


@pytest.mark.parametrize(
    ("login", "database", "got"),
    [
        (f"{GUARDED}:wr0ng-{PASSWORD}", SUPERUSER, "the server refuses the user or the password"),
        (GUARDED, SUPERUSER, "the server refuses the user or the password"),
        (f"nobody:{PASSWORD}", SUPERUSER, "the server does not let this user in"),
        (f"{SUPERUSER}:{PASSWORD}", "nowhere", "there is no such database on that server"),
        (f"{GUARDED}:{PASSWORD}", SUPERUSER, "this user may not make or use netspy's tables"),
    ],
)
async def test_what_keeps_netspy_out_is_named_without_the_password(
    postgres: Postgres, login: str, database: str, got: str
) -> None:
    postgres.start()
    failure = await failure_of(postgres.url(database, login=login))
    assert failure.got == got
    assert failure.remedy
    assert PASSWORD not in str(failure)
    assert failure.asked.startswith(f"opening postgresql://{login.partition(':')[0]}")


async def test_a_server_without_room_for_another_client_is_named(postgres: Postgres, postgres_url: str) -> None:
    name = make_url(postgres_url).database or ""
    postgres.sql(f"ALTER DATABASE {name} CONNECTION LIMIT 0")  # which does not bind a superuser
    failure = await failure_of(postgres.url(name, login=f"{GUARDED}:{PASSWORD}"))
    assert failure.got == "the server has no connection left"


async def test_a_server_that_takes_no_writes_is_named(postgres: Postgres, postgres_url: str) -> None:
    async with open_store(postgres_url):
        pass
    postgres.sql(f"ALTER DATABASE {make_url(postgres_url).database} SET default_transaction_read_only = on")
    async with open_store(postgres_url) as store:
        with pytest.raises(StorageFull, match="the server takes no writes"):
            await begun(store, turn())
        assert await store.history(KEY, limit=1, whole=1) == ()


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections (the system does that for it) and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.storage.postgresql.CONNECT_TIMEOUT_S", 0.05)
    with silent_server() as port:
        failure = await failure_of(f"postgresql://u:{PASSWORD}@127.0.0.1:{port}/netspy")
    assert failure.got == f"127.0.0.1:{port} does not answer in time"
    assert PASSWORD not in str(failure)


@asynccontextmanager
async def locked_threads(url: str) -> AsyncIterator[None]:
    """Another program holds a table that every statement needs."""
    async with open_store(url) as other, other._database.engine.connect() as connection:
        await connection.exec_driver_sql("LOCK TABLE threads IN ACCESS EXCLUSIVE MODE")
        yield


async def test_a_statement_that_waits_too_long_is_given_up_and_its_connection_used_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as lock:
        await lock.enter_async_context(locked_threads(postgres_url))
        monkeypatch.setattr("bot.storage.postgresql.COMMAND_TIMEOUT_S", 2.0)
        async with open_store(postgres_url) as store:
            with pytest.raises(StorageError, match="does not answer in time"):
                await begun(store, turn())
            await lock.aclose()
            assert await begun(store, turn())


async def test_a_server_that_stops_under_a_statement_is_named(postgres: Postgres, postgres_url: str) -> None:
    async with open_store(postgres_url) as store:
        with suppress(DBAPIError):  # the lock's own connection is cut as well
            async with locked_threads(postgres_url):
                waiting = asyncio.create_task(begun(store, turn()))
                while await asyncio.to_thread(postgres.sql, "SELECT count(*) FROM pg_locks WHERE NOT granted") == "0":
                    pass
                await asyncio.to_thread(postgres.stop)
        with pytest.raises(StorageError, match=r"the connection broke|the server is starting or shutting down"):
            await waiting
        postgres.start()
        assert await begun(store, turn())


@pytest.mark.parametrize(
    ("error", "got"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no address is known for h:5432"),
        (OSError("Multiple exceptions: [Errno 111] ..., [Errno 111] ..."), "nothing answers at h:5432"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "nothing answers at h:5432"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "the connection broke"),
        (ConnectionError('PostgreSQL server at "h:5432" rejected SSL upgrade'), None),
        (ssl.SSLCertVerificationError("certificate verify failed"), None),
    ],
)
def test_a_failure_of_the_connection_is_named(error: OSError, got: str | None) -> None:
    with pytest.raises(StorageError) as raised, translated("opening", "postgresql://u:***@h/db"):
        raise error
    assert raised.value.got == (got or str(error))


class RefusedByServer(Exception):
    """As SQLAlchemy gives on what asyncpg raises."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("the server's own words")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "kind", "got"),
    [
        ("53100", StorageFull, "the server's disk is full"),
        ("57P03", StorageError, "the server is starting or shutting down"),
        ("XX000", StorageError, "the server's own words"),
    ],
)
def test_a_refusal_that_is_hard_to_bring_about_is_named(sqlstate: str, kind: type[StorageError], got: str) -> None:
    with pytest.raises(kind) as raised, translated("opening", "postgresql://u:***@h/db"):
        raise DBAPIError("SELECT", {}, RefusedByServer(sqlstate))
    assert type(raised.value) is kind
    assert raised.value.got == got


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("postgresql://u@h/db", "h:5432"),
        ("postgresql://u@[::1]:5433/db", "[::1]:5433"),
        ("postgresql:///db", "localhost:5432"),
        ("postgresql://u@/db?host=/run/postgresql", "/run/postgresql"),
        ("postgresql://u@/db?host=a:1&host=b:2", "a:1, b:2"),
    ],
)
def test_a_server_is_called_by_host_and_port(url: str, server: str) -> None:
    assert server_of(make_url(url)) == server


def test_the_usual_name_of_the_tls_setting_is_understood() -> None:
    url = make_url("postgresql+asyncpg://u@h/db?sslmode=require")
    assert dict(usable(url).query) == {"ssl": "require"}
