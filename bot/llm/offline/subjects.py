"""Who and where a question is about: process id, destination and outcome. Pure. Process names are in `names.py`."""

import re
from errno import errorcode
from ipaddress import ip_network

from bot.domain.network import Outcome
from bot.domain.sockets import SocketState
from bot.llm.offline.meanings import DROP_REASONS
from bot.llm.offline.scope import Destination
from bot.llm.offline.vocabulary import VOCABULARY
from bot.llm.offline.wording import MASK, masked

_MAX_PID = 2**32 - 1
_MAX_PORT = 65_535

_PID = re.compile(
    r"\b(?:pid|process[ -]id|process|proc|task)\s*(?:is|=|:|#|no\.?|number)?\s*#?(\d{1,10})\b(?![\w.:])", re.IGNORECASE
)
_PORT = re.compile(
    r"\b(?:(?:tcp[ /]|udp[ /])?ports?\s*(?:number\s*)?[:#=]?\s*|(?:tcp|udp)[ /:])(\d{1,5})\b|(?<!\S):(\d{2,5})\b",
    re.IGNORECASE,
)
_HTTPS = re.compile(r"\bhttps\b(?!:)", re.IGNORECASE)
_HTTPS_PORT, _HTTP_PORT = 443, 80

_LABEL = r"[A-Za-z0-9][A-Za-z0-9-]{0,62}"
_URL = re.compile(
    rf"\b(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>\d{{1,5}}))?[^\s?]*", re.IGNORECASE
)
_V4 = re.compile(r"(?<![\w.])(?P<host>\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d{1,5}))?(?![\w:])(?!\.\d)")
_NETWORK = re.compile(
    r"(?<![\w.:])(?P<host>(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{2,39})/\d{1,3})(?P<port>)(?![\w./])"
)
_BRACKETED = re.compile(r"\[(?P<host>[0-9a-fA-F:.]{2,45})\](?::(?P<port>\d{1,5}))?")
_V6 = re.compile(r"(?<![\w:.])(?P<host>[0-9a-fA-F:]{2,39}(?:\.\d{1,3}){0,3})(?P<port>)(?![\w:])")
_HOST_PORT = re.compile(
    rf"(?<![\w/@.-])(?P<host>[A-Za-z](?:[\w-]{{0,62}})(?:\.{_LABEL})*):(?P<port>\d{{1,5}})(?![\w:])"
)
_DOTTED = re.compile(
    rf"(?<![\w/@.-])(?P<host>(?:{_LABEL}\.){{1,8}}[A-Za-z]{{2,24}}|localhost)(?P<port>)(?![\w/-])(?!\.\w)",
    re.IGNORECASE,
)
_NOT_HOSTS = (".service", ".py", ".sh", ".js", ".exe", ".rb", ".pl", ".jar", ".smp")
_TOWARDS = re.compile(
    r"\b(?:reach(?:ing|es|ed)?|resolv(?:e|es|ing)|(?:connect\w*|talk\w*|get(?:s|ting)?|traffic|requests?|calls?|attempts?|failures?)\s+(?:back\s+)?to)"
    r"\s+(?:the\s+|our\s+|my\s+)?(?P<host>[A-Za-z][\w-]{1,62})(?![\w.'])(?P<port>)",
    re.IGNORECASE,
)
_REACHABLE = re.compile(
    r"\b(?:is|are|was)\s+(?:the\s+|our\s+|my\s+)?(?P<host>[A-Za-z][\w-]{1,62})(?P<port>)"
    r"\s+(?:not\s+|still\s+)*(?:un)?reachable",
    re.IGNORECASE,
)

_TIMED_OUT = frozenset({Outcome.TIMED_OUT, Outcome.UNANSWERED})
_OUTCOMES: tuple[tuple[str, frozenset[Outcome]], ...] = (
    (r"\brefus\w*", frozenset({Outcome.REFUSED})),
    (r"\btime[ds]?[ -]?outs?\b|\btiming[ -]?out\b|\bhang\w*|\bhung\b|\bunanswered\b", _TIMED_OUT),
    (r"\b(?:no|without(?: an?)?) (?:reply|replies|answers?|responses?)\b|\bgave up\b", _TIMED_OUT),
    (r"\bunreachable\b", frozenset({Outcome.UNREACHABLE, Outcome.NO_ROUTE})),
    (r"\bno (?:local )?route\b", frozenset({Outcome.NO_ROUTE, Outcome.UNREACHABLE})),
    (r"\bresett?(?:s|ing)?\b|\brsts?\b", frozenset({Outcome.RESET})),
    (r"\breject\w*", frozenset({Outcome.REJECTED, Outcome.REFUSED})),
    (r"\bicmp\b", frozenset({Outcome.REJECTED})),
    (r"\bports? exhaust\w*|\bout of (?:local |ephemeral )?ports\b", frozenset({Outcome.NO_PORTS})),
)


_CODE = re.compile(r"\b(?:SKB_DROP_REASON_)?(?P<code>[A-Za-z]\w+)\b")
_REASON = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_STATES = frozenset(SocketState)
_ERRNOS = frozenset(errorcode.values())
_FIREWALL_DROPS = re.compile(r"\bfirewall.*\bdrop|\bdrop.*\bfirewall", re.IGNORECASE)


def take_codes(text: str) -> tuple[frozenset[str], frozenset[str], str]:
    """The errnos and the drop reasons that are named, and the text with them masked."""
    found = [match for match in _CODE.finditer(text) if is_code(match["code"])]
    errnos = frozenset(code for match in found if (code := match["code"].upper()) in _ERRNOS)
    reasons = frozenset(match["code"].upper() for match in found) - errnos
    for match in reversed(found):
        text = masked(text, match)
    return errnos, reasons | ({"NETFILTER_DROP"} if _FIREWALL_DROPS.search(text) else set()), text


def is_code(word: str) -> bool:
    """Whether it is an errno or a drop reason, which are written in capitals."""
    if word.upper() in _STATES:
        return False
    is_known = word.upper() in _ERRNOS or (word.upper() in DROP_REASONS and (word.isupper() or "_" in word))
    return is_known or bool(_REASON.fullmatch(word))


def take_pid(text: str) -> tuple[int | None, str]:
    """The process id that is named, and the text with it masked. 0 is "any" and names none."""
    match = _PID.search(text)
    if match is None or not 0 <= int(match[1]) <= _MAX_PID:
        return None, text
    return int(match[1]) or None, masked(text, match)


def take_destination(text: str) -> tuple[Destination | None, str]:
    """The first host, port or both that are named, and the text with them masked."""
    found = Destination()
    for pattern in (_URL, _NETWORK, _BRACKETED, _V4, _V6, _HOST_PORT, _DOTTED):
        match = next((match for match in pattern.finditer(text) if _is_host(match)), None)
        if match:
            found, text = _destination(match), masked(text, match)
            break
    if found.port is None:
        found, text = _with_port(found, text)
    if found.host is None:
        found, text = _towards(found, text)
    return (found if found != Destination() else None), text


def outcomes_in(text: str) -> frozenset[Outcome]:
    """The outcomes that the text asks for; empty where it names none."""
    found = [outcomes for pattern, outcomes in _OUTCOMES if re.search(pattern, text, re.IGNORECASE)]
    return frozenset[Outcome]().union(*found)


def is_destination(text: str) -> bool:
    """Whether a quoted word is a host rather than a process."""
    found, _ = take_destination(text)
    return found is not None and found.host is not None


def _is_host(match: re.Match[str]) -> bool:
    host = match["host"]
    if match.re in {_V4, _V6, _BRACKETED, _NETWORK}:
        return is_address(host)
    if match.re is _HOST_PORT:
        return host.lower() not in VOCABULARY or host.lower() == "localhost"
    return not host.lower().endswith(_NOT_HOSTS)


def is_address(text: str) -> bool:
    """Whether it is an address or a network of them."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _destination(match: re.Match[str]) -> Destination:
    port = _valid_port(match["port"])
    if match.re is _URL and port is None:
        port = _HTTPS_PORT if match["scheme"].lower() == "https" else _HTTP_PORT
    host = str(ip_network(match["host"], strict=False)) if match.re is _NETWORK else match["host"]
    return Destination(host, port)


def _with_port(found: Destination, text: str) -> tuple[Destination, str]:
    match = _PORT.search(text)
    port = _valid_port(match[1] or match[2]) if match else None
    if match and port is not None:
        return Destination(found.host, port), masked(text, match)
    if found.host is None and _HTTPS.search(text):
        return Destination(None, _HTTPS_PORT), text
    return found, text


def _towards(found: Destination, text: str) -> tuple[Destination, str]:
    named = (match for pattern in (_TOWARDS, _REACHABLE) for match in pattern.finditer(text))
    match = next((match for match in named if match["host"].lower() not in VOCABULARY), None)
    if match is None:
        return found, text
    masked_name = f"{text[: match.start('host')]} {MASK} {text[match.end('host') :]}"
    return Destination(match["host"], found.port), masked_name


def _valid_port(text: str) -> int | None:
    return int(text) if text and 0 < int(text) <= _MAX_PORT else None
