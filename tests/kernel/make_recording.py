"""Makes the recording that comes with netspy: `python -m tests.kernel.make_recording FILE`, as root.

Two namespaces, everyday programs in them, and a score of faults; what other namespaces of this machine do is left out.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bot.ebpf.recording.recorder import recording
from bot.ebpf.recording.recording_frame import END_KEY, HEADER_KEY
from tests.kernel.lab_faults import FAULTS, provoked, serve
from tests.kernel.lab_traffic import everyday_traffic
from tests.kernel.namespaces import Pair, pair

SECONDS = 55
_WARM_UP_S = 2.0
"""Until servers are there, and until IPv6 has introduced itself."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder, pair() as made:
        everything = Path(folder, "everything.jsonl")
        missing = make(everything, made)
        kept = narrow(everything.read_text().splitlines(), {made.client.number, made.server.number})
    file.write_text("".join(f"{line}\n" for line in kept))
    print(f"{file}: {len(kept) - 2} events, {file.stat().st_size / 1e6:.2f} MB")
    if missing:
        print(f"not installed, and left out with what needs it: {', '.join(missing)}", file=sys.stderr)


def make(file: Path, made: Pair, *, seconds: float = SECONDS) -> tuple[str, ...]:
    """Everything that this machine does meanwhile. Returns the programs that are not installed."""
    with ExitStack() as stack:
        for fault in FAULTS:
            serve(fault, made, stack)
        time.sleep(_WARM_UP_S)
        with recording(file, failed=lambda: None), everyday_traffic(made) as missing:
            began = time.monotonic()
            _provoke_all(made, until=began + seconds)
    return missing


def narrow(lines: list[str], namespaces: set[int]) -> list[str]:
    """The lines of these namespaces, with header and end; the machine has no name in it."""
    kept = []
    for line in lines:
        fields = json.loads(line)
        if HEADER_KEY in fields:
            kept.append(json.dumps({**fields, "node": "lab"}))
        elif END_KEY in fields:
            kept.append(json.dumps({**fields, "events": len(kept) - 1}))
        elif fields["netns"] in namespaces:
            kept.append(line)
    return kept


def _provoke_all(made: Pair, *, until: float) -> None:
    """One fault after the other begins, so that they are spread over the time; all of them may be under way at once."""
    every_s = (until - time.monotonic()) / (len(FAULTS) + 4)
    with ExitStack() as stack:
        under_way = []
        for fault in FAULTS:
            under_way.append(stack.enter_context(provoked(fault, made)))
            time.sleep(every_s)
        for process in under_way:
            _wait(process, until)


def _wait(process: "subprocess.Popen[bytes]", until: float) -> None:
    try:
        process.wait(max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        print("a fault was cut short", file=sys.stderr)


if __name__ == "__main__":
    main()
