"""Slack's other Web API methods on a workspace, and the registry of all: arguments, scopes, kind of token.

Sources: the methods' own pages under https://docs.slack.dev/reference/methods/.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tests.loopback import slack_chat as chat
from tests.loopback import slack_files as files
from tests.loopback import slack_members as members
from tests.loopback import slack_streams as streams
from tests.loopback.slack_arguments import Arguments
from tests.loopback.slack_rules import LOADING_MESSAGES, Refused, check_choice, check_prompts, check_view
from tests.loopback.slack_schema import fault, many, text
from tests.loopback.slack_workspace import APP, BOT, BOT_ID, TEAM, Prompts, View, Workspace

Run: TypeAlias = Callable[[Workspace, Arguments], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Method:
    """`scopes`: one that any channel needs, or `{}:history` where the kind of channel says which."""

    run: Run
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    scope: str = ""
    token: Literal["bot", "app", "any"] = "bot"


def auth_test(space: Workspace, given: Arguments) -> dict[str, Any]:
    team = {"url": "https://netspy.slack.com/", "team": "Netspy", "team_id": TEAM, "is_enterprise_install": False}
    return team | {"user": "netspy", "user_id": BOT, "bot_id": BOT_ID, "app_id": APP}


def replies(space: Workspace, given: Arguments) -> dict[str, Any]:
    """The root and its replies, oldest first; of a reply's own ts only that reply."""
    channel = space.channel_for(given.text("channel"), write=False)
    found = space.stored.get(channel.id, {}).get(given.text("ts"))
    if found is None or found.ephemeral_to:
        raise Refused("thread_not_found")
    messages = [found] if found.thread else space.thread(channel.id, found.ts)
    count = len(messages) - 1
    shown = [one.json(metadata=given.flag("include_all_metadata")) for one in _between(messages, given)]
    if count and shown and shown[0]["ts"] == found.ts:
        shown[0] |= {"thread_ts": found.ts, "reply_count": count, "latest_reply": messages[-1].ts}
    return members.page(shown, given)


def history(space: Workspace, given: Arguments) -> dict[str, Any]:
    """What is not in a thread, newest first."""
    channel = space.channel_for(given.text("channel"), write=False)
    roots = [one for one in space.stored.get(channel.id, {}).values() if not one.thread and not one.ephemeral_to]
    shown = [one.json(metadata=given.flag("include_all_metadata")) for one in reversed(_between(roots, given))]
    return members.page(shown, given)


def conversation(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channels.get(given.text("channel"))
    if channel is None or (channel.kind != "channel" and BOT not in channel.members):
        raise Refused("channel_not_found")
    return {"channel": channel.json}


def open_conversation(space: Workspace, given: Arguments) -> dict[str, Any]:
    users = [user for user in given.text("users").split(",") if user]
    if given.text("channel"):
        return {"channel": {"id": space.channel_for(given.text("channel"), write=False).id}}
    if not users:
        raise Refused("users_list_not_supplied")
    if unknown := [user for user in users if user not in space.users]:
        raise Refused("user_not_found", [fault(f"there is no {unknown[0]}", "/users")])
    if len(users) > 1:
        return {"channel": {"id": space.add_channel("-".join(users), kind="mpim", members=(BOT, *users))}}
    return {"channel": space.direct(users[0]).json}


def user(space: Workspace, given: Arguments) -> dict[str, Any]:
    if given.text("user") not in space.users:
        raise Refused("user_not_found")
    return {"user": space.users[given.text("user")].json}


def react(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channel_for(given.text("channel"), write=True)
    message, name = space.message(channel.id, given.text("timestamp")), given.text("name")
    if name in message.reactions:
        raise Refused("already_reacted")
    if name != name.strip(":") or not name:
        raise Refused("invalid_name")
    message.reactions.append(name)
    return {}


def take_back(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channel_for(given.text("channel"), write=True)
    message, name = space.message(channel.id, given.text("timestamp")), given.text("name")
    if name not in message.reactions:
        raise Refused("no_reaction")
    message.reactions.remove(name)
    return {}


def set_status(space: Workspace, given: Arguments) -> dict[str, Any]:
    key = _thread(space, given)
    if found := [*many(text(3000), 0, LOADING_MESSAGES)(given.values.get("loading_messages", []), "/loading_messages")]:
        raise Refused("invalid_arguments", found)
    space.statuses.setdefault(key, []).append(given.text("status"))
    return {}


def set_title(space: Workspace, given: Arguments) -> dict[str, Any]:
    space.titles[_thread(space, given)] = given.text("title")
    return {}


def set_prompts(space: Workspace, given: Arguments) -> dict[str, Any]:
    channel = space.channel_for(given.text("channel_id"), write=True)
    check_prompts(given["prompts"])
    thread = given.text("thread_ts") or None
    if thread:
        space.root(channel.id, thread)
    prompts = tuple((prompt["title"], prompt["message"]) for prompt in given["prompts"])
    space.prompts.append(Prompts(channel.id, thread, given.text("title"), prompts))
    return {}


def set_session(space: Workspace, given: Arguments) -> dict[str, Any]:
    check_choice("status", given.text("status"), *streams.SESSION_STATES)
    space.sessions.setdefault(_thread(space, given), []).append(given.text("status"))
    answer = {"status": given.text("status"), "title": given.text("title")}
    if "agent_session_stopped" in space.subscribed:
        return answer
    return answer | {"warning": "missing_agent_session_stopped_event_subscription"}


def open_view(space: Workspace, given: Arguments) -> dict[str, Any]:
    person = space.triggers.use(given.text("trigger_id"))
    check_view(given["view"])
    if given["view"]["type"] != "modal":
        raise Refused("invalid_arguments", [fault("only modals can be opened", "/view/type")])
    view = View(space.new_id("V"), person, given["view"])
    space.views[view.id] = view
    return {"view": view.view | {"id": view.id, "team_id": TEAM, "hash": space.new_ts(), "app_id": APP}}


def publish_view(space: Workspace, given: Arguments) -> dict[str, Any]:
    if given.text("user_id") not in space.users:
        raise Refused("user_not_found")
    check_view(given["view"])
    if given["view"]["type"] != "home":
        raise Refused("invalid_arguments", [fault("only Home tabs can be published", "/view/type")])
    view = View(space.new_id("V"), given.text("user_id"), given["view"])
    space.homes[view.user] = view
    return {"view": view.view | {"id": view.id, "team_id": TEAM, "hash": space.new_ts(), "app_id": APP}}


def _thread(space: Workspace, given: Arguments) -> tuple[str, str]:
    channel = space.channel_for(given.text("channel_id"), write=True)
    return channel.id, space.root(channel.id, given.text("thread_ts")).ts


def _between(messages: Sequence[Any], given: Arguments) -> list[Any]:
    oldest, latest, inclusive = given.text("oldest"), given.text("latest"), given.flag("inclusive")
    return [
        one
        for one in messages
        if (not oldest or float(one.ts) > float(oldest) or (inclusive and one.ts == oldest))
        and (not latest or float(one.ts) < float(latest) or (inclusive and one.ts == latest))
    ]


_SAY = ("text", "blocks", "attachments", "markdown_text", "metadata", "mrkdwn", "parse", "link_names")
_LOOK = ("icon_emoji", "icon_url", "username", "as_user")
_PAGED = ("cursor", "limit", "oldest", "latest", "inclusive", "include_all_metadata")
_SESSION = ("thread_ts", "title", "initiator_user_id", *_LOOK)
_POST = ("thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media", *_SAY, *_LOOK)
_STREAM = ("markdown_text", "chunks")
_START = ("recipient_team_id", "recipient_user_id", "task_display_mode", *_STREAM, *_LOOK)
_STATUS = ("channel_id", "thread_ts", "status")
METHODS: dict[str, Method] = {
    "auth.test": Method(auth_test, token="any"),
    "chat.postMessage": Method(chat.post_message, ("channel",), _POST, "chat:write"),
    "chat.postEphemeral": Method(chat.post_ephemeral, ("channel", "user"), ("thread_ts", *_SAY, *_LOOK), "chat:write"),
    "chat.update": Method(chat.update, ("channel", "ts"), (*_SAY, "as_user", "reply_broadcast"), "chat:write"),
    "chat.delete": Method(chat.delete, ("channel", "ts"), ("as_user",), "chat:write"),
    "chat.getPermalink": Method(chat.permalink, ("channel", "message_ts")),
    "chat.startStream": Method(streams.start, ("channel", "thread_ts"), _START, "chat:write"),
    "chat.appendStream": Method(streams.append, ("channel", "ts"), _STREAM, "chat:write"),
    "chat.stopStream": Method(
        streams.stop, ("channel", "ts"), (*_STREAM, "blocks", "metadata", "session_status"), "chat:write"
    ),
    "assistant.threads.setStatus": Method(
        set_status, _STATUS[:2], ("status", "loading_messages", *_LOOK), "assistant:write"
    ),
    "assistant.threads.setTitle": Method(set_title, ("channel_id", "thread_ts", "title"), (), "assistant:write"),
    "assistant.threads.setSuggestedPrompts": Method(
        set_prompts, ("channel_id", "prompts"), ("thread_ts", "title"), "assistant:write"
    ),
    "agents.sessions.setStatus": Method(set_session, _STATUS, _SESSION, "chat:write"),
    "conversations.replies": Method(replies, ("channel", "ts"), _PAGED, "{}:history"),
    "conversations.history": Method(history, ("channel",), _PAGED, "{}:history"),
    "conversations.info": Method(conversation, ("channel",), ("include_locale", "include_num_members"), "{}:read"),
    "conversations.members": Method(members.members, ("channel",), ("cursor", "limit"), "{}:read"),
    "conversations.open": Method(
        open_conversation, (), ("channel", "users", "return_im", "prevent_creation"), "im:write"
    ),
    "users.conversations": Method(
        members.channels, (), ("user", "types", "exclude_archived", "limit", "cursor"), members.OF_TYPES
    ),
    "usergroups.list": Method(
        members.user_groups, (), ("include_users", "include_count", "include_disabled"), "usergroups:read"
    ),
    "users.info": Method(user, ("user",), ("include_locale",), "users:read"),
    "reactions.add": Method(react, ("channel", "timestamp", "name"), (), "reactions:write"),
    "reactions.remove": Method(take_back, ("channel", "timestamp", "name"), (), "reactions:write"),
    "views.open": Method(open_view, ("trigger_id", "view")),
    "views.publish": Method(publish_view, ("user_id", "view"), ("hash",)),
    "files.getUploadURLExternal": Method(
        files.get_upload_url, ("filename", "length"), ("alt_txt", "snippet_type"), "files:write"
    ),
    "files.completeUploadExternal": Method(
        files.complete, ("files",), ("channel_id", "channels", "thread_ts", "initial_comment", "blocks"), "files:write"
    ),
    "files.info": Method(files.info, ("file",), ("cursor", "limit"), "files:read"),
}
