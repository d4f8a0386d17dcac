"""Discord's operations on interactions: the one acknowledgement, and what a token can do for its quarter of an hour.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from typing import Any

from tests.loopback import discord_components as components
from tests.loopback import discord_messages as messages
from tests.loopback import discord_shapes as shapes
from tests.loopback import discord_writing as writing
from tests.loopback.discord_forms import Shape, demand, many, one_of, text
from tests.loopback.discord_ids import APP, BOT
from tests.loopback.discord_interactions import Ack, Interaction, Kind
from tests.loopback.discord_invocations import metadata
from tests.loopback.discord_message import CONTEXT_MENU, DEFAULT, REPLY, SLASH, Message
from tests.loopback.discord_payloads import (
    EPHEMERAL,
    LOADING,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    check,
    demand_content,
)
from tests.loopback.discord_refusals import (
    ALREADY_ACKNOWLEDGED,
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Refused,
)
from tests.loopback.discord_requests import Given
from tests.loopback.discord_space import Space
from tests.loopback.discord_writing import Draft

OFFERED = 25
"""Choices of a completion: https://docs.discord.com/developers/interactions/receiving-and-responding"""
_CHOICE = Shape({"name": text(100, 1)})
_CHOICES = Shape({"choices": many(_CHOICE, OFFERED)})
_ANSWERS = {
    Kind.COMMAND: {Ack.MESSAGE, Ack.DEFERRED, Ack.MODAL},
    Kind.COMPONENT: {Ack.MESSAGE, Ack.DEFERRED, Ack.DEFERRED_UPDATE, Ack.UPDATE, Ack.MODAL},
    Kind.COMPLETION: {Ack.CHOICES},
    Kind.SUBMISSION: {Ack.MESSAGE, Ack.DEFERRED, Ack.DEFERRED_UPDATE, Ack.UPDATE},
}
_KEPT = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | EPHEMERAL


def callback(space: Space, given: Given) -> dict[str, Any] | None:
    """The first answer counts; one that Discord refuses leaves the interaction open. None unless it is asked for."""
    one = next((one for one in space.interactions if one.id == given["interaction"]), None)
    if one is None or one.token != given["token"]:
        raise Refused(UNKNOWN_INTERACTION)
    if one.acked:
        raise Refused(ALREADY_ACKNOWLEDGED)
    if one.error or space.clock_s() - one.born_s > space.ack_limit_s:
        raise Refused(UNKNOWN_INTERACTION)
    body = given.fields()
    demand(one_of(*_answers(one))(body.get("type"), ("type",)))
    _answer(space, one, given)
    one.acked, one.acked_after_s = Ack(body["type"]), space.clock_s() - one.born_s
    one.settled.set()
    return _resource(space, one) if given.query.get("with_response") in {"1", "true"} else None


def original(space: Space, given: Given) -> dict[str, Any]:
    return shapes.message(space, _message(space, given))


def edit_original(space: Space, given: Given) -> dict[str, Any]:
    return _revise(space, _message(space, given), given)


def delete_original(space: Space, given: Given) -> None:
    one, message = _by_token(space, given), _message(space, given)
    if message in one.followups:
        one.followups.remove(message)
    elif message is one.message:
        one.message = None
    writing.remove(space, message)


def follow_up(space: Space, given: Given) -> dict[str, Any]:
    """Straight after a deferral it fills the message that waits, which keeps who sees it."""
    one, body = _by_token(space, given), given.fields()
    if one.message and one.acked == Ack.DEFERRED and one.message.flags & LOADING:
        return _revise(space, one.message, given)
    check(body, given.files)
    demand_content(body, given.files)
    message = _new(space, one, int(body.get("flags") or 0), kind=REPLY if one.message else DEFAULT)
    if one.message:
        message.reference = (one.channel, one.message.id)
    writing.fill(space, message, Draft(body, given.files))
    one.followups.append(message)
    return shapes.message(space, writing.post(space, message))


def _answers(one: Interaction) -> set[Ack]:
    """Only what began at a message can change one."""
    allowed = _ANSWERS[one.kind]
    return allowed if one.source or one.kind != Kind.SUBMISSION else allowed - {Ack.DEFERRED_UPDATE, Ack.UPDATE}


def _answer(space: Space, one: Interaction, given: Given) -> None:
    data = given.body.get("data") or {}
    match given.body["type"]:
        case Ack.MESSAGE:
            check(data, given.files, at=("data",))
            demand_content(data, given.files)
            _say(space, one, Draft(data, given.files))
        case Ack.DEFERRED:
            _defer(space, one, int(data.get("flags") or 0))
        case Ack.UPDATE:
            assert one.source
            messages.revise(space, one.source, Draft(data, given.files))
        case Ack.CHOICES:
            demand(_CHOICES(data, ("data",)))
            one.choices = data["choices"]
        case Ack.MODAL:
            demand(components.MODAL(data, ("data",)))
            one.modal = data
    if given.body["type"] in {Ack.DEFERRED_UPDATE, Ack.UPDATE}:
        one.message = one.source


def _say(space: Space, one: Interaction, draft: Draft) -> None:
    message = _new(space, one, int(draft.body.get("flags") or 0), kind=_kind(one))
    writing.fill(space, message, draft)
    one.message, one.ephemeral = message, bool(message.ephemeral_to)
    writing.post(space, message)


def _defer(space: Space, one: Interaction, flags: int) -> None:
    """The app is thinking: a message that says so, until it is filled."""
    message = _new(space, one, flags, kind=_kind(one))
    message.flags |= LOADING
    one.message, one.ephemeral = message, bool(message.ephemeral_to)
    writing.post(space, message)


def _kind(one: Interaction) -> int:
    if one.kind != Kind.COMMAND:
        return REPLY if one.source else DEFAULT
    return CONTEXT_MENU if "target_id" in one.data else SLASH


def _new(space: Space, one: Interaction, flags: int, *, kind: int) -> Message:
    message = Message(space.ids.new(), one.channel, BOT, kind=kind, flags=flags & _KEPT)
    message.ephemeral_to = one.user if flags & EPHEMERAL else None
    message.by_interaction = metadata(space, one)
    if kind == REPLY and one.source:
        message.reference = (one.channel, one.source.id)
    return message


def _revise(space: Space, message: Message, given: Given) -> dict[str, Any]:
    """Who sees a message is settled when it is sent; to fill the one that waits is no edit."""
    waits = bool(message.flags & LOADING)
    messages.revise(space, message, Draft(given.fields(), given.files))
    message.flags &= ~LOADING
    message.edited = None if waits else message.edited
    return shapes.message(space, message)


def _by_token(space: Space, given: Given) -> Interaction:
    one = next((one for one in space.interactions if one.token == given["token"]), None)
    if one is None or space.clock_s() - one.born_s > space.token_ttl_s:
        raise Refused(INVALID_WEBHOOK_TOKEN)
    if given["application"] != APP or not one.acked:
        raise Refused(UNKNOWN_WEBHOOK)
    return one


def _message(space: Space, given: Given) -> Message:
    """`@original`, or one by its id; a token reaches no others."""
    one, which = _by_token(space, given), given.path.get("message", "@original")
    for message in one.messages:
        if which == message.id or (which == "@original" and message is one.message):
            return message
    raise Refused(UNKNOWN_MESSAGE)


def _resource(space: Space, one: Interaction) -> dict[str, Any]:
    message = one.message
    about: dict[str, Any] = {"id": one.id, "type": one.kind, "activity_instance_id": None}
    about |= {"response_message_ephemeral": one.ephemeral}
    about |= {"response_message_loading": bool(message and message.flags & LOADING)}
    about |= {"response_message_id": message.id} if message else {}
    resource: dict[str, Any] = {"type": one.acked}
    if message and one.acked in {Ack.MESSAGE, Ack.DEFERRED, Ack.UPDATE}:
        resource["message"] = shapes.message(space, message)
    return {"interaction": about, "resource": resource}
