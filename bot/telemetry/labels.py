"""Labels of metrics: few values each, whatever is told. A label with many values would be many series."""

MOST = 64
OTHER = "other"


class Bounded:
    """The first `most` values of a label as they are, all further ones as `other`."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if not value:
            return OTHER
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value
