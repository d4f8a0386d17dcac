"""No secret is told in a turn: to the model, to the person, to the database, nor where an exception is logged."""

import asyncio
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from bot.app import open_answering, open_desk, open_threads
from bot.domain.message import Prose, Why
from bot.domain.query import EventQuery, Events
from bot.redaction import redact_logs
from bot.secret_settings import secrets_of
from bot.settings import Settings, load
from bot.ways import Ways
from tests.canaries.given import CANARIES, environment, found_in
from tests.dialog.stage import message_of, press
from tests.fakes import FakeEbpf, RecordingOutlet, connection
from tests.hostile.test_logs import logs
from tests.loopback.openai_peer import OpenAIPeer
from tests.loopback.openai_script import Call, Say

ALL = " ".join(CANARIES.values())


class Talkative(FakeEbpf):
    """A source that breaks, and says all that it should keep to itself."""

    async def events(self, query: EventQuery) -> Events:
        raise RuntimeError(ALL)


@pytest.fixture
def logged() -> Iterator[StringIO]:
    with logs() as written:
        yield written


@pytest.mark.parametrize("kind", [FakeEbpf, Talkative])
async def test_a_turn_with_a_model_tells_none(
    kind: type[FakeEbpf], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: StringIO
) -> None:
    monkeypatch.chdir(tmp_path)
    script = [Say(calls=(Call("list_connections", {"duration": 600}),)), Say(text="One attempt connected.")]
    async with OpenAIPeer(script) as peer:
        settings = prepared(peer, tmp_path, monkeypatch)
        outlet, source = RecordingOutlet(), kind([connection("curl")])
        async with (
            open_answering(settings, source) as answering,
            open_threads(settings) as store,
            open_desk(settings, source, answering, Ways(lambda *_: outlet), store=store) as desk,
        ):
            await desk.handle(message_of("why does curl fail?"))
            await asyncio.wait_for(outlet.done.wait(), 30)
            (reply,) = outlet.replies
            why = await desk.act(press(Why(reply.turn)))
    assert any(isinstance(block, Prose) for block in reply.blocks)
    assert found_in(*[str(request.headers) for request in peer.requests]) == {"OPENAI_API_KEY"}
    asked = [str(request.body) for request in peer.requests]
    for told in (asked, [str(reply)], [str(why)], [str(outlet.steps)], kept(tmp_path), [logged.getvalue()]):
        assert told[0]
        assert found_in(*told) == set()


def prepared(peer: OpenAIPeer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """All secrets are known, and every library speaks; asked is one model, and the database is a file."""
    for name, value in environment(peer.base_url.removesuffix("/v1"), folder).items():
        monkeypatch.setenv(name, value)
    redact_logs(secrets_of(load()))
    logging.getLogger().setLevel(logging.DEBUG)
    for name in ("NETSPY_MCP_CONFIG", "NETSPY_MODEL_KEYS", "NETSPY_MODELS", "NETSPY_DATABASE_URL"):
        monkeypatch.delenv(name)
    return load()


def kept(folder: Path) -> list[bytes]:
    """The database, and what stands beside it."""
    return [file.read_bytes() for file in folder.rglob("netspy.db*")]
