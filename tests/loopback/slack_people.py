"""What people do in a loopback Slack. Knows how deeds become events, commands and interactions; no HTTP."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from tests.loopback import slack_events as events
from tests.loopback import slack_interactions as interactions
from tests.loopback import slack_responses as responses
from tests.loopback import slack_streams as streams
from tests.loopback.slack_arguments import Arguments
from tests.loopback.slack_delivery import Deliveries, Kind
from tests.loopback.slack_message import File, Message
from tests.loopback.slack_workspace import BOT, View, Workspace


@dataclass(frozen=True, slots=True)
class Answer:
    """How an app acknowledged a command or an interaction.

    `error` is what the person sees instead: operation_timeout, or dispatch_failed when no app was there. `message` is
    what the acknowledgement itself said to them.
    """

    payload: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    after_s: float = 0.0
    message: Message | None = None


class People(ABC):
    """`user` and `channel` are ids. Deeds that an app has to acknowledge at once return how it did."""

    space: Workspace
    delivery: Deliveries

    @abstractmethod
    def publish(self) -> None:
        """Deliver what happened."""

    def say(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread: str | None = None,
        files: Sequence[File] = (),
        blocks: Sequence[dict[str, Any]] = (),
        bot_id: str | None = None,
    ) -> str:
        """Write a message. `text` is as Slack would hold it: `&amp;`, `<@U...>`. Returns its ts."""
        message = Message(self.space.new_ts(), channel, user, text, thread=thread, bot_id=bot_id, files=[*files])
        message.given = [*blocks] or events.typed(text)
        message.client_msg_id = None if bot_id else str(uuid4())
        if thread:
            self.space.root(channel, thread)
        self.space.happened.extend(events.posted(self.space, self.space.keep(message)))
        self.publish()
        return message.ts

    def edit(self, channel: str, ts: str, text: str) -> None:
        message = self.space.message(channel, ts)
        before = message.json()
        message.said, message.given, message.edited = text, events.typed(text), self.space.new_ts()
        self.space.happened.append(events.changed(self.space, message, before))
        self.publish()

    def delete(self, channel: str, ts: str) -> None:
        """Take a message away: one's own, or as an administrator the app's."""
        message = self.space.message(channel, ts)
        self.space.drop(message)
        self.space.happened.append(events.deleted(self.space, message))
        self.publish()

    def attach(self, name: str, content: bytes, **more: Any) -> File:
        """A file to say something with. `more`: fields that are told of it instead of the usual ones."""
        file = File(self.space.new_id("F"), name, len(content), content=content, more=more)
        file.url = f"{self.space.base_url}files-pri/{file.id}/{name}"
        self.space.files[file.id] = file
        return file

    def take_away(self, file: File) -> None:
        """Delete a file; messages keep its name."""
        del self.space.files[file.id]

    async def slash(self, user: str, channel: str, text: str, *, command: str = "/netspy") -> Answer:
        """A command; Slack takes none in threads."""
        response = responses.new(self.space, person=user, channel=channel)
        payload = interactions.command(self.space, response, command=command, text=text)
        answer = await self._ask("slash_commands", payload)
        if answer.error or not answer.payload:
            return answer
        message = responses.post(self.space, response, Arguments(answer.payload))
        self.publish()
        return Answer(answer.payload, after_s=answer.after_s, message=message)

    async def press(self, user: str, message: Message, which: str) -> Answer:
        """A button, by its action id or its value; or an option of a menu by its value."""
        return await self._ask("interactive", interactions.press(self.space, user, message, which=which))

    async def feedback(self, user: str, message: Message, verdict: Literal["positive", "negative"]) -> Answer:
        return await self._ask("interactive", interactions.feedback(self.space, user, message, verdict=verdict))

    async def press_in_view(self, user: str, view: View, which: str) -> Answer:
        return await self._ask("interactive", interactions.press_in_view(self.space, user, view, which=which))

    async def submit(self, view: View, values: dict[str, str]) -> Answer:
        """Send a modal off, with what its inputs hold by their action id."""
        return await self._ask("interactive", interactions.submission(self.space, view, values))

    async def shortcut(self, user: str, message: Message, callback_id: str) -> Answer:
        """A message shortcut."""
        payload = interactions.shortcut(self.space, user, message, callback_id=callback_id)
        return await self._ask("interactive", payload)

    def open_home(self, user: str, tab: Literal["home", "messages"] = "messages") -> None:
        channel = self.space.direct(user)
        self.event("app_home_opened", user=user, channel=channel.id, tab=tab)

    def stop_session(self, user: str, channel: str, thread: str) -> None:
        """The stop button: ends the app's streams in a thread. The session's state is left to the app."""
        stopped = self.space.streams(channel, thread)
        for message in stopped:
            streams.end(self.space, message, "user")
        times = [message.ts for message in stopped]
        self.event("agent_session_stopped", user=user, channel=channel, thread_ts=thread, streaming_message_ts=times)

    def event(self, kind: str, **fields: Any) -> None:
        """Anything else that Slack tells an app that subscribed to it."""
        self.space.happened.append({"type": kind, "event_ts": self.space.new_ts(), **fields})
        self.publish()

    def invite(self, channel: str, user: str = BOT) -> None:
        self.space.channels[channel].members.add(user)
        self.event("member_joined_channel", user=user, channel=channel)

    def remove(self, channel: str, user: str = BOT) -> None:
        self.space.channels[channel].members.discard(user)
        self.event("member_left_channel", user=user, channel=channel)

    def archive(self, channel: str) -> None:
        self.space.channels[channel].is_archived = True
        self.event("channel_archive", channel=channel)

    async def _ask(self, kind: Kind, payload: dict[str, Any]) -> Answer:
        if not (self.delivery.connections or self.delivery.signed.endpoint):
            return Answer(error="dispatch_failed")
        delivery = self.delivery.send(kind, payload)
        try:
            async with asyncio.timeout(self.delivery.ack_limit_s):
                await delivery.settled.wait()
        except TimeoutError:
            return Answer(error="operation_timeout")
        if delivery.acked_after_s is None:
            return Answer(error="dispatch_failed")
        return Answer(delivery.ack, after_s=delivery.acked_after_s)
