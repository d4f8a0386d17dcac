"""The address of `serve`, the database and the files that settings name: what keeps netspy from using them."""

import asyncio
import os
import pwd
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.doctor import examine, files
from bot.doctor import http as doctor_http
from bot.domain.errors import InvalidSettings
from bot.domain.ports import Check
from bot.platforms import adapters_of
from bot.serve import Readiness, serve
from bot.settings import Settings
from bot.web import application, serving
from tests.fakes import IdleDesk
from tests.loopback.ebpf_server import EbpfServer
from tests.postgres import GUARDED, Postgres

OFF = dict.fromkeys(("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "DISCORD_TOKEN"))


async def part(name: str, folder: Path, **given: str) -> Check:
    own = {"NETSPY_DATABASE_URL": str(folder / "netspy.db"), "NETSPY_LISTEN": "127.0.0.1:0"}
    with EbpfServer() as source:
        found = await examine(Settings.model_validate({**OFF, **own, **given}), server=source.url)
    (check,) = (check for check in found.parts if check.part == name)
    return check


async def http(folder: Path, listen: str) -> Check:
    """A platform makes `serve` one of the parts; this one's token is malformed, so that nobody is asked."""
    return await part("http", folder, DISCORD_TOKEN="Bot x", NETSPY_LISTEN=listen)


@contextmanager
def without_rights(folder: Path, secret: Path) -> Iterator[None]:
    """As a user who may neither read that file nor write into that folder: root may do both."""
    secret.write_text("{}")
    secret.chmod(0)
    for each in (folder.parent, folder.parent.parent):
        each.chmod(0o755)
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


async def test_a_port_that_another_process_holds_is_told_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_http, "READY_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as other:
        check = await http(tmp_path, f"127.0.0.1:{other.getsockname()[1]}")
    assert (check.state, check.finding) == ("fault", "port-held-by-another")
    assert f"(pid {os.getpid()}), which is no netspy serve" in check.detail


async def test_a_netspy_that_serves_already_is_no_fault(tmp_path: Path) -> None:
    web = application(Readiness(IdleDesk((Check("storage", "fault", "away"),)), [], ending=asyncio.Event()), {})
    async with serving(web, "127.0.0.1", 0) as url:
        check = await http(tmp_path, url.removeprefix("http://"))
        everywhere = await http(tmp_path, f":{url.rpartition(':')[2]}")
    assert {each.state for each in (check, everywhere)} == {"ok"}, "be it ready or not"
    assert check.detail.startswith("a netspy serve runs on 127.0.0.1, port ")


async def test_an_address_that_is_not_of_this_machine_is_told(tmp_path: Path) -> None:
    elsewhere = await http(tmp_path, "192.0.2.1:8787")
    assert (elsewhere.finding, "no such address" in elsewhere.detail) == ("no-such-address", True)


async def test_a_disk_that_is_nearly_full_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await part("storage", tmp_path)).state == "ok"
    monkeypatch.setattr(files, "LITTLE_BYTES", 1 << 62)
    check = await part("storage", tmp_path)
    assert (check.state, check.finding) == ("warning", "disk-almost-full")


async def test_files_that_cannot_be_used_are_told_with_the_reason(tmp_path: Path) -> None:
    missing, folder = str(tmp_path / "no" / "file"), str(tmp_path)
    cases = (
        ("policy", "NETSPY_POLICY", missing, "no-such-file"),
        ("mcp", "NETSPY_MCP_CONFIG", missing, "no-such-file"),
        ("workflows", "NETSPY_WORKFLOWS", missing, "no-such-file"),
        ("audit", "NETSPY_AUDIT_FILE", missing, "no-such-file"),
        ("audit", "NETSPY_AUDIT_FILE", folder, "no-file"),
        ("storage", "NETSPY_DATABASE_URL", folder, "no-file"),
    )
    for name, variable, path, finding in cases:
        check = await part(name, tmp_path, **{variable: path})
        assert (check.finding, bool(check.remedy)) == (finding, True), check
        assert check.state != "ok"


async def test_files_that_this_user_may_not_use_are_a_matter_of_permission(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    with without_rights(tmp_path, secret):
        for name, variable in (("policy", "NETSPY_POLICY"), ("mcp", "NETSPY_MCP_CONFIG")):
            check = await part(name, tmp_path, **{variable: str(secret)})
            assert (check.state, check.finding) == ("fault", "permission-denied"), check
        audit = await part("audit", tmp_path, NETSPY_AUDIT_FILE=str(tmp_path / "audit.jsonl"))
        storage = await part("storage", tmp_path)
    assert (audit.finding, storage.finding) == ("permission-denied", "permission-denied")


async def test_databases_that_cannot_be_used_are_told_apart(tmp_path: Path, postgres: Postgres) -> None:
    newer = tmp_path / "newer.db"
    await part("storage", tmp_path, NETSPY_DATABASE_URL=str(newer))
    with sqlite3.connect(newer) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    read_only = postgres.create_database()
    await part("storage", tmp_path, NETSPY_DATABASE_URL=read_only)
    postgres.sql(f"ALTER DATABASE {read_only.rpartition('/')[2]} SET default_transaction_read_only = on")
    cases = {
        str(newer): "schema-too-new",
        "postgresql://u@127.0.0.1:9/n": "database-away",
        postgres.url("postgres", login=f"{GUARDED}:wrong"): "login-refused",
        postgres.url("no_such_database"): "no-such-database",
        read_only: "read-only",
    }
    for url, finding in cases.items():
        check = await part("storage", tmp_path, NETSPY_DATABASE_URL=url)
        assert (check.state, check.finding) == ("fault", finding), check
        assert check.remedy


async def test_serve_does_without_a_platform_whose_token_is_malformed_as_long_as_there_is_another() -> None:
    given = Settings.model_validate({**OFF, "SLACK_BOT_TOKEN": "xoxp-1", "DISCORD_TOKEN": "a.b.c"})
    adapters, left_out = adapters_of(given)
    assert [adapter.name for adapter in adapters] == ["discord"]
    assert [(check.part, check.state, check.finding) for check in left_out] == [("slack", "fault", "token-malformed")]
    assert await Readiness(IdleDesk(()), [], left_out, ending=asyncio.Event())() == list(left_out)
    with pytest.raises(InvalidSettings) as caught:
        await serve(Settings.model_validate({**OFF, "SLACK_BOT_TOKEN": "xoxp-1", "DISCORD_TOKEN": "Bot x"}))
    assert "SLACK_BOT_TOKEN: it holds a user token" in str(caught.value)
    assert "DISCORD_TOKEN: it begins with 'Bot '" in str(caught.value)
