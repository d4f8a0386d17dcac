"""From results to the answer's Markdown: answer first, then what else matters, next steps, what was understood. Pure.

It never retypes a table, claims no outcome that the source did not record, and puts whatever comes from the data into
code spans.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import TypeAlias

from bot.domain.turn import ToolResult
from bot.llm.offline.attempts import attempts, counts_by_process, summary
from bot.llm.offline.behaviours import behaviours
from bot.llm.offline.drops import drops, evidence
from bot.llm.offline.failures import failures, matches
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.handshakes import is_stalled
from bot.llm.offline.plan import SYSTEM, Focus, Plan
from bot.llm.offline.prose import code, joined, reported, sentence, told
from bot.llm.offline.provenance import caveats, led_by
from bot.llm.offline.restating import understood
from bot.llm.offline.rows import is_whole, rows_of
from bot.llm.offline.scope import (
    DROP_LIST,
    DROP_SUMMARY,
    DROP_TOOLS,
    FAILURES,
    LIST,
    PATTERNS,
    SUMMARY,
    scope_of,
    shared,
)
from bot.llm.offline.small_talk import CAN_DO

MAX_STEPS = 3
UNTIED = "Not tied to these attempts: "
MAX_SENTENCES = 5
"""Sentences behind the answer: the tables say the rest."""

UNKNOWN = f"I did not understand that as a question about this network. {CAN_DO}"

NO_TOOLS = "I understood the question, but none of the tools that could answer it is offered here."

Reader: TypeAlias = Callable[[ToolResult, Context], Finding]
Found: TypeAlias = tuple[ToolResult, Finding]

_READERS: Mapping[str, Reader] = {
    FAILURES: failures,
    SUMMARY: summary,
    LIST: attempts,
    DROP_SUMMARY: drops,
    DROP_LIST: drops,
    PATTERNS: behaviours,
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
    findings = _findings(results, context)
    is_survey = set(SYSTEM) <= {result.call.name for result in results}
    answer = _survey(findings, context) if is_survey and len(findings) > 1 else _answer(findings, context)
    lead = " ".join(map(sentence, [*led_by(results, plan.focus), *plan.notes]))
    parts = [
        f"{lead} {answer}" if lead else answer,
        *caveats(results, plan.focus),
        _next_steps(findings, plan.focus),
        understood(results, context),
    ]
    return "\n\n".join(part for part in parts if part)


def not_understood(notes: Sequence[str]) -> str:
    """What to say to a question that asks for nothing the tools know: what can't be done, where that is known."""
    return f"{' '.join(map(sentence, notes))} {CAN_DO}" if notes else UNKNOWN


def _context(focus: Focus, results: Sequence[ToolResult], *, now: datetime, zone: tzinfo) -> Context:
    scopes = [scope_of(result.call.arguments) for result in results]
    scope = replace(shared(scopes), include_local=any(scope.include_local for scope in scopes))
    windows = {result.coverage.window.duration_s for result in results if result.coverage}
    counts = next((result for result in results if _is(SUMMARY, result) and len(windows) == 1), None)
    counts_everyone = counts and is_whole(counts) and _are_about_the_same(results)
    return Context(
        focus=focus,
        scope=scope,
        duration_s=scope.duration_s or (min(windows) if len(windows) == 1 else None),
        now=now,
        zone=zone,
        attempts=counts_by_process(counts, "attempts") if counts else {},
        failed=counts_by_process(counts, "failed") if counts and counts_everyone else {},
        stalled=tuple(
            row
            for result in results
            if _is(FAILURES, result)
            for row in rows_of(result)
            if matches(row, focus) and is_stalled(row)
        ),
    )


def _are_about_the_same(results: Sequence[ToolResult]) -> bool:
    """Whether the calls differ in nothing but their tool and rows, so that their counts can be set side by side."""
    first, *others = [replace(scope_of(result.call.arguments), max_events=None) for result in results]
    return all(other == first for other in others)


def _findings(results: Sequence[ToolResult], context: Context) -> list[Found]:
    """In the order of the calls. Tools that failed for the same reason tell it once, where the first of them stands."""
    failed: dict[str, list[ToolResult]] = {}
    for result in results:
        if result.failed:
            failed.setdefault(_reason(result), []).append(result)
    first = {id(group[0]): _untold(reason, group) for reason, group in failed.items()}
    return [
        (result, first[id(result)] if result.failed else _finding(result, context))
        for result in results
        if not result.failed or id(result) in first
    ]


def _reason(result: ToolResult) -> str:
    return result.summary.removeprefix(f"{result.call.name}: ")


def _untold(reason: str, failed: Sequence[ToolResult]) -> Finding:
    names = joined([code(result.call.name) for result in failed])
    return Finding(answer=f"{names} gave no answer. {reported(reason)}", weight=Weight.UNTOLD)


def _finding(result: ToolResult, context: Context) -> Finding:
    read = _READERS.get(result.call.name)
    return read(result, context) if read else Finding(answer=context.told(result.summary), weight=Weight.FACT)


def _answer(findings: Sequence[Found], context: Context) -> str:
    """The first finding answers, the others add a sentence each."""
    (answering, first), *others = sorted(findings, key=lambda found: _rank(found, context))
    untold = [finding.answer for _, finding in others if finding.weight is Weight.UNTOLD]
    is_failure = _is(FAILURES, answering) and first.weight is Weight.FAULT
    proof = _evidence(others, answering, context.focus) if is_failure else []
    behind = [
        f"{UNTIED}{_briefly(finding)}" if is_failure and finding.weight is Weight.FAULT else _briefly(finding)
        for result, finding in others
        if result.call.name not in DROP_TOOLS or not (proof or context.focus.destination)
    ]
    proof = proof or ([first.unless_proven] if first.unless_proven else [])
    already = first.answer.partition(". ")[0].rstrip(".")
    more = [text for text in [*untold, *first.more, *proof, *behind] if text.rstrip(".") != already]
    lines = [f"- {sentence(text)}" for text in dict.fromkeys(more)]
    return "\n".join([sentence(first.answer), *([""] if lines else []), *lines[:MAX_SENTENCES]])


def _briefly(finding: Finding) -> str:
    """Why nothing was found is said once, by the finding that answers."""
    if finding.weight is Weight.NOTHING:
        return finding.answer.partition(". ")[0]
    return finding.brief or finding.answer


def _rank(found: Found, context: Context) -> int:
    """Calls stand in the order of what they answer, unless there is no answer, or a handshake's time was asked for."""
    result, finding = found
    if finding.weight is Weight.UNTOLD:
        return 2
    return 0 if context.focus.slow and result.call.name == LIST and finding.weight is Weight.FACT else 1


def _evidence(others: Sequence[Found], failed: ToolResult, focus: Focus) -> list[str]:
    """What losses of the process that fails say about why it does.

    Counts of drops name no destination: they are evidence only where the process fails towards a single one.
    """
    rows = rows_of(failed)
    worst = next((row for row in rows if matches(row, focus)), None)
    if worst is None or not is_whole(failed):
        return []
    destinations = {row.text("destination") for row in rows if row.text("process") == worst.text("process")}
    if len(destinations) > 1:
        return []
    said = [evidence(result, worst) for result, _ in others if result.call.name in DROP_TOOLS]
    return [text for text in said if text]


def _survey(findings: Sequence[Found], context: Context) -> str:
    """One line on what matters most, then a line for each part."""
    faults = [found for found in findings if found[1].weight is Weight.FAULT]
    _, worst = min(faults, key=lambda found: not _is(FAILURES, found[0]), default=(None, None))
    lines = [sentence(worst.answer) if worst else _quiet(findings, context), ""]
    for result, finding in findings:
        text = " ".join(map(sentence, finding.more)) if finding is worst else finding.brief or finding.answer
        heading = _HEADINGS.get(result.call.name, told(result.call.name).rstrip("."))
        lines += [f"- **{heading}**: {sentence(text)}"] if text else []
    return "\n".join(lines)


def _quiet(findings: Sequence[Found], context: Context) -> str:
    """That nothing is wrong, as far as that was recorded."""
    nothing = {result.call.name for result, finding in findings if finding.weight is Weight.NOTHING}
    claims = [
        claim
        for tool, claim in ((FAILURES, "no failed connection"), (DROP_SUMMARY, "no lost packet"))
        if tool in nothing
    ]
    if not claims or any(finding.weight is Weight.UNTOLD for _, finding in findings):
        return "The data can't tell whether anything fails."
    return sentence(f"{' and '.join(claims)} was recorded{context.within}")


def _next_steps(findings: Sequence[Found], focus: Focus) -> str:
    """Counts of drops name no destination, and so lead nowhere where one is asked about."""
    has_failures = any(_is(FAILURES, result) and not result.failed for result, _ in findings)
    ordered = sorted(findings, key=lambda found: (-found[1].weight, not _is(FAILURES, found[0])))
    steps = [
        step
        for result, finding in ordered
        if not (has_failures and result.call.name in {SUMMARY, PATTERNS})  # theirs is to look for failures
        and not (focus.destination and result.call.name in DROP_TOOLS)
        for step in finding.steps
    ]
    lines = [f"{number}. {sentence(step)}" for number, step in enumerate(dict.fromkeys(steps[:MAX_STEPS]), 1)]
    return "\n".join(["Next steps:", *lines]) if lines else ""


def _is(tool: str, result: ToolResult) -> bool:
    return result.call.name == tool
