"""What netspy's log would have as the turn of each line: only while one is logged can that be known."""

import logging
from typing import Self

from bot.telemetry.fields import fields_of


class NotedTurns(logging.Handler):
    """Use it as a context manager over a logger; `turns` has one entry a line."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.turns: list[object] = []
        self._log = logging.getLogger(name)

    def emit(self, record: logging.LogRecord) -> None:
        self.turns.append(fields_of(record).get("turn"))

    def __enter__(self) -> Self:
        self._log.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
