"""Alerts that come in from a monitoring system, as values; and who remembers which thread is about which group."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from bot.domain.message import Address, ThreadKey

BEGINNING_S = 60.0
"""How long somebody may take to begin a thread, before another one is asked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGroup:
    """Alerts that belong together, as one notification tells of them.

    `receiver` is the route that they came by, `key` what makes them one group. `labels` and `annotations` are those
    that all of them have. `firing` are the identities of those that fire now; empty when all are resolved.
    """

    receiver: str
    key: str
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    firing: frozenset[str] = frozenset()
    since: datetime | None = None
    """When the first of them began to fire."""

    @property
    def name(self) -> str:
        return self.labels.get("alertname") or "an alert"

    @property
    def is_resolved(self) -> bool:
        return not self.firing


@dataclass(frozen=True, slots=True)
class AlertThread:
    """Where a group is talked about. `firing` is what fired as it was last told there, `asked` how often was asked."""

    key: ThreadKey
    address: Address
    firing: frozenset[str] = frozenset()
    asked: int = 0


Opened: TypeAlias = AlertThread | bool
"""The thread of a group; True: there is none, and it is yours to begin; False: somebody else is just beginning it."""


class AlertBook(Protocol):
    """Which thread is about which group of alerts, for all replicas alike. Raises `StorageError`."""

    async def open(self, group: AlertGroup, *, at: datetime, within_s: float) -> Opened:
        """A thread that was last told something longer ago than `within_s` is none any more.

        Whoever is to begin one has `BEGINNING_S` to `keep` it.
        """
        ...

    async def keep(self, group: AlertGroup, thread: AlertThread, *, at: datetime) -> None: ...

    async def give_up(self, group: AlertGroup) -> None:
        """No thread could be begun: the next one may try."""
        ...
