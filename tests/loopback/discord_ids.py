"""Snowflakes: ids that grow with time, and the fixed ids of the people and places that are there at first. Pure.

https://docs.discord.com/developers/reference#snowflakes
"""

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
GUILD, BOT, APP, BOT_ROLE = "900000000000000001", "900000000000000002", "900000000000000003", "900000000000000004"
"""The guild's id is also the id of its `@everyone` role. An application's id need not be its bot's."""
OWNER, DANA, LEE = "900000000000000005", "900000000000000006", "900000000000000007"
PAYMENTS, DIRECT = "900000000000000008", "900000000000000009"
"""`#payments`, and the app's conversation with dana."""


class Snowflakes:
    """No two alike, always growing, of this machine's clock."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> str:
        now = (time.time_ns() // 1_000_000 - EPOCH_MS) << 22
        self._last = max(self._last + 1, now)
        return str(self._last)


def moment(snowflake: str) -> str:
    """When an id was made, as Discord writes times."""
    at_s = ((int(snowflake) >> 22) + EPOCH_MS) / 1000
    return datetime.fromtimestamp(at_s, UTC).isoformat()


def now() -> str:
    return datetime.now(UTC).isoformat()
