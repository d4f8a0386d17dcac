"""`netspy record` as a process of its own, over the running kernel; and what is asked of its files afterwards."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

NETSPY = Path(sys.executable).parent / "netspy"
BEGUN = "netspy: recording this machine's kernel events"

pytestmark = pytest.mark.usefixtures("kernel")


@contextmanager
def recording(*words: object, before: Sequence[str] = (), **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """`netspy record`, from its begin on; `before` is what starts it."""
    command = [*before, str(NETSPY), "record", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            assert process.stderr is not None
            assert BEGUN in process.stderr.readline()
            yield process
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]", by: int = signal.SIGINT) -> str:
    """What it says on stderr when it is told to end."""
    process.send_signal(by)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return " ".join(said.split())


def netspy(*words: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    command = [str(NETSPY), *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, **options)


def refuse(port: int) -> None:
    with socket.socket() as client:
        client.connect_ex(("127.0.0.1", port))


def read(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    header, *events, end = map(json.loads, file.read_text().splitlines())
    return header, events, end


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.jsonl"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_with_a_complete_file_when_it_is_told_to(file: Path, by: int) -> None:
    with recording(file) as process:
        refuse(9)
        said = ended(process, by)
    header, events, end = read(file)
    assert (header["netspy_recording"], header["masked"], header["missing"]) == (1, False, {})
    assert header["kernel"].startswith(os.uname().release)
    assert (end["events"], end["lost"]["connect"]) == (len(events), 0)
    assert header["began"] < end["ended"]
    assert [each["errno"] for each in events if each["event"] == "connect" and each["pid"] == os.getpid()] == [
        "ECONNREFUSED"
    ]
    assert re.search(rf"recorded {len(events):,} events in [\d.]+ \w+, 0 lost, [\d.]+ KiB", said)
    assert f"ask it: netspy --server {file}" in said


def test_it_ends_by_itself_after_its_duration(file: Path) -> None:
    ran = netspy("record", file, "--duration", "0.2")
    assert ran.returncode == 0, ran.stderr
    assert "for 0.2 s" in " ".join(ran.stderr.split())
    assert read(file)[2]["netspy_recording_end"] == 1


def test_a_recording_can_be_asked_at_once(file: Path) -> None:
    with recording(file) as process:
        refuse(9)
        ended(process)
    ran = netspy("--server", file, "--tool", "find_failures", "--json")
    (row, *_) = [row for row in json.loads(ran.stdout)["tables"][0]["rows"] if row[1] == "127.0.0.1:9"]
    assert row[2:4] == ["refused", "ECONNREFUSED"]
    chat = netspy("--server", file, input="failures --duration 600\nquit\n", cwd=file.parent)
    assert "127.0.0.1:9" in chat.stdout
    assert "recording mine.jsonl" in chat.stdout


def test_a_recording_without_a_usual_name_can_be_asked_too(tmp_path: Path) -> None:
    with recording(tmp_path / "today") as process:
        refuse(9)
        ended(process)
    assert "127.0.0.1:9" in netspy("--server", tmp_path / "today", "--tool", "find_failures").stdout


def test_a_masked_recording_names_nobody(file: Path) -> None:
    code = """
import socket
open("/proc/self/comm", "w").write("secretary")
socket.socket().connect_ex(("203.0.113.77", 9))
socket.socket(socket.AF_UNIX).connect_ex("/run/hidden-place")
"""
    with recording(file, "--mask") as process:
        subprocess.run([sys.executable, "-c", code], check=True)
        ended(process)
    header, events, _ = read(file)
    assert header["masked"] is True
    assert {each["comm"] for each in events if each["event"] == "connect"} <= {
        "process-" + str(number) for number in range(1, 100)
    }
    text = file.read_text()
    assert [word for word in ("secretary", "203.0.113.", "hidden", os.uname().nodename + '"') if word in text] == []


def test_a_file_that_exists_is_kept_unless_told_otherwise(file: Path) -> None:
    file.write_text("precious")
    refused = netspy("record", file, "--duration", "0.1")
    assert (refused.returncode, file.read_text()) == (1, "precious")
    assert refused.stderr.endswith(f"{file}: file exists. Name another file, or overwrite it with --force\n")
    assert netspy("record", file, "--duration", "0.1", "--force").returncode == 0
    assert read(file)[0]["netspy_recording"] == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing/mine.jsonl", "no such file or directory. Make its folder first"),
        (".", "is a directory. Name a file in it"),
        ("/dev/full", "no space left on device. Free some space"),
    ],
)
def test_what_cannot_be_written_is_named_in_one_sentence(tmp_path: Path, name: str, told: str) -> None:
    ran = netspy("record", name, "--force", "--duration", "5", cwd=tmp_path)
    assert ran.returncode == 1
    assert f"netspy: writing the recording to {name}: {told}" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_disk_that_fills_up_ends_it_and_what_was_written_can_be_read(file: Path) -> None:
    with recording(file, before=("prlimit", "--fsize=6000")) as process:
        while process.poll() is None:
            refuse(9)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 1, said
    assert f"writing the recording to {file}: file too large. Record for a shorter time" in said
    asked = netspy("--server", file, "--tool", "list_connections")
    assert asked.returncode == 0, asked.stderr
    assert "the recording was interrupted" in " ".join(asked.stdout.split())


def test_whoever_reads_along_may_leave(tmp_path: Path) -> None:
    with recording("-", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["netspy_recording"] == 1
        process.stdout.close()
        while process.poll() is None:
            refuse(9)
        assert process.stderr is not None
        assert (process.returncode, process.stderr.read()) == (0, "  programs)\n")


def test_stdout_gets_the_same_lines() -> None:
    ran = netspy("record", "-", "--duration", "0.2")
    header, *_, end = map(json.loads, ran.stdout.splitlines())
    assert (header["netspy_recording"], end["netspy_recording_end"]) == (1, 1)
    assert "ask it" not in ran.stderr


def test_without_rights_it_says_so_and_leaves_no_file(file: Path) -> None:
    powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")
    command = [*powerless, str(NETSPY), "record", str(file)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "Loading eBPF programs needs CAP_BPF and CAP_PERFMON: run netspy as root" in ran.stderr
    assert not file.exists()


def test_on_a_terminal_it_counts_as_it_goes(file: Path) -> None:
    terminal = pexpect.spawn(str(NETSPY), ["record", str(file)], dimensions=(24, 80), encoding="utf-8", timeout=60)
    for count in range(1, 4):
        refuse(9)
        terminal.expect(rf"\r\x1b\[K[\d,]+ events in {count}?[\d.]+ \w+, 0 lost, [\d.]+ \w+")
    terminal.sendintr()
    terminal.expect("netspy: recorded ")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
