"""Gateway intents: which events they let through. Pure.

https://docs.discord.com/developers/events/gateway#list-of-intents
"""

from enum import IntFlag


class Intent(IntFlag):
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
ALL_BITS = (1 << 26) - 1
"""Any bit beyond closes the connection with 4013."""
APPLICATION_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}
"""What an app's own flags say of its privileged intents, of an app in fewer than 100 servers:
https://docs.discord.com/developers/resources/application#application-object-application-flags"""
_MESSAGE_EVENTS = {"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"}
_REACTION_EVENTS = {"MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"}
_ALWAYS = {"INTERACTION_CREATE"}
_MEMBER_EVENTS = {"GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"}


def needed(event: str, *, direct: bool) -> Intent:
    """What a session must have asked for to hear of an event."""
    if event in _MESSAGE_EVENTS:
        return Intent.DIRECT_MESSAGES if direct else Intent.GUILD_MESSAGES
    if event in _REACTION_EVENTS:
        return Intent.DIRECT_MESSAGE_REACTIONS if direct else Intent.GUILD_MESSAGE_REACTIONS
    if event in _MEMBER_EVENTS:
        return Intent.GUILD_MEMBERS
    return Intent(0) if event in _ALWAYS else Intent.GUILDS
