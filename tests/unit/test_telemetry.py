"""Which logs are written, how, and which are not."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any, Literal

import pytest

from bot.domain.correlation import about
from bot.telemetry import logs

CHANGED = ("", "netspy", "mcp.client", "client")
HOSTILE = "a\n12:00:01 error netspy forged\r\t\x1b[31m\u202eevil\u2028\u200b\x00\udc80"
Form = Literal["console", "json"]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in CHANGED]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def configured(form: Form = "console") -> StringIO:
    written = StringIO()
    logs.configure("debug", written, form=form)
    return written


def hidden(text: str) -> list[str]:
    return [char for char in text if not char.isprintable()]


def test_what_the_mcp_client_says_of_a_foreign_server_is_not_written() -> None:
    written = configured()
    for name in ("mcp.client.stdio", "mcp.client.streamable_http", "client"):
        logging.getLogger(name).error("Failed to parse hush-hush")
    logging.getLogger("mcp.server.runner").error("ours")
    logging.getLogger("netspy.tools").warning("mcp.lost", extra={"server": "sky"})
    assert "hush" not in written.getvalue()
    assert "ours" in written.getvalue()
    assert "mcp.lost server=sky" in written.getvalue()


def test_json_is_one_object_a_line_with_time_level_logger_event_and_fields() -> None:
    written = configured("json")
    with about("t1"):
        logging.getLogger("netspy.ebpf").warning("source.retry", extra={"ms": 3, "ok": True, "none": None})
    (line,) = written.getvalue().splitlines()
    told = json.loads(line)
    assert list(told)[:4] == ["time", "level", "logger", "event"]
    assert told.pop("time").endswith("Z")
    assert told == {
        "level": "warning",
        "logger": "netspy.ebpf",
        "event": "source.retry",
        "ms": 3,
        "ok": True,
        "none": None,
        "turn": "t1",
    }


@pytest.mark.parametrize("form", ["console", "json"])
def test_every_line_names_the_turn_that_is_worked_on_and_none_names_an_earlier_one(form: Form) -> None:
    written = configured(form)
    log = logging.getLogger("netspy.x")
    with about("t1"):
        log.info("one")
        log.info("two", extra={"turn": "t2"})
    log.info("three")
    assert [("t1" in line, "t2" in line) for line in written.getvalue().splitlines()] == [
        (True, False),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize("form", ["console", "json"])
def test_whatever_a_field_or_a_message_holds_stays_on_one_line(form: Form) -> None:
    written = configured(form)
    with about(HOSTILE):
        logging.getLogger("netspy.x").info("x", extra={"command": HOSTILE, "many": [HOSTILE], "nan": float("nan")})
    logging.getLogger("other").warning("said %s", HOSTILE)
    lines = written.getvalue().splitlines(keepends=True)
    assert len(lines) == 2
    assert not any(hidden(line.removesuffix("\n")) for line in lines)
    written.getvalue().encode()
    if form == "json":
        assert all(isinstance(json.loads(line), dict) for line in lines)
        assert json.loads(lines[0])["nan"] == "nan"


def break_it() -> None:
    raise ValueError(HOSTILE)


def raised(form: Form) -> str:
    written = configured(form)
    try:
        break_it()
    except ValueError:
        logging.getLogger("netspy.x").exception("it.broke", extra={"event": "mine", "time": "now"})
    return written.getvalue()


def test_on_a_console_what_an_exception_quotes_is_no_event() -> None:
    first, *further = raised("console").splitlines()
    assert "it.broke" in first
    assert any(line.startswith("  ValueError: a") for line in further)
    assert all(line.startswith("  ") and not hidden(line) for line in further)


def test_in_json_an_exception_is_a_text_and_fields_do_not_replace_each_other() -> None:
    (line,) = raised("json").splitlines()
    told: dict[str, Any] = json.loads(line)
    assert told["exception"].startswith("Traceback (most recent call last):\n")
    assert hidden(told["exception"].replace("\n", "")) == []
    assert (told["event"], told["event_"], told["time_"]) == ("it.broke", "mine", "now")
    assert "exc_info" not in told


def test_what_every_command_imports_holds_no_heavy_library() -> None:
    heavy = ("structlog", "prometheus_client", "opentelemetry", "requests")
    code = "import sys, bot.modes, bot.app, bot.event_source; from bot.telemetry import logs; logs.configure('info')\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}print([name for name in {heavy} if name in sys.modules])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
