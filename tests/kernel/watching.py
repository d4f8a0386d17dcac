"""A live collector whose decoded events a test can wait for."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from bot.ebpf.collector.btf import reason_names
from bot.ebpf.collector.cgroups import Cgroups
from bot.ebpf.collector.decode import Decoder
from bot.ebpf.collector.loader import OBJECT, RING_BYTES, start
from bot.ebpf.collector.reader import Batch, Reader
from bot.ebpf.collector.symbols import Symbols
from bot.ebpf.recording.line_values import parse_object
from bot.ebpf.recording.recorded_lines import parse_fields

Fields: TypeAlias = dict[str, Any]
_PATIENCE_S = 20.0


class Watch:
    """The events so far, oldest first."""

    def __init__(self) -> None:
        self._decoder = Decoder(reason_names(), symbol_of=Symbols(), cgroup_of=Cgroups())
        self._events: list[Fields] = []
        self._came = threading.Condition()

    def deliver(self, batch: Batch) -> None:
        decoded = list(self._decoder.batch(batch.events, epoch_ns=batch.epoch_ns))
        for fields in decoded:
            assert parse_fields(parse_object(json.dumps(fields))) == parse_fields(fields)
        with self._came:
            self._events += decoded
            self._came.notify_all()

    def all(self, event: str, **expected: object) -> list[Fields]:
        return self.everything(event=event, **expected)

    def everything(self, **expected: object) -> list[Fields]:
        """Of any kind."""
        return [each for each in self._events if all(each.get(name) == value for name, value in expected.items())]

    def one(self, event: str, **expected: object) -> Fields:
        """The first such event, as soon as it is there."""
        with self._came:
            came = self._came.wait_for(lambda: self.all(event, **expected), _PATIENCE_S)
        assert came, f"no {event} with {expected}, but {self.all(event)}"
        return came[0]


@contextmanager
def watching(object_file: Path = OBJECT, *, ring_bytes: int = RING_BYTES) -> Iterator[Watch]:
    watch = Watch()
    with Reader(start(object_file=object_file, ring_bytes=ring_bytes), watch.deliver):
        yield watch
