"""Which source is chosen, and what is said of a better one that could not be."""

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from bot import event_source
from bot.domain.errors import CannotCollect, SourceMalformed
from bot.domain.network import Window
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, EventQuery
from bot.domain.sockets import SocketQuery
from bot.ebpf import collecting
from bot.ebpf.chosen import ChosenSource
from bot.ebpf.collector import preflight
from bot.ebpf.recording.recorded import shipped_recording
from bot.event_source import open_source, recording_of
from bot.settings import load
from tests.fakes import NOW, FakeEbpf, connection
from tests.loopback.ebpf_server import EbpfServer

LAST_MINUTE = EventQuery(kind="connection", window=Window.last(60, NOW))
COUNT = Aggregate(kind="connection", window=LAST_MINUTE.window)


@pytest.fixture(autouse=True)
def _nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_source, "DEFAULT_SERVER", "http://127.0.0.1:9")
    monkeypatch.delenv("NETSPY_EBPF_URL", raising=False)


async def test_without_rights_the_recording_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    obstacle = preflight.Obstacle("this kernel has no BTF", "use another kernel")
    monkeypatch.setattr(preflight, "preflight", lambda: obstacle)
    async with open_source(load(), without="collector") as source:
        check, status = await source.check(), await source.status()
    why = "this machine's kernel cannot be listened to (this kernel has no BTF): this is a recording"
    assert status.choice == f"nothing answers at http://127.0.0.1:9, and {why}; to do: use another kernel"
    assert check.detail == "a recording, not this machine: this kernel has no BTF"
    assert check.remedy == "use another kernel, or --server URL"


async def test_programs_that_the_kernel_refuses_do_not_keep_netspy_from_answering(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused() -> NoReturn:
        raise CannotCollect("starting the eBPF programs", "EPERM", "allow bpf(2)")

    monkeypatch.setattr(preflight, "preflight", lambda: None)
    monkeypatch.setattr(collecting, "open_collector", refused)
    async with open_source(load(), without="collector") as source:
        assert (await source.check()).detail == "a recording, not this machine: EPERM"


async def test_who_does_not_chat_gets_the_recording_without_a_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "preflight", lambda: pytest.fail("nobody asked for the kernel"))
    async with open_source(load()) as source:
        status = await source.status()
    assert status.kind == "recording"
    assert status.choice == (
        "nothing answers at http://127.0.0.1:9, and one command alone does not listen to this machine's kernel: "
        "this is a recording"
    )


@pytest.mark.parametrize(
    ("server", "kind", "nodes"),
    [("recording", "recording", 0), ("a=http://127.0.0.1:9,b=http://127.0.0.1:9", "server", 2)],
)
async def test_what_is_named_is_used(server: str, kind: str, nodes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_source(load(), server=server, without="server") as source:
        status = await source.status()
    assert (status.kind, len(status.nodes), status.choice) == (kind, nodes, "--server names it")
    monkeypatch.setenv("NETSPY_EBPF_URL", server)
    async with open_source(load(), without="server") as source:
        assert (await source.status()).choice == "NETSPY_EBPF_URL names it"


async def test_what_answers_where_nothing_is_named_is_said_to_do_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with EbpfServer() as server:
        monkeypatch.setattr(event_source, "DEFAULT_SERVER", server.url)
        async with open_source(load()) as source:
            status, events = await source.status(), await source.events(LAST_MINUTE)
        async with open_source(load(), without="server") as source:
            unasked = await source.status()
    assert status.source == events.coverage.source == f"ebpf-server at {server.url}"
    assert status.choice == f"it answers at {server.url}, and nothing else is named"
    assert unasked.choice == f"nothing else than {server.url} is named, and serve never listens to the kernel by itself"


async def test_a_chosen_source_asks_the_one_behind_it() -> None:
    behind = FakeEbpf([connection()])
    source: EbpfSource = ChosenSource(behind, "because")
    assert await source.events(LAST_MINUTE) == await behind.events(LAST_MINUTE)
    assert await source.aggregate(COUNT) == await behind.aggregate(COUNT)
    assert await source.sockets(SocketQuery()) == await behind.sockets(SocketQuery())
    assert await source.counters(LAST_MINUTE.window) == await behind.counters(LAST_MINUTE.window)
    assert await source.status() == replace(await behind.status(), choice="because")
    assert await source.check() == await behind.check()


async def test_a_recording_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("nonsense\n")
    with pytest.raises(SourceMalformed, match=r"x\.jsonl"):
        async with open_source(load(), server=str(tmp_path / "x.jsonl")):
            pass


@pytest.fixture
def own_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the working directory, as `mine.jsonl`."""
    monkeypatch.chdir(tmp_path)
    Path("mine.jsonl").write_bytes(shipped_recording().read_bytes())


@pytest.mark.parametrize(
    ("server", "variable", "name"),
    [
        ("recording", "", "lab-2026-11-26.jsonl"),
        (None, "recording", "lab-2026-11-26.jsonl"),
        ("mine.jsonl", "recording", "mine.jsonl"),
        ("http://127.0.0.1:9", "recording", None),
    ],
)
@pytest.mark.usefixtures("own_recording")
async def test_file_behind_a_recording_is_known(
    server: str | None, variable: str, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETSPY_EBPF_URL", variable)
    settings = load()
    async with open_source(settings, server=server) as source:
        path = recording_of(source, settings, server=server)
    assert (path.name if path else None) == name
