"""How answers reach people, and what netspy asks of their platforms: each is found by the adapter that has it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain.errors import Undeliverable
from bot.domain.message import Address, TurnId
from bot.domain.observing import UNOBSERVED, Observer
from bot.domain.ports import Adapter, Directory, Files, Outlet
from bot.telemetry.wrapping import ObservedOutlet


@dataclass(frozen=True, slots=True)
class Ways:
    """`outlet` is where an answer goes, `files` reads what is attached there, `directory` knows who is in a channel."""

    outlet: Callable[[TurnId, Address], Outlet]
    files: Callable[[Address], Files | None] = lambda _: None
    directory: Callable[[str], Directory | None] = lambda _: None


def ways_of(adapters: Sequence[Adapter], observer: Observer = UNOBSERVED) -> Ways:
    by_name = {adapter.name: adapter for adapter in adapters}
    files = {adapter.name: adapter for adapter in adapters if isinstance(adapter, Files)}
    directories = {adapter.name: adapter for adapter in adapters if isinstance(adapter, Directory)}

    def outlet(turn: TurnId, address: Address) -> Outlet:
        if adapter := by_name.get(address.adapter):
            return ObservedOutlet(adapter.outlet(turn, address), observer, adapter.name)
        raise Undeliverable(f"an answer for {address.adapter}", "it is not served here", "set its credentials again")

    return Ways(outlet, lambda address: files.get(address.adapter), directories.get)
