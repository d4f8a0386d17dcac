"""What only one person is shown: an ephemeral message, or, where netspy cannot write, a direct one."""

import logging
from datetime import UTC, datetime, tzinfo

from adapters.slack.calls import Calls, Gone, Refused
from adapters.slack.place import Place
from adapters.slack.post import Post, Upload
from adapters.slack.render import shown, word_of_netspy
from adapters.slack.saying import say
from adapters.slack.tables import Look
from bot.domain.errors import PlatformError
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
        if not place.user:
            log.warning("slack.not_told", extra={"channel": place.channel, "cause": str(error)})
            return
        told = f"I could not answer where you asked. {error}"
        try:
            await self.directly(told, user=place.user, but_not_in=place.channel)
        except PlatformError as failure:
            log.warning("slack.not_told", extra={"user": place.user, "cause": str(failure)})

    async def directly(self, text: str, *, user: str, but_not_in: str) -> None:
        """In a direct message, unless that is the channel in which it could not be said."""
        client = self._calls.client
        opened = await self._calls.do(client.conversations_open, users=user)
        direct = str(opened["channel"]["id"])
        if direct != but_not_in:
            await say(self._calls, client.chat_postMessage, word_of_netspy(text), channel=direct)

    async def _say(self, post: Post, *, channel: str, thread: str, user: str) -> None:
        where = {"channel": channel, "user": user, "thread_ts": thread or None}
        await say(self._calls, self._calls.client.chat_postEphemeral, post, **where)

    async def _upload(self, file: Upload, *, channel: str, thread: str) -> None:
        await self._calls.do(
            self._calls.client.files_upload_v2,
            channel=channel,
            thread_ts=thread or None,
            filename=file.name,
            title=file.title,
            content=file.content,
        )
