"""Resources for other people's clients: what drop reasons mean, what the source covers, what is in a recording.

`outside` serves them.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from bot.codec import encode
from bot.domain.errors import NetspyError
from bot.domain.json_types import Json
from bot.domain.network import EVENT_TYPES, Coverage, EventKind, Window
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, Filter
from bot.tools.drop_reasons import all_reasons

COVERED_S = 300
"""The coverage is that of the last five minutes: long enough to see losses, and quickly counted anywhere."""

Read = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something to read, as JSON."""

    uri: str
    name: str
    title: str
    description: str
    read: Read


def resources_of(
    source: EbpfSource, *, clock: Callable[[], datetime], recording: Read | None = None
) -> tuple[Resource, ...]:
    """`recording` describes the recording behind the source, as JSON; None where the source is none."""

    async def coverage() -> str:
        return await _coverage(source, clock())

    covered = Resource(
        uri="netspy://source/coverage",
        name="coverage",
        title="Coverage of the source",
        description="Which source answers and why, how it is, what it holds and lost; and for each kind of event how "
        "many were seen in the last five minutes, and what the source cannot know.",
        read=coverage,
    )
    told = (_drop_reasons(), covered)
    return (*told, _recording(recording)) if recording else told


def _drop_reasons() -> Resource:
    async def read() -> str:
        return await asyncio.to_thread(lambda: json.dumps(encode(all_reasons())))

    return Resource(
        uri="netspy://drop-reasons",
        name="drop-reasons",
        title="What drop reasons mean",
        description="Every reason why a kernel drops an skb or sends a TCP reset: what it means, usual causes, what to "
        "check next, whether it is harmless.",
        read=read,
    )


def _recording(read: Read) -> Resource:
    return Resource(
        uri="netspy://source/recording",
        name="recording",
        title="The recording that answers",
        description="What is in the recording that answers in the place of live traffic: when and where it was made, "
        "events by kind, outcomes, reasons of drops, losses.",
        read=read,
    )


async def _coverage(source: EbpfSource, now: datetime) -> str:
    """A source that is away says so here too: that is what is asked."""
    window = Window.last(COVERED_S, now)
    said = {
        "check": asdict(await source.check()),
        "status": await _or_why_not(source.status),
        "kinds": {kind: await _or_why_not(partial(_covered, source, kind, window)) for kind in EVENT_TYPES},
    }
    return json.dumps(said)


async def _covered(source: EbpfSource, kind: EventKind, window: Window) -> Coverage:
    everything = Aggregate(kind=kind, window=window, filter=Filter(failed_local_lookups=True))
    return (await source.aggregate(everything)).coverage


async def _or_why_not(ask: Callable[[], Awaitable[object]]) -> Json:
    try:
        answer: Json = encode(await ask())
    except NetspyError as error:
        return {"cannot_answer": str(error)}
    return answer
