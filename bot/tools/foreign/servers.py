"""Other MCP servers, as mcp.json names them: values. Nothing here reaches them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypeAlias

from bot.domain.json_types import JsonObject

TIMEOUT_S = 20.0
"""As long as netspy's own tools may take."""
_LEAST_SECRET = 4
"""A shorter value stands in innocent words too, and guards nothing."""


@dataclass(frozen=True, slots=True)
class Program:
    """A child process that speaks MCP over its standard input and output.

    Of netspy's own environment it inherits only what any program needs (PATH, HOME ...), and `env` besides.
    """

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A server that speaks streamable HTTP. The URL may hold a secret as well as the headers."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


ENDED = "it ended"


class ConnectionLost(Exception):
    """The server is gone, or was never there. Its text says why."""


Place: TypeAlias = Program | Remote


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignServer:
    """`allow` and `deny` are names of tools, or globs; no `allow` is all. `prefix` goes before names that clash.

    `secrets` are the values that came from the environment, by the names of their variables.
    """

    name: str
    place: Place
    prefix: str
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    timeout_s: float = TIMEOUT_S
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def may_offer(self, tool: str) -> bool:
        is_allowed = not self.allow or any(fnmatchcase(tool, pattern) for pattern in self.allow)
        return is_allowed and not any(fnmatchcase(tool, pattern) for pattern in self.deny)

    def redacted(self, text: str) -> str:
        """The text with the names of variables in the place of their values."""
        longest_first = sorted(self.secrets.items(), key=lambda secret: -len(secret[1]))  # one may hold another
        for name, value in longest_first:
            if len(value) >= _LEAST_SECRET:
                text = text.replace(value, f"${{{name}}}")
        return text


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool as its server describes it; nothing of it is to be trusted."""

    name: str
    title: str
    description: str
    parameters: JsonObject
    read_only: bool
