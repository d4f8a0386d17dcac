"""TCP sockets that began to listen, or ended. Who calls listen(2) or close(2) is certain."""

from collections.abc import Mapping
from typing import Final

from bot.domain.network import Listen
from bot.ebpf.collector import layout
from bot.ebpf.store.batch import Events, endpoints
from bot.ebpf.store.columns import WHO, who
from bot.ebpf.store.fields import Alike, OfNumber
from bot.ebpf.store.keeper import PlainKeeper
from bot.ebpf.store.log import Column, Log, Schema
from bot.ebpf.store.reading import Reading, Telling
from bot.ebpf.store.row import Meanings, Row

SCHEMA: Final = Schema(numbers={**WHO, "began": "u1"}, texts=("process", "destination"))
_LISTEN = 10


def listen_keeper() -> PlainKeeper:
    return PlainKeeper((layout.TCP_LISTEN,), SCHEMA, _columns)


def listen_reading(log: Log, meanings: Meanings) -> Reading:
    telling = Telling(
        event=_event,
        fields={"protocol": Alike("TCP"), "began": OfNumber("began", bool)},
    )
    return Reading(log, meanings, telling)


def _columns(events: Events) -> Mapping[str, Column]:
    return {
        **who(events),
        "destination": endpoints(events, "saddr", "sport"),
        "began": events["newstate"] == _LISTEN,
    }


def _event(row: Row) -> Listen:
    return Listen(**row.who(), destination=row.destination(), began=bool(row["began"]))
