"""Where an answer goes in Slack, in a form that can be stored."""

import json
from dataclasses import asdict, dataclass

from bot.domain.message import Address

NAME = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`message` is the question's ts, `user` and `team` whose it is (empty: nobody's).

    `root` is the ts of a post of netspy's own which the answer fills, below the line `header`; empty for an answer in
    the thread.
    """

    channel: str
    thread: str
    message: str
    user: str
    team: str
    root: str = ""
    header: str = ""

    @property
    def is_direct(self) -> bool:
        return is_direct(self.channel)

    @property
    def address(self) -> Address:
        return Address(NAME, json.dumps(asdict(self)))


def is_direct(channel: str) -> bool:
    """Between one person and netspy: a channel that both are in, whatever its kind, has another letter in front."""
    return channel.startswith("D")


def place_of(address: Address) -> Place:
    return Place(**json.loads(address.target))
