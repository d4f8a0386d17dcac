"""Whom a text mentions, and whom it may notify. Pure.

https://docs.discord.com/developers/resources/message#allowed-mentions-object
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`", re.DOTALL)
_USER = re.compile(r"<@!?([0-9]{1,20})>")
_ROLE = re.compile(r"<@&([0-9]{1,20})>")
_ALL = re.compile(r"@(everyone|here)")
_LINK = re.compile(r"https?://[^\s<>)\]]+")
_MASKED = re.compile(r"\[[^\]]+\]\(<?([^)\s>]+)>?[^)]*\)")


@dataclass(frozen=True, slots=True)
class Mentions:
    """What stands in a text, outside of code. `everyone`: of `everyone` and `here` those that do."""

    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    everyone: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        return self.users | self.roles | self.everyone

    def __or__(self, other: "Mentions") -> "Mentions":
        return Mentions(self.users | other.users, self.roles | other.roles, self.everyone | other.everyone)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which mentions may notify. None where none was given: all of them."""

    parse: frozenset[str] = frozenset({"users", "roles", "everyone"})
    users: frozenset[str] = field(default_factory=frozenset)
    roles: frozenset[str] = field(default_factory=frozenset)
    replied_user: bool = True

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> "Allowed":
        """Of a checked `allowed_mentions`. Given but empty, it allows nothing."""
        if given is None:
            return cls()
        listed = {name: frozenset(map(str, given.get(name) or ())) for name in ("parse", "users", "roles")}
        return cls(**listed, replied_user=bool(given.get("replied_user", False)))

    def of_text(self, found: Mentions, *, all_roles: bool, mentionable: Collection[str]) -> Mentions:
        """`all_roles`: the author may mention everyone, and roles that are not for everybody to mention."""
        users = found.users if "users" in self.parse else found.users & self.users
        roles = found.roles if "roles" in self.parse else found.roles & self.roles
        everyone = found.everyone if "everyone" in self.parse and all_roles else frozenset[str]()
        return Mentions(users, frozenset(role for role in roles if all_roles or role in mentionable), everyone)


def mentioned(text: str) -> Mentions:
    prose = _CODE.sub(" ", text)
    return Mentions(frozenset(_USER.findall(prose)), frozenset(_ROLE.findall(prose)), frozenset(_ALL.findall(prose)))


def links(text: str) -> Iterator[str]:
    """Where a reader can go from a text."""
    prose = _CODE.sub(" ", text)
    yield from _MASKED.findall(prose)
    yield from _LINK.findall(_MASKED.sub(" ", prose))
