"""Whether a text says how many are beyond a limit: "three destinations exceed 250 ms". Pure; `checking.py` asks."""

import re
from collections.abc import Sequence

from bot.conversation.grounding.quantities import Quantity

_BEYOND = re.compile(
    r"[^\d.;:()]{4,40}\b(?:exceed\w*|above|beyond|slower than|breaks?|miss(?:es)?|dépass\w+|überschreiten|liegen über"
    r"|supera\w*|overschrijden)\b[^\d.;:()]{0,30}",
    re.IGNORECASE,
)
_A_PART = re.compile(r"\b(?:of|von|sur|de|di|van)\s(?:the\s|den\s|les\s)?$", re.IGNORECASE)
"""In "one of 11 destinations", the 11 are not those beyond."""


def limit_behind(text: str, quantity: Quantity, found: Sequence[Quantity]) -> Quantity | None:
    """The next quantity of the text, if the words between say that so many are beyond it."""
    behind = next((other for other in found if other.start >= quantity.end), None)
    if behind is None or _A_PART.search(text[: quantity.start]):
        return None
    return behind if _BEYOND.fullmatch(text, quantity.end, behind.start) else None
