"""What keeps each kind of events, and what reads them."""

from collections.abc import Mapping
from typing import TypeAlias

from bot.domain.network import EventKind
from bot.ebpf.store.accepts import Accepts, accept_reading
from bot.ebpf.store.address_names import AddressNames
from bot.ebpf.store.attempt_reading import attempt_reading
from bot.ebpf.store.attempts import Attempts
from bot.ebpf.store.drops import KernelNames, drop_keeper, drop_reading
from bot.ebpf.store.icmp_errors import icmp_keeper, icmp_reading
from bot.ebpf.store.keeper import Keeper
from bot.ebpf.store.listeners import listen_keeper, listen_reading
from bot.ebpf.store.lookups import Lookups, lookup_reading
from bot.ebpf.store.reading import Reading
from bot.ebpf.store.resets import reset_keeper, reset_reading
from bot.ebpf.store.retransmits import retransmit_keeper, retransmit_reading
from bot.ebpf.store.row import Meanings
from bot.ebpf.store.socket_errors import error_keeper, error_reading

Keepers: TypeAlias = Mapping[EventKind, Keeper]
Readings: TypeAlias = Mapping[EventKind, Reading]


def every_kind(names: KernelNames, *, node: str | None) -> tuple[Keepers, Readings]:
    """`node` is the name of this machine, where it is to be told."""
    addresses = AddressNames()
    meanings = Meanings(addresses, names.workload_of, node)
    keepers: dict[EventKind, Keeper] = {
        "connection": Attempts(),
        "accept": Accepts(),
        "drop": drop_keeper(names),
        "retransmit": retransmit_keeper(),
        "reset": reset_keeper(),
        "dns": Lookups(addresses),
        "listen": listen_keeper(),
        "error": error_keeper(),
        "icmp": icmp_keeper(),
    }
    logs = {kind: keeper.log for kind, keeper in keepers.items()}
    return keepers, {
        "connection": attempt_reading(logs["connection"], meanings),
        "accept": accept_reading(logs["accept"], meanings),
        "drop": drop_reading(logs["drop"], meanings, names),
        "retransmit": retransmit_reading(logs["retransmit"], meanings),
        "reset": reset_reading(logs["reset"], meanings, names),
        "dns": lookup_reading(logs["dns"], meanings),
        "listen": listen_reading(logs["listen"], meanings),
        "error": error_reading(logs["error"], meanings),
        "icmp": icmp_reading(logs["icmp"], meanings),
    }
