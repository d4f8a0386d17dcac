"""Who may do what where: the bits of Discord's permissions, and how they add up. Pure.

https://docs.discord.com/developers/topics/permissions
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntFlag


class Permission(IntFlag):
    """Those that decide something here; a role may hold any others."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


NOTHING = Permission(0)
ALL = Permission(sum(Permission))
USUAL = ALL & ~(
    Permission.ADMINISTRATOR | Permission.MANAGE_CHANNELS | Permission.MANAGE_MESSAGES | Permission.MANAGE_THREADS
)
"""What everybody may do in a new server, mention everyone included."""


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What a channel allows and denies one role or one member."""

    allow: Permission = NOTHING
    deny: Permission = NOTHING

    def upon(self, permissions: Permission) -> Permission:
        return permissions & ~self.deny | self.allow


def granted(
    roles: Mapping[str, Permission], *, everyone: str, member: str, overwrites: Mapping[str, Overwrite]
) -> Permission:
    """`roles`: all that the member has, by id, `everyone` among them. Who cannot see a channel can do nothing there."""
    base = NOTHING
    for held in roles.values():
        base |= held
    if Permission.ADMINISTRATOR in base:
        return ALL
    base = overwrites.get(everyone, Overwrite()).upon(base)
    base = _together(overwrites, [role for role in roles if role != everyone]).upon(base)
    base = overwrites.get(member, Overwrite()).upon(base)
    return base if Permission.VIEW_CHANNEL in base else NOTHING


def _together(overwrites: Mapping[str, Overwrite], roles: Collection[str]) -> Overwrite:
    allow, deny = NOTHING, NOTHING
    for role in roles:
        allow |= overwrites.get(role, Overwrite()).allow
        deny |= overwrites.get(role, Overwrite()).deny
    return Overwrite(allow, deny)
