"""From results to the answer's Markdown: answer first, then what else matters, next steps, what was understood. Pure.

It never retypes a table, claims no outcome that the source did not record, and puts whatever comes from the data into
code spans.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TypeAlias

from bot.domain.turn import ToolResult
from bot.llm.offline import patterns as behaviours
from bot.llm.offline.attempts import attempts, attempts_of, summary
from bot.llm.offline.drops import drops, evidence
from bot.llm.offline.failures import failures, matches
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.phrases import counted, joined, sentence, span
from bot.llm.offline.plan import (
    DROP_LIST,
    DROP_SUMMARY,
    FAILURES,
    FOCUS_ROWS,
    LIST,
    PATTERNS,
    SUMMARY,
    Focus,
    Plan,
    scope_of,
    shared,
)
from bot.llm.offline.rows import code, rows_of, told
from bot.llm.offline.topics import CAUSE, REACH, SYSTEM

MAX_STEPS = 3
MAX_SENTENCES = 5
"""Sentences behind the answer: the tables say the rest."""
RECORDED = "These are recorded lab events, not the traffic of this machine."

UNKNOWN = """\
I did not understand that as a question about this network. Without a language model I can count and list connections \
and dropped packets, find failed connections and what they point to, and describe patterns; for one process or pid, \
and back to a time that you name. For example:
- *which processes had failed connections in the last 10 minutes?*
- *why can't curl reach 10.0.0.1?*
- *show me the last 5 connections of nginx*"""

NO_TOOLS = "I understood the question, but none of the tools that could answer it is offered here."

Reader: TypeAlias = Callable[[ToolResult, Context], Finding]
Found: TypeAlias = tuple[ToolResult, Finding]

_READERS: Mapping[str, Reader] = {
    FAILURES: failures,
    SUMMARY: summary,
    LIST: attempts,
    DROP_SUMMARY: drops,
    DROP_LIST: drops,
    PATTERNS: behaviours.patterns,
}
_SUBJECTS: Mapping[str, str] = {
    FAILURES: "failed connections",
    SUMMARY: "connection counts",
    LIST: "newest connections",
    DROP_SUMMARY: "dropped packets by reason",
    DROP_LIST: "newest dropped packets",
    PATTERNS: "patterns",
}
_WHOLE_SUBJECTS: Mapping[frozenset[str], str] = {
    frozenset(SYSTEM): "the whole system",
    frozenset(CAUSE): "failing connections and their cause",
    frozenset(REACH): "whether connections come about, and how fast",
}
_HEADINGS: Mapping[str, str] = {
    FAILURES: "Failed connections",
    SUMMARY: "Network summary",
    LIST: "Connections",
    DROP_SUMMARY: "Packet drops",
    DROP_LIST: "Packet drops",
    PATTERNS: "Patterns",
}


def compose(plan: Plan, results: Sequence[ToolResult], *, now: datetime, zone: tzinfo) -> str:
    """The answer that the results give, whoever chose the calls."""
    context = _context(plan.focus, results, now=now, zone=zone)
    findings = [(result, _finding(result, context)) for result in results]
    is_survey = set(SYSTEM) <= {result.call.name for result in results}
    parts = [
        _survey(findings, context) if is_survey else _answer(findings, context),
        *_caveats(results, plan.notes),
        _next_steps(findings),
        _understood(results, context),
    ]
    return "\n\n".join(part for part in parts if part)


def not_understood(notes: Sequence[str]) -> str:
    """What to say to a question that asks for nothing the tools know."""
    return "\n\n".join([UNKNOWN, *map(sentence, notes)])


def _context(focus: Focus, results: Sequence[ToolResult], *, now: datetime, zone: tzinfo) -> Context:
    scope = shared(scope_of(result.call.arguments) for result in results)
    windows = {result.coverage.window.duration_s for result in results if result.coverage}
    counted = [result for result in results if result.call.name == SUMMARY and not result.failed]
    return Context(
        focus=focus,
        scope=scope,
        duration_s=scope.duration_s or (min(windows) if len(windows) == 1 else None),
        now=now,
        zone=zone,
        attempts=attempts_of(counted[0]) if counted and len(windows) == 1 else {},
    )


def _finding(result: ToolResult, context: Context) -> Finding:
    heading = _HEADINGS.get(result.call.name, told(result.call.name).rstrip("."))
    if result.failed:
        said = f"{code(result.call.name)} gave no answer. {told(result.summary.removeprefix(f'{result.call.name}: '))}"
        return Finding(heading=heading, answer=said, weight=Weight.UNTOLD)
    read = _READERS.get(result.call.name)
    if read is None:
        return Finding(heading=heading, answer=told(result.summary), weight=Weight.FACT)
    return read(result, context)


def _answer(findings: Sequence[Found], context: Context) -> str:
    """The first finding answers, the others add a sentence each."""
    first, *others = [finding for _, finding in sorted(findings, key=lambda found: _rank(found, context))]
    untold = [finding.answer for finding in others if finding.weight is Weight.UNTOLD]
    proof = _evidence(findings, context.focus)
    behind = [_briefly(finding) for finding in others if not (proof and finding.heading == _HEADINGS[DROP_SUMMARY])]
    already = first.answer.partition(". ")[0].rstrip(".")
    more = [text for text in [*untold, *first.more, *proof, *behind] if text.rstrip(".") != already]
    lines = [f"- {sentence(text)}" for text in dict.fromkeys(more)]
    return "\n".join([sentence(first.answer), *([""] if lines else []), *lines[:MAX_SENTENCES]])


def _briefly(finding: Finding) -> str:
    """Why nothing was found is said once, by the finding that answers."""
    return finding.answer.partition(". ")[0] if finding.weight is Weight.NOTHING else finding.answer


def _rank(found: Found, context: Context) -> int:
    """Calls stand in the order of what they answer, unless there is no answer, or a handshake's time was asked for."""
    result, finding = found
    if finding.weight is Weight.UNTOLD:
        return 2
    return 0 if context.focus.slow and result.call.name == LIST and finding.weight is Weight.FACT else 1


def _evidence(findings: Sequence[Found], focus: Focus) -> list[str]:
    """What losses of the process that fails say about why it does."""
    failed = [result for result, finding in findings if _is(FAILURES, result) and finding.weight is Weight.FAULT]
    worst = next((row for result in failed for row in rows_of(result) if matches(row, focus)), None)
    if worst is None:
        return []
    said = [evidence(result, worst) for result, _ in findings if result.call.name in {DROP_SUMMARY, DROP_LIST}]
    return [text for text in said if text]


def _survey(findings: Sequence[Found], context: Context) -> str:
    """One line on what matters most, then a line for each part."""
    faults = [finding for result, finding in findings if finding.weight is Weight.FAULT]
    worst = next((finding for finding in faults if finding.heading == _HEADINGS[FAILURES]), None) or next(
        iter(faults), None
    )
    lines = [sentence(worst.answer) if worst else _quiet(findings, context), ""]
    for result, finding in findings:
        text = behaviours.brief(result) if _is(PATTERNS, result) and result.tables else finding.answer
        if finding is worst:
            text = " ".join(map(sentence, finding.more))
        if text:
            lines.append(f"- **{finding.heading}**: {sentence(text)}")
    return "\n".join(lines)


def _quiet(findings: Sequence[Found], context: Context) -> str:
    """That nothing is wrong, as far as that was recorded."""
    nothing = {result.call.name for result, finding in findings if finding.weight is Weight.NOTHING}
    claims = [
        claim
        for tool, claim in ((FAILURES, "no failed connection"), (DROP_SUMMARY, "no lost packet"))
        if tool in nothing
    ]
    within = f" in the {span(context.duration_s)}" if context.duration_s else ""
    if not claims:
        return "The data can't tell whether anything fails."
    return sentence(f"{' and '.join(claims)} was recorded{within}")


def _caveats(results: Sequence[ToolResult], notes: Sequence[str]) -> list[str]:
    coverages = [result.coverage for result in results if result.coverage]
    said = list(map(sentence, notes))
    if any(coverage.kind == "recording" for coverage in coverages):
        said.append(RECORDED)
    lost = max((coverage.lost or 0 for coverage in coverages), default=0)
    if lost:
        said.append(f"The source lost {counted(lost, 'event')}: real counts are higher.")
    return [" ".join(said)] if said else []


def _next_steps(findings: Sequence[Found]) -> str:
    has_failures = any(_is(FAILURES, result) and not result.failed for result, _ in findings)
    ordered = sorted(findings, key=lambda found: (-found[1].weight, not _is(FAILURES, found[0])))
    steps = [
        step
        for result, finding in ordered
        if not (has_failures and result.call.name in {SUMMARY, PATTERNS})  # theirs is to look for failures
        for step in finding.steps
    ]
    lines = [f"{number}. {sentence(step)}" for number, step in enumerate(dict.fromkeys(steps[:MAX_STEPS]), 1)]
    return "\n".join(["Next steps:", *lines]) if lines else ""


def _understood(results: Sequence[ToolResult], context: Context) -> str:
    tools = list(dict.fromkeys(result.call.name for result in results))
    failed = {result.call.name for result in results if result.failed}
    ran = ", ".join(f"{tool} (failed)" if tool in failed else tool for tool in tools)
    return f"Understood: {', '.join(_about(tools, context))}. Ran: {ran}."


def _about(tools: Sequence[str], context: Context) -> list[str]:
    scope, focus = context.scope, context.focus
    subject = _WHOLE_SUBJECTS.get(frozenset(tools)) or joined([_SUBJECTS.get(tool, tool) for tool in tools])
    has_own_rows = scope.max_events and not (focus.narrows and scope.max_events == FOCUS_ROWS)
    parts = [
        subject,
        f"process {code(scope.process)}" if scope.process else "",
        f"pid {scope.pid}" if scope.pid is not None else "",
        f"to {code(str(focus.destination))}" if focus.destination else "",
        " or ".join(sorted(focus.outcomes)),
        span(context.duration_s) if context.duration_s else "",
        f"at most {counted(scope.max_events, 'row')}" if scope.max_events and has_own_rows else "",
    ]
    return [part for part in parts if part]


def _is(tool: str, result: ToolResult) -> bool:
    return result.call.name == tool
