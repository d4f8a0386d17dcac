"""From results to the answer's Markdown: answer first, then what else matters, next steps, what was understood. Pure.

It never retypes a table, claims no outcome that the source did not record, and puts whatever comes from the data into
code spans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from bot.domain.turn import ToolResult
from bot.llm.offline.clock_times import ENDS_NOW
from bot.llm.offline.drops import evidence
from bot.llm.offline.failures import matches
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.findings import Found, context_of, findings_of
from bot.llm.offline.local_causes import local_cause
from bot.llm.offline.plan import SYSTEM, Focus, Plan
from bot.llm.offline.prose import sentence, told
from bot.llm.offline.provenance import caveats, led_by
from bot.llm.offline.restating import understood
from bot.llm.offline.rows import is_whole, rows_of
from bot.llm.offline.scope import (
    DIFF,
    DROP_LIST,
    DROP_SUMMARY,
    DROP_TOOLS,
    FAILURES,
    HEALTH,
    LATENCY,
    LIST,
    PATTERNS,
    SOCKETS,
    SUMMARY,
    scope_of,
)
from bot.llm.offline.small_talk import CAN_DO

MAX_STEPS = 3
_CAUSES = frozenset({LATENCY, HEALTH, SOCKETS, FAILURES})
UNTIED = "Not tied to these attempts: "
MAX_SENTENCES = 5
"""Sentences behind the answer: the tables say the rest."""

UNKNOWN = f"I did not understand that as a question about this network. {CAN_DO}"

NO_TOOLS = "I understood the question, but none of the tools that could answer it is offered here."

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
    if any(_is(DIFF, result) for result in results):  # its calls are limited as they were then
        plan = replace(plan, focus=Focus())
    context = context_of(plan.focus, results, now=now, zone=zone)
    findings = findings_of(results, context)
    is_survey = set(SYSTEM) <= {result.call.name for result in results}
    answer = _survey(findings, context) if is_survey and len(findings) > 1 else _answer(findings, context)
    lead = " ".join(map(sentence, [*led_by(results, plan.focus), *plan.notes, *_unended(plan, results)]))
    parts = [
        f"{lead} {answer}" if lead else answer,
        *caveats(results, plan.focus),
        _next_steps(findings, plan.focus),
        understood(results, context),
    ]
    return "\n\n".join(part for part in parts if part)


def _unended(plan: Plan, results: Sequence[ToolResult]) -> list[str]:
    """That the window could not end when it was to."""
    is_to_end = any("until" in call.arguments for call in plan.calls)
    is_kept = any("until" in result.call.arguments for result in results)
    return [ENDS_NOW] if is_to_end and not is_kept else []


def not_understood(notes: Sequence[str]) -> str:
    """What to say to a question that asks for nothing the tools know: what can't be done, where that is known."""
    return f"{' '.join(map(sentence, notes))} {CAN_DO}" if notes else UNKNOWN


def _answer(findings: Sequence[Found], context: Context) -> str:
    """The first finding answers, the others add a sentence each."""
    (answering, first), *others = _ordered(findings, context.focus)
    untold = [finding.answer for _, finding in others if finding.weight is Weight.UNTOLD]
    is_failure = _is(FAILURES, answering) and first.weight is Weight.FAULT
    proof = _evidence(others, answering, context.focus) if is_failure else []
    behind = [
        f"{UNTIED}{_briefly(finding)}" if _is_untied(result, finding) and is_failure else _briefly(finding)
        for result, finding in others
        if result.call.name not in DROP_TOOLS or not (proof or first.explains or _is_of_all(result, context.focus))
    ]
    is_seen = any(finding.explains for _, finding in others)
    proof = proof or ([first.unless_proven] if first.unless_proven and not is_seen else [])
    already = first.answer.partition(". ")[0].rstrip(".")
    more = [text for text in [*untold, *first.more, *proof, *behind] if text.rstrip(".") != already]
    lines = [f"- {sentence(text)}" for text in dict.fromkeys(more)]
    return "\n".join([sentence(first.answer), *([""] if lines else []), *lines[:MAX_SENTENCES]])


def _is_untied(result: ToolResult, finding: Finding) -> bool:
    """Whether it tells of trouble that may be somebody else's."""
    return finding.weight is Weight.FAULT and result.call.name in DROP_TOOLS and not _is_limited(result)


def _is_of_all(result: ToolResult, focus: Focus) -> bool:
    """Whether it is about all destinations, where one is asked about."""
    return focus.destination is not None and not _is_limited(result)


def _is_limited(result: ToolResult) -> bool:
    return scope_of(result.call.arguments).has_place


def _briefly(finding: Finding) -> str:
    """Why nothing was found is said once, by the finding that answers."""
    if finding.weight is Weight.NOTHING:
        return finding.brief or finding.answer.partition(". ")[0]
    return finding.brief or finding.answer


def _ordered(findings: Sequence[Found], focus: Focus) -> list[Found]:
    """Calls stand in the order of what they answer, unless there is no answer, or another one has the cause."""
    ordered = sorted(findings, key=lambda found: _rank(found, focus))
    if all(_is_silent(found) for found in ordered):
        return list(findings)
    cause = next((found for found in ordered if _is_cause(found)), None)
    first = cause or next((found for found in ordered if _is_served(found)), None)
    if first is None or ordered[0][1].weight is not Weight.NOTHING:
        return ordered
    return [first, *(found for found in ordered if found is not first)]


def _is_silent(found: Found) -> bool:
    """Whether it says no more than that nothing was found, or could be."""
    return found[1].weight in {Weight.UNTOLD, Weight.NOTHING}


def _is_cause(found: Found) -> bool:
    """Whether it may answer in the place of a tool that has found nothing: it knows of trouble at the same place."""
    result, finding = found
    return finding.weight is Weight.FAULT and (result.call.name in _CAUSES or _is_limited(result))


def _is_served(found: Found) -> bool:
    """Whether it tells of connections that came in: who makes none by itself is a server."""
    result, finding = found
    incoming = scope_of(result.call.arguments).direction == "in"
    return finding.weight is Weight.FACT and result.call.name == LIST and incoming


def _rank(found: Found, focus: Focus) -> int:
    result, finding = found
    if finding.weight is Weight.UNTOLD:
        return 2
    return 0 if focus.slow and result.call.name == LIST and finding.weight is Weight.FACT else 1


def _evidence(others: Sequence[Found], failed: ToolResult, focus: Focus) -> list[str]:
    """What losses of the process that fails say about why it does.

    Counts of drops name no destination: they are evidence only where the process fails towards a single one.
    """
    rows = rows_of(failed)
    focus = replace(focus, is_limited=_is_limited(failed))
    worst = next((row for row in rows if matches(row, focus)), None)
    if worst is None or not is_whole(failed) or local_cause(worst):
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
        and not (result.call.name in DROP_TOOLS and _is_of_all(result, focus))
        for step in finding.steps
    ]
    lines = [f"{number}. {sentence(step)}" for number, step in enumerate(dict.fromkeys(steps[:MAX_STEPS]), 1)]
    return "\n".join(["Next steps:", *lines]) if lines else ""


def _is(tool: str, result: ToolResult) -> bool:
    return result.call.name == tool
