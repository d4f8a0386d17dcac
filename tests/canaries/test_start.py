"""No secret is told where all peers refuse it and say what they were sent: doctor, tools, questions, logs at debug."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from bot.cli import run
from bot.redaction import redact_logs
from bot.secret_settings import secrets_of
from bot.settings import load
from bot.telemetry import logs
from tests.canaries.given import CANARIES, environment, found_in
from tests.hostile.test_logs import loggers_as_before
from tests.loopback.http_peer import Answer, HttpPeer, Request


def parrot(request: Request) -> Answer:
    """Refuses, and repeats all that it was sent in every field that an SDK may quote."""
    sent = {**request.query, **request.headers}
    said = (
        f"{sent.pop('authorization', '')} is refused at {request.path}: {sent} {request.body.decode(errors='replace')}"
    )
    told = {"error": {"message": said, "code": said, "type": said}, "ok": False, "message": said, "detail": said}
    headers = {"X-Said": " ".join(said.split())[:200], "WWW-Authenticate": "Bearer"}
    return Answer(json.dumps(told).encode(), status=401, headers=headers)


@pytest.fixture
def peer() -> Iterator[HttpPeer]:
    with HttpPeer(parrot) as running:
        yield running


@pytest.fixture
def given(peer: HttpPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment(peer.url, tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    with loggers_as_before():
        yield


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("words", [("doctor", "--verbose"), ("doctor", "--json")])
def test_doctor_tells_none(words: tuple[str, ...], peer: HttpPeer, capfd: pytest.CaptureFixture[str]) -> None:
    status = run(words)
    told = capfd.readouterr()
    assert status == 1
    assert found_in(told.out, told.err) == set()
    sent = "\n".join(f"{request.path} {request.query} {request.headers}" for request in peer.requests)
    assert {"OPENAI_API_KEY", "SLACK_BOT_TOKEN", "DISCORD_TOKEN", "SKY_TOKEN", "ebpf password"} <= found_in(sent)


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize(
    "words",
    [
        ("--tool", "list_connections", "--verbose"),
        ("--tool", "list_connections", "--json"),
        ("--tool", "ai_insights", "--summary-text", "why?", "--verbose"),
    ],
)
def test_a_tool_tells_none(words: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    run(words)
    told = capfd.readouterr()
    assert told.out + told.err
    assert found_in(told.out, told.err) == set()


@pytest.mark.usefixtures("given")
def test_settings_show_none_and_know_all() -> None:
    settings = load()
    shown = [repr(settings), str(settings), repr(secrets_of(settings)), repr(settings.language_models)]
    assert found_in(*shown) == set()
    written = StringIO()
    logs.configure("debug", written)
    redact_logs(secrets_of(settings))
    for name, value in CANARIES.items():
        logging.getLogger("any").warning("it sent %s", value, extra={"cause": f"said {value!r}"})
        logging.getLogger("netspy").error(name, exc_info=ValueError(value))
    assert found_in(written.getvalue()) == set()


@pytest.mark.usefixtures("given")
def test_every_secret_setting_has_a_canary() -> None:
    """A new one has to be added to `given.py`, and then to stay unseen."""
    settings = load()
    secret = {
        str(field.validation_alias)
        for field in type(settings).model_fields.values()
        if "Secret" in str(field.annotation)
    }
    assert secret - {"NETSPY_MODEL_KEYS"} <= CANARIES.keys()
