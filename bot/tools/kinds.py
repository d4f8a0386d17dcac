"""Questions to several kinds of events at once, of which a source may record only some."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from bot.domain.errors import CannotAnswer
from bot.domain.network import Coverage, EventKind, added

Answer = TypeVar("Answer")


async def of_each(
    kinds: Iterable[EventKind], ask: Callable[[EventKind], Awaitable[Answer]]
) -> tuple[dict[EventKind, Answer], list[CannotAnswer]]:
    """Answers by kind, and why there is none of the others. Raises: CannotAnswer when there is none at all."""
    listed = list(kinds)
    said = dict(zip(listed, await asyncio.gather(*(_answer(ask(kind)) for kind in listed)), strict=True))
    answers = {kind: answer for kind, answer in said.items() if not isinstance(answer, CannotAnswer)}
    refusals = [answer for answer in said.values() if isinstance(answer, CannotAnswer)]
    if not answers and refusals:
        raise refusals[0]
    return answers, refusals


def together(coverages: Sequence[Coverage], refusals: Sequence[CannotAnswer]) -> Coverage:
    """Of answers over the same window: counts are those of all kinds."""
    notes = [note for coverage in coverages for note in coverage.notes]
    return replace(
        coverages[0],
        seen=added(coverage.seen for coverage in coverages),
        matched=sum(coverage.matched for coverage in coverages),
        lost=added(coverage.lost for coverage in coverages),
        nodes=tuple(dict.fromkeys(node for coverage in coverages for node in coverage.nodes)),
        unknown=tuple(dict.fromkeys(name for coverage in coverages for name in coverage.unknown)),
        notes=tuple(dict.fromkeys([*notes, *(refusal.got for refusal in refusals)])),
    )


async def _answer(asked: Awaitable[Answer]) -> Answer | CannotAnswer:
    try:
        return await asked
    except CannotAnswer as refusal:
        return refusal
