"""What stands in a line of a log: a record's fields, and the turn that it belongs to, in text that stays on its line.

Whatever stands in a field may be hostile.
"""

import logging
from math import isfinite
from typing import TypeAlias

from bot.domain.correlation import current_turn

Field: TypeAlias = str | int | float | bool | None

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
