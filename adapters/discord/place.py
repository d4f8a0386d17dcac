"""Where an answer goes in Discord, in a form that can be stored."""

import json
from dataclasses import asdict, dataclass

from bot.domain.message import Address

NAME = "discord"
DIRECT = "direct"
"""In the place of a server's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Ids as Discord writes them; no `user` (0): nobody asked.

    `channel` is where the question stands. `thread` is where the answer goes: the same channel, a thread that exists,
    or (`makes_thread`) the one that begins at the question and has its id. `root` is a message of netspy's own that the
    answer fills: the response to a command.
    """

    channel: int
    thread: int
    message: int
    user: int
    title: str = ""
    makes_thread: bool = False
    root: int = 0

    @property
    def address(self) -> Address:
        return Address(NAME, json.dumps(asdict(self)))


def place_of(address: Address) -> Place:
    return Place(**json.loads(address.target))
