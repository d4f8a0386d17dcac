"""Users, roles, channels and threads of the loopback Discord. Values; what happens to them is elsewhere."""

from dataclasses import dataclass, field

from tests.loopback.discord_ids import now
from tests.loopback.discord_permissions import Overwrite, Permission

TEXT, DIRECT_MESSAGE, PUBLIC_THREAD, PRIVATE_THREAD, FORUM = 0, 1, 11, 12, 15
"""https://docs.discord.com/developers/resources/channel#channel-object-channel-types"""


@dataclass(slots=True)
class User:
    """`closed`: takes no direct messages from the app. `is_guest`: was invited to one voice channel only."""

    id: str
    name: str
    bot: bool = False
    roles: list[str] = field(default_factory=list)
    closed: bool = False
    is_member: bool = True
    is_guest: bool = False
    joined: str = field(default_factory=now)


@dataclass(slots=True)
class Role:
    id: str
    name: str
    permissions: Permission
    mentionable: bool = False
    managed: bool = False


@dataclass(slots=True)
class Thread:
    """What a thread has beyond a channel. `counted`: its messages, system messages apart."""

    owner: str
    parent: str
    auto_archive_min: int
    archived: bool = False
    locked: bool = False
    members: list[str] = field(default_factory=list)
    changed: str = field(default_factory=now)
    counted: int = 0


@dataclass(slots=True)
class Channel:
    """`recipient` is the person of a direct conversation."""

    id: str
    name: str
    kind: int = TEXT
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    recipient: str | None = None
    thread: Thread | None = None
    topic: str | None = None

    @property
    def is_direct(self) -> bool:
        return self.kind == DIRECT_MESSAGE
