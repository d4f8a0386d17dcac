"""Which user groups people are in: asked once for everybody, and remembered for some minutes."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

from adapters.remembered import Remembered
from adapters.slack.calls import Calls, Refused
from bot.domain.errors import PlatformError

log = logging.getLogger("netspy.slack")

REMEMBERED_S = 300.0
"""Ours: who is taken out of a group keeps for so long what it allows."""
PATIENCE_S = 2.0
"""As for people: Slack waits 3 s for an acknowledgement. The question goes on, for the event that comes again."""
EVERYBODY = ""
ByUser: TypeAlias = Mapping[str, frozenset[str]]


class Groups:
    """Where Slack tells of no groups there are none: the scope is missing, or the workspace's plan has none."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._asked: Remembered[str, ByUser] = Remembered(self._ask, for_s=REMEMBERED_S, most=1)
        self._last: ByUser | None = None
        self._warned = False

    async def of(self, user: str) -> frozenset[str]:
        """Ids of groups. Raises: PlatformError while Slack has never answered."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                by_user = await self._asked.of(EVERYBODY)
        except TimeoutError:
            raise PlatformError("asking Slack for user groups", f"no answer within {PATIENCE_S:g} s") from None
        return by_user.get(user, frozenset())

    async def _ask(self, everybody: str) -> ByUser:  # noqa: ARG002 (the one key that there is)
        try:
            found = await self._calls.do(self._calls.client.usergroups_list, include_users=True)
        except Refused as error:
            self._warn(error)
            return self._last or {}
        except PlatformError as error:
            if self._last is None:
                raise
            self._warn(error)
            return self._last
        self._last, self._warned = by_user(found), False
        return self._last

    def _warn(self, error: PlatformError) -> None:
        """Once, until it is well again."""
        if not self._warned:
            log.warning("slack.groups_unknown", extra={"cause": str(error)})
        self._warned = True


def by_user(answer: dict[str, Any]) -> ByUser:
    """Of usergroups.list (https://docs.slack.dev/reference/methods/usergroups.list)."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for group in answer.get("usergroups") or ():
        for user in group.get("users") or ():
            groups[str(user)].add(str(group["id"]))
    return {user: frozenset(ids) for user, ids in groups.items()}
