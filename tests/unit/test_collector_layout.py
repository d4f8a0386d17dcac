"""The event's layout in Python against the one in the compiled object."""

import struct

from bot.ebpf.collector import layout, loader
from bot.ebpf.collector.btf import STRUCT, Btf
from tests.elf import sections


def object_btf() -> Btf:
    return Btf(sections(loader.OBJECT)[".BTF"])


def offsets() -> list[int]:
    """Where each field begins, from the format alone."""
    codes = "8Q9I2i5H10B16s16s16s16s"
    assert layout.EVENT.format == f"<{codes}"
    singles = ["Q"] * 8 + ["I"] * 9 + ["i"] * 2 + ["H"] * 5 + ["B"] * 10 + ["16s"] * 4
    return [struct.calcsize("<" + "".join(singles[:count])) for count in range(len(singles))]


def test_every_field_stands_where_the_kernel_program_writes_it() -> None:
    btf = object_btf()
    (event,) = (each for each in btf.types() if each.kind == STRUCT and btf.text(each.name_offset) == "event")
    members = [(name, offset) for name, _, offset in btf.members(event)]
    assert members == list(zip(layout.RawEvent._fields, offsets(), strict=True))
    assert event.size == layout.EVENT.size


def test_fields_of_whole_numbers_are_naturally_aligned_and_the_event_ends_on_eight_bytes() -> None:
    sizes = [after - at for at, after in zip(offsets(), [*offsets()[1:], layout.EVENT.size], strict=True)]
    assert [
        name for name, at, size in zip(layout.RawEvent._fields, offsets(), sizes, strict=True) if at % min(size, 8)
    ] == []
    assert layout.EVENT.size % 8 == 0


def test_kinds_and_flags_have_the_numbers_of_the_kernel_programs() -> None:
    enums = object_btf().enums("kind", "flag")
    kinds = {name.removeprefix("KIND_").lower(): number for number, name in enums["kind"].items() if name != "KINDS"}
    assert kinds == {name: number for number, name in enumerate(layout.KINDS, start=1)}
    flags = {name: number for number, name in enums["flag"].items()}
    assert flags == {name: getattr(layout, name) for name in flags}
    assert len(flags) == 8
