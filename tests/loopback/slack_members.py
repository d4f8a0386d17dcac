"""Slack's methods on who is where: members of channels, channels of people, user groups.

Sources: the methods' own pages under https://docs.slack.dev/reference/methods/.
"""

from base64 import b64decode, b64encode
from typing import Any

from tests.loopback.slack_arguments import Arguments
from tests.loopback.slack_rules import Refused
from tests.loopback.slack_workspace import BOT, TEAM, Channel, UserGroup, Workspace

PAGE = 1000
"""https://docs.slack.dev/reference/methods/conversations.history/: the largest `limit`."""
LARGEST = 999
"""https://docs.slack.dev/reference/methods/users.conversations/"""
OF_TYPES = "{types}:read"
"""A scope for each type of channel that is asked for."""
KINDS = {"public_channel": "channels", "private_channel": "groups", "mpim": "mpim", "im": "im"}
_OF_KIND = {"channel": "public_channel", "group": "private_channel", "mpim": "mpim", "im": "im"}


def members(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channel_for(given.text("channel"), write=False)
    return page(sorted(channel.members), given, name="members")


def channels(space: Workspace, given: Arguments) -> dict[str, Any]:
    """Those of the app, or of another user: of theirs, only public ones and those that the app is in too."""
    user = given.text("user") or BOT
    if user not in space.users:
        raise Refused("user_not_found")
    types = types_of(given)
    found = [one for one in space.channels.values() if user in one.members and _OF_KIND[one.kind] in types]
    shown = [one for one in found if one.kind == "channel" or BOT in one.members]
    told = [_limited(one) for one in shown if not (one.is_archived and given.flag("exclude_archived"))]
    answer = page(told, given, name="channels", largest=LARGEST)
    del answer["has_more"]
    return answer


def types_of(given: Arguments) -> list[str]:
    """Raises: Refused."""
    types = (given.text("types") or "public_channel").split(",")
    if any(kind not in KINDS for kind in types):
        raise Refused("invalid_types")
    return types


def user_groups(space: Workspace, given: Arguments) -> dict[str, Any]:
    if space.groups is None:
        raise Refused("plan_upgrade_required")
    shown = [one for one in space.groups.values() if given.flag("include_disabled") or not one.is_disabled]
    return {"usergroups": [_group(one, with_users=given.flag("include_users")) for one in shown]}


def page(shown: list[Any], given: Arguments, *, name: str = "messages", largest: int = PAGE) -> dict[str, Any]:
    """https://docs.slack.dev/apis/web-api/pagination/: opaque cursors, an empty one behind the last page."""
    limit = given.whole("limit", 100)
    if not 1 <= limit <= largest:
        raise Refused("invalid_limit")
    first = _place(given.text("cursor"))
    more = first + limit < len(shown)
    cursor = b64encode(f"next:{first + limit}".encode()).decode() if more else ""
    return {name: shown[first : first + limit], "has_more": more, "response_metadata": {"next_cursor": cursor}}


def _place(cursor: str) -> int:
    try:
        return int(b64decode(cursor, validate=True).decode().removeprefix("next:") or 0)
    except ValueError:
        raise Refused("invalid_cursor") from None


def _limited(channel: Channel) -> dict[str, Any]:
    """A list tells neither of these."""
    return {name: value for name, value in channel.json.items() if name not in {"is_member", "num_members"}}


def _group(group: UserGroup, *, with_users: bool) -> dict[str, Any]:
    about: dict[str, Any] = {"id": group.id, "team_id": TEAM, "is_usergroup": True, "name": group.handle.title()}
    about |= {"handle": group.handle, "is_external": False, "date_delete": 1446670362 if group.is_disabled else 0}
    return about | ({"users": sorted(group.members)} if with_users else {})
