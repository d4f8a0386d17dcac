"""Logs: one line an event, a constant name with fields. Nothing here knows who logs what."""

import logging
import sys
from typing import TextIO

_TOLD_BY_NETSPY = ("mcp.client", "client")
"""Loggers of the MCP client. What goes wrong with a server netspy says itself; they would add a traceback, which quotes
whatever the server sent."""
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


class EventFormatter(logging.Formatter):
    """Writes `12:00:01 debug netspy.ebpf source.request url=http://... ms=3`.

    What an exception quotes is indented: it is no event.
    """

    default_time_format = "%H:%M:%S"

    def format(self, record: logging.LogRecord) -> str:
        given = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        fields = " ".join(f"{name}={_visible(str(value))}" for name, value in given.items())
        when, level = self.formatTime(record, self.default_time_format), record.levelname.lower()
        line = f"{when} {level} {record.name} {_visible(record.getMessage())} {fields}"
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n  ".join([line.rstrip(), *map(_visible, trace)])


def _visible(text: str) -> str:
    r"""On one line, whatever a machine wrote into it: `\n` and other controls are written out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send netspy's own logs to `stream` (standard error), other libraries' only from warnings on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(EventFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("netspy").setLevel(level.upper())
    for name in _TOLD_BY_NETSPY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
