# ruff: noqa: ASYNC240 (tests prepare small files; nothing else waits on their loop)
"""From a URL to a store: which URLs, again after a close, and by many processes at once."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from bot.domain.errors import InvalidSettings
from bot.storage import open_store
from tests.contract.test_thread_store import KEY, begun, ended, turn

OPEN_AND_BEGIN = """
import asyncio, json, sys
from datetime import UTC, datetime
from bot.domain.message import Address, Author, Message, ThreadKey
from bot.domain.turn import Turn
from bot.storage import open_store

now = datetime.now(UTC)
message = Message(ThreadKey("p", "w", "c", "t"), "m1", Author("u", "dana"), "why?", now, Address("p", "c"))

async def main():
    sys.stdin.readline()
    async with open_store(sys.argv[1]) as store:
        began = await store.begin(Turn(sys.argv[2], message, now), worker=sys.argv[2])
        print(json.dumps({"began": began != "repeated", "notices": len(store.notices)}))

print("ready", flush=True)
asyncio.run(main())
"""


async def open_in_processes(url: str, count: int) -> list[dict[str, int]]:
    """Open the database in `count` processes at once; each begins a turn for the same message."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-W", "error", "-c", OPEN_AND_BEGIN, url)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        await asyncio.create_subprocess_exec(
            *command, f"t{number}", stdin=pipe, stdout=pipe, stderr=pipe, env=environment
        )
        for number in range(count)
    ]
    for process in processes:
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [errors for process, (_, errors) in zip(processes, said, strict=True) if process.returncode] == []
    return [json.loads(out) for out, _ in said]


async def test_processes_that_open_a_new_database_at_once_share_it(tmp_path: Path) -> None:
    opened = await open_in_processes(str(tmp_path / "new" / "netspy.db"), 2)
    assert sum(each["began"] for each in opened) == 1
    assert sum(each["notices"] for each in opened) == 0


async def test_processes_that_open_a_damaged_database_at_once_move_it_aside_once(tmp_path: Path) -> None:
    file = tmp_path / "netspy.db"
    file.write_bytes(b"no database" * 1000)
    opened = await open_in_processes(str(file), 2)
    assert sum(each["began"] for each in opened) == 1
    assert sum(each["notices"] for each in opened) == 1
    assert len([path for path in tmp_path.iterdir() if ".corrupt-" in path.name]) == 1


async def test_stores_opened_at_once_in_one_process_are_both_made(tmp_path: Path) -> None:
    async def begin(name: str) -> bool:
        async with open_store(str(tmp_path / name)) as store:
            return await begun(store, turn())

    assert await asyncio.gather(*map(begin, ["a", "b", "c"])) == [True, True, True]


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite+aiosqlite:///{}"])
async def test_a_thread_is_known_again_after_a_close(tmp_path: Path, form: str) -> None:
    url = form.format(tmp_path / "a ?%20#é.db")
    async with open_store(url) as store:
        await ended(store, turn(1), turn(2))
    async with open_store(url) as store:
        assert [each.message.id for each in await store.history(KEY, limit=5, whole=5)] == ["m1", "m2"]


async def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(InvalidSettings) as raised:
        async with open_store("postgresql://u:secret@h/db"):
            pass
    assert raised.value.got == "no driver for postgresql+asyncpg is installed"
    assert raised.value.remedy == "install asyncpg"


@pytest.mark.parametrize(
    ("url", "got"),
    [
        ("mysql://u:secret@h/db", "mysql is not supported"),
        ("sqlite://", "it names no file"),
        ("sqlite:///:memory:", "it names no file"),
        ("://secret", "it is not a URL"),
        ("postgresql://u:secret@h:port/db", "it is not a URL"),
        ("postgresql+nope://u:secret@h/db", "no driver for postgresql+nope is installed"),
        ("sqlite+pysqlite:////tmp/netspy.db", "sqlite+pysqlite is not supported"),
        ("postgresql://u:half@secret@h/db", "its password has an @ in it"),
        ("postgresql://u:secret@h:99999/db", "its host or its port cannot be one"),
        ("postgresql://u:secret@h..local/db", "its host or its port cannot be one"),
        ("postgresql://u@h/db?password=secret", "it has a parameter that is not supported"),
    ],
)
async def test_an_unusable_url_is_refused_without_showing_it(url: str, got: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        async with open_store(url):
            pass
    assert raised.value.got == got
    assert "secret" not in str(raised.value)
