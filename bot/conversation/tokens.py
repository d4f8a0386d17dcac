"""How many tokens a text may be at most, without the tokenizer of any model. Pure, but for what the meter has learned.

Tokenizers differ and are large; what matters here is that a request never overflows. So the estimate is on the high
side for every tokenizer that is known, and what models count themselves brings it closer.
"""

import re
from collections import deque
from functools import lru_cache
from math import ceil

_PIECE = re.compile(
    r"([a-z]+|[A-Z][a-z]+)(?![A-Za-z0-9])|([A-Za-z]+)|([0-9]+)|(\s+)|([\"{}\[\]:,]+)|([!-/:-@\[-`{-~]+)|(.)", re.DOTALL
)
FIRST_MARGIN = 1.15
"""Before any model has counted: some tokenizers take each digit for itself."""
MARGIN = 1.1
"""Of what was counted lately, since the next text is another one."""
REMEMBERED = 32
_BOUNDS = (0.82, 4.0)
"""What was counted moves the estimate down to 0.9 of itself: addresses and hex are hardly over-estimated."""


@lru_cache(maxsize=2048)
def tokens_of(text: str) -> int:
    """Tokens that o200k and cl100k make of it at most: measured on words, data, code, addresses and other scripts."""
    return ceil(sum(_weight(piece.lastindex or 0, piece[0]) for piece in _PIECE.finditer(text)))


def _weight(kind: int, piece: str) -> float:
    match kind:
        case 1:  # a plain word
            return ceil(len(piece) / 6)
        case 2 | 3:  # capitals, pieces of hex, digits
            return ceil(len(piece) / 2)
        case 4:  # one blank belongs to the word behind it
            return len(piece) / 4 if len(piece) > 1 else 0
        case 5:  # marks of JSON, whose usual sequences are one token
            return 1 + (len(piece) - 1) / 4
        case 6:
            return ceil(0.7 * len(piece))
    size_bytes = len(piece.encode(errors="replace"))
    return size_bytes / 2 if size_bytes < 4 else 3


class Meter:
    """The estimate, corrected by what models counted lately: the largest share of the estimate that was true."""

    def __init__(self) -> None:
        self._shares: deque[float] = deque(maxlen=REMEMBERED)

    def room(self, limit: int) -> int:
        """How many tokens of `tokens_of` surely fit into `limit` tokens of a model."""
        factor = MARGIN * max(self._shares) if self._shares else FIRST_MARGIN
        return int(limit / factor)

    def learn(self, estimated: int, counted: int) -> None:
        """A request that was estimated as `tokens_of` says had `counted` tokens for the model's server."""
        if estimated > 0 and counted > 0:
            self._shares.append(min(max(counted / estimated, _BOUNDS[0]), _BOUNDS[1]))
