"""Logs: one line an event, a constant name with fields, and the turn that it belongs to. Here is how people read them.

All code logs by the standard library. Nothing here knows who logs what; whatever stands in a field may be hostile.
"""

import logging
import sys
from math import isfinite
from typing import Literal, TextIO, TypeAlias

from bot.domain.correlation import current_turn

Field: TypeAlias = str | int | float | bool | None

_TOLD_BY_NETSPY = ("mcp.client", "client")
"""Loggers of the MCP client. What goes wrong with a server netspy says itself; they would add a traceback, which quotes
whatever the server sent."""
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def visible(text: str) -> str:
    r"""The text on one line: line ends, escapes, bidi overrides and lone surrogates are written out, as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def lines_of(traceback: str) -> list[str]:
    """The lines of a traceback, each of them visible."""
    return [visible(line) for line in traceback.splitlines()]


def fields_of(record: logging.LogRecord) -> dict[str, Field]:
    """What was given as `extra`, and the turn where none was."""
    given = {name: _value(value) for name, value in record.__dict__.items() if name not in _STANDARD}
    turn = current_turn()
    return {**given, "turn": visible(turn)} if turn and "turn" not in given else given


def _value(value: object) -> Field:
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    return visible(str(value))


class EventFormatter(logging.Formatter):
    """Writes `12:00:01 debug netspy.ebpf source.request url=http://... ms=3`.

    The lines of a traceback are indented: what an exception quotes cannot be taken for an event.
    """

    default_time_format = "%H:%M:%S"

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        when, level = self.formatTime(record, self.default_time_format), record.levelname.lower()
        line = f"{when} {level} {record.name} {visible(record.getMessage())} {fields}"
        trace = lines_of(self.formatException(record.exc_info)) if record.exc_info else []
        return "\n  ".join([line.rstrip(), *trace])


def configure(level: str, stream: TextIO | None = None, *, form: Literal["console", "json"] = "console") -> None:
    """Send netspy's own logs to `stream` (standard error), other libraries' only from warnings on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("netspy").setLevel(level.upper())
    for name in _TOLD_BY_NETSPY:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _formatter(form: Literal["console", "json"]) -> logging.Formatter:
    if form == "console":
        return EventFormatter()
    from bot.telemetry.json_lines import json_formatter  # noqa: PLC0415 - structlog takes 100 ms, which only JSON needs

    return json_formatter()
