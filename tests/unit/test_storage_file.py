# ruff: noqa: ASYNC240 (tests prepare small files; nothing else waits on their loop)
"""SQLite's file when things go wrong: damage, locks, full disks, missing rights."""

import asyncio
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import StorageCorrupt, StorageError, StorageFull, StorageLocked
from bot.storage import SqlThreadStore, open_store
from tests.contract.test_thread_store import KEY, begun, end, ended, turn

NOBODY = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "netspy.db"


async def fill(file: Path) -> None:
    async with open_store(str(file)) as store:
        await ended(store, *(turn(number, text="x" * 20_000) for number in range(20)))


def scribble(file: Path, start: int = 4096) -> None:
    """Damage everything from `start` on: without one, everything behind the first page."""
    content = file.read_bytes()
    file.write_bytes(content[:start] + b"\x55" * (len(content) - start))


def moved_aside(file: Path) -> list[Path]:
    return sorted(path for path in file.parent.iterdir() if ".corrupt-" in path.name)


async def test_file_and_new_folders_are_for_this_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "state" / "netspy" / "netspy.db"
    async with open_store(str(file)) as store:
        await begun(store, turn())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (*file.parent.iterdir(), *file.parents[:2])}
    assert modes == {
        "state": 0o700, "netspy": 0o700, "netspy.db": 0o600, "netspy.db-wal": 0o600, "netspy.db-shm": 0o600,
    }  # fmt: skip


async def test_settings_hold_on_every_connection(file: Path) -> None:
    async with open_store(str(file), busy_timeout_s=1.5) as store, store._database.engine.connect() as connection:
        names = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"]
        values = [(await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in names]
    normal = 1
    assert values == ["wal", normal, 1, 1500]


@pytest.mark.parametrize("content", [b"this is no database\n" * 400, b"x"], ids=["text", "one byte"])
async def test_a_file_that_is_no_database_is_moved_aside(
    file: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(content)
    async with open_store(str(file)) as store:
        assert not [record for record in caplog.records if record.levelname != "INFO"], "the notice says it already"
        (aside,) = moved_aside(file)
        assert re.fullmatch(r"netspy\.db\.corrupt-\d{8}T\d{6}Z", aside.name)
        assert aside.read_bytes() == content
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert str(aside) in store.notices[0]
        assert (await store.check()).state == "warning"
        assert await begun(store, turn())


@pytest.mark.parametrize("damage", [scribble, lambda file: os.truncate(file, 20_000)], ids=["overwritten", "cut short"])
async def test_a_damaged_database_is_moved_aside_unchanged(file: Path, damage: Callable[[Path], object]) -> None:
    await fill(file)
    damage(file)
    damaged = file.read_bytes()
    async with open_store(str(file)) as store:
        assert await store.history(KEY, limit=5, whole=5) == ()
    (aside,) = [path for path in moved_aside(file) if path.name.endswith("Z")]
    assert aside.read_bytes() == damaged
    async with open_store(str(file)) as store:
        assert store.notices == ()


async def test_a_large_file_is_opened_without_a_search_and_still_refused_when_it_is_no_database(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(file)
    scribble(file, start=200_000)
    monkeypatch.setattr("bot.storage.sqlite._SEARCHED_BYTES", 10_000)
    async with open_store(str(file)) as store:
        assert store.notices == ()
        with pytest.raises(StorageCorrupt):
            await store.history(KEY, limit=5, whole=5)
    file.write_bytes(b"no database" * 1000)
    async with open_store(str(file)) as store:
        assert len(store.notices) == 1


async def test_the_log_beside_a_damaged_file_goes_with_it(file: Path) -> None:
    file.write_bytes(b"no database" * 100)
    file.with_name("netspy.db-wal").write_bytes(b"log")
    async with open_store(str(file)):
        (aside,) = [path for path in moved_aside(file) if path.name.endswith("Z")]
        assert Path(f"{aside}-wal").read_bytes() == b"log"


async def test_a_second_damaged_file_does_not_take_the_place_of_the_first(file: Path) -> None:
    for content in (b"first" * 200, b"second" * 200, b"third" * 200):
        file.write_bytes(content)
        async with open_store(str(file)):
            pass
    assert {path.read_bytes()[:5] for path in moved_aside(file)} == {b"first", b"secon", b"third"}


async def test_damage_met_later_is_named_and_mended_at_the_next_start(file: Path) -> None:
    await fill(file)
    async with open_store(str(file)) as store:
        scribble(file)
        with pytest.raises(StorageCorrupt, match=re.escape(f"{file}: the file is damaged")):
            await store.history(KEY, limit=5, whole=5)
    async with open_store(str(file)) as store:
        assert len(store.notices) == 1


async def test_a_database_that_another_process_holds_is_named(file: Path) -> None:
    async with open_store(str(file), busy_timeout_s=0.01) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageLocked, match=re.escape(f"{file}: another process keeps it locked. End")):
                await begun(store, turn())
            assert await store.history(KEY, limit=1, whole=1) == ()
        assert await begun(store, turn())


async def test_an_up_to_date_database_opens_while_another_process_writes(file: Path) -> None:
    await fill(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with open_store(str(file), busy_timeout_s=0.01) as store:
            assert len(await store.history(KEY, limit=5, whole=5)) == 5


async def test_a_new_database_that_is_locked_is_named(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageLocked, match=re.escape(str(file))):
            async with open_store(str(file), busy_timeout_s=0.01):
                pass


async def limit_pages(store: SqlThreadStore, count: int) -> None:
    """A disk of `count` pages, as far as SQLite can tell. (The store's one connection keeps the limit.)"""
    async with store._database.engine.connect() as connection:
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")


async def test_a_full_disk_is_named_and_leaves_no_half_of_a_turn(file: Path) -> None:
    long = turn(2, text="x" * 100_000)
    async with open_store(str(file)) as store:
        await ended(store, turn(1))
        await limit_pages(store, 1)
        with pytest.raises(StorageFull, match="the disk is full"):
            await begun(store, long)
        assert len(await store.history(KEY, limit=5, whole=5)) == 1
        await limit_pages(store, 10_000)
        assert await begun(store, long)


async def test_a_read_only_database_is_named(file: Path) -> None:
    async with open_store(str(file)) as store:
        async with store._database.engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA query_only = ON")
        with pytest.raises(StorageFull, match="it is read-only"):
            await begun(store, turn())


@contextmanager
def no_rights_in(folder: Path) -> Iterator[None]:
    """Nothing can be written there. Root may write everywhere, so it becomes somebody else for a while."""
    me = os.geteuid()
    folder.chmod(0o500)
    os.seteuid(NOBODY if me == 0 else me)
    try:
        yield
    finally:
        os.seteuid(me)


async def test_a_folder_without_the_right_to_write_is_named(tmp_path: Path, file: Path) -> None:
    await fill(file)  # everything is imported: nobody may not read the interpreter's own files either
    with no_rights_in(tmp_path), pytest.raises(StorageError) as raised:
        async with open_store(str(tmp_path / "other.db")):
            pass
    assert raised.value.got == "this user may not open it"
    assert raised.value.remedy.endswith(", or put the database elsewhere with NETSPY_DATABASE_URL")


@pytest.mark.parametrize("below", ["netspy.db", "deep/netspy.db"])
async def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StorageError) as raised:
        async with open_store(str(tmp_path / "state" / below)):
            pass
    assert raised.value.got == f"{tmp_path}/state is a file, not a folder"
    assert raised.value.remedy.startswith("move that file away, or put the database elsewhere")


async def test_a_folder_in_the_place_of_the_file_is_named_and_stays(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as raised:
        async with open_store(str(tmp_path)):
            pass
    assert raised.value.got == "it is a folder, not a file"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", [None, "f00d"], ids=["no version", "somebody's version"])
async def test_the_database_of_another_program_is_refused_untouched(file: Path, version: str | None) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
        if version:
            other.execute("CREATE TABLE alembic_version (version_num TEXT)")
            other.execute("INSERT INTO alembic_version VALUES (?)", [version])
        other.commit()
    before = file.read_bytes()
    with pytest.raises(StorageError) as raised:
        async with open_store(str(file)):
            pass
    assert raised.value.got == "it is the database of another program, with the table recipes"
    assert raised.value.remedy == "name another file in NETSPY_DATABASE_URL"
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


async def test_a_cancelled_call_leaves_the_store_usable_and_no_half_of_a_turn(file: Path) -> None:
    async with open_store(str(file)) as store:
        for steps in range(40):
            task = asyncio.create_task(begun(store, turn(steps)))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            stored = not task.cancelled() and task.result()
            again = await begun(store, replace(turn(steps), id=turn(steps + 1000).id))
            assert not (stored and again)
            await end(store, replace(turn(steps), id=turn(steps + (1000 if again else 0)).id, state="stopped"))
        assert len(await store.history(KEY, limit=100, whole=100)) == 40


async def test_a_database_that_answers_nothing_is_a_fault_with_its_cause(file: Path) -> None:
    async with open_store(str(file)) as store:
        async with store._database.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE turns RENAME TO mislaid")
        check = await store.check()
    assert (check.part, check.state) == ("storage", "fault")
    assert "no such table: turns" in check.detail
