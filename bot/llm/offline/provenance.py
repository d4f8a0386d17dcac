"""Where results come from and how far they reach: what leads an answer, and what stands behind it. Pure."""

from collections.abc import Sequence

from bot.domain.network import Coverage
from bot.domain.turn import ToolResult
from bot.llm.offline.failures import towards
from bot.llm.offline.plan import SEARCHED, Focus
from bot.llm.offline.prose import code, counted, told
from bot.llm.offline.scope import scope_of

RECORDED = "These are recorded lab events, not the traffic of this machine."


def led_by(results: Sequence[ToolResult], focus: Focus) -> list[str]:
    """What has to be said before the answer: the source, where that is asked, and what the results don't cover."""
    coverages = [result.coverage for result in results if result.coverage]
    asked = {_source(coverage) for coverage in coverages} if focus.source else set[str]()
    begins = {
        f"the recording does not reach back that far, {told(note)[:1].lower()}{told(note)[1:]}"
        for coverage in coverages
        if coverage.kind == "recording"
        for note in coverage.notes
        if " begins at " in note
    }
    return [*sorted(asked), *sorted(begins), *_unkept(results, focus)]


def _source(coverage: Coverage) -> str:
    if coverage.kind == "recording":
        return f"no, not live: {RECORDED[:1].lower()}{RECORDED[1:]}"
    return f"yes, these are real events, from {code(coverage.source)}"


def _unkept(results: Sequence[ToolResult], focus: Focus) -> list[str]:
    """That no tool which ran can be limited to the destination that was named."""
    is_limited = any(scope_of(result.call.arguments).has_place for result in results)
    if focus.destination is None or is_limited or SEARCHED & {result.call.name for result in results}:
        return []
    return [f"no tool that ran can be limited to what goes{towards(focus.destination)}: this is about all destinations"]


def caveats(results: Sequence[ToolResult], focus: Focus) -> list[str]:
    coverages = [result.coverage for result in results if result.coverage]
    said: list[str] = []
    if any(coverage.kind == "recording" for coverage in coverages) and not focus.source:
        said.append(RECORDED)
    lost = max((coverage.lost or 0 for coverage in coverages), default=0)
    if lost:
        said.append(f"The source lost {counted(lost, 'event')}: real counts are higher.")
    return [" ".join(said)] if said else []
