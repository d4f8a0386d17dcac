"""The rules of a policy, as values: who, where, what, and what they see of it. Pure.

`deciding.py` says which rules decide, `permit.py` what they then permit; `bot/policy_file.py` reads them from a file.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from bot.domain.message import PersonKind
from bot.domain.query import EVERYTHING, Scope

Ids: TypeAlias = frozenset[str]
Names: TypeAlias = tuple[str, ...]
"""With `*` for any characters and `?` for one."""

ALL: Final[Names] = ("*",)
OPEN_PLATFORMS: Final = frozenset({"terminal", "api"})
"""Whoever asks there is on the machine already, and runs netspy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who, where: empty conditions are open. What: names. `groups` are user groups and roles alike.

    A person has to be of one of the `kinds`, and one of `users` or in one of `groups` where any are named.
    """

    name: str
    users: Ids = frozenset()
    groups: Ids = frozenset()
    kinds: frozenset[PersonKind] = frozenset({"member"})
    platforms: Ids = frozenset()
    workspaces: Ids = frozenset()
    channels: Ids = frozenset()
    refuse: bool = False
    reason: str = ""
    tools: Names = ALL
    commands: Names = ALL
    models: Names = ALL
    changes: bool = False
    """Also tools of other servers that do not say that they change nothing."""
    scope: Scope = EVERYTHING

    @property
    def is_for_anybody(self) -> bool:
        """Of its kinds."""
        return not (self.users or self.groups)

    def admits_to(self, tool: str) -> bool:
        return is_among(tool, self.tools)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The first rule that matches decides; where none does, nobody is answered. Limits are questions a minute."""

    rules: tuple[Rule, ...]
    direct_messages: bool = True
    per_user: int | None = None
    per_channel: int | None = None
    file: str = field(default="", compare=False)
    """Where it was read; empty for the one that holds without a file."""


UNBOUNDED: Final = Rule(name="this machine", changes=True)
DEFAULT: Final = Policy(rules=(Rule(name="default"),))
"""Without a file: members may ask everything that changes nothing, wherever netspy is."""


def is_among(name: str, names: Names) -> bool:
    return any(fnmatchcase(name, each) for each in names)
