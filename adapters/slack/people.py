"""Who somebody is in the workspace: a name, and whether netspy may answer them.

It asks `users.info`, remembers for an hour, and asks once however many wait for the same person.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from adapters.bounded import Bounded
from adapters.slack.calls import Calls, Gone, Refused
from adapters.slack.credentials import Identity

log = logging.getLogger("netspy.slack")

REMEMBERED_S = 3600.0
LOOK_UP_PATIENCE_S = 2.0
"""The event is not acknowledged before it is known who speaks, and Slack waits 3 s for that."""
MAX_PEOPLE = 10_000

Kind: TypeAlias = Literal["member", "guest", "outsider", "bot"]

REFUSALS: dict[Kind, str] = {
    "guest": "netspy answers only full members of this workspace, and you are a guest here. Ask a colleague to ask it.",
    "outsider": "netspy answers only people of its own workspace, and you are with another one. "
    "Ask a colleague there to ask it.",
}


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    kind: Kind


class People:
    def __init__(self, calls: Calls, me: Identity) -> None:
        self._calls = calls
        self._me = me
        self._known: Bounded[str, tuple[float, asyncio.Task[Person]]] = Bounded(MAX_PEOPLE)

    async def who(self, user: str) -> Person:
        """Raises: PlatformError when Slack does not say."""
        now = asyncio.get_running_loop().time()
        known = self._known.get(user)
        if known is None or known[0] < now:
            known = self._known[user] = (now + REMEMBERED_S, asyncio.ensure_future(self._ask(user)))
        try:
            return await asyncio.shield(known[1])
        except Exception:
            self._known.pop(user, None)
            raise

    async def _ask(self, user: str) -> Person:
        try:
            async with asyncio.timeout(LOOK_UP_PATIENCE_S):
                found = await self._calls.do(self._calls.client.users_info, patience_s=1.0, user=user)
        except Refused as error:
            if error.word != "missing_scope":
                raise
            log.warning("slack.people_unknown", extra={"cause": str(error)})
            return Person(user, user, "member")
        except Gone:
            return Person(user, user, "outsider")
        return person_of(found["user"], self._me)


def person_of(user: dict[str, Any], me: Identity) -> Person:
    """`user` is that of users.info (https://docs.slack.dev/reference/objects/user-object)."""
    profile = user.get("profile") or {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("name") or user["id"]
    return Person(str(user["id"]), str(name), _kind(user, me))


def _kind(user: dict[str, Any], me: Identity) -> Kind:
    if user.get("is_bot") or user["id"] == "USLACKBOT":
        return "bot"
    enterprise = (user.get("enterprise_user") or {}).get("enterprise_id")
    is_ours = user.get("team_id", me.team) == me.team or (enterprise and enterprise == me.enterprise)
    if user.get("is_stranger") or not is_ours:
        return "outsider"
    return "guest" if user.get("is_restricted") or user.get("is_ultra_restricted") else "member"
