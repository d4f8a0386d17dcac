"""Buttons and the message shortcut. It knows their payloads; see `inbox.py` for what people say."""

import logging
from typing import Any, TypeAlias

from adapters.slack.files import files_of
from adapters.slack.parts import Parts, Said
from adapters.slack.place import Place
from adapters.slack.reading import question, text_of
from bot.codec import decode_action
from bot.domain.errors import NotPermitted, StorageError
from bot.domain.message import Author, Button, MessageId, Press

log = logging.getLogger("netspy.slack")

Payload: TypeAlias = dict[str, Any]
FOREIGN_BUTTON = "This button is of another netspy than the one that runs now. Ask the question again."
NOTHING = "That message has neither text nor files that I could investigate."


class Interactions:
    """Each method returns when what was chosen is stored, or done."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def press(self, body: Payload) -> None:
        """Somebody pressed a button (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload)."""
        parts, place = self._parts, _where(body)
        person = await parts.people.who(place.user)
        for action in body.get("actions") or ():
            try:
                button = decode_action(str(action.get("value", "")))
            except ValueError:
                log.info("slack.unknown_button", extra={"action_id": action.get("action_id")})
                await self._tell(place, FOREIGN_BUTTON)
            else:
                await self._act(button, f"{place.message}:{action.get('action_ts', '')}:{person.id}", person, place)

    async def investigate(self, body: Payload) -> None:
        """The message shortcut: somebody's message becomes the question of whoever chose it."""
        parts, message = self._parts, body["message"]
        person = await parts.people.who(str(body["user"]["id"]))
        said = Said(question(text_of(message), bot=parts.me.user), files_of(message))
        place = Place(
            channel=str(body["channel"]["id"]),
            thread=str(message.get("thread_ts") or message["ts"]),
            message=str(message["ts"]),
            user=person.id,
            team=parts.me.team,
        )
        if not said.text and not said.files:
            await self._tell(place, NOTHING)
            return
        chosen = f"shortcut:{body.get('action_ts') or body.get('trigger_id')}"
        opens = "thread_ts" not in message
        try:
            await parts.desk.handle(parts.message(place, person, said, opens=opens, id_=chosen))
        except NotPermitted as error:
            await self._tell(place, str(error))
        else:
            parts.spawn(parts.tell_left_out(said, place))

    async def _act(self, button: Button, pressed: str, person: Author, place: Place) -> None:
        parts = self._parts
        try:
            channel = parts.channel(place.channel)
            reply = await parts.desk.act(Press(button, MessageId(pressed), person, channel))
        except (StorageError, NotPermitted) as error:
            await self._tell(place, str(error))
        else:
            where = {"channel": place.channel, "thread": place.thread, "user": place.user}
            parts.spawn(parts.whisper.reply(reply, **where))

    async def _tell(self, place: Place, text: str) -> None:
        await self._parts.tell(place.channel, place.thread, place.user, text)


def _where(body: Payload) -> Place:
    """Where a button was pressed, and by whom."""
    container = body.get("container") or {}
    ts = str(container.get("message_ts") or "")
    return Place(
        channel=str((body.get("channel") or {}).get("id") or container.get("channel_id") or ""),
        thread=str((body.get("message") or {}).get("thread_ts") or ts),
        message=ts,
        user=str(body["user"]["id"]),
        team="",
    )
