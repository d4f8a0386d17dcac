"""Events of Slack's Events API, and which of them an app hears of. Pure: values in, JSON out.

Shapes are those of https://docs.slack.dev/reference/events/message/ and of the pages beside it.
"""

import re
import time
from collections.abc import Collection
from typing import Any

from tests.loopback.slack_message import Message
from tests.loopback.slack_workspace import APP, BOT, TEAM, Channel, Workspace

SUBSCRIPTIONS = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


def posted(space: Workspace, message: Message) -> list[dict[str, Any]]:
    """`message`, and `app_mention` with the same ts when a person mentions the app outside of a direct message."""
    channel = space.channels[message.channel]
    event = _in_channel(channel, space, message) | {"channel_type": channel.kind}
    if message.files:
        event["subtype"] = "file_share"
    if BOT not in _MENTION.findall(message.text) or channel.is_direct or message.user == BOT:
        return [event]
    return [event, _in_channel(channel, space, message) | {"type": "app_mention"}]


def changed(space: Workspace, message: Message, before: dict[str, Any]) -> dict[str, Any]:
    now = message.json() | ({"edited": {"user": message.user, "ts": message.edited}} if message.edited else {})
    return _about(space, message.channel, "message_changed") | {"message": now, "previous_message": before}


def deleted(space: Workspace, message: Message) -> dict[str, Any]:
    """A root with replies leaves a tombstone, which arrives as a change: nothing says that it was deleted."""
    if stone := space.stored[message.channel].get(message.ts):
        about = _about(space, message.channel, "message_changed")
        tombstone = stone.json() | {"hidden": True, "thread_ts": stone.ts}
        return about | {"message": tombstone, "previous_message": message.json()}
    about = _about(space, message.channel, "message_deleted")
    return about | {"deleted_ts": message.ts, "previous_message": message.json()}


def subscription(event: dict[str, Any]) -> str:
    """What an app must have subscribed to for this event."""
    return SUBSCRIPTIONS[event["channel_type"]] if event["type"] == "message" else str(event["type"])


def heard(space: Workspace, event: dict[str, Any], subscribed: Collection[str]) -> bool:
    """An app hears of what it subscribed to, in channels that it is in."""
    channel = event.get("channel")
    is_member = not isinstance(channel, str) or channel not in space.channels or BOT in space.channels[channel].members
    return subscription(event) in subscribed and is_member


def callback(space: Workspace, event: dict[str, Any]) -> dict[str, Any]:
    """The outer event: https://docs.slack.dev/apis/events-api/#events-JSON."""
    channel = space.channels.get(str(event.get("channel")))
    authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_bot": True}
    return {
        "token": "verification",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": space.new_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [authorization | {"is_enterprise_install": False}],
        "is_ext_shared_channel": bool(channel and channel.is_shared),
        "event_context": space.new_id("EC"),
    }


def typed(text: str) -> list[dict[str, Any]]:
    """The block that Slack makes of what a person typed: text and the mentions in it."""
    elements: list[dict[str, Any]] = []
    for place, piece in enumerate(_MENTION.split(text)):
        if piece:
            elements.append({"type": "user", "user_id": piece} if place % 2 else {"type": "text", "text": piece})
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "elements": [section]}]


def _in_channel(channel: Channel, space: Workspace, message: Message) -> dict[str, Any]:
    author = space.users.get(message.user)
    event = message.json(metadata=True) | {"channel": channel.id, "event_ts": message.ts}
    event |= {"team": author.team if author else TEAM}
    if message.bot_id:
        event |= {"app_id": APP if message.user == BOT else "A0OTHER"}
    if author and author.team != TEAM:
        event |= {"user_team": author.team, "source_team": author.team}
    if message.thread and (root := space.stored[channel.id].get(message.thread)):
        event |= {"parent_user_id": root.user}
    return event


def _about(space: Workspace, channel: str, subtype: str) -> dict[str, Any]:
    at = space.new_ts()
    kind = space.channels[channel].kind
    event = {"type": "message", "subtype": subtype, "channel": channel, "channel_type": kind}
    return event | {"hidden": True, "ts": at, "event_ts": at}
