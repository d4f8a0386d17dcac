"""Logs for programs: one JSON object a line, by structlog over the standard library's records.

It knows structlog; `logs.py` asks for it. `time` is RFC 3339 in UTC, `turn` the turn that an event belongs to.
"""

import json
import logging
from datetime import UTC, datetime

import structlog
from structlog.typing import EventDict, WrappedLogger

from bot.telemetry.fields import fields_of, lines_of, visible


def json_formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_told, structlog.processors.format_exc_info, _one_line],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=json.dumps, ensure_ascii=False, allow_nan=False),
        ],
    )


def _told(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Every field of ours; one of the record that is called like these gets a stroke behind its name."""
    record: logging.LogRecord = event["_record"]
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    told = {"time": when.replace("+00:00", "Z"), "level": record.levelname.lower(), "logger": record.name}
    told["event"] = visible(event["event"])
    taken = {*told, *event, "exception"}
    given = {f"{name}_" if name in taken else name: value for name, value in fields_of(record).items()}
    return {**told, **given, **{name: value for name, value in event.items() if name != "event"}}


def _one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Its line ends JSON writes out itself."""
    if "exception" in event:
        event["exception"] = "\n".join(lines_of(event["exception"]))
    return event
