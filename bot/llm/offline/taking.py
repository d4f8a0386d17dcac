"""What stands in a question outright: limits, codes, times, places, counts. Pure; `reading.py` says what it means.

What was taken is masked, so that nothing takes it twice: the order matters.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bot.llm.offline.details import earlier_s, take_ago
from bot.llm.offline.limits import Limits, take_limits
from bot.llm.offline.names import take_excluded, take_quoted
from bot.llm.offline.scope import Destination, Scope
from bot.llm.offline.signs import Sign, signs_in
from bot.llm.offline.subjects import is_code, take_codes, take_destination, take_pid
from bot.llm.offline.times import Lookback, take_count, take_lookback
from bot.llm.offline.wording import MASK, plain, spelled, take_usual_window

_LOCAL = re.compile(r"\b(?:local|unix)(?: domain)? sockets?\b", re.IGNORECASE)
_NOT_LOCAL = re.compile(r"\b(?:without|except|no|excluding|not)\s+(?:the\s+|any\s+)?(?:local|unix)\b", re.IGNORECASE)
_FAILED: frozenset[Sign] = frozenset({"fail"})
_OF_TIME: frozenset[Sign] = frozenset({"changed", "trend"})
"""Signs in words that may be taken as a time, and be gone then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`words` is the question with its key words mended, `text` what is left of it."""

    words: str
    text: str
    excluded: str | None
    quoted: tuple[str, ...]
    limits: Limits
    pid: int | None
    errnos: frozenset[str]
    drop_reasons: frozenset[str]
    lookback: Lookback
    usual_s: int | None
    ago_s: int | None
    """How long ago what it is compared with was."""
    destination: Destination | None
    count: int | None
    signs: frozenset[Sign]

    @property
    def scope(self) -> Scope:
        """What they limit, but for the process, which is guessed, and what only some tools take."""
        where, port = self.destination.limits if self.destination else (None, None)
        return Scope(
            process=self.limits.process,
            pid=self.pid,
            uid=self.limits.uid,
            destination=where,
            port=port,
            protocol=self.limits.protocol,
            direction="in" if "incoming" in self.signs else None,
            node=self.limits.node,
            namespace=self.limits.namespace,
            pod=self.limits.pod,
            container=self.limits.container,
            duration_s=self.lookback.duration_s or self.usual_s,
            since=_rfc3339(self.lookback, 0),
            until=_rfc3339(self.lookback, 1),
            max_events=self.count,
            include_local=bool(_LOCAL.search(self.words)) and not _NOT_LOCAL.search(self.words),
            reason=min(self.drop_reasons) if len(self.drop_reasons) == 1 else None,
            earlier_s=earlier_s(self.ago_s, self.lookback.duration_s or self.usual_s) if self.ago_s else None,
        )


def take(question: str, *, seen: Collection[str], now: datetime, zone: tzinfo) -> Taken:
    """`seen` are names of processes, which are no misspelt key words."""
    usual_s, text = take_usual_window(plain(question))
    excluded, text = take_excluded(text)
    limits, text = take_limits(text)
    quoted, text = take_quoted(text, is_phrase=_is_phrase)
    words = text = spelled(text, frozenset(seen))
    pid, text = take_pid(text)
    errnos, drop_reasons, text = take_codes(text)
    of_time = signs_in(text) & _OF_TIME
    ago_s, text = take_ago(text) if "changed" in of_time else (None, text)
    lookback, text = take_lookback(text, now=now, zone=zone)
    destination, text = take_destination(text)
    signs = signs_in(_LOCAL.sub(MASK, text)) | of_time | (_FAILED if errnos else frozenset[Sign]())
    count, text = take_count(text)
    return Taken(
        words=words,
        text=text,
        excluded=excluded,
        quoted=quoted,
        limits=limits,
        pid=pid,
        errnos=errnos,
        drop_reasons=drop_reasons,
        lookback=lookback,
        usual_s=usual_s,
        ago_s=ago_s,
        destination=destination,
        count=count,
        signs=signs,
    )


def _is_phrase(quoted: str) -> bool:
    """A quoted error message is no process."""
    return is_code(quoted) or (" " in quoted and bool(signs_in(quoted) & {"fail", "symptom", "drop"}))


def _rfc3339(lookback: Lookback, end: int) -> str | None:
    return f"{lookback.ends[end].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if lookback.ends else None
