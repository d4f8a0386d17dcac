"""Raw events made by hand, as the kernel programs would write them."""

from ipaddress import ip_address

from bot.ebpf.collector import layout
from bot.ebpf.collector.btf import ReasonNames
from bot.ebpf.collector.decode import Decoder
from bot.ebpf.collector.details import Fields

EPOCH_NS = 1_700_000_000_000_000_000
REASONS = ReasonNames({2: "NOT_SPECIFIED", 3: "NO_SOCKET", 4: "QUEUE_PURGE", 5: "TCP_OLD_SEQUENCE"}, {2: "TCP_STATE"})
_DEFAULTS: dict[str, int | bytes] = {
    **dict.fromkeys(layout.RawEvent._fields, 0),
    "ts": 5_000_000_000,
    "sock": 0xFFFF888012345678,
    "pid": 42,
    "tid": 43,
    "netns": 4026531840,
    "reason": -1,
    "family": 2,
    "proto": 6,
    "saddr": b"\x0a\0\0\1",
    "daddr": b"\x0a\0\0\2",
    "sport": 40000,
    "dport": 443,
    "comm": b"curl",
    "ifname": b"eth0",
}


def raw(kind: str, tail: bytes = b"", **fields: int | bytes) -> bytes:
    values = _DEFAULTS | {"kind": layout.KINDS.index(kind) + 1, "tail_len": len(tail)} | fields
    return layout.EVENT.pack(*(values[name] for name in layout.RawEvent._fields)) + tail


def address(text: str) -> bytes:
    return ip_address(text).packed


def decoder() -> Decoder:
    return Decoder(REASONS, symbol_of="at+{:#x}".format, cgroup_of={7: "/system.slice"}.get, key=b"a key")


def decoded(kind: str, tail: bytes = b"", **fields: int | bytes) -> Fields:
    return decoder().decode(raw(kind, tail, **fields), epoch_ns=EPOCH_NS)
