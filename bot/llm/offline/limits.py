"""What a question limits its tools to, beside process, destination and time: user, place, protocol, direction. Pure."""

import re
from dataclasses import dataclass

from bot.llm.offline.vocabulary import VOCABULARY
from bot.llm.offline.wording import masked

_PLACES = ("node", "namespace", "pod", "container")
_NAME = r"(?P<quote>[\"'`]?)(?P<name>[A-Za-z0-9][\w.-]{0,252})(?P=quote)"
_PLACE = re.compile(
    rf"\b(?P<lead>(?:in|of|on|from|inside|for|by)\s+(?:the\s+)?)?(?P<what>{'|'.join(_PLACES)})"
    rf"\s+(?P<naming>named\s+|called\s+|is\s+)?{_NAME}",
    re.IGNORECASE,
)
_UID = re.compile(r"\b(?:user(?:\s*id)?|uid)\s*[=:#]?\s*(?P<uid>\d{1,10})\b(?![.:]\d)", re.IGNORECASE)
_ROOT = re.compile(r"\b(?:(?:user|by|as|uid)\s+root\b|root's\b|root\s+user\b)", re.IGNORECASE)
_MAX_UID = 2**32 - 1
_PROTOCOL = re.compile(
    r"\b(?P<name>udp|tcp(?=\s+(?:connection|attempt|failure|traffic|socket|drop|packet|error|timeout)))", re.IGNORECASE
)
_GLOB = re.compile(r"(?<![\w./*?@-])(?P<name>[A-Za-z0-9_.@-]+\*[\w.@*-]*|\*[\w.@-]{2,}\*?)(?![\w/*])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """None leaves it open. `process` is a pattern."""

    process: str | None = None
    uid: int | None = None
    protocol: str | None = None
    node: str | None = None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None


def take_limits(text: str) -> tuple[Limits, str]:
    """The limits that the text names, and the text with them masked; the protocol stays where it is."""
    places: dict[str, str] = {}
    for match in reversed(list(_PLACE.finditer(text))):
        if _is_name(match):
            places[match["what"].lower()] = match["name"]
            text = masked(text, match)
    uid, text = _take_uid(text)
    glob = _GLOB.search(text)
    if glob:
        text = masked(text, glob)
    protocol = _PROTOCOL.search(text)
    limits = Limits(
        process=glob["name"] if glob else None,
        uid=uid,
        protocol=protocol["name"].upper() if protocol else None,
        **places,
    )
    return limits, text


def _take_uid(text: str) -> tuple[int | None, str]:
    root = _ROOT.search(text)
    if root:
        return 0, masked(text, root)
    match = _UID.search(text)
    if match is None or int(match["uid"]) > _MAX_UID:
        return None, text
    return int(match["uid"]), masked(text, match)


def _is_name(match: re.Match[str]) -> bool:
    """A word behind "pod" is a name where it is quoted, spelled as no word is, or stands where only a name can."""
    is_odd = not match["name"].isalpha()
    is_led = bool(match["lead"] or match["naming"]) and match["name"].lower() not in VOCABULARY
    return bool(match["quote"]) or is_odd or is_led
