"""The audit log: lines in a file at once, rows in the database beside the work, and nothing lost without a word."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import audit_log
from bot.audit_log import open_audit
from bot.domain.audit import AuditEntry
from bot.domain.errors import InvalidSettings, StorageError
from bot.storage import open_store
from tests.fakes import NOW
from tests.loopback.waiting import until

ENTRY = AuditEntry(
    time=NOW,
    turn="t1",
    platform="slack",
    workspace="T1",
    channel="C1",
    thread="1",
    author="U1",
    author_name="dana \ud800\n\u2028\x00",
    kind="tool",
    act="find_failures",
    arguments={"process_name": "caf\udce9\n{", "pid": 7},
    rule="payments",
    rows=3,
    took_s=0.5,
)


@dataclass
class Kept:
    """An `AuditStore` that takes entries unless `error` is set."""

    entries: list[AuditEntry] = field(default_factory=list)
    error: StorageError | None = None

    async def record(self, entries: Sequence[AuditEntry]) -> None:
        if self.error:
            raise self.error
        self.entries.extend(entries)


async def test_an_entry_is_one_line_at_once_and_in_the_database_at_the_end(tmp_path: Path) -> None:
    file, store = tmp_path / "audit.jsonl", Kept()
    file.write_text('{"earlier": true}\n')
    async with open_audit(str(file), store) as audit:
        audit.note(ENTRY)
        audit.note(replace(ENTRY, decision="refused", reason="no"))
        lines = file.read_bytes().splitlines()
    assert [json.loads(line).get("decision") for line in lines] == [None, "allowed", "refused"]
    assert json.loads(lines[1])["arguments"] == {"process_name": "caf\udce9\n{", "pid": 7}
    assert [entry.reason for entry in store.entries] == ["", "no"]


async def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    async with open_audit(str(tmp_path / "a"), Kept()):
        pass
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


async def test_a_file_that_cannot_be_opened_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"NETSPY_AUDIT_FILE: .*is a directory"):
        async with open_audit(str(tmp_path), Kept()):
            pass


async def test_what_the_file_does_not_take_goes_to_the_log_and_to_the_database(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Kept()
    async with open_audit("/dev/full", store) as audit:
        audit.note(ENTRY)
    (record,) = [record for record in caplog.records if record.message == "audit.not_written"]
    assert '"act":"find_failures"' in str(record.__dict__["entry"])
    assert "No space left" in str(record.__dict__["cause"])
    assert len(store.entries) == 1


async def test_a_database_that_is_away_gets_the_entries_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "WAIT_S", 0.0)
    monkeypatch.setattr(audit_log, "AGAIN_S", 0.0)
    store = Kept(error=StorageError("writing", "it is away"))
    async with open_audit(None, store) as audit:
        for number in range(1200):
            audit.note(replace(ENTRY, turn=str(number)))
        store.error = None
    assert [entry.turn for entry in store.entries] == [str(number) for number in range(1200)]


async def test_a_database_that_is_away_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, tried = Kept(), 0

    async def record(entries: Sequence[AuditEntry]) -> None:
        nonlocal tried
        tried += 1
        if tried <= 3:
            raise StorageError("writing", "it is away")
        store.entries.extend(entries)

    monkeypatch.setattr(audit_log, "WAIT_S", 0.0)
    monkeypatch.setattr(audit_log, "AGAIN_S", 0.0)
    monkeypatch.setattr(store, "record", record)
    async with open_audit(None, store) as audit:
        audit.note(ENTRY)
        await until(lambda: store.entries, lambda: f"tried {tried} times")
    assert [record.message for record in caplog.records] == ["audit.waiting"]


async def test_what_no_database_took_by_the_end_goes_to_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit_log, "MAX_WAITING", 2)
    async with open_audit(None, Kept(error=StorageError("writing", "it is away"))) as audit:
        for number in range(3):
            audit.note(replace(ENTRY, turn=f"t{number}"))
    lost = [str(record.__dict__["entry"]) for record in caplog.records if record.message == "audit.not_written"]
    assert [json.loads(entry)["turn"] for entry in lost] == ["t0", "t1", "t2"]


async def test_the_database_keeps_entries_until_retention(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as store:
        await store.record([ENTRY, replace(ENTRY, time=NOW - timedelta(days=40))])
        await store.expire(NOW - timedelta(days=30))
        rows = await store._database.rows("reading", audit_rows(), {})
    assert len(rows) == 1
    assert (rows[0].act, rows[0].rows, rows[0].time) == ("find_failures", 3, NOW)
    assert json.loads(rows[0].arguments) == {"process_name": "caf?\n{", "pid": 7}
    assert rows[0].author_name == "dana ?\n\u2028?"


def audit_rows() -> object:
    from sqlalchemy import select

    from bot.storage.schema import audit

    return select(audit)
