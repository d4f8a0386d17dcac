"""Where one turn's answer goes in Slack: a status at once, progress while it is at work, then the whole reply.

Nobody who answers waits for Slack: progress is noted here, and sent by a task of its own as fast as Slack allows.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from adapters.slack.calls import Busy, Gone
from adapters.slack.post import Post
from adapters.slack.render import render
from adapters.slack.status import Status
from adapters.slack.tables import Look
from adapters.slack.writer import Writer
from bot.domain.errors import PlatformError
from bot.domain.message import QUEUE_STEP, Block, Reply, Step, add_prose

log = logging.getLogger("netspy.slack")

FIRST_PROGRESS_S = 0.4
"""An answer that is there sooner is posted whole: one call instead of three."""
PROGRESS_EVERY_S = 1.0


@dataclass(slots=True)
class _Progress:
    """What there is to show so far."""

    blocks: list[Block]
    steps: dict[str, Step]


class SlackOutlet:
    """An `Outlet`. `spawn` runs a task as long as the adapter does; `give_up` tells the person elsewhere."""

    def __init__(
        self,
        writer: Writer,
        status: Status,
        *,
        zone: tzinfo,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        give_up: Callable[[Gone], Coroutine[Any, Any, None]],
    ) -> None:
        self._writer = writer
        self._status = status
        self._look = Look(zone=zone, now=datetime.now(UTC))
        self._spawn = spawn
        self._give_up = give_up
        self._progress = _Progress([], {})
        self._changed = asyncio.Event()
        self._one_by_one = asyncio.Lock()
        self._is_showing = False
        self._is_waiting = False
        self._has_ended = False

    async def begin(self) -> None:
        """Show at once that netspy is at work."""
        await self._status.begin()
        if not self._status.is_shown and not self._is_waiting:
            self._note()

    async def step(self, step: Step) -> None:
        if step.id == QUEUE_STEP:
            self._is_waiting = step.state == "running"
            self._spawn(self._status.waiting(ended=step.state != "running"))
            return
        self._progress.steps[step.id] = step
        self._note()

    async def prose(self, delta: str) -> None:
        add_prose(self._progress.blocks, delta)
        self._note()

    async def show(self, block: Block) -> None:
        self._progress.blocks.append(block)
        self._note()

    async def reply(self, reply: Reply) -> None:
        self._has_ended = True
        self._changed.set()
        try:
            async with self._one_by_one:
                await self._writer.finish(render(reply, self._look))
        except Gone as error:
            await self._give_up(error)
            raise
        finally:
            await self._status.clear()

    async def delivered(self) -> bool:
        async with self._one_by_one:
            await self._writer.find()
        if self._writer.is_answered:
            await self._status.clear()
        return self._writer.is_answered

    def _note(self) -> None:
        self._changed.set()
        if not self._is_showing:
            self._is_showing = True
            self._spawn(self._show_progress())

    async def _show_progress(self) -> None:
        """Until the reply comes. What cannot be shown now is shown with what comes next, or stands in the reply."""
        pause_s = FIRST_PROGRESS_S
        while True:
            await asyncio.sleep(pause_s)
            await self._changed.wait()
            pause_s = PROGRESS_EVERY_S
            async with self._one_by_one:
                if self._has_ended:
                    return
                self._changed.clear()
                try:
                    await self._send_progress()
                except Busy:
                    self._changed.set()
                except PlatformError as error:
                    log.info("slack.progress_not_shown", extra={"cause": str(error)})

    async def _send_progress(self) -> None:
        await self._status.offer_stop()
        self._writer.needs_stop_button = not self._status.has_stop
        reply = Reply(self._writer.turn, tuple(self._progress.blocks))
        posts = [item for item in render(reply, self._look, final=False) if isinstance(item, Post)]
        await self._writer.show(posts or [Post((), "working")], self._progress.steps)
