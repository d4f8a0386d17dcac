"""Type information as the kernel and compilers write it (BTF): as much as is asked of it here.

Numbers of drop reasons shift between kernels, so their names are read from the running one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KERNEL: Final = Path("/sys/kernel/btf/vmlinux")

_INT, _ARRAY, STRUCT, ENUM, _PROTO, _VAR, _DATASEC, _DECL_TAG, _ENUM64 = 1, 3, 4, 6, 13, 14, 15, 17, 19
_UNION = 5
_FIXED = {_INT: 4, _ARRAY: 12, _VAR: 4, _DECL_TAG: 4}
_PER_ITEM = {STRUCT: 12, _UNION: 12, ENUM: 8, _PROTO: 8, _DATASEC: 12, _ENUM64: 12}
_MAGIC = 0xEB9F


@dataclass(frozen=True, slots=True)
class BtfType:
    """One type record. `body` is where its items begin within the whole; `size` is a size or another type's id."""

    number: int
    kind: int
    name_offset: int
    size: int
    items: int
    body: int


class Btf:
    """Raises: ValueError when `data` is no BTF of this machine's byte order."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 24 or struct.unpack_from("<H", data)[0] != _MAGIC:
            raise ValueError("this is no BTF")
        header, types, self._types_len, strings = struct.unpack_from("<IIII", data, 4)
        self._data = data
        self._types = header + types
        self._strings = header + strings

    def types(self) -> Iterator[BtfType]:
        at, number = self._types, 0
        while at < self._types + self._types_len:
            name, info, size = struct.unpack_from("<III", self._data, at)
            kind, items = (info >> 24) & 0x1F, info & 0xFFFF
            number += 1
            yield BtfType(number, kind, name, size, items, at + 12)
            at += 12 + _FIXED.get(kind, 0) + _PER_ITEM.get(kind, 0) * items

    def text(self, offset: int) -> str:
        begin = self._strings + offset
        return self._data[begin : self._data.index(b"\0", begin)].decode("ascii", "replace")

    def members(self, struct_type: BtfType) -> list[tuple[str, int, int]]:
        """The fields of a struct: name, number of the type, offset in bytes."""
        found = struct.iter_unpack("<III", self._data[struct_type.body : struct_type.body + 12 * struct_type.items])
        return [(self.text(name), number, (bits & 0xFFFFFF) // 8) for name, number, bits in found]

    def enums(self, *names: str) -> dict[str, dict[int, str]]:
        """The values of each enum by its name; those that are not there are empty."""
        wanted = {self._offset(name): name for name in names}
        found: dict[str, dict[int, str]] = {name: {} for name in names}
        for each in self.types():
            if each.kind == ENUM and each.name_offset in wanted:
                pairs = struct.iter_unpack("<Ii", self._data[each.body : each.body + 8 * each.items])
                found[wanted[each.name_offset]] = {value: self.text(name) for name, value in pairs}
        return found

    def _offset(self, name: str) -> int:
        """Where a name stands among the strings; -1 where it is not."""
        found = self._data.find(b"\0" + name.encode() + b"\0", self._strings)
        return found + 1 - self._strings if found >= 0 else -1


@dataclass(frozen=True, slots=True)
class ReasonNames:
    """Why skbs are dropped and resets are sent, by number; empty on kernels that do not tell."""

    drop: dict[int, str]
    reset: dict[int, str]

    def of_drop(self, number: int) -> str | None:
        """The number itself where it has no name; None where the kernel told none."""
        return self.drop.get(number, str(number)) if number >= 0 else None

    def of_reset(self, number: int) -> str | None:
        """The same of a reset."""
        return self.reset.get(number, str(number)) if number >= 0 else None


def reason_names(path: Path = KERNEL) -> ReasonNames:
    """The running kernel's own names, without their prefixes. Raises: OSError where it has no BTF."""
    enums = Btf(path.read_bytes()).enums("skb_drop_reason", "sk_rst_reason")
    return ReasonNames(
        {n: name.removeprefix("SKB_").removeprefix("DROP_REASON_") for n, name in enums["skb_drop_reason"].items()},
        {n: name.removeprefix("SK_RST_REASON_") for n, name in enums["sk_rst_reason"].items()},
    )
