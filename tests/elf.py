"""The sections of a 64-bit little-endian ELF file, such as a compiled eBPF object."""

import struct
from pathlib import Path


def sections(file: Path) -> dict[str, bytes]:
    """What each section holds, by its name."""
    data = file.read_bytes()
    return {name: data[begin : begin + size] for name, (begin, size) in places(file).items()}


def places(file: Path) -> dict[str, tuple[int, int]]:
    """Where each section begins in the file, and its size."""
    data = file.read_bytes()
    assert data[:6] == b"\x7fELF\x02\x01", file
    (headers_at,) = struct.unpack_from("<Q", data, 40)
    header_size, count, names_index = struct.unpack_from("<3H", data, 58)
    headers = [struct.unpack_from("<IIQQQQ", data, headers_at + header_size * index) for index in range(count)]
    names = headers[names_index][4]
    return {data[names + name :].split(b"\0", 1)[0].decode(): (at, size) for name, _, _, _, at, size in headers}
