"""What a thread shows before there is anything to read: that netspy is at work, and Slack's own button to stop it.

Slack takes the status away when netspy posts there; it is cleared in the end all the same, because it can stick.
"""

import logging
from dataclasses import dataclass
from typing import Any

from adapters.slack.calls import Calls, Method, Refused
from adapters.slack.place import Place
from bot.domain.errors import PlatformError

log = logging.getLogger("netspy.slack")

STATUS = "is looking at the network…"
LOADING = ("Reading eBPF events…", "Counting connections…", "Looking at what was dropped…")
"""Slack shows these in turn; ten at most (https://docs.slack.dev/reference/methods/assistant.threads.setStatus)."""
NEVER_HERE = frozenset({"missing_scope", "unknown_method", "not_allowed_token_type", "feature_not_enabled"})
"""Errors that the next call would get too: the app is no agent, or lacks the scope."""


@dataclass(slots=True)
class Abilities:
    """What this workspace lets the app do, as far as it was tried."""

    status: bool = True
    sessions: bool = True


class Status:
    """Of one thread. It raises nothing: an answer is worth more than its announcement."""

    def __init__(self, calls: Calls, place: Place, abilities: Abilities) -> None:
        self._calls = calls
        self._place = place
        self._abilities = abilities
        self.has_stop = False
        """Whether Slack shows a button that stops the turn."""

    async def begin(self) -> None:
        client, abilities = self._calls.client, self._abilities
        if abilities.status:
            arguments = {"status": STATUS, "loading_messages": list(LOADING)}
            abilities.status = await self._try(client.assistant_threads_setStatus, **arguments)
        if abilities.sessions:
            abilities.sessions = await self._try(client.agents_sessions_setStatus, status="processing")
            self.has_stop = abilities.sessions

    async def clear(self) -> None:
        client, abilities = self._calls.client, self._abilities
        if abilities.status:
            await self._try(client.assistant_threads_setStatus, status="")
        if self.has_stop:
            await self._try(client.agents_sessions_setStatus, status="active")

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
