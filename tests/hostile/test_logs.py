"""Hostile texts in logs: one line an event, whatever stands in a field, a message or an exception."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from bot.telemetry import logs as telemetry_logs
from tests.hostile.corpus import CORPUS
from tests.hostile.test_terminal import hidden_in

_EVENT = re.compile(r"\d\d:\d\d:\d\d (?:error|info) netspy\.hostile turn\.failed")


@contextmanager
def loggers_as_before() -> Iterator[None]:
    """Afterwards, whatever was configured meanwhile."""
    touched = [logging.getLogger(name) for name in ("", "netspy", "mcp.client", "client", "opentelemetry")]
    before = [(logger, logger.level, logger.handlers[:]) for logger in touched]
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers


@contextmanager
def logs() -> Iterator[StringIO]:
    """What is written meanwhile, at debug."""
    written = StringIO()
    with loggers_as_before():
        telemetry_logs.configure("debug", written)
        yield written


def test_an_event_is_one_line_whatever_its_fields_hold() -> None:
    log = logging.getLogger("netspy.hostile")
    for each in CORPUS:
        with logs() as written:
            log.info("turn.failed", extra={"process_name": each.text, "cause": ValueError(each.text)})
        (line,) = written.getvalue().removesuffix("\n").split("\n")
        assert _EVENT.match(line), each
        assert hidden_in(line) == set(), each
        assert len(line.splitlines()) == 1, each


def test_what_an_exception_quotes_is_no_event() -> None:
    log = logging.getLogger("netspy.hostile")
    for each in CORPUS:
        with logs() as written:
            log.error("turn.failed", exc_info=ValueError(each.text))
        first, *more = written.getvalue().removesuffix("\n").split("\n")
        assert _EVENT.match(first), each
        assert more, each
        assert all(line.startswith("  ") for line in more), each
        assert hidden_in("".join(more)) == set(), each


def test_a_message_of_another_library_is_one_line_too() -> None:
    for each in CORPUS:
        with logs() as written:
            logging.getLogger("somebody.else").warning("it said %s", each.text)
        assert len(written.getvalue().splitlines()) == 1, each
        assert json.dumps(written.getvalue()).count("\\u001b") == 0, each
