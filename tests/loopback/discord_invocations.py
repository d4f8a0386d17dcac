"""What an app is told when a person acts: commands, buttons, completions, submissions. Draws ids, changes nothing else.

https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
"""

from typing import Any

from tests.loopback import discord_commands as commands
from tests.loopback import discord_components as components
from tests.loopback import discord_shapes as shapes
from tests.loopback.discord_commands import CHAT_INPUT, MESSAGE_MENU
from tests.loopback.discord_components import BUTTON, STRING_MENU
from tests.loopback.discord_ids import APP, BOT, GUILD
from tests.loopback.discord_interactions import Interaction, Kind
from tests.loopback.discord_message import Message
from tests.loopback.discord_payloads import FILE_BYTES
from tests.loopback.discord_space import Space

GROUP_CHANNEL = 3
"""https://docs.discord.com/developers/resources/channel#channel-object-channel-types"""
IN_GUILD, IN_DIRECT, AMONG_PEOPLE = 0, 1, 2
"""Contexts: https://docs.discord.com/developers/interactions/application-commands#interaction-contexts"""


def started(space: Space, kind: Kind, data: dict[str, Any], *, who: tuple[str, str]) -> Interaction:
    """`who`: the user, and the channel where it is. Its token can be guessed by nobody but a test."""
    number = space.ids.new()
    user, channel = who
    interaction = Interaction(number, f"token-{number}", kind, user, channel, data, space.clock_s())
    space.interactions.append(interaction)
    return interaction


def payload(space: Space, one: Interaction) -> dict[str, Any]:
    place, person = space.channels[one.channel], space.users[one.user]
    told: dict[str, Any] = {
        "id": one.id,
        "application_id": APP,
        "type": one.kind,
        "token": one.token,
        "version": 1,
        "data": one.data,
        "channel_id": place.id,
        "channel": shapes.channel(space, place),
        "app_permissions": str(int(space.permissions(BOT, place))),
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": "0" if place.is_direct else GUILD},
        "attachment_size_limit": FILE_BYTES,
        "context": IN_DIRECT if place.is_direct else IN_GUILD,
    }
    if one.source:
        told["message"] = shapes.message(space, one.source)
    if place.is_direct:
        return told | {"user": shapes.user(person)}
    guild = {"id": GUILD, "locale": "en-US", "features": []}
    may = {"permissions": str(int(space.permissions(one.user, place)))}
    member = shapes.member(person) | {"user": shapes.user(person)} | may
    return told | {"guild_id": GUILD, "guild": guild, "guild_locale": "en-US", "member": member}


def elsewhere(told: dict[str, Any], user: str, guild: str | None) -> dict[str, Any]:
    """The same by somebody who uses the app as their own: in a server where it is not, or (None) among people."""
    common = {name: value for name, value in told.items() if name not in {"guild_id", "guild", "member"}}
    common |= {"authorizing_integration_owners": {"1": user}, "app_permissions": "0"}
    if guild is None:
        person = told["member"]["user"]
        group = {"id": told["channel_id"], "type": GROUP_CHANNEL, "name": None, "recipients": [person]}
        return common | {"context": AMONG_PEOPLE, "user": person, "channel": group}
    about = {"id": guild, "locale": "en-US", "features": []}
    return common | {"guild_id": guild, "guild": about, "member": told["member"] | {"roles": []}}


def slash(space: Space, channel: str, line: str, options: dict[str, Any]) -> dict[str, Any]:
    """`line`: the command and its subcommands. Raises: AssertionError for what a client would not let a person do."""
    command, names = _command(space, channel, line)
    typed = commands.typed(commands.leaf(command, names), options)
    return _named(command) | {"options": commands.chosen(command, names, typed)}


def completion(
    space: Space, channel: str, line: str, *, focused: tuple[str, str], options: dict[str, Any]
) -> dict[str, Any]:
    """`focused`: the option that a person types in, and what is there so far; nothing is checked yet."""
    command, names = _command(space, channel, line)
    declared = {one["name"]: one for one in commands.leaf(command, names)}
    name, value = focused
    assert declared[name].get("autocomplete"), f"{name!r} is completed by nobody"
    typed = [{"type": declared[one]["type"], "name": one, "value": said} for one, said in options.items()]
    typed.append({"type": declared[name]["type"], "name": name, "value": value, "focused": True})
    return _named(command) | {"options": commands.chosen(command, names, typed)}


def context_menu(space: Space, message: Message, name: str) -> dict[str, Any]:
    """Whoever can see a message can show it to the app, whatever the app's intents."""
    command = commands.find(space.commands, MESSAGE_MENU, name)
    _demand_context(space, command, message.channel)
    resolved = {"messages": {message.id: shapes.message(space, message)}}
    return _named(command) | {"target_id": message.id, "resolved": resolved}


def press(message: Message, which: str, values: list[str]) -> dict[str, Any]:
    """A button by its custom id or its label, or a menu with the values that are chosen. Raises: AssertionError."""
    found = [one for one in message.buttons if which in {one.get("custom_id"), one.get("label")}]
    assert len(found) == 1, f"{which!r} stands for {len(found)} things to press in {message.buttons}"
    (one,) = found
    assert not one.get("disabled"), f"{which!r} cannot be pressed"
    assert one.get("custom_id"), f"{which!r} is a link"
    data = {"custom_id": one["custom_id"], "component_type": one["type"]}
    if one["type"] == BUTTON:
        return data
    offered = {option["value"] for option in one["options"]}
    assert one["type"] == STRING_MENU, f"{which!r} is no menu"
    assert {*values} <= offered, f"{values} are not among {offered}"
    assert one.get("min_values", 1) <= len(values) <= one.get("max_values", 1), f"{values} are too many or too few"
    return data | {"values": values}


def submission(modal: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """`values`: custom id -> what was typed. Inputs that it does not name keep what they began with."""
    asked = {one["custom_id"] for one in components.elements(modal["components"])}
    assert {*values} <= asked, f"{values} are not among {asked}"
    rows = [_typed(row, values) for row in modal["components"]]
    return {"custom_id": modal["custom_id"], "components": rows}


def _typed(row: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    (element,) = components.elements([row])
    name = element["custom_id"]
    value = values.get(name, element.get("value") or "")
    assert value or element.get("required") is False, f"{name!r} has to be filled in"
    answer = {"type": element["type"], "custom_id": name, "value": value, "id": 1}
    inside: dict[str, Any] = {"component": answer} if "component" in row else {"components": [answer]}
    return {"type": row["type"], "id": 2, **inside}


def metadata(space: Space, one: Interaction) -> dict[str, Any]:
    """What a message tells of the interaction that it answers."""
    owners = {"0": "0" if space.channels[one.channel].is_direct else GUILD}
    about = {"id": one.id, "type": one.kind, "user": shapes.user(space.users[one.user])}
    return about | {"authorizing_integration_owners": owners}


def _command(space: Space, channel: str, line: str) -> tuple[dict[str, Any], list[str]]:
    name, *names = line.split()
    command = commands.find(space.commands, CHAT_INPUT, name)
    _demand_context(space, command, channel)
    return command, names


def _demand_context(space: Space, command: dict[str, Any], channel: str) -> None:
    context = IN_DIRECT if space.channels[channel].is_direct else IN_GUILD
    contexts = command.get("contexts")
    assert contexts is None or context in contexts, f"{command['name']!r} is not offered there"
    assert context != IN_DIRECT or command.get("dm_permission") is not False, f"{command['name']!r} is for servers"


def _named(command: dict[str, Any]) -> dict[str, Any]:
    return {"id": command["id"], "name": command["name"], "type": command["type"]}
