"""Payloads of commands and interactions: what an app is told when a person acts. Pure but for the ids it draws.

https://docs.slack.dev/interactivity/implementing-slash-commands/ and the pages under
https://docs.slack.dev/reference/interaction-payloads/.
"""

from typing import Any, Literal

from tests.loopback import slack_responses as responses
from tests.loopback.slack_blocks import elements
from tests.loopback.slack_message import Message
from tests.loopback.slack_triggers import Response
from tests.loopback.slack_workspace import APP, BOT, TEAM, View, Workspace

_TEAM = {"id": TEAM, "domain": "netspy"}


def command(space: Workspace, response: Response, *, command: str, text: str) -> dict[str, Any]:
    person, channel = space.users[response.person], space.channels[response.channel]
    name = {"im": "directmessage", "group": "privategroup"}.get(channel.kind, channel.name)
    return {
        "token": "verification",
        "team_id": TEAM,
        "team_domain": "netspy",
        "channel_id": channel.id,
        "channel_name": name,
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": responses.url(space, response),
        "trigger_id": space.triggers.new(person.id),
    }


def press(space: Workspace, user: str, message: Message, *, which: str) -> dict[str, Any]:
    return _pressed(space, user, message, _action(space, message.blocks, which))


def feedback(
    space: Workspace, user: str, message: Message, *, verdict: Literal["positive", "negative"]
) -> dict[str, Any]:
    for place, block in enumerate(message.blocks):
        for element in elements(block):
            if element["type"] == "feedback_buttons":
                button = element[f"{verdict}_button"]
                action = _about(space, element, block, place) | {"value": button["value"], "text": button["text"]}
                return _pressed(space, user, message, action)
    raise AssertionError(f"nothing asks for feedback in {message.blocks}")


def press_in_view(space: Workspace, user: str, view: View, *, which: str) -> dict[str, Any]:
    container = {"type": "view", "view_id": view.id}
    payload = _by(space, user) | {"type": "block_actions", "container": container, "view": _view(view)}
    return payload | {"actions": [_action(space, view.view["blocks"], which)]}


def submission(space: Workspace, view: View, values: dict[str, str]) -> dict[str, Any]:
    """`values`: action id -> what was typed. Inputs that it does not name keep what they began with."""
    state: dict[str, Any] = {}
    for place, block in enumerate(view.view["blocks"]):
        if block["type"] == "input":
            element = block["element"]
            name = element.get("action_id", f"a{place}")
            value = values.get(name, element.get("initial_value"))
            state[block.get("block_id", f"b{place}")] = {name: {"type": element["type"], "value": value}}
    shown = _view(view) | {"state": {"values": state}}
    return _by(space, view.user) | {"type": "view_submission", "view": shown, "response_urls": []}


def shortcut(space: Workspace, user: str, message: Message, *, callback_id: str) -> dict[str, Any]:
    response = responses.new(space, person=user, channel=message.channel, message=message)
    return _by(space, user) | {
        "type": "message_action",
        "callback_id": callback_id,
        "action_ts": space.new_ts(),
        "message_ts": message.ts,
        "message": message.json(),
        "channel": _channel(space, message.channel),
        "response_url": responses.url(space, response),
    }


def _pressed(space: Workspace, user: str, message: Message, action: dict[str, Any]) -> dict[str, Any]:
    response = responses.new(space, person=user, channel=message.channel, message=message)
    container: dict[str, Any] = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
    container |= {"is_ephemeral": message.ephemeral_to is not None}
    if message.thread:
        container |= {"thread_ts": message.thread}
    payload = _by(space, user) | {
        "type": "block_actions",
        "container": container,
        "channel": _channel(space, message.channel),
        "state": {"values": {}},
        "response_url": responses.url(space, response),
        "actions": [action],
    }
    return payload | ({} if message.ephemeral_to else {"message": message.json() | {"app_id": APP}})


def _action(space: Workspace, blocks: list[dict[str, Any]], which: str) -> dict[str, Any]:
    found = {}
    for place, block in enumerate(blocks):
        for element in elements(block):
            about = _about(space, element, block, place)
            if which in {element.get("action_id"), element.get("value")}:
                more = {name: element[name] for name in ("text", "value", "style") if name in element}
                found[element.get("action_id", "")] = about | more
            for option in element.get("options", ()):
                if which == option["value"]:
                    found[element.get("action_id", "")] = about | {"selected_option": option}
    assert len(found) == 1, f"{which!r} stands for {len(found)} things to press in {blocks}"
    return next(iter(found.values()))


def _about(space: Workspace, element: dict[str, Any], block: dict[str, Any], place: int) -> dict[str, Any]:
    ids = {"action_id": element.get("action_id", f"a{place}"), "block_id": block.get("block_id", f"b{place}")}
    return {"type": element["type"], **ids, "action_ts": space.new_ts()}


def _by(space: Workspace, user: str) -> dict[str, Any]:
    person = space.users[user]
    who = {"id": user, "username": person.name, "name": person.name, "team_id": person.team}
    trigger = {"trigger_id": space.triggers.new(user), "enterprise": None, "is_enterprise_install": False}
    return {"user": who, "api_app_id": APP, "token": "verification", "team": _TEAM, **trigger}


def _channel(space: Workspace, channel: str) -> dict[str, Any]:
    found = space.channels[channel]
    return {"id": channel, "name": "directmessage" if found.is_direct else found.name}


def _view(view: View) -> dict[str, Any]:
    return view.view | {"id": view.id, "team_id": TEAM, "app_id": APP, "bot_id": BOT, "state": {"values": {}}}
