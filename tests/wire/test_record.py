"""`netspy record --describe` as a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from bot.ebpf.recording.recorded import _SHIPPED

NETSPY = Path(sys.executable).parent / "netspy"


def netspy(*words: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(NETSPY), *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=cwd)


def test_a_recording_is_described_within_80_columns(tmp_path: Path) -> None:
    ran = netspy("record", "--describe", _SHIPPED, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"recording {_SHIPPED.name}\n")
    assert max(map(len, ran.stdout.splitlines())) <= 80


def test_a_recording_is_described_as_json(tmp_path: Path) -> None:
    said = json.loads(netspy("record", "--describe", "--json", _SHIPPED, cwd=tmp_path).stdout)
    assert (said["masked"], said["node"], said["lost"]) == (False, "lab", {})


def test_what_cannot_be_described_is_one_sentence(tmp_path: Path) -> None:
    ran = netspy("record", "--describe", "none.jsonl", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("netspy: reading the recording none.jsonl: No such file or directory.")


def test_words_that_make_no_sense_are_a_usage_error(tmp_path: Path) -> None:
    ran = netspy("record", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "netspy: netspy record: FILE is missing. Say where to: netspy record today.jsonl\n"
