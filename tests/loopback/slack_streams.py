"""Slack's streaming methods on a workspace: `chat.startStream`, `chat.appendStream`, `chat.stopStream`.

https://docs.slack.dev/messaging/sending-and-scheduling-messages#text-streaming. A stream dies some time after its
start, whatever is appended meanwhile (observed: five minutes); `ttl_s` of the workspace's streams says when.
"""

from typing import Any

from tests.loopback import slack_events as events
from tests.loopback.slack_arguments import Arguments
from tests.loopback.slack_blocks import MARKDOWN
from tests.loopback.slack_message import Message, Stream
from tests.loopback.slack_rules import (
    Refused,
    check_blocks,
    check_choice,
    check_chunks,
    check_metadata,
    check_text,
)
from tests.loopback.slack_schema import fault
from tests.loopback.slack_workspace import BOT, BOT_ID, Channel, Workspace

SESSION_STATES = ("active", "processing", "suspended", "closed")
"""https://docs.slack.dev/reference/methods/agents.sessions.setStatus/"""


def start(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channel_for(given.text("channel"), write=True)
    root = space.root(channel.id, given.text("thread_ts"))
    _check_recipient(space, channel, given)
    mode = given.text("task_display_mode") or "timeline"
    check_choice("task_display_mode", mode, "timeline", "plan")
    chunks = _chunks(given)
    message = Message(space.new_ts(), channel.id, BOT, thread=root.ts, bot_id=BOT_ID, stream=Stream(mode == "plan"))
    space.keep(message)
    space.stream_deadlines_s[message.ts] = space.clock_s() + space.stream_ttl_s
    _take(message, chunks)
    space.happened.extend(events.posted(space, message))
    return {"channel": channel.id, "ts": message.ts}


def append(space: Workspace, given: Arguments) -> dict[str, Any]:
    message = _running(space, given)
    chunks = _chunks(given)
    if not chunks:
        raise Refused("no_text")
    _take(message, chunks)
    return {"channel": message.channel, "ts": message.ts}


def stop(space: Workspace, given: Arguments) -> dict[str, Any]:
    """Its blocks come last, and are limited apart from those that came in chunks."""
    message = _running(space, given)
    chunks = _chunks(given)
    check_blocks(given.values.get("blocks", []))
    if given.values.get("metadata"):
        check_metadata(given["metadata"])
    state = given.text("session_status") or "active"
    check_choice("session_status", state, *SESSION_STATES)
    _take(message, chunks)
    before = message.json()
    message.given = given.values.get("blocks", [])
    message.metadata = given.values.get("metadata")
    end(space, message, "stopped")
    space.sessions.setdefault((message.channel, message.thread or message.ts), []).append(state)
    space.happened.append(events.changed(space, message, before))
    return {"channel": message.channel, "ts": message.ts, "message": message.json(metadata=True)}


def end(space: Workspace, message: Message, why: str) -> None:
    assert message.stream is not None
    message.stream.ended = why
    space.stream_deadlines_s.pop(message.ts, None)


def _check_recipient(space: Workspace, channel: Channel, given: Arguments) -> None:
    user, team = given.text("recipient_user_id"), given.text("recipient_team_id")
    if not channel.is_direct and not team:
        raise Refused("missing_recipient_team_id")
    if not channel.is_direct and not user:
        raise Refused("missing_recipient_user_id")
    if user and user not in space.users:
        raise Refused("user_not_found")
    if user and team and team != space.users[user].team:
        raise Refused("team_not_found")


def _running(space: Workspace, given: Arguments) -> Message:
    channel = space.channel_for(given.text("channel"), write=True)
    message = space.message(channel.id, given.text("ts"))
    if message.user != BOT:
        raise Refused("message_not_owned_by_app")
    if not message.streaming:
        raise Refused("message_not_in_streaming_state")
    return message


def _chunks(given: Arguments) -> list[dict[str, Any]]:
    """The call's chunks; `markdown_text` is one too."""
    said = given.text("markdown_text")
    if said and given.values.get("chunks"):
        raise Refused("invalid_arguments", [fault("either markdown_text or chunks", "/markdown_text")])
    check_text(said, longest=MARKDOWN)
    chunks: list[dict[str, Any]] = given.values.get("chunks", [])
    check_chunks(chunks)
    return [{"type": "markdown_text", "text": said}] if said else chunks


def _take(message: Message, chunks: list[dict[str, Any]]) -> None:
    assert message.stream is not None
    for chunk in chunks:
        message.stream.take(chunk)
