"""Records what this machine's kernel programs tell into a file: the header, a line an event, the end.

Events are decoded and written as they come, in the collector's own thread; a ring twice as large as that of other
collectors holds a burst meanwhile. What is lost nevertheless is counted in the end.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bot.ebpf.collector.btf import reason_names
from bot.ebpf.collector.cgroups import Cgroups
from bot.ebpf.collector.decode import Decoder
from bot.ebpf.collector.loader import RING_BYTES, Programs, start
from bot.ebpf.collector.reader import Batch, Reader
from bot.ebpf.collector.symbols import Symbols
from bot.ebpf.recording.masking import Mask
from bot.ebpf.recording.recording_frame import End, Header
from bot.ebpf.recording.recording_sink import Sink, open_sink

_RING_BYTES = 2 * RING_BYTES


@dataclass(frozen=True, slots=True)
class Progress:
    """`lost`: by the kind of event; kinds without losses are left out."""

    events: int
    lost: Mapping[str, int]
    size_bytes: int


class Recorder:
    """A recording under way."""

    def __init__(self, sink: Sink, programs: Programs, *, mask: Mask | None) -> None:
        self.header = _header(programs, mask)
        self._sink = sink
        self._mask = mask
        self._decoder = Decoder(reason_names(), symbol_of=Symbols(), cgroup_of=Cgroups())
        self._events = 0
        self._sink.write([self.header.line()])

    def deliver(self, batch: Batch) -> None:
        """Called by the reader's thread. Raises: CannotRecord, BrokenPipeError."""
        decoded = self._decoder.batch(batch.events, epoch_ns=batch.epoch_ns)
        masked = map(self._mask.event, decoded) if self._mask else decoded
        self._sink.write(json.dumps(fields, separators=(",", ":")) for fields in masked)
        self._events += len(batch.events)

    def progress(self, reader: Reader) -> Progress:
        lost = {kind: counts.lost for kind, counts in reader.counts().items() if counts.lost}
        return Progress(self._events, lost, self._sink.size_bytes)

    def end(self, reader: Reader) -> None:
        lost = {kind: counts.lost for kind, counts in reader.counts().items()}
        self._sink.write([End(ended=datetime.now(UTC), events=self._events, lost=lost).line()])


@dataclass(frozen=True, slots=True)
class Recording:
    """What is told of one under way, and after its end."""

    header: Header
    progress: Callable[[], Progress]


@contextmanager
def recording(
    path: Path, *, overwrite: bool = False, mask: Mask | None = None, failed: Callable[[], None]
) -> Iterator[Recording]:
    """Records until it is left. `failed` is called in another thread when nothing more can be written.

    Raises: CannotCollect, CannotRecord; BrokenPipeError when the reader of stdout has gone.
    """
    with start(ring_bytes=_RING_BYTES) as programs, open_sink(path, overwrite=overwrite) as sink:
        recorder = Recorder(sink, programs, mask=mask)
        reader = Reader(programs, recorder.deliver, failed=lambda _: failed())
        try:
            yield Recording(recorder.header, lambda: recorder.progress(reader))
        finally:
            reader.close()
        recorder.end(reader)


def _header(programs: Programs, mask: Mask | None) -> Header:
    machine = os.uname()
    return Header(
        began=datetime.now(UTC),
        kernel=f"{machine.release} {machine.machine}",
        node=mask.node(machine.nodename) if mask else machine.nodename,
        netspy=version("netspy"),
        programs=programs.attached,
        missing=dict(programs.failed),
        masked=mask is not None,
    )
