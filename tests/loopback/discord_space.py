"""The state of a loopback Discord: one server, direct conversations, messages, commands. Knows no HTTP and no gateway.

What the app and people do to it is in `discord_messages.py`, `discord_threads.py` and `discord_people.py`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.loopback.discord_channels import DIRECT_MESSAGE, FORUM, TEXT, Channel, Role, User
from tests.loopback.discord_ids import BOT, BOT_ROLE, DANA, DIRECT, GUILD, LEE, OWNER, PAYMENTS, Snowflakes
from tests.loopback.discord_intents import Intent
from tests.loopback.discord_interactions import ACK_LIMIT_S, TOKEN_TTL_S, Interaction
from tests.loopback.discord_message import Message
from tests.loopback.discord_permissions import ALL, NOTHING, USUAL, Permission, granted
from tests.loopback.discord_refusals import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    Refused,
)


@dataclass(frozen=True, slots=True)
class Event:
    """What a gateway tells. `message` has to be told as the intents of each session allow."""

    name: str
    data: dict[str, Any]
    channel: str | None = None
    message: Message | None = None


class Space:
    """`clock_s` is the event loop's. `privileged`: intents that are switched on in the app's portal."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self.clock_s = clock_s
        self.ids = Snowflakes()
        self.base_url = ""
        self.privileged = Intent.MESSAGE_CONTENT | Intent.GUILD_MEMBERS
        self.token_ttl_s = TOKEN_TTL_S
        self.ack_limit_s = ACK_LIMIT_S
        everybody = (User(BOT, "netspy", bot=True, roles=[BOT_ROLE]), User(OWNER, "olga"), User(DANA, "dana"),
                     User(LEE, "lee"))  # fmt: skip
        self.users = {user.id: user for user in everybody}
        self.roles = {
            GUILD: Role(GUILD, "@everyone", USUAL),
            BOT_ROLE: Role(BOT_ROLE, "netspy", NOTHING, managed=True),
        }
        self.channels = {
            PAYMENTS: Channel(PAYMENTS, "payments"),
            DIRECT: Channel(DIRECT, "", DIRECT_MESSAGE, recipient=DANA),
        }
        self.stored: dict[str, dict[str, Message]] = {}
        """channel -> id -> message, ephemeral ones included."""
        self.removed: list[Message] = []
        self.commands: list[dict[str, Any]] = []
        self.interactions: list[Interaction] = []
        self.typing: list[tuple[str, float]] = []
        """(channel, when) of every time that the app was shown to type."""
        self.happened: deque[Event] = deque()

    def add_user(self, name: str, **given: Any) -> str:
        user = User(self.ids.new(), name, **given)
        self.users[user.id] = user
        return user.id

    def add_role(self, name: str, permissions: Permission = NOTHING, *, mentionable: bool = False) -> str:
        role = Role(self.ids.new(), name, permissions, mentionable)
        self.roles[role.id] = role
        return role.id

    def add_channel(self, name: str, kind: Literal["text", "forum"] = "text") -> str:
        channel = Channel(self.ids.new(), name, FORUM if kind == "forum" else TEXT)
        self.channels[channel.id] = channel
        return channel.id

    def direct(self, user: str) -> Channel:
        """The app's conversation with a person, opened if there is none."""
        for channel in self.channels.values():
            if channel.recipient == user:
                return channel
        channel = Channel(self.ids.new(), "", DIRECT_MESSAGE, recipient=user)
        self.channels[channel.id] = channel
        return channel

    @property
    def threads(self) -> list[Channel]:
        return [channel for channel in self.channels.values() if channel.thread]

    def permissions(self, user: str, channel: Channel) -> Permission:
        """What a user may do in a channel; a thread has those of its parent."""
        if channel.is_direct:
            return USUAL if user in {BOT, channel.recipient} else NOTHING
        person = self.users[user]
        if not person.is_member:
            return NOTHING
        if user == OWNER:
            return ALL
        place = self.channels[channel.thread.parent] if channel.thread else channel
        roles = {role: self.roles[role].permissions for role in (GUILD, *person.roles)}
        return granted(roles, everyone=GUILD, member=user, overwrites=place.overwrites)

    def channel(self, channel: str) -> Channel:
        """A channel that the app sees. Raises: Refused."""
        found = self.channels.get(channel)
        if found is None:
            raise Refused(UNKNOWN_CHANNEL)
        if Permission.VIEW_CHANNEL not in self.permissions(BOT, found):
            raise Refused(MISSING_ACCESS)
        return found

    def demand(self, permission: Permission, channel: Channel) -> None:
        """Raises: Refused when the app may not do that there."""
        if permission not in self.permissions(BOT, channel):
            raise Refused(MISSING_PERMISSIONS)

    def message(self, channel: str, message: str) -> Message:
        """A message that is no ephemeral one. Raises: Refused."""
        found = self.stored.get(channel, {}).get(message)
        if found is None or found.ephemeral_to:
            raise Refused(UNKNOWN_MESSAGE)
        return found

    def visible(self, channel: str) -> list[Message]:
        """All messages of a channel but ephemeral ones, oldest first."""
        return [one for one in self.stored.get(channel, {}).values() if not one.ephemeral_to]

    def keep(self, message: Message) -> None:
        self.stored.setdefault(message.channel, {})[message.id] = message

    def happen(self, name: str, data: dict[str, Any], channel: str | None = None) -> None:
        self.happened.append(Event(name, data, channel))
