"""What only one person is shown: an ephemeral message, or, where netspy cannot write, a direct one."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Any

from adapters.slack.calls import Calls, Gone, Refused, RefusedBlocks
from adapters.slack.place import Place
from adapters.slack.post import Post, Upload
from adapters.slack.render import shown, word_of_netspy
from adapters.slack.tables import Look
from bot.domain.errors import PlatformError
from bot.domain.json_types import JsonObject
from bot.domain.message import Reply

log = logging.getLogger("netspy.slack")


class Whisper:
    """Raises what `Calls` raises."""

    def __init__(self, calls: Calls, *, zone: tzinfo) -> None:
        self._calls = calls
        self._zone = zone

    async def text(self, text: str, *, channel: str, thread: str, user: str) -> None:
        post = word_of_netspy(text)
        await self._say(post, channel=channel, thread=thread, user=user)

    async def reply(self, reply: Reply, *, channel: str, thread: str, user: str) -> None:
        """What a button brought. A file goes to the thread: nothing else can hold it."""
        for item in shown(reply, Look(zone=self._zone, now=datetime.now(UTC))):
            try:
                if isinstance(item, Upload):
                    await self._upload(item, channel=channel, thread=thread)
                else:
                    await self._say(item, channel=channel, thread=thread, user=user)
            except Refused as error:
                await self.text(str(error), channel=channel, thread=thread, user=user)

    async def elsewhere(self, error: Gone, place: Place) -> None:
        """Tell somebody directly that the answer has no place where they asked."""
        client = self._calls.client
        told = word_of_netspy(f"I could not answer where you asked. {error}")
        try:
            opened = await self._calls.do(client.conversations_open, users=place.user)
            direct = str(opened["channel"]["id"])
            if direct != place.channel:
                await self._calls.do(client.chat_postMessage, channel=direct, text=told.text, blocks=list(told.blocks))
        except PlatformError as failure:
            log.warning("slack.not_told", extra={"user": place.user, "cause": str(failure)})

    async def _say(self, post: Post, *, channel: str, thread: str, user: str) -> None:
        method = self._calls.client.chat_postEphemeral
        where: dict[str, Any] = {"channel": channel, "user": user, "text": post.text, "thread_ts": thread or None}
        forms: Sequence[Sequence[JsonObject]] = (post.blocks, post.plain)
        for blocks in forms:
            with suppress(RefusedBlocks):
                await self._calls.do(method, **where, blocks=list(blocks))
                return
        await self._calls.do(method, **where)

    async def _upload(self, file: Upload, *, channel: str, thread: str) -> None:
        await self._calls.do(
            self._calls.client.files_upload_v2,
            channel=channel,
            thread_ts=thread or None,
            filename=file.name,
            title=file.title,
            content=file.content,
        )
