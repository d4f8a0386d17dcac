"""What is to go wrong with the next calls. Pure."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Plan(Generic[T]):
    fault: T
    skip: int
    times: int


@dataclass(slots=True)
class Planned(Generic[T]):
    """Faults to come, by the call's name; `*` is every call."""

    _plans: dict[str, list[_Plan[T]]] = field(default_factory=dict)

    def plan(self, name: str, fault: T, *, times: int, skip: int) -> None:
        self._plans.setdefault(name, []).append(_Plan(fault, skip, times))

    def forget(self) -> None:
        """None of those to come."""
        self._plans.clear()

    def next(self, name: str) -> T | None:
        for plan in [*self._plans.get(name, []), *self._plans.get("*", [])]:
            if plan.skip > 0:
                plan.skip -= 1
            elif plan.times > 0:
                plan.times -= 1
                return plan.fault
        return None
