"""No secret is told by `serve`: in JSON logs, traces, metrics, audit, `/readyz`, answers, nor to who sends alerts."""

import asyncio
import json
import logging
from io import StringIO
from pathlib import Path

import httpx
import pytest

from bot.domain.message import Address, Author, Message, MessageId, ThreadKey
from bot.redaction import redact_logs
from bot.secret_settings import secrets_of
from bot.serve import serve_all
from bot.settings import load
from bot.telemetry import logs
from tests.alert_groups import notification
from tests.canaries.given import CANARIES, environment, found_in
from tests.fakes import NOW
from tests.hostile.test_logs import loggers_as_before
from tests.loopback.http_peer import Answer, HttpPeer, Request
from tests.loopback.waiting import PATIENCE_S, until
from tests.wire.test_serve import Played


def talkative(request: Request) -> Answer:
    """Whatever it is asked, it refuses, and repeats all that it was sent."""
    return Answer(
        status=401, body=json.dumps({"error": {"message": f"{request.path} {dict(request.headers)}"}}).encode()
    )


def question() -> Message:
    key = ThreadKey("slack", "T1", "C1", "1")
    return Message(key, MessageId("m1"), Author("U1", "dana"), "why does curl fail?", NOW, Address("slack", "C1"))


async def test_serve_tells_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written, told, adapter, ending = StringIO(), [], Played(), asyncio.Event()
    with HttpPeer(talkative) as peer, HttpPeer(lambda _: Answer(content_type="application/x-protobuf")) as receiver:
        given = environment(peer.url, tmp_path) | {
            "NETSPY_DATABASE_URL": str(tmp_path / "netspy.db"),
            "NETSPY_LISTEN": "127.0.0.1:0",
            "NETSPY_GRACE_S": "5",
            "NETSPY_AUDIT_FILE": str(tmp_path / "audit.jsonl"),
            "NETSPY_ALERT_CHANNELS": "*=slack/C1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        with loggers_as_before():
            settings = load()
            logs.configure("debug", written, form="json")
            logging.getLogger().setLevel(logging.DEBUG)
            redact_logs(secrets_of(settings))
            serving = asyncio.create_task(serve_all([adapter], settings, ending=ending))
            await until(lambda: "serve.listening" in written.getvalue() or serving.done(), written.getvalue)
            url = next(line["url"] for line in lines(written) if line["event"] == "serve.listening")
            assert adapter.desk
            await adapter.desk.handle(question())
            await until(lambda: adapter.outlets and adapter.outlets[0].replies, written.getvalue)
            async with httpx.AsyncClient(trust_env=False) as client:
                told += [(await client.get(f"{url}/{path}")).text for path in ("readyz", "metrics", "healthz")]
                for token in ("wrong", CANARIES["OPENAI_API_KEY"], CANARIES["NETSPY_ALERTS_TOKEN"]):
                    headers = {"Authorization": f"Bearer {token}"}
                    told.append((await client.post(f"{url}/alerts", json=notification(), headers=headers)).text)
            ending.set()
            await asyncio.wait_for(serving, PATIENCE_S)
    spans = [request.body for request in receiver.requests]
    kept = kept_in(tmp_path)
    replies = [repr((outlet.replies, outlet.steps)) for outlet in adapter.outlets]
    for texts in ([written.getvalue()], told, spans, kept, replies):
        assert any(texts)
        assert found_in(*texts) == set()
    assert peer.requests
    assert any("401" in text or "refused" in text for text in replies)


def lines(written: StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def kept_in(folder: Path) -> list[bytes]:
    """The database, what stands beside it, and the audit."""
    return [file.read_bytes() for file in (*folder.glob("netspy.db*"), folder / "audit.jsonl")]
