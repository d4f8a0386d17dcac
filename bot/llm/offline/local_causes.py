"""What the column "seen here" says: what this machine itself did to the traffic of a row, as a sentence. Pure."""

import re

from bot.domain.network import Outcome
from bot.llm.offline.meanings import DROP_REASONS, ON_THE_WAY, RESET_REASONS, TELLING
from bot.llm.offline.prose import code, counted
from bot.llm.offline.rows import Row

COLUMN = "seen here"

_FULL = re.compile(r"accept queue full, (?P<waiting>\d+)/(?P<room>\d+)")
_ACCEPT = re.compile(r"accept: (?P<errno>E[A-Z]+) (?P<count>[\d,.]+\w?)")
_DROPPED = re.compile(r"(?P<reply>reply: )?(?P<reason>[A-Z][A-Z0-9_]+) (?P<count>[\d,.]+\w?)")
_RESET = re.compile(r"reset by (?P<process>.+?)(?:: (?P<reason>[A-Z][A-Z0-9_]+))? (?P<count>[\d,.]+\w?)")
_HALF_OPEN = re.compile(r"(?P<count>\d+) handshakes half open, (?P<room>\d+) fit")
_UNANSWERED = frozenset({Outcome.UNANSWERED, Outcome.TIMED_OUT})
_LACKING = {"EMFILE": ", for want of file descriptors", "ENFILE": ", for want of file descriptors on this machine"}
_CHECKS = {
    "NETFILTER_DROP": "look for the rule that drops it on this machine: `nft list ruleset`",
    "IP_RPFILTER": "compare the routes of both ways: `ip route get`, and `sysctl net.ipv4.conf.all.rp_filter`",
    "QDISC_DROP": "look at the queue of the interface: `tc -s qdisc`",
    "IP_INHDR": "follow the way there, which may turn back: `traceroute`",
    "NEIGH_FAILED": "check that the next hop is up: `ip neigh`",
}


def local_cause(row: Row) -> str:
    """A sentence without its full stop, or nothing where nothing was seen that explains what the row tells."""
    seen = _telling(row)
    if full := _FULL.fullmatch(seen):
        queue = f"{full['waiting']} wait where {full['room']} fit"
        return (
            f"The accept queue there is full ({queue}): its program accepts too slowly, and the kernel drops the rest"
        )
    if accept := _ACCEPT.fullmatch(seen):
        why = _LACKING.get(accept["errno"], "")
        times = f"{accept['count']} time{'' if accept['count'] == '1' else 's'}"
        return f"The server there is on this machine and could not accept: {code(accept['errno'])} {times}{why}"
    if reset := _RESET.fullmatch(seen):
        meaning = RESET_REASONS.get(reset["reason"] or "")
        why = f" as {code(reset['reason'])}" if reset["reason"] else ""
        why += f": {meaning}" if meaning else ""
        return f"{code(reset['process'])} on this machine sent the RST{why}"
    if half_open := _HALF_OPEN.fullmatch(seen):
        waiting = f"{half_open['count']} handshakes wait for their last packet where {half_open['room']} fit"
        return f"{waiting}: SYNs come faster than they are completed, as in a flood"
    if dropped := _DROPPED.fullmatch(seen):
        return _dropped(dropped)
    return ""


def check_of(row: Row) -> tuple[str, ...]:
    """The next steps that the cause asks for."""
    seen = _telling(row)
    if _FULL.fullmatch(seen) or _ACCEPT.fullmatch(seen):
        port = (row.text("destination") or "").rpartition(":")[2]
        limit = f" --port {port}" if port.isdecimal() else ""
        return (f"the listener and its queue now: {code(f'sockets --state LISTEN{limit}')}",)
    dropped = _DROPPED.fullmatch(seen)
    if dropped is None:
        return ()
    reason = dropped["reason"]
    explained = f"what the reason means, and what else to check: {code(f'dropreason {reason}')}"
    return (_CHECKS[reason], explained) if reason in _CHECKS else (explained,)


def _telling(row: Row) -> str:
    """What was seen, where it can be behind what the row tells; else nothing."""
    seen = row.text(COLUMN) or ""
    found = _DROPPED.fullmatch(seen)
    if row.outcome is None:
        is_health = row.number("RST in") is not None
        if is_health and row.count("RST in") and _RESET.fullmatch(seen):
            return seen
        can_be = bool(row.count("retrans")) or not (is_health or (found and found["reply"]))
        return seen if can_be and _can_lose(found) else ""
    if row.outcome in _UNANSWERED:
        return seen if _can_lose(found) else ""
    if row.outcome == Outcome.RESET and _RESET.fullmatch(seen):
        return seen
    reasons = TELLING.get(row.outcome, ())
    return seen if found and not found["reply"] and found["reason"] in reasons else ""


def _can_lose(found: re.Match[str] | None) -> bool:
    """A host answers many: of its replies only those that were lost for a reason of the way may be ours."""
    return found is None or not found["reply"] or found["reason"] in ON_THE_WAY


def _dropped(found: re.Match[str]) -> str:
    reason, count = found["reason"], found["count"]
    meaning = DROP_REASONS.get(reason)
    points = f", which points to {meaning}" if meaning else ""
    what = counted(1, "skb") if count == "1" else f"{count} skbs"
    where = "of the replies" if found["reply"] else "on the way there"
    return f"This machine dropped {what} {where} as {code(reason)}{points}"
