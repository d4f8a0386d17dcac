"""What a question wants of one tool in particular: what makes a row, what is counted, which slots of time. Pure."""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from bot.domain.sockets import SocketState
from bot.llm.offline.scope import LATENCY, TALKERS, TREND, Scope
from bot.llm.offline.signs import Sign

_HOSTS = "destination", "host", "server", "ip", "address", "target", "endpoint", "where", "name"
_BY: Mapping[str, Mapping[str, str]] = {
    TALKERS: dict.fromkeys(("destination", "target", "endpoint", "where"), "destination")
    | dict.fromkeys(("host", "server", "ip", "address"), "address")
    | {"port": "port", "pair": "pair", "whom": "pair", "pod": "pod", "node": "node", "name": "name"},
    LATENCY: dict.fromkeys(("process", "program", "app", "application", "client"), "process")
    | {"port": "port", "pod": "pod", "node": "node", "host": "address", "server": "address", "name": "name"},
    TREND: dict.fromkeys(_HOSTS, "destination")
    | dict.fromkeys(("process", "program"), "process")
    | {"errno": "errno", "reason": "reason", "outcome": "outcome", "rcode": "rcode", "node": "node"},
}
"""What a word makes a row of, by tool; other words leave that to the tool."""
_SPLIT = re.compile(
    r"\b(?:by|which|what|wich|top(?:\s+\d+)?|busiest|of\s+each|for\s+each|slowest|talks?\s+to)\s+(?:\w+\s+)?"
    r"(?P<what>destination|host|server|ip|address|target|endpoint|process|program|app|application|client|name|port|pair"
    r"|whom|pod|node|errno|reason|outcome|rcode)(?:e?s)?\b|\b(?P<where>where)\b",
    re.IGNORECASE,
)
_CONNECTIONS = re.compile(r"\b(?:connections?|connects?|attempts?)\b", re.IGNORECASE)
_BYTES = re.compile(r"\b(?:bytes|data|bandwidth|throughput|[kmg]i?b)\b", re.IGNORECASE)
_SLOTS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_SLOT = re.compile(r"\b(?:per|each|every|by)\s+(?P<unit>second|minute|hour|day)\b", re.IGNORECASE)
_MOST_SLOTS = 500
_USUAL_S = 3600
_STATE = re.compile(r"\b(?P<state>(?:time|close)[_ -]wait|syn[_ -](?:sent|recv)|established)\b", re.IGNORECASE)
_FLOODS = re.compile(r"\bflood\w*|\bhalf[- ]open\b", re.IGNORECASE)
_LISTENS = re.compile(r"\blisten(?:s|ing|ers?)?\b", re.IGNORECASE)
_AGO = re.compile(
    r"\b(?:than|to|with|against)\s+(?:the\s+)?(?:same\s+(?:time|window)\s+)?"
    r"(?:(?P<day>yesterday)|(?P<last>last\s+week)|(?:an?|one)\s+(?P<unit>hour|day|week)\s+(?:ago|earlier|before))",
    re.IGNORECASE,
)
_AGO_S = {"hour": 3600, "day": 86_400, "week": 7 * 86_400}
_COMPARED_S = 300
_LONGEST_S = 7 * 86_400
_KINDS: tuple[tuple[Sign, str], ...] = (
    ("dns", "dns"),
    ("reset", "reset"),
    ("resent", "retransmit"),
    ("drop", "drop"),
    ("incoming", "accept"),
)
_SPLIT_OF_KIND = {"dns": "rcode", "drop": "reason", "reset": "process", "retransmit": "process", "accept": "process"}


def take_earlier(text: str, duration_s: int | None) -> tuple[int | None, str]:
    """How long before the window the other one ends, where the text compares with a time, and the text without it."""
    match = _AGO.search(text)
    if match is None:
        return None, text
    unit = "day" if match["day"] else "week" if match["last"] else match["unit"].lower()
    earlier_s = _AGO_S[unit] - (duration_s or _COMPARED_S)
    return min(max(earlier_s, 0), _LONGEST_S) or None, f"{text[: match.start()]} {text[match.end() :]}"


def detailed(scope: Scope, text: str, tools: Sequence[str], signs: AbstractSet[Sign]) -> Scope:
    """The scope with what the text wants of the first tool."""
    match tools[0] if tools else "":
        case "top_talkers":
            return replace(scope, by=_by(TALKERS, text), measure=_measure(text, signs))
        case "connection_latency":
            return replace(scope, by=_by(LATENCY, text))
        case "event_trend":
            kind = next((kind for sign, kind in _KINDS if sign in signs), None)
            by = _by(TREND, text) or _SPLIT_OF_KIND.get(kind or "")
            return replace(scope, kind=kind, by=by, slot_s=_slot_s(text, scope.duration_s))
        case "list_sockets":
            return _of_sockets(scope, _state(text))
        case _:
            return scope


def _of_sockets(scope: Scope, state: str | None) -> Scope:
    """A handshake that is half open has a client's port at its other end, so that no tool finds it by ours."""
    if state == SocketState.SYN_RECV:
        scope = replace(scope, destination=None, port=None)
    return replace(scope, state=state)


def _by(tool: str, text: str) -> str | None:
    found = (match["what"] or match["where"] for match in _SPLIT.finditer(text))
    return next((_BY[tool][word.lower()] for word in found if word.lower() in _BY[tool]), None)


def _measure(text: str, signs: AbstractSet[Sign]) -> str | None:
    if "resent" in signs:
        return "retransmits"
    return "connections" if _CONNECTIONS.search(text) and not _BYTES.search(text) else None


def _slot_s(text: str, duration_s: int | None) -> int | None:
    """None where there would be more slots than anybody reads."""
    match = _SLOT.search(text)
    slot_s = _SLOTS_S[match["unit"].lower()] if match else None
    return slot_s if slot_s and (duration_s or _USUAL_S) <= slot_s * _MOST_SLOTS else None


def _state(text: str) -> str | None:
    if _FLOODS.search(text):
        return SocketState.SYN_RECV.value
    found = _STATE.search(text)
    if found:
        return SocketState(re.sub(r"[ -]", "_", found["state"].upper())).value
    return SocketState.LISTEN.value if _LISTENS.search(text) else None
