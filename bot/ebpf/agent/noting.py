"""One log line a question: what was asked for, how it ended, and whose turn it belongs to, as its asker says.

It knows no HTTP library; `application.py` tells it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from bot.domain.correlation import about, usable
from bot.ebpf.agent.access import OPEN_PATH

log = logging.getLogger("netspy.collector")


@dataclass(slots=True)
class Answered:
    """`status` is 0 until the answer begins."""

    status: int = 0


@contextmanager
def noted(method: str, path: str, request_id: str | None) -> Iterator[Answered]:
    """What is done inside answers this question. Those of probers, which come every few seconds, make no line."""
    began, answered = perf_counter(), Answered()
    with about(usable(request_id)):
        try:
            yield answered
        finally:
            if path != OPEN_PATH:
                told = {"method": method, "path": path, "status": answered.status}
                log.info("collector.request", extra={**told, "ms": round(1000 * (perf_counter() - began), 1)})
