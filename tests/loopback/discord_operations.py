"""The operations of the loopback Discord's API: names, paths, what they do, what limits them.

Names are those of https://docs.discord.com/developers/reference in small letters, as `create_message`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.loopback import discord_callbacks as callbacks
from tests.loopback import discord_messages as messages
from tests.loopback import discord_shapes as shapes
from tests.loopback import discord_threads as threads
from tests.loopback.discord_commands import CHAT_INPUT, check_all, check_one
from tests.loopback.discord_faults import RateLimit
from tests.loopback.discord_forms import demand
from tests.loopback.discord_ids import APP, BOT, GUILD
from tests.loopback.discord_refusals import MISSING_ACCESS, UNKNOWN_COMMAND, UNKNOWN_MEMBER, UNKNOWN_USER, Refused
from tests.loopback.discord_requests import Given
from tests.loopback.discord_space import Space

Run: TypeAlias = Callable[[Space, Given], Any]
"""Returns JSON, or None for an answer without a body."""
USUAL_LIMITS = {
    "create_message": RateLimit(5, 5.0),
    "edit_message": RateLimit(5, 5.0),
    "trigger_typing": RateLimit(5, 5.0),
    "add_reaction": RateLimit(4, 1.0),
    "webhook": RateLimit(5, 2.0),
}
"""Of the order of what Discord's headers usually say, per channel or per token of an interaction."""
GLOBAL = RateLimit(50, 1.0)
"""https://docs.discord.com/developers/topics/rate-limits#global-rate-limit; answers to interactions are free of it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`major`: which name of the path has a limit of its own. `bucket`: whose limit it shares, if not its own."""

    name: str
    method: str
    path: str
    run: Run
    major: str = "channel"
    bucket: str = ""

    @property
    def needs_token(self) -> bool:
        """The bot's own; an interaction's token stands for itself."""
        return self.major != "token"


def _me(space: Space, given: Given) -> dict[str, Any]:
    return shapes.user(space.users[BOT]) | {"verified": True, "mfa_enabled": True, "locale": "en-US"}


def _application(space: Space, given: Given) -> dict[str, Any]:
    return shapes.application(space)


def _user(space: Space, given: Given) -> dict[str, Any]:
    if given["user"] not in space.users:
        raise Refused(UNKNOWN_USER)
    return shapes.user(space.users[given["user"]])


def _member(space: Space, given: Given) -> dict[str, Any]:
    if given["guild"] != GUILD or not space.users[BOT].is_member:
        raise Refused(MISSING_ACCESS)
    person = space.users.get(given["user"])
    if person is None or not person.is_member:
        raise Refused(UNKNOWN_MEMBER)
    return shapes.member(person) | {"user": shapes.user(person)}


def _commands(space: Space, given: Given) -> list[dict[str, Any]]:
    return space.commands


def _replace_commands(space: Space, given: Given) -> list[dict[str, Any]]:
    """All at once: those that are not among them are gone, the others keep their ids."""
    demand(check_all(given.body))
    space.commands = [_registered(space, one) for one in given.body]
    return space.commands


def _add_command(space: Space, given: Given) -> dict[str, Any]:
    demand(check_one(given.body, ()))
    added = _registered(space, given.body)
    _replace_commands(space, Given(body=[one for one in space.commands if one["id"] != added["id"]] + [added]))
    return added


def _edit_command(space: Space, given: Given) -> dict[str, Any]:
    old = next((one for one in space.commands if one["id"] == given["command"]), None)
    if old is None:
        raise Refused(UNKNOWN_COMMAND)
    edited = old | given.fields()
    demand(check_one(edited, ()))
    space.commands = [edited if one is old else one for one in space.commands]
    return edited


def _delete_command(space: Space, given: Given) -> None:
    if given["command"] not in {one["id"] for one in space.commands}:
        raise Refused(UNKNOWN_COMMAND)
    space.commands = [one for one in space.commands if one["id"] != given["command"]]


def _registered(space: Space, body: dict[str, Any]) -> dict[str, Any]:
    kind = body.get("type", CHAT_INPUT)
    old = next((one for one in space.commands if (one["type"], one["name"]) == (kind, body["name"])), None)
    usual = {"description": "", "nsfw": False, "default_member_permissions": None, "contexts": None}
    given = {name: value for name, value in body.items() if value is not None}
    about = {"id": old["id"] if old else space.ids.new(), "application_id": APP, "type": kind}
    return usual | given | about | {"version": space.ids.new()}


_MESSAGES, _COMMANDS = "/channels/{channel}/messages", f"/applications/{APP}/commands"
_REACTION = _MESSAGES + "/{message}/reactions/{emoji}/@me"
_TOKEN = "/webhooks/{application}/{token}"  # a path
OPERATIONS = (
    Operation("get_current_user", "GET", "/users/@me", _me),
    Operation("get_user", "GET", "/users/{user}", _user),
    Operation("get_current_application", "GET", "/oauth2/applications/@me", _application),
    Operation("get_current_application", "GET", "/applications/@me", _application),
    Operation("get_member", "GET", "/guilds/{guild}/members/{user}", _member),
    Operation("get_commands", "GET", _COMMANDS, _commands),
    Operation("replace_commands", "PUT", _COMMANDS, _replace_commands),
    Operation("create_command", "POST", _COMMANDS, _add_command),
    Operation("edit_command", "PATCH", _COMMANDS + "/{command}", _edit_command),
    Operation("delete_command", "DELETE", _COMMANDS + "/{command}", _delete_command),
    Operation("create_direct_channel", "POST", "/users/@me/channels", threads.direct),
    Operation("get_channel", "GET", "/channels/{channel}", threads.get),
    Operation("edit_channel", "PATCH", "/channels/{channel}", threads.change),
    Operation("trigger_typing", "POST", "/channels/{channel}/typing", messages.typing),
    Operation("get_messages", "GET", _MESSAGES, messages.history),
    Operation("create_message", "POST", _MESSAGES, messages.create),
    Operation("get_message", "GET", _MESSAGES + "/{message}", messages.get),
    Operation("edit_message", "PATCH", _MESSAGES + "/{message}", messages.edit),
    Operation("delete_message", "DELETE", _MESSAGES + "/{message}", messages.delete),
    Operation("add_reaction", "PUT", _REACTION, messages.react),
    Operation("delete_reaction", "DELETE", _REACTION, messages.unreact, bucket="add_reaction"),
    Operation("start_thread_from_message", "POST", _MESSAGES + "/{message}/threads", threads.from_message),
    Operation("start_thread", "POST", "/channels/{channel}/threads", threads.without_message),
    Operation("join_thread", "PUT", "/channels/{channel}/thread-members/@me", threads.join),
    Operation("respond", "POST", "/interactions/{interaction}/{token}/callback", callbacks.callback, "token"),
    Operation("get_response", "GET", _TOKEN + "/messages/@original", callbacks.original, "token", "webhook"),
    Operation("edit_response", "PATCH", _TOKEN + "/messages/@original", callbacks.edit_original, "token",
              "webhook"),
    Operation("delete_response", "DELETE", _TOKEN + "/messages/@original", callbacks.delete_original, "token",
              "webhook"),
    Operation("follow_up", "POST", _TOKEN, callbacks.follow_up, "token", "webhook"),
    Operation("get_followup", "GET", _TOKEN + "/messages/{message}", callbacks.original, "token", "webhook"),
    Operation("edit_followup", "PATCH", _TOKEN + "/messages/{message}", callbacks.edit_original, "token",
              "webhook"),
    Operation("delete_followup", "DELETE", _TOKEN + "/messages/{message}", callbacks.delete_original, "token",
              "webhook"),
)  # fmt: skip
