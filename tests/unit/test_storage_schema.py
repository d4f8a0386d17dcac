# ruff: noqa: ASYNC240 (tests prepare small files; nothing else waits on their loop)
"""The schema: how it comes to be, what a newer one does, and what a question costs."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import ClauseElement, create_engine, text
from sqlalchemy.dialects import postgresql, sqlite

from bot.codec import compact, encode, encode_result
from bot.domain.errors import StorageError
from bot.storage import lease_statements, open_store
from bot.storage.migrating import _SCRIPTS, HEAD
from bot.storage.schema import metadata, turns
from bot.storage.statements import (
    ADD_AUDIT,
    END_TURN,
    EXPIRE_AUDIT,
    HELD,
    HUSH,
    MEMORY,
    NEWEST_ENDED,
    NTH_ASKED_BY,
    NTH_ASKED_IN,
    NUMBERED,
    STANDING,
    new_turn,
    next_position,
)
from tests.contract.test_thread_store import KEY, WORKER, begun, ended, full_turn, turn
from tests.fakes import NOW


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "netspy.db"


async def test_the_migrations_lead_to_the_tables_as_declared(file: Path) -> None:
    async with open_store(str(file)):
        pass
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    engine.dispose()


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_a_schema_of_a_newer_netspy_is_refused_and_left_untouched(file: Path) -> None:
    async with open_store(str(file)) as store:
        await ended(store, turn())
    with closing(sqlite3.connect(file)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()
    before = file.read_bytes()
    with pytest.raises(StorageError, match=r"a newer netspy made its schema \(9999; .*\)\. Upgrade netspy"):
        async with open_store(str(file)):
            pass
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


async def test_a_migration_that_fails_leaves_nothing_behind(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE turns (mine)")
    with pytest.raises(StorageError, match="table turns already exists"):
        async with open_store(str(file)):
            pass
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("turns",)]


COLUMNS = ", ".join(column.name for column in turns.c)
PLACES = {
    "limit": 10,
    "after": 0,
    "before": 2**31 - 1,
    "number": 5,
    "worker": "w1",
    "platforms": [KEY.platform],
    "turn_id": turn(5).id,
    "closed_at": None,
    "beat": 0,
    "whose": "terminal//u1",
    "since": NOW - timedelta(minutes=1),
    "skip": 3,
    "message": "m1",
}
OF_THE_POLICY = {"NTH_ASKED_BY": NTH_ASKED_BY, "NTH_ASKED_IN": NTH_ASKED_IN, "HELD": HELD}
OF_OPEN_TURNS = {
    name: getattr(lease_statements, name)
    for name in (
        "OWN",
        "OTHERS",
        "FREE",
        "CLAIM_FREE",
        "TAKE_NEXT",
        "TAKE_FIRST",
        "CLOSE",
        "BURY",
        "RELEASE",
        "RESTART",
    )
}


async def long_thread(file: Path) -> None:
    """10 turns of one thread become 1,000: 990 of them closed."""
    async with open_store(str(file)) as store:
        await ended(store, *map(turn, range(10)))
    fresh = {"id": "id || :n", "position": "position + :n", "message_id": "message_id || :n"}
    values = ", ".join(fresh.get(column.name, column.name) for column in turns.c)
    with closing(sqlite3.connect(file)) as connection:
        copy = f"INSERT INTO turns ({COLUMNS}) SELECT {values} FROM turns WHERE position <= 10"
        connection.executemany(copy, [{"n": number} for number in range(10, 1000, 10)])
        connection.commit()
        assert connection.execute("SELECT count(*) FROM turns").fetchone() == (1000,)


def values_of(statement: Any) -> dict[str, Any]:
    """Values for the parameters of a statement of the store."""
    key = {"platform": KEY.platform, "workspace": "", "channel": KEY.channel, "thread": KEY.thread}
    asked = statement.compile(dialect=sqlite.dialect()).params
    return {name: value for name, value in {**key, **PLACES}.items() if name in asked}


def steps(file: Path, statement: Any) -> int:
    """How many instructions of SQLite's machine a statement takes."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.set_progress_handler(count, 1)
        connection.execute(statement, values_of(statement))
    engine.dispose()
    return counted[0]


@pytest.mark.parametrize(
    "statement",
    [NEWEST_ENDED, STANDING, NUMBERED, MEMORY, *OF_THE_POLICY.values(), *OF_OPEN_TURNS.values()],
    ids=["NEWEST_ENDED", "STANDING", "NUMBERED", "MEMORY", *OF_THE_POLICY, *OF_OPEN_TURNS],
)
async def test_a_statement_costs_the_same_after_10_turns_and_after_1000(tmp_path: Path, statement: Any) -> None:
    short, long = tmp_path / "short.db", tmp_path / "long.db"
    async with open_store(str(short)) as store:
        await ended(store, *map(turn, range(10)))
    await long_thread(long)
    assert steps(long, statement) == steps(short, statement)


@pytest.mark.parametrize(
    "statement", [lease_statements.TAKE_NEXT, lease_statements.TAKE_FIRST, NEWEST_ENDED], ids=["NEXT", "FIRST", "ENDED"]
)
async def test_10000_messages_that_wait_cost_who_takes_the_next_one_nothing(tmp_path: Path, statement: Any) -> None:
    few, many = tmp_path / "few.db", tmp_path / "many.db"
    for file, waiting in ((few, 10), (many, 10_000)):
        async with open_store(str(file)) as store:
            for number in range(3):
                await begun(store, turn(number))
        values = ", ".join(
            {"position": "3 + :n", "id": "id || :n", "message_id": "id || :n"}.get(c.name, c.name) for c in turns.c
        )
        with closing(sqlite3.connect(file)) as connection:
            copy = f"INSERT INTO turns ({COLUMNS}) SELECT {values} FROM turns WHERE position = 3"
            connection.executemany(copy, [{"n": number} for number in range(1, waiting)])
            connection.commit()
    assert steps(many, statement) == steps(few, statement)


async def test_history_is_read_along_an_index_without_sorting(file: Path) -> None:
    async with open_store(str(file)):
        pass
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        sql = str(NEWEST_ENDED.compile(engine, compile_kwargs={"render_postcompile": True}))
        values = tuple("?" * sql.count("?"))
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    engine.dispose()
    assert any(
        "SEARCH turns USING INDEX" in step and "(thread_id=? AND position>? AND position<?)" in step for step in plan
    )
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in plan), plan


async def test_what_an_older_netspy_stored_is_history_and_what_it_left_open_is_over(file: Path) -> None:
    whole, running = full_turn(), replace(turn(2), state="running")
    older = replace(whole, results=tuple(replace(each, attachments=(), charts=()) for each in whole.results))
    async with open_store(str(file)):
        pass
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            table.drop(connection)
        config.attributes["connection"] = connection
        connection.execute(text("DELETE FROM alembic_version"))
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO threads VALUES (1, 'terminal', '', 'tty', '1', 2)"))
        for position, each in enumerate([older, running], start=1):
            results = [{"call": encode(r.call), "failed": r.failed, **encode_result(r)} for r in each.results]
            row = [each.id, 1, position, each.message.id, compact(encode(each.message)), "2026-11-23 14:07:00.000007"]
            row += ["answered" if position == 1 else "running", compact(results), each.answer]
            row += ["2026-11-23 14:08:00" if position == 1 else None]
            connection.exec_driver_sql("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", tuple(row))
    engine.dispose()
    async with open_store(str(file)) as store:
        first, second = await store.history(KEY, limit=5, whole=5)
        assert await store.leases.take_over(WORKER, KEY) is None
    assert first == replace(older, state="answered")
    assert (second.id, second.state) == (running.id, "failed")


@pytest.mark.parametrize(
    "statement",
    [
        next_position("postgresql"),
        new_turn("postgresql"),
        END_TURN,
        HUSH,
        NEWEST_ENDED,
        STANDING,
        ADD_AUDIT,
        EXPIRE_AUDIT,
        *OF_THE_POLICY.values(),
        *OF_OPEN_TURNS.values(),
    ],
)
def test_every_statement_is_postgresql_too(statement: ClauseElement) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
    assert str(statement.compile(dialect=dialect))
