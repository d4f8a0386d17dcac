# ruff: noqa: ASYNC240 (tests prepare small files; nothing else waits on their loop)
"""The schema: how it comes to be, what a newer one does, and what a question costs."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import ClauseElement, create_engine
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.errors import StorageError
from bot.storage import open_store
from bot.storage.migrating import _SCRIPTS, HEAD
from bot.storage.schema import metadata
from bot.storage.statements import END_TURN, NEWEST_ENDED, new_turn, next_position
from tests.contract.test_thread_store import KEY, ended, turn


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


async def test_history_costs_the_same_after_10_turns_and_after_1000(file: Path) -> None:
    async with open_store(str(file)) as store:
        await ended(store, *map(turn, range(10)))
    short = steps(file)
    with closing(sqlite3.connect(file)) as connection:
        columns = "id || :n, thread_id, position + :n, message_id || :n, message, started_at, state, results, answer"
        copy = f"INSERT INTO turns SELECT {columns}, finished_at FROM turns WHERE position <= 10"
        connection.executemany(copy, [{"n": number} for number in range(10, 1000, 10)])
        connection.commit()
        assert connection.execute("SELECT count(*) FROM turns").fetchone() == (1000,)
    assert steps(file) == short


def history_sql(limit: int) -> tuple[str, tuple[object, ...]]:
    """The statement of `history` as SQLite gets it."""
    compiled = NEWEST_ENDED.compile(dialect=sqlite.dialect())
    given = {"platform": KEY.platform, "workspace": "", "channel": KEY.channel, "thread": KEY.thread, "limit": limit}
    values = {**compiled.params, **given}
    return str(compiled), tuple(values[name] for name in compiled.positiontup or ())


def steps(file: Path) -> int:
    """How many instructions of SQLite's machine it takes to read 10 turns."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    with closing(sqlite3.connect(file)) as connection:
        connection.set_progress_handler(count, 1)
        assert len(connection.execute(*history_sql(10)).fetchall()) == 10
    return counted[0]


async def test_history_is_read_along_an_index_without_sorting(file: Path) -> None:
    async with open_store(str(file)):
        pass
    sql, values = history_sql(10)
    with closing(sqlite3.connect(file)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any("SEARCH turns USING INDEX" in step and "(thread_id=?)" in step for step in plan)
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize("statement", [next_position("postgresql"), new_turn("postgresql"), END_TURN, NEWEST_ENDED])
def test_every_statement_is_postgresql_too(statement: ClauseElement) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
    assert str(statement.compile(dialect=dialect))
