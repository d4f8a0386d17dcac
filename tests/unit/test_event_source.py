"""Which source is chosen, and what is said of a better one that could not be."""

from pathlib import Path
from typing import NoReturn

import pytest

from bot import event_source
from bot.domain.errors import CannotCollect, SourceMalformed
from bot.ebpf import collecting
from bot.ebpf.collector import preflight
from bot.ebpf.recording.recorded import RecordedSource
from bot.ebpf.remote.nodes import NodesSource
from bot.event_source import open_source
from bot.settings import load


@pytest.fixture(autouse=True)
def _nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_source, "DEFAULT_SERVER", "http://127.0.0.1:9")
    monkeypatch.delenv("NETSPY_EBPF_URL", raising=False)


async def test_without_rights_the_recording_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    obstacle = preflight.Obstacle("this kernel has no BTF", "use another kernel")
    monkeypatch.setattr(preflight, "preflight", lambda: obstacle)
    async with open_source(load(), without="collector") as source:
        check = await source.check()
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
        assert isinstance(source, RecordedSource)


@pytest.mark.parametrize("server", ["recording", "a=http://127.0.0.1:9,b=http://127.0.0.1:9"])
async def test_what_is_named_is_used(server: str) -> None:
    async with open_source(load(), server=server, without="server") as source:
        assert isinstance(source, RecordedSource if server == "recording" else NodesSource)


async def test_a_recording_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("nonsense\n")
    with pytest.raises(SourceMalformed, match=r"x\.jsonl"):
        async with open_source(load(), server=str(tmp_path / "x.jsonl")):
            pass
