"""What people do in a loopback Discord. Knows how deeds become events and interactions; no HTTP and no websocket."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from tests.loopback import discord_invocations as invocations
from tests.loopback import discord_messages as messages
from tests.loopback import discord_shapes as shapes
from tests.loopback import discord_threads as threads
from tests.loopback import discord_writing as writing
from tests.loopback.discord_channels import PUBLIC_THREAD, Channel
from tests.loopback.discord_gateway import Gateway
from tests.loopback.discord_ids import BOT, GUILD
from tests.loopback.discord_interactions import Interaction, Kind
from tests.loopback.discord_message import REPLY, File, Message
from tests.loopback.discord_permissions import Overwrite, Permission
from tests.loopback.discord_space import Space
from tests.loopback.discord_writing import Draft

NO_ANSWER = "The application did not respond"
"""What a person sees of an interaction that is not acknowledged in time."""


class People(ABC):
    """`user` and `channel` are ids; a thread is a channel. Interactions return when they are acknowledged or failed."""

    space: Space
    gateway: Gateway

    @abstractmethod
    def publish(self) -> None:
        """Tell what happened."""

    # Messages

    def say(
        self, user: str, channel: str, text: str, *, files: Sequence[File] = (), reply_to: str | None = None
    ) -> str:
        """Write a message. `text` is as Discord holds it: `<@id>`. Returns its id."""
        message = Message(self.space.ids.new(), channel, user)
        if reply_to:
            message.reference, message.kind = (channel, reply_to), REPLY
        attached = {str(place): file for place, file in enumerate(files)}
        writing.fill(self.space, message, Draft({"content": text}, attached))
        writing.post(self.space, message)
        self.publish()
        return message.id

    def stick(self, user: str, channel: str, sticker: str) -> str:
        """Send a sticker and no text. Returns the message's id."""
        message = Message(self.space.ids.new(), channel, user, stickers=[sticker])
        writing.post(self.space, message)
        self.publish()
        return message.id

    def reply(self, user: str, message: Message, text: str) -> str:
        """Answer a message, and notify its author. Returns the id of the answer."""
        return self.say(user, message.channel, text, reply_to=message.id)

    def edit(self, channel: str, message: str, text: str) -> None:
        found = self.space.message(channel, message)
        writing.fill(self.space, found, Draft({"content": text}))
        writing.changed(self.space, found)
        self.publish()

    def delete(self, channel: str, message: str) -> None:
        """Take a message away: one's own, or as a moderator the app's."""
        writing.remove(self.space, self.space.message(channel, message))
        self.publish()

    def react(self, user: str, message: Message, emoji: str) -> None:
        messages.mark(self.space, message, emoji, user)
        self.publish()

    # Interactions

    async def slash(self, user: str, channel: str, line: str, options: dict[str, Any] | None = None) -> Interaction:
        """A command with its subcommands, as `netspy list`, and values of its options by name."""
        data = invocations.slash(self.space, channel, line, options or {})
        place = self.space.channels[channel]
        if place.thread and place.thread.archived:
            return self._failed(Kind.COMMAND, data, (user, channel))
        return await self._ask(Kind.COMMAND, data, (user, channel))

    async def slash_elsewhere(self, user: str, line: str, *, guild: str | None, channel: str) -> Interaction:
        """A command of somebody who uses the app as their own: in a server where it is not, or (None) among people."""
        one = invocations.started(
            self.space, Kind.COMMAND, invocations.slash(self.space, channel, line, {}), who=(user, channel)
        )
        self.event("INTERACTION_CREATE", invocations.elsewhere(invocations.payload(self.space, one), user, guild))
        await one.settled.wait()
        return one

    async def complete(
        self, user: str, channel: str, line: str, *, option: str, typed: str = "", others: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """What is offered to a person who types in an option; nothing when the app fails."""
        focused = (option, typed)
        data = invocations.completion(self.space, channel, line, focused=focused, options=others or {})
        return (await self._ask(Kind.COMPLETION, data, (user, channel))).choices

    async def context_menu(self, user: str, message: Message, name: str) -> Interaction:
        """A command of the menu of a message."""
        data = invocations.context_menu(self.space, message, name)
        return await self._ask(Kind.COMMAND, data, (user, message.channel))

    async def press(self, user: str, message: Message, which: str) -> Interaction:
        """A button, by its custom id or its label."""
        return await self.choose(user, message, which, [])

    async def choose(self, user: str, message: Message, which: str, values: list[str]) -> Interaction:
        """Options of a menu."""
        assert message.ephemeral_to in {None, user}, "nobody else sees that message"
        data = invocations.press(message, which, values)
        return await self._ask(Kind.COMPONENT, data, (user, message.channel), message)

    async def submit(self, interaction: Interaction, values: dict[str, str]) -> Interaction:
        """Send off the modal that an interaction was answered with, with what is typed by custom id."""
        assert interaction.modal, "no modal was opened"
        data = invocations.submission(interaction.modal, values)
        return await self._ask(Kind.SUBMISSION, data, (interaction.user, interaction.channel), interaction.source)

    # Threads and channels

    def start_thread(self, user: str, message: Message, name: str = "a thread") -> str:
        """Begin one at a message. Returns its id."""
        thread = threads.begin(self.space, message, {"name": name}, owner=user)
        self.publish()
        return thread.id

    def open_post(self, user: str, forum: str, name: str, text: str) -> str:
        """A post of a forum: a thread whose first message has its id. Returns that."""
        thread = Channel(self.space.ids.new(), name, PUBLIC_THREAD)
        threads.opened(self.space, thread, {}, (user, forum))
        message = Message(thread.id, thread.id, user)
        writing.fill(self.space, message, Draft({"content": text}))
        writing.post(self.space, message)
        self.publish()
        return thread.id

    def open_channel(self, name: str) -> str:
        """A channel that everybody sees come into being. Returns its id."""
        channel = self.space.add_channel(name)
        self.space.happen("CHANNEL_CREATE", shapes.channel(self.space, self.space.channels[channel]), channel)
        self.publish()
        return channel

    def archive(self, thread: str, *, locked: bool = False) -> None:
        """Close a thread; locked, only moderators open it again."""
        self._alter(thread, {"archived": True, "locked": locked})

    def unarchive(self, thread: str) -> None:
        self._alter(thread, {"archived": False})

    def lock(self, thread: str) -> None:
        self._alter(thread, {"locked": True})

    def unlock(self, thread: str) -> None:
        self._alter(thread, {"locked": False})

    def remove_channel(self, channel: str) -> None:
        """A channel with its threads, or one thread."""
        threads.removed(self.space, self.space.channels[channel])
        self.publish()

    # Members and permissions

    def join(self, user: str = BOT) -> None:
        """The app comes into the server, or a person does."""
        person = self.space.users[user]
        person.is_member = True
        told = shapes.member(person) | {"user": shapes.user(person), "guild_id": GUILD}
        self.space.happen("GUILD_CREATE" if user == BOT else "GUILD_MEMBER_ADD", told)
        self.publish()

    def leave(self, user: str = BOT) -> None:
        """The app is thrown out of the server, or a person leaves."""
        person = self.space.users[user]
        person.is_member = False
        if user == BOT:
            self.space.happen("GUILD_DELETE", {"id": GUILD})
        else:
            self.space.happen("GUILD_MEMBER_REMOVE", {"guild_id": GUILD, "user": shapes.user(person)})
        self.publish()

    def allow(self, channel: str, permissions: Permission, to: str = BOT) -> None:
        """Let a member or a role do something in a channel."""
        old = self.space.channels[channel].overwrites.get(to, Overwrite())
        self._overwrite(channel, to, Overwrite(old.allow | permissions, old.deny & ~permissions))

    def deny(self, channel: str, permissions: Permission, to: str = BOT) -> None:
        """Forbid a member or a role something in a channel."""
        old = self.space.channels[channel].overwrites.get(to, Overwrite())
        self._overwrite(channel, to, Overwrite(old.allow & ~permissions, old.deny | permissions))

    def grant(self, role: str, permissions: Permission) -> None:
        """What a role may do everywhere; the guild's id is the role of everyone."""
        self.space.roles[role].permissions = permissions
        self.space.happen("GUILD_ROLE_UPDATE", {"guild_id": GUILD, "role": shapes.role(self.space.roles[role])})
        self.publish()

    def event(self, name: str, data: dict[str, Any]) -> None:
        """Anything else that Discord tells, well formed or not; no intent holds it back."""
        for session in self.gateway.sessions.values():
            session.tell(name, data)

    def _overwrite(self, channel: str, target: str, overwrite: Overwrite) -> None:
        found = self.space.channels[channel]
        found.overwrites[target] = overwrite
        self.space.happen("CHANNEL_UPDATE", shapes.channel(self.space, found))
        self.publish()

    def _alter(self, thread: str, body: dict[str, Any]) -> None:
        threads.alter(self.space, self.space.channels[thread], body)
        self.publish()

    async def _ask(
        self, kind: Kind, data: dict[str, Any], who: tuple[str, str], source: Message | None = None
    ) -> Interaction:
        if not self.gateway.live:
            return self._failed(kind, data, who)
        one = invocations.started(self.space, kind, data, who=who)
        one.source = source
        self.space.happen("INTERACTION_CREATE", invocations.payload(self.space, one), one.channel)
        self.publish()
        try:
            async with asyncio.timeout(self.space.ack_limit_s):
                await one.settled.wait()
        except TimeoutError:
            one.error = one.error if one.acked else NO_ANSWER
        return one

    def _failed(self, kind: Kind, data: dict[str, Any], who: tuple[str, str]) -> Interaction:
        one = invocations.started(self.space, kind, data, who=who)
        one.error = NO_ANSWER
        return one
