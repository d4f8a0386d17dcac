"""Where one turn's answer goes in Discord: typing, one message that says what is being done, then the whole reply.

Nobody who answers waits for Discord: progress is noted here, and sent by a task of its own.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from adapters.discord.buttons import stop_buttons
from adapters.discord.failures import LacksPermission
from adapters.discord.markup import QUIET, escaped
from adapters.discord.post import Post
from adapters.discord.render import render
from adapters.discord.tables import Look
from adapters.discord.writer import Writer
from bot.domain.errors import PlatformError, Undeliverable
from bot.domain.message import QUEUE_STEP, Block, Reply, Step
from bot.tables.text import short

log = logging.getLogger("netspy.discord")

FIRST_PROGRESS_S = 1.5
"""An answer that is there sooner needs no message about its progress; typing is shown meanwhile."""
PROGRESS_EVERY_S = 2.0
"""Discord lets a message be edited five times in five seconds, for all of a channel (observed)."""
LONGEST_WORK_S = 600.0
"""Whoever is at work for longer has lost the turn to another process, which answers."""
LONGEST_STATUS = 300
WORKING = "looking at the network"


class DiscordOutlet:
    """An `Outlet`. `spawn` runs a task as long as the adapter does; `give_up` tells the person elsewhere."""

    def __init__(
        self,
        writer: Writer,
        *,
        zone: tzinfo,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        give_up: Callable[[Undeliverable], Coroutine[Any, Any, None]],
    ) -> None:
        self.writer = writer
        self._give_up = give_up
        self._look = Look(zone=zone, now=datetime.now(UTC))
        self._spawn = spawn
        self._steps: dict[str, Step] = {}
        self._changed = asyncio.Event()
        self._one_by_one = asyncio.Lock()
        self._ended = asyncio.Event()

    async def begin(self) -> None:
        """Typing until there is something to read."""
        self._changed.set()
        self._spawn(self._show_progress())
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WORK_S):
                await self.writer.typing(until=self._ended)
        self.end()

    def end(self) -> None:
        """From now on nothing but a reply is shown."""
        self._ended.set()

    async def step(self, step: Step) -> None:
        if step.id == QUEUE_STEP:
            if step.state == "running":
                self.end()  # another outlet answers when its turn comes
            return
        self._steps[step.id] = step
        self._changed.set()

    async def prose(self, delta: str) -> None:
        """A message that is edited word by word runs into Discord's limits: prose comes with the reply."""

    async def show(self, block: Block) -> None:
        """A table may be final, but a message has one edit every two seconds: it comes with the reply."""

    async def reply(self, reply: Reply) -> None:
        self.end()
        self._changed.set()
        try:
            async with self._one_by_one:
                await self._finish(reply)
        except Undeliverable as error:
            await self._give_up(error)
            raise

    async def _finish(self, reply: Reply) -> None:
        """Without its files where netspy may attach none."""
        posts = render(reply, self._look)
        try:
            await self.writer.finish(posts)
        except LacksPermission:
            if not any(post.files for post in posts):
                raise
            await self.writer.finish(render(reply, replace(self._look, takes_files=False)))

    async def delivered(self) -> bool:
        self.end()
        async with self._one_by_one:
            return await self.writer.find()

    async def _show_progress(self) -> None:
        pause_s = FIRST_PROGRESS_S
        while not self._ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._ended.wait()
            pause_s = PROGRESS_EVERY_S
            async with self._one_by_one:
                if self._ended.is_set():
                    return
                if not self._changed.is_set():
                    continue
                self._changed.clear()
                try:
                    await self.writer.show(Post(self._status(), buttons=stop_buttons(self.writer.turn)))
                except PlatformError as error:
                    log.info("discord.progress_not_shown", extra={"cause": str(error)})

    def _status(self) -> str:
        running = [step.title for step in self._steps.values() if step.state == "running"]
        told = ", ".join(running) or WORKING
        return QUIET + escaped(short(told, LONGEST_STATUS))
