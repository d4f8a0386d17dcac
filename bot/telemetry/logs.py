"""Logs: one line an event, a constant name with fields, and the turn that it belongs to. Here is how people read them.

All code logs by the standard library. Nothing here knows who logs what; whatever stands in a field may be hostile.
"""

import logging
import sys
from typing import Literal, TextIO

from bot.telemetry.fields import fields_of, lines_of, visible

_TOLD_BY_NETSPY = ("mcp.client", "client")
"""Loggers of the MCP client. What goes wrong with a server netspy says itself; they would add a traceback, which quotes
whatever the server sent."""


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
