"""Slack's response URLs on a workspace: up to five answers to something that a person did.

https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses. Never a `ts` in return.
"""

from typing import Any

from tests.loopback import slack_chat as chat
from tests.loopback import slack_events as events
from tests.loopback.slack_arguments import Arguments
from tests.loopback.slack_message import Message
from tests.loopback.slack_rules import Refused, check_choice
from tests.loopback.slack_triggers import RESPONSE_USES, Response
from tests.loopback.slack_workspace import BOT, BOT_ID, Workspace

_FIELDS = {"text", "blocks", "attachments", "response_type", "replace_original", "delete_original", "thread_ts",
           "mrkdwn", "unfurl_links", "unfurl_media", "metadata", "markdown_text"}  # fmt: skip


def new(space: Workspace, *, person: str, channel: str, message: Message | None = None) -> Response:
    until_s = space.clock_s() + space.response_ttl_s
    thread = message.thread if message else None
    response = Response(space.new_id("R"), person, channel, until_s, thread, message.ts if message else None)
    space.responses[response.id] = response
    return response


def url(space: Workspace, response: Response) -> str:
    return f"{space.base_url}commands/{response.id}"


def respond(space: Workspace, response_id: str, body: dict[str, Any]) -> None:
    """Raises: Refused."""
    response = space.responses.get(response_id)
    if response is None:
        raise Refused("no_service")
    if space.clock_s() > response.until_s:
        raise Refused("expired_url")
    if response.uses >= RESPONSE_USES:
        raise Refused("used_url")
    response.uses += 1
    if unknown := set(body) - _FIELDS:
        raise Refused("invalid_payload", [f"unknown fields: {sorted(unknown)}"])
    _answer(space, response, Arguments(body))


def _answer(space: Workspace, response: Response, given: Arguments) -> None:
    original = space.stored.get(response.channel, {}).get(response.message or "")
    if given.flag("delete_original"):
        if original is None or original.user != BOT:
            raise Refused("cant_delete_message")
        space.drop(original)
    elif given.flag("replace_original") and original:
        _replace(space, original, given)
    else:
        post(space, response, given)


def _replace(space: Workspace, original: Message, given: Arguments) -> None:
    if original.user != BOT:
        raise Refused("cant_update_message")
    before = original.json()
    chat.refill(original, given)
    original.edited = space.new_ts()
    if not original.ephemeral_to:
        space.happened.append(events.changed(space, original, before))


def post(space: Workspace, response: Response, given: Arguments) -> Message:
    """A new message: for the person alone unless it says `in_channel`."""
    kind = given.text("response_type") or "ephemeral"
    check_choice("response_type", kind, "ephemeral", "in_channel")
    thread = given.text("thread_ts") or response.thread
    message = Message(space.new_ts(), response.channel, BOT, thread=thread, bot_id=BOT_ID)
    message.ephemeral_to = response.person if kind == "ephemeral" else None
    chat.refill(message, given)
    space.keep(message)
    if not message.ephemeral_to:
        space.happened.extend(events.posted(space, message))
    return message
