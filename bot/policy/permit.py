"""What somebody may do somewhere: the rules that decided, asked about one tool, command or model at a time. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

from bot.domain.query import EVERYTHING, Scope
from bot.domain.turn import ToolSpec
from bot.policy.rules import ALL, UNBOUNDED, Names, Rule, is_among

Way: TypeAlias = tuple[Rule, ...]
"""Rules of which nobody can tell which one decides: only what all of them permit is permitted. Mostly it is one."""
_NOTHING = Scope(frozenset())


@dataclass(frozen=True, slots=True)
class Verdict:
    """`scope` is what the tool may see; without a `reason` (a clause) it is permitted."""

    rule: str
    reason: str = ""
    scope: Scope = _NOTHING

    @property
    def is_permitted(self) -> bool:
        return not self.reason


@dataclass(frozen=True, slots=True)
class Permit:
    """Any of the `ways` is enough: in a channel it is one, in a direct message one for each channel."""

    ways: tuple[Way, ...]

    @property
    def rule(self) -> str:
        """The names of the rules that decided."""
        return _names(self.ways)

    @property
    def scope(self) -> Scope:
        """All that may be seen by any tool."""
        return union(map(scope_of, self.ways))

    @property
    def models(self) -> Names | None:
        """Those that may be told what any way lets through; None: all."""
        models = reduce(_common, (rule.models for way in self.ways for rule in way))
        return None if models == ALL else models

    def command(self, name: str) -> bool:
        return any(all(is_among(name, rule.commands) for rule in way) for way in self.ways)

    def brought_by(self, tool: str) -> bool:
        """Whether what this tool brought before may be looked at, as far as the scope allows."""
        return any(all(rule.admits_to(tool) for rule in way) for way in self.ways)

    def tool(self, spec: ToolSpec) -> Verdict:
        """Whether a tool may be called, and what it then sees."""
        verdicts = [_verdict(way, spec) for way in self.ways]
        permitted = [way for way, verdict in zip(self.ways, verdicts, strict=True) if verdict.is_permitted]
        if not permitted:
            return verdicts[0]
        return Verdict(_names(permitted), scope=union(map(scope_of, permitted)))

    def unchanging(self) -> "Permit":
        """The same without tools that may change something."""
        return Permit(tuple(tuple(replace(rule, changes=False) for rule in way) for way in self.ways))


EVERYTHING_PERMITTED = Permit(((UNBOUNDED,),))


def union(scopes: Iterable[Scope]) -> Scope:
    """What any of them lets through."""
    limits = [scope.any_of for scope in scopes]
    known = [each for each in limits if each is not None]
    return EVERYTHING if len(known) < len(limits) else Scope(frozenset().union(*known))


def scope_of(way: Way) -> Scope:
    """What all of its rules let through, or less: of two scopes, only the limits that stand in both."""
    return reduce(_both, (rule.scope for rule in way))


def _both(one: Scope, other: Scope) -> Scope:
    if one.any_of is None or other.any_of is None:
        return other if one.any_of is None else one
    return Scope(one.any_of & other.any_of)


def _verdict(way: Way, spec: ToolSpec) -> Verdict:
    reason = next(_reasons(way, spec), "")
    return Verdict(_names([way]), reason) if reason else Verdict(_names([way]), scope=scope_of(way))


def _reasons(way: Way, spec: ToolSpec) -> Iterator[str]:
    """What stands in the way of a call."""
    for rule in way:
        if not rule.admits_to(spec.name):
            yield "the policy does not permit this tool here"
        if missing := sorted(name for name in spec.uses if not rule.admits_to(name)):
            yield f"it runs other tools, of which the policy does not permit {_first(missing)} here"
        if spec.server and not spec.read_only and not rule.changes:
            yield "it may change something, and the policy permits only tools that change nothing here"
    if spec.server and not scope_of(way).is_everything:
        yield "the policy lets only a part of the network be seen here, and tools of other servers know no such part"


def _first(names: Collection[str]) -> str:
    first = ", ".join(sorted(names)[:3])
    return first if len(names) <= 3 else f"{first} ..."


def _names(ways: Iterable[Way]) -> str:
    return ", ".join(dict.fromkeys(rule.name for way in ways for rule in way))


def _common(one: Names, other: Names) -> Names:
    """Names that both lists let through, or less."""
    found = [name for name in one if any(_is_within(name, each) for each in other)]
    found += [name for name in other if any(_is_within(name, each) for each in one)]
    return tuple(dict.fromkeys(found))


def _is_within(name: str, names: str) -> bool:
    """Whether all that a pattern means, another one means too; False where that is hard to tell."""
    return name == names or (is_among(name, (names,)) and not ("*" in name and "?" in names))
