"""Slack's `chat.*` methods on a workspace: what an app says. Each takes arguments and returns the answer's fields.

Sources: the methods' own pages under https://docs.slack.dev/reference/methods/.
"""

from copy import deepcopy
from typing import Any

from tests.loopback import slack_events as events
from tests.loopback.slack_arguments import Arguments
from tests.loopback.slack_blocks import MARKDOWN
from tests.loopback.slack_message import Message
from tests.loopback.slack_rules import Refused, check_blocks, check_metadata, check_text
from tests.loopback.slack_schema import fault
from tests.loopback.slack_workspace import BOT, BOT_ID, Channel, Workspace

ATTACHMENTS = 100
"""https://docs.slack.dev/reference/methods/chat.postMessage/#errors: too_many_attachments."""
_ATTACHMENT_FIELDS = {"blocks", "color", "fallback", "id", "text", "title", "title_link", "pretext", "footer", "ts",
                      "fields", "mrkdwn_in", "image_url", "author_name"}  # fmt: skip


def post_message(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = _destination(space, given.text("channel"))
    thread = given.text("thread_ts") or None
    if thread:
        space.root(channel.id, thread)
    message = Message(space.new_ts(), channel.id, BOT, thread=thread, bot_id=BOT_ID)
    refill(message, given)
    space.keep(message)
    space.happened.extend(events.posted(space, message))
    return {"channel": channel.id, "ts": message.ts, "message": message.json(metadata=True)}


def post_ephemeral(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channel_for(given.text("channel"), write=True)
    user = given.text("user")
    if user not in space.users:
        raise Refused("user_not_found")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    thread = given.text("thread_ts") or None
    message = Message(space.new_ts(), channel.id, BOT, thread=thread, bot_id=BOT_ID, ephemeral_to=user)
    refill(message, given)
    space.keep(message)
    return {"message_ts": message.ts}


def update(space: Workspace, given: Arguments) -> dict[str, Any]:
    """Blocks and metadata that are not given stay as they are, what was streamed too; `[]` removes blocks."""
    channel = space.channel_for(given.text("channel"), write=True)
    message = space.message(channel.id, given.text("ts"))
    if message.user != BOT:
        raise Refused("cant_update_message")
    if message.streaming:
        raise Refused("streaming_state_conflict")
    before = message.json()
    refill(message, given)
    message.edited = space.new_ts()
    space.happened.append(events.changed(space, message, before))
    answer = {"channel": channel.id, "ts": message.ts, "text": message.text}
    return answer | {"message": message.json(metadata=True)}


def delete(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channel_for(given.text("channel"), write=True)
    message = space.message(channel.id, given.text("ts"))
    if message.user != BOT:
        raise Refused("cant_delete_message")
    space.drop(message)
    space.happened.append(events.deleted(space, message))
    return {"channel": channel.id, "ts": message.ts}


def permalink(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channel_for(given.text("channel"), write=False)
    message = space.message(channel.id, given.text("message_ts"))
    link = f"https://netspy.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread}&cid={channel.id}" if message.thread else ""
    return {"channel": channel.id, "permalink": link + thread}


def _destination(space: Workspace, channel: str) -> Channel:
    """A user's id stands for the conversation with them."""
    if channel.startswith("U"):
        if channel not in space.users or space.users[channel].is_bot:
            raise Refused("user_not_found" if channel not in space.users else "cannot_dm_bot")
        return space.direct(channel)
    return space.channel_for(channel, write=True)


def refill(message: Message, given: Arguments) -> None:
    """Say what the arguments say: all of it, or nothing. Raises: Refused."""
    changed = deepcopy(message)
    _fill(changed, given)
    for name in ("said", "given", "stream", "metadata", "attachments"):
        setattr(message, name, getattr(changed, name))


def _fill(message: Message, given: Arguments) -> None:
    if "markdown_text" in given:
        if "text" in given or "blocks" in given:
            raise Refused("markdown_text_conflict")
        check_text(given.text("markdown_text"), longest=MARKDOWN)
    check_text(given.text("text"))
    blank = not (given.text("text").strip() or given.text("markdown_text").strip())
    has_content = not blank or any(given.values.get(name) for name in ("blocks", "attachments"))
    if not has_content:
        raise Refused("no_text")
    _take_blocks(message, given)
    if "text" in given:
        message.said = given.text("text")
    if given.values.get("metadata"):
        check_metadata(given["metadata"])
    if "metadata" in given:
        message.metadata = given["metadata"] or None


def _take_blocks(message: Message, given: Arguments) -> None:
    if "blocks" in given:
        check_blocks(given["blocks"])
        message.given, message.stream = given["blocks"], None
    if given.text("markdown_text"):
        message.said = given.text("markdown_text")
        message.given, message.stream = [{"type": "markdown", "text": message.said}], None
    if "attachments" in given:
        message.attachments = _attachments(given["attachments"])


def _attachments(attachments: Any) -> list[dict[str, Any]]:
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise Refused("invalid_attachments")
    if len(attachments) > ATTACHMENTS:
        raise Refused("too_many_attachments")
    for place, one in enumerate(attachments):
        if unknown := [*(set(one) - _ATTACHMENT_FIELDS)]:
            raise Refused("invalid_attachments", [fault(f"invalid additional property: {unknown}", f"/{place}")])
        check_blocks(one.get("blocks", []))
    return attachments
