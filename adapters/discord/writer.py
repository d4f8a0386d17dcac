"""The messages of one answer in Discord. Of a turn it knows the id: its buttons name it, and so it is found again."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any, TypeAlias

import discord

from adapters.discord.buttons import read_button
from adapters.discord.failures import translated
from adapters.discord.permissions import may_reply
from adapters.discord.place import Place
from adapters.discord.post import ButtonSpec, Post
from adapters.discord.threads import begin_thread
from bot.domain.errors import PlatformError
from bot.domain.message import Again, TurnId

log = logging.getLogger("netspy.discord")

Channel: TypeAlias = discord.TextChannel | discord.Thread | discord.DMChannel | discord.PartialMessageable
MAX_FOUND = 100
"""Messages behind the question that are looked through."""
TYPING_EVERY_S = 8.0
"""Discord shows it for ten seconds."""


class Writer:
    """Raises PlatformError, Undeliverable. Not for concurrent calls.

    `way`: the command that is answered, where netspy may write in no other way; good for a quarter of an hour.
    """

    def __init__(
        self, client: discord.Client, turn: TurnId, place: Place, way: discord.Interaction[Any] | None = None
    ) -> None:
        self.turn = turn
        self._way = way
        self._client = client
        self._place = place
        self._posted: list[int] = [place.root] if place.root else []

    async def typing(self, *, until: asyncio.Event) -> None:
        """Show that an answer is coming, until it is there."""
        while not until.is_set():
            with suppress(PlatformError):
                channel = await self._channel()
                with translated("typing"):
                    await self._client.http.send_typing(channel.id)
            with suppress(TimeoutError):
                async with asyncio.timeout(TYPING_EVERY_S):
                    await until.wait()

    async def show(self, post: Post) -> None:
        """Progress: one message, which the answer will fill."""
        await self._put(0, post)

    async def finish(self, posts: Sequence[Post]) -> None:
        """The whole answer; may be called again when it raised."""
        for number, post in enumerate(posts):
            await self._put(number, post)
        while len(self._posted) > len(posts):
            await self._remove(self._posted.pop())

    async def find(self) -> bool:
        """Look up what of this answer is in Discord already. Returns whether all of it is."""
        channel = await self._channel()
        found: list[int] = [self._place.root] if self._place.root else []
        is_whole = False
        with translated("looking back"):
            after = discord.Object(self._place.message)
            async for message in channel.history(after=after, limit=MAX_FOUND, oldest_first=True):
                actions = _actions(message)
                if message.author == self._client.user and any(turn == self.turn for turn, _ in actions):
                    is_whole = is_whole or any(again for turn, again in actions if turn == self.turn)
                    found += [message.id] if message.id not in found else []
        self._posted = found
        return is_whole

    async def _put(self, number: int, post: Post) -> None:
        channel = await self._channel()
        body: dict[str, Any] = {"content": post.content, "view": view_of(post)}
        files = files_of(post)
        with translated("posting an answer"):
            if self._way and not self._way.is_expired():
                await self._respond(self._way, number, body, files)
            elif number < len(self._posted):
                await channel.get_partial_message(self._posted[number]).edit(attachments=files, **body)
            else:
                nonce = f"{self.turn[:20]}.{number}"
                sent = await channel.send(files=files, nonce=nonce, suppress_embeds=True, **body, **self._answering())
                self._posted.append(sent.id)
                if sent.content != post.content.strip():  # a try that went unanswered had posted something else
                    await self._put(number, post)

    async def _respond(
        self, way: discord.Interaction[Any], number: int, body: dict[str, Any], files: list[discord.File]
    ) -> None:
        if number >= len(self._posted):
            filled = {key: value for key, value in body.items() if value}
            sent = await way.followup.send(files=files, wait=True, **filled)
            self._posted.append(sent.id)
        elif number:
            await way.followup.edit_message(self._posted[number], attachments=files, **body)
        else:
            await way.edit_original_response(attachments=files, **body)

    def _answering(self) -> dict[str, Any]:
        """In a channel it stands as a reply, so that a reply to it is known to go on with the same conversation."""
        place = self._place
        if place.thread != place.channel or place.root or not may_reply(self._client, place.channel):
            return {}
        reference = discord.MessageReference(
            message_id=place.message, channel_id=place.channel, fail_if_not_exists=False
        )
        return {"reference": reference, "mention_author": False}

    async def _remove(self, message: int) -> None:
        channel = await self._channel()
        with suppress(PlatformError), translated("taking a message away"):
            await channel.get_partial_message(message).delete()

    async def _channel(self) -> Channel:
        if self._place.makes_thread:
            self._place = await begin_thread(self._client, self._place)
        return self._client.get_partial_messageable(self._place.thread)


def files_of(post: Post) -> list[discord.File]:
    """Good for one call: sending reads them to their end."""
    return [discord.File(BytesIO(file.data), file.name) for file in post.files]


def view_of(post: Post) -> discord.ui.View | None:
    if not post.buttons:
        return None
    view = discord.ui.View(timeout=None)
    for row, specs in enumerate(post.buttons):
        for spec in specs:
            view.add_item(_button(spec, row))
    view.stop()  # discord.py would keep it for ever; presses come as events, also of messages of an earlier process
    return view


def _button(spec: ButtonSpec, row: int) -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(label=spec.label, custom_id=spec.custom_id, style=discord.ButtonStyle[spec.style], row=row)


def _actions(message: discord.Message) -> list[tuple[TurnId, bool]]:
    """The turns that a message's buttons name, and whether each is the one below a whole answer."""
    found = []
    for row in message.components:
        for button in getattr(row, "children", ()):
            with suppress(ValueError):
                action, _ = read_button(str(getattr(button, "custom_id", "")))
                found.append((action.turn, isinstance(action, Again)))
    return found
