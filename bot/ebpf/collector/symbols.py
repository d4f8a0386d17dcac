"""Names of kernel code: an address becomes `function+0x1f`. Read when the first one is asked for (a tenth of a second).

Without CAP_SYSLOG the kernel shows zeros for addresses; then nothing has a name.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

_CODE = frozenset("tTwW")


class Symbols:
    """Kernel code by address. A module that is loaded later has no name here."""

    def __init__(self, path: Path = Path("/proc/kallsyms")) -> None:
        self._path = path
        self._addresses: array[int] | None = None
        self._names: list[str] = []
        self._known: dict[int, str | None] = {}

    def __call__(self, address: int) -> str | None:
        if address not in self._known:
            self._known[address] = self._find(address)
        return self._known[address]

    def _find(self, address: int) -> str | None:
        if self._addresses is None:
            self._addresses = self._read()
        place = bisect_right(self._addresses, address) - 1
        if place < 0:
            return None
        return f"{self._names[place]}+{address - self._addresses[place]:#x}"

    def _read(self) -> "array[int]":
        try:
            with self._path.open(encoding="ascii", errors="replace") as lines:
                found = sorted(_code_symbols(lines))
        except OSError:
            found = []
        self._names = [name for _, name in found]
        return array("Q", [address for address, _ in found])


def _code_symbols(lines: Iterable[str]) -> Iterable[tuple[int, str]]:
    for line in lines:
        address, kind, name = line.split(maxsplit=3)[:3]
        if kind in _CODE and address.strip("0"):
            yield int(address, 16), name
