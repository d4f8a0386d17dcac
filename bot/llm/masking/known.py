"""The names that a source of events has seen lately: so that they are masked before any result has named them."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from bot.domain.errors import NetspyError
from bot.domain.network import EventKind, Window
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, GroupField
from bot.llm.limits import loop_time
from bot.llm.masking.vocabulary import Kind

log = logging.getLogger("netspy.llm")

WINDOW_S = 3600
KEPT_S = 60.0
DEADLINE_S = 3.0
"""Of all questions together: what has not come by then is not known for now."""
MOST = 2_000
"""Names that one question may bring."""
_ASKED: tuple[tuple[EventKind, GroupField, Kind], ...] = (
    ("connection", "process", "process"),
    ("accept", "process", "process"),
    ("drop", "process", "process"),
    ("dns", "process", "process"),
    ("listen", "process", "process"),
    ("connection", "name", "host"),
    ("dns", "lookup", "host"),
    ("connection", "node", "node"),
    ("connection", "pod", "pod"),
    ("connection", "namespace", "namespace"),
    ("connection", "container", "container"),
)


def utc_now() -> datetime:
    return datetime.now(UTC)


class KnownNames:
    """Those of `source`, asked at most once a minute. A source that fails or is slow costs its names, no answer."""

    def __init__(
        self,
        source: EbpfSource,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = loop_time,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._source, self._now, self._clock, self._deadline_s = source, now, clock, deadline_s
        self._known: dict[tuple[str, Kind], None] = {}
        self._until = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> Iterable[tuple[str, Kind]]:
        async with self._one_at_a_time:
            if self._clock() >= self._until:
                found = await self._ask()
                self._known = found or self._known
                self._until = self._clock() + KEPT_S
        return self._known

    async def _ask(self) -> dict[tuple[str, Kind], None]:
        tasks = {asyncio.create_task(self._names(kind, field)): name for kind, field, name in _ASKED}
        try:
            await asyncio.wait(tasks, timeout=self._deadline_s)
            return {(value, tasks[task]): None for task in tasks if task.done() for value in task.result()}
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _names(self, kind: EventKind, field: GroupField) -> list[str]:
        window = Window.last(WINDOW_S, self._now())
        try:
            groups = await self._source.aggregate(Aggregate(kind=kind, window=window, group_by=(field,), top=MOST))
        except NetspyError as error:
            log.debug("masking.names_unknown", extra={"kind": kind, "field": field, "cause": str(error)})
            return []
        return [str(group.key[0]) for group in groups.groups if group.key[0] is not None]
