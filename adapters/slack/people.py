"""Who somebody is in the workspace: a name, a kind of person, and the user groups that they are in.

It asks `users.info`, and remembers for an hour. Whether somebody is answered is not decided here.
"""

import asyncio
import logging
from dataclasses import replace
from typing import Any

from adapters.remembered import Remembered
from adapters.slack.calls import Calls, Gone, Refused
from adapters.slack.credentials import Identity
from adapters.slack.groups import Groups
from bot.domain.message import Author, PersonKind

log = logging.getLogger("netspy.slack")

REMEMBERED_S = 3600.0
LOOK_UP_PATIENCE_S = 2.0
"""The event is not acknowledged before it is known who speaks, and Slack waits 3 s for that."""
MAX_PEOPLE = 10_000


class People:
    def __init__(self, calls: Calls, me: Identity) -> None:
        self._calls = calls
        self._me = me
        self._groups = Groups(calls)
        self._known: Remembered[str, Author] = Remembered(self._ask, for_s=REMEMBERED_S, most=MAX_PEOPLE)

    async def who(self, user: str) -> Author:
        """A bot is a `service`. Raises: PlatformError when Slack does not say."""
        person, groups = await asyncio.gather(self._known.of(user), self._groups.of(user))
        return replace(person, groups=groups)

    async def _ask(self, user: str) -> Author:
        try:
            async with asyncio.timeout(LOOK_UP_PATIENCE_S):
                found = await self._calls.do(self._calls.client.users_info, patience_s=1.0, user=user)
        except Refused as error:
            if error.word != "missing_scope":
                raise
            log.warning("slack.people_unknown", extra={"cause": str(error)})
            return Author(user, user)
        except Gone:
            return Author(user, user, "outsider")
        return person_of(found["user"], self._me)


def person_of(user: dict[str, Any], me: Identity) -> Author:
    """`user` is that of users.info (https://docs.slack.dev/reference/objects/user-object)."""
    profile = user.get("profile") or {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("name") or user["id"]
    return Author(str(user["id"]), str(name), _kind(user, me))


def _kind(user: dict[str, Any], me: Identity) -> PersonKind:
    if user.get("is_bot") or user["id"] == "USLACKBOT":
        return "service"
    enterprise = (user.get("enterprise_user") or {}).get("enterprise_id")
    is_ours = user.get("team_id", me.team) == me.team or (enterprise and enterprise == me.enterprise)
    if user.get("is_stranger") or not is_ours:
        return "outsider"
    return "guest" if user.get("is_restricted") or user.get("is_ultra_restricted") else "member"
