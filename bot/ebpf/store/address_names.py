"""What DNS called addresses last, by the answers that this machine got."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Final

from bot.domain.network import Endpoint

MAX_NAMES: Final = 65536


class AddressNames:
    """The newest name of each address; those that were told longest ago are forgotten."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._names)

    def learn(self, name: str, addresses: Iterable[str]) -> None:
        for address in addresses:
            self._names[address] = name.lower().rstrip(".")
            self._names.move_to_end(address)
        while len(self._names) > MAX_NAMES:
            self._names.popitem(last=False)

    def of(self, end: Endpoint) -> str | None:
        return self._names.get(end.address) if end.address else None

    def named(self, end: Endpoint) -> Endpoint:
        name = self.of(end)
        return replace(end, name=name) if name else end


class SeenNames(AddressNames):
    """Those that somebody may know who may not see all look-ups: `told` finds them when the first is asked for."""

    def __init__(self, told: Callable[[], Mapping[str, str]]) -> None:
        super().__init__()
        self._told = told

    @cached_property
    def _seen(self) -> Mapping[str, str]:
        return self._told()

    def of(self, end: Endpoint) -> str | None:
        return self._seen.get(end.address) if end.address else None
