"""Questions as the parameters of a collector's own API. Pure; `agent_client` sends them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from bot import scope_text
from bot.domain.errors import CannotAnswer, InvalidArguments
from bot.domain.network import Window
from bot.domain.query import EVERYTHING, Aggregate, EventQuery, Filter, Measure, Scope, Target
from bot.domain.sockets import SocketQuery
from bot.ebpf.agent import filters
from bot.ebpf.agent import parameters as known
from bot.ebpf.agent.given import AnyParameter, Given
from bot.targets import is_pattern

Asked: TypeAlias = dict[str, str | list[str]]

_NOTHING: Final[Mapping[str, str | list[str]]] = {filters.PID.name: "0"}
"""No event has this pid."""


def of_events(query: EventQuery) -> Asked:
    """Raises: CannotAnswer."""
    return {**_of_both(query), known.LIMIT.name: str(min(query.limit, known.MAX_EVENTS))}


def of_groups(query: Aggregate) -> Asked:
    """Raises: CannotAnswer."""
    top = min(query.top or known.MAX_GROUPS, known.MAX_GROUPS)
    asked: Asked = {**_of_both(query), known.TOP.name: str(top)}
    asked |= _if_any(known.GROUP_BY, query.group_by) | _if_any(known.MEASURES, map(_written, query.measures))
    if query.by:
        asked[known.BY.name] = _written(query.by)
    if query.slot_s is not None:
        asked[known.SLOT.name] = str(query.slot_s)
    return asked


def of_sockets(query: SocketQuery) -> Asked:
    return {
        known.STATE.name: sorted(query.states),
        known.SOCKETS_LIMIT.name: str(min(query.limit, known.MAX_SOCKETS)),
        known.HOLDERS.name: "true" if query.holders else "false",
    }


def of_window(window: Window) -> Asked:
    return {known.SINCE.name: f"{rfc3339(window.since)}Z", known.UNTIL.name: f"{rfc3339(window.until)}Z"}


def rfc3339(moment: datetime) -> str:
    """In UTC and microseconds, without the Z: ebpf-server wants nanoseconds of one end."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _of_both(query: EventQuery | Aggregate) -> Asked:
    wanted = query.filter if query.kind == "connection" else replace(query.filter, outcomes=None)
    conditions = dict(_conditions(wanted)) if _could_be_met(query, wanted) else dict(_NOTHING)
    return {filters.KIND.name: query.kind, **of_window(query.window), **conditions, **_of_scope(wanted.within)}


def _of_scope(scope: Scope) -> Asked:
    """A collector that does not know the parameter refuses it. Raises: CannotAnswer."""
    if scope.is_everything:
        return {}
    try:
        return {filters.WITHIN.name: scope_text.written(scope)}
    except ValueError as why:
        raise CannotAnswer("a scope for a collector", str(why), "let the policy name less, or use patterns") from None


def _could_be_met(query: EventQuery | Aggregate, wanted: Filter) -> bool:
    """What the collector would read otherwise, or not at all, no event of it has: a pid beyond the kernel's, say."""
    if wanted.outcomes is not None and not wanted.outcomes:
        return False
    given = Given([(filters.KIND.name, query.kind), *_pairs(dict(_conditions(wanted)))])
    try:
        return filters.read(given) == replace(_plain(wanted), within=EVERYTHING)
    except InvalidArguments:
        return False


def _plain(wanted: Filter) -> Filter:
    """A pattern without a wild card is a name."""
    pattern = wanted.process_pattern
    if pattern is None or is_pattern(pattern) or wanted.process not in (None, pattern):
        return wanted
    return replace(wanted, process=pattern, process_pattern=None)


def _conditions(wanted: Filter) -> Iterator[tuple[str, str | list[str]]]:
    plain = _plain(wanted)
    texts = {
        (filters.COMM if _is_ambiguous(plain) else filters.PROCESS).name: plain.process,
        filters.PID.name: plain.pid,
        filters.UID.name: plain.uid,
        filters.PROTOCOL.name: plain.protocol,
        filters.DIRECTION.name: plain.direction,
        filters.ERRNO.name: plain.errno,
        filters.REASON.name: plain.reason,
        filters.LOOKUP.name: plain.lookup,
        filters.NODE.name: plain.node,
        filters.NAMESPACE.name: plain.namespace,
        filters.POD.name: plain.pod,
        filters.CONTAINER.name: plain.container,
    }
    yield from ((name, str(value)) for name, value in texts.items() if value is not None)
    if plain.process_pattern is not None:
        yield filters.PROCESS.name, plain.process_pattern
    if plain.outcomes:
        yield filters.OUTCOME.name, sorted(plain.outcomes)
    if plain.target:
        yield from _of_target(plain.target)
    yield filters.FAILED_LOCAL_LOOKUPS.name, _switch(on=plain.failed_local_lookups)
    yield filters.HARMLESS.name, _switch(on=plain.harmless)


def _is_ambiguous(plain: Filter) -> bool:
    return plain.process_pattern is not None or is_pattern(plain.process or "")


def _of_target(target: Target) -> Iterator[tuple[str, str]]:
    if target == Target() or (target.network is not None and target.name is not None):
        raise CannotAnswer(
            "a destination", "a collector takes a network, a name or a port", "give one of the first two"
        )
    where = target.name if target.name is not None else target.network
    if where is not None:
        yield filters.DESTINATION.name, str(where)
    if target.port is not None:
        yield filters.PORT.name, str(target.port)


def _pairs(asked: Mapping[str, str | list[str]]) -> list[tuple[str, str]]:
    """Text that is no UTF-8 is not written as it is, and so not read as it was."""
    listed = [(name, text) for name, value in asked.items() for text in ([value] if isinstance(value, str) else value)]
    return [(name, text.encode(errors="replace").decode()) for name, text in listed]


def _if_any(parameter: AnyParameter, values: Iterable[str]) -> Asked:
    listed = list(values)
    return {parameter.name: listed} if listed else {}


def _written(measure: Measure) -> str:
    return f"{measure.operation}:{measure.field}"


def _switch(*, on: bool) -> str:
    return "true" if on else "false"
