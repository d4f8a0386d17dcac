"""DNS messages as they are on the wire, made by hand."""

import struct

A, CNAME, AAAA = 1, 5, 28


def message(name: bytes, *records: bytes, number: int = 7, flags: int = 0x8180, kind: int = A) -> bytes:
    return (
        struct.pack(">HHHHHH", number, flags, 1, len(records), 0, 0)
        + name
        + struct.pack(">HH", kind, 1)
        + b"".join(records)
    )


def name(*labels: bytes) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(kind: int, content: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack(">HHIH", kind, 1, 60, len(content)) + content
