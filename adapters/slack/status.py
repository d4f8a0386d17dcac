"""What a thread shows before there is anything to read: that netspy is at work, and Slack's own button to stop it.

Slack takes the status away when netspy posts there; it is cleared in the end all the same, because it can stick.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.slack.calls import Calls, Method, Refused
from adapters.slack.place import Place
from bot.domain.errors import PlatformError

log = logging.getLogger("netspy.slack")

STATUS = "is looking at the network…"
LOADING = ("Reading eBPF events…", "Counting connections…", "Looking at what was dropped…")
"""Slack shows these in turn; ten at most (https://docs.slack.dev/reference/methods/assistant.threads.setStatus)."""
HOURGLASS = "hourglass_flowing_sand"
NEVER_HERE = frozenset({"missing_scope", "unknown_method", "not_allowed_token_type", "feature_not_enabled"})
"""Errors that the next call would get too: the app is no agent, or lacks the scope."""


@dataclass(slots=True)
class Abilities:
    """What this workspace lets the app do, as far as it was tried."""

    status: bool = True
    sessions: bool = True


class Status:
    """Of one thread, for one turn. It raises nothing: an answer is worth more than its announcement."""

    def __init__(self, calls: Calls, place: Place, abilities: Abilities) -> None:
        self._calls = calls
        self._place = place
        self._abilities = abilities
        self._one_by_one = asyncio.Lock()
        self._has_ended = False
        self.has_stop = False
        """Whether Slack shows a button that stops the turn."""

    async def begin(self) -> None:
        """Say that netspy is at work."""
        arguments = {"status": STATUS, "loading_messages": list(LOADING)}
        async with self._one_by_one:
            if self._abilities.status and not self._has_ended:
                self._abilities.status = await self._try(self._calls.client.assistant_threads_setStatus, **arguments)

    @property
    def is_shown(self) -> bool:
        """False where this workspace has no status line: then the message itself has to say that it is coming."""
        return self._abilities.status

    async def offer_stop(self) -> None:
        """It takes longer: let Slack show its stop button."""
        async with self._one_by_one:
            if self._abilities.sessions and not self.has_stop and not self._has_ended:
                method = self._calls.client.agents_sessions_setStatus
                self._abilities.sessions = await self._try(method, status="processing")
                self.has_stop = self._abilities.sessions

    async def waiting(self, *, ended: bool) -> None:
        """An hourglass on a question that waits for the one before it: the status is the whole thread's."""
        client = self._calls.client
        method = client.reactions_remove if ended else client.reactions_add
        with suppress(PlatformError):
            where = {"channel": self._place.channel, "timestamp": self._place.message}
            await self._calls.do(method, patience_s=0.0, name=HOURGLASS, **where)

    async def clear(self) -> None:
        self._has_ended = True
        async with self._one_by_one:
            if self._abilities.status:
                await self._try(self._calls.client.assistant_threads_setStatus, status="")
            if self.has_stop:
                await self._try(self._calls.client.agents_sessions_setStatus, status="active")

    async def _try(self, method: Method, **arguments: Any) -> bool:
        """False when it never works here."""
        where = {"channel_id": self._place.channel, "thread_ts": self._place.thread}
        try:
            await self._calls.do(method, patience_s=0.0, **where, **arguments)
        except Refused as error:
            log.info("slack.no_status", extra={"cause": str(error)})
            return error.word not in NEVER_HERE
        except PlatformError as error:
            log.info("slack.no_status", extra={"cause": str(error)})
        return True
