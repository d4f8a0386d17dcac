"""Labels of metrics: few values each, whatever is told. A label with many values would be many series."""

from bot.telemetry.fields import visible

MOST = 64
LONGEST = 100
"""Characters; with what cannot be sent as it is written out."""
OTHER = "other"


class Bounded:
    """The first `most` values of a label, short and readable, all further ones as `other`."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if not value:
            return OTHER
        value = visible(value[:LONGEST])[:LONGEST]
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value
