"""The terminal without a terminal: real pipes, files and signals around a whole process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

SESSION = (sys.executable, "-m", "tests.wire.terminal_session")
BANNER = """source: recording lab-2026, 412 events
model warning: off, the planner answers (set OPENAI_API_KEY)
Ask in plain words, or type help. quit leaves.

"""


def session(typed: str | bytes, state_dir: Path) -> subprocess.CompletedProcess[str]:
    data = typed.encode() if isinstance(typed, str) else typed
    environment = {**os.environ, "COLUMNS": "80"}
    command = [*SESSION, str(state_dir)]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False, env=environment)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def spoken(done: subprocess.CompletedProcess[str]) -> str:
    """The transcript between the banner and the session's own last line."""
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(BANNER)
    return done.stdout.removeprefix(BANNER).rpartition("last ")[0]


@contextmanager
def open_session(state_dir: Path) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    """A session with its stdin and stdout still open."""
    with subprocess.Popen(
        [*SESSION, str(state_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process, process.stdin, process.stdout
        finally:
            process.kill()


def test_piped_session_reads_as_a_transcript(tmp_path: Path) -> None:
    done = session("list --max-events 2\nand curl?\nquit\nnever read\n", tmp_path)

    assert spoken(done) == (
        "netspy-mcp> list --max-events 2\n"
        "T1  Newest connection attempts\n"
        "time      destination         protocol  process\n"
        "14:07:00  172.217.164.78:443  TCP       curl\n"
        "14:07:00  (local socket)      UNIX      snapd\n"
        "2 of 15 rows shown\n"
        "recording lab-2026, not live | 13:07-14:07 UTC\n"
        "  15 matched of 29 seen, 2 shown, 0 lost | list --max-events 2\n"
        "\n"
        "Both connected [T1].\n"
        "\n"
        "Next:\n"
        "\n"
        " • `summary`\n"
        " • `droplist`\n"
        "\n"
        "netspy-mcp> and curl?\n"
        "You said: and curl?\n"
        "\n"
        "netspy-mcp> quit\n"
    )
    assert "left after 2 messages" in done.stdout


def test_progress_goes_to_stderr_one_line_a_step(tmp_path: Path) -> None:
    assert session("list\n", tmp_path).stderr == (
        "… list_connections --max-events 2\n"
        "… list_packet_drops\n"
        "failed: list_packet_drops: http://127.0.0.1:1: nothing answers\n"
    )


@pytest.mark.parametrize("last", ["QUIT\n", "exit\n", "exit", ""])
def test_quit_exit_and_the_end_of_input_leave(last: str, tmp_path: Path) -> None:
    done = session(f"one\n{last}", tmp_path)

    assert done.returncode == 0
    assert "left after 1 messages" in done.stdout


def test_no_input_at_all_is_no_error(tmp_path: Path) -> None:
    assert spoken(session("", tmp_path)) == ""


def test_last_line_needs_no_newline(tmp_path: Path) -> None:
    assert "You said: one" in session("one", tmp_path).stdout


def test_input_can_be_a_plain_file(tmp_path: Path) -> None:
    typed = tmp_path / "typed"
    typed.write_text("one\ntwo\n")
    with typed.open() as stdin:
        done = subprocess.run(
            [*SESSION, str(tmp_path)], stdin=stdin, capture_output=True, text=True, timeout=60, check=True
        )

    assert "You said: two" in done.stdout


def test_empty_lines_are_ignored_and_windows_line_ends_are_ends(tmp_path: Path) -> None:
    done = session("\n   \n\ufeffone\r\n", tmp_path)

    assert "You said: one\n" in done.stdout
    assert "left after 1 messages" in done.stdout


@pytest.mark.parametrize("typed", ["a\x1b[31mb", "a\0b", "a\x07", "a\x9bb"])
def test_control_characters_are_refused_in_a_sentence_and_never_echoed(typed: str, tmp_path: Path) -> None:
    done = session(f"{typed}\nnext\n", tmp_path)

    assert "error: This line holds the control character \\x" in done.stdout
    assert "left after 1 messages" in done.stdout
    assert not set(typed) & {"\x1b", "\0", "\x07", "\x9b"} & set(done.stdout)


def test_bytes_that_are_no_text_end_nothing(tmp_path: Path) -> None:
    assert "You said: caf\ufffd" in session(b"caf\xe9\n", tmp_path).stdout


def test_long_line_reaches_the_desk_whole_and_is_echoed_short(tmp_path: Path) -> None:
    done = session("x" * 100_000 + "\n", tmp_path)
    echo = next(line for line in done.stdout.split("\n") if line.startswith("netspy-mcp> "))

    assert len(echo) == 400
    assert done.stdout.count("x") > 100_000


def test_message_that_the_desk_cannot_take_is_one_error_and_the_talk_goes_on(tmp_path: Path) -> None:
    assert spoken(session("full\none\n", tmp_path)) == (
        "netspy-mcp> full\n"
        "error: kept the message: the disk is full. Free some space\n\n"
        "netspy-mcp> one\n"
        "You said: one\n\n"
    )


def test_each_piped_session_has_a_thread_of_its_own(tmp_path: Path) -> None:
    threads = {session("one\n", tmp_path).stdout.split()[-1] for _ in range(2)}

    assert len(threads) == 2
    assert list(tmp_path.iterdir()) == []


def test_reader_that_goes_away_ends_the_session_quietly(tmp_path: Path) -> None:
    with open_session(tmp_path) as (process, stdin, stdout):
        assert stdout.readline().startswith(b"source")
        stdout.close()
        stdin.write(b"list\n" * 3)
        stdin.flush()
        assert process.stderr
        said = process.stderr.read()

        assert process.wait() == 0
        assert b"Traceback" not in said
        assert b"Broken" not in said


def test_full_disk_behind_stdout_ends_the_session_without_a_traceback(tmp_path: Path) -> None:
    with open("/dev/full", "w") as stdout:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*SESSION, str(tmp_path)], input=b"one\n", stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False
        )

    assert (
        done.stderr
        == b"writing to standard output: no space left on device. Redirect it to a place that can be written\n"
    )
    assert done.returncode == 1


def test_ctrl_c_outside_of_a_turn_ends_the_session_cleanly(tmp_path: Path) -> None:
    with open_session(tmp_path) as (process, _, stdout):
        _read_until(stdout, b"quit leaves.\n\n")
        process.send_signal(signal.SIGINT)

        assert process.wait() == 0


def test_ctrl_c_in_a_turn_stops_it_and_a_second_one_leaves(tmp_path: Path) -> None:
    with open_session(tmp_path) as (process, stdin, stdout):
        assert process.stderr
        stdin.write(b"slow\ndeaf\n")
        stdin.flush()
        _read_until(process.stderr, b"list_connections --process curl\n")
        process.send_signal(signal.SIGINT)
        _read_until(stdout, b"netspy-mcp> deaf\n")
        process.send_signal(signal.SIGINT)
        _read_until(process.stderr, b"stopping; Ctrl-C again leaves netspy\nstopping; Ctrl-C again leaves netspy\n")
        process.send_signal(signal.SIGINT)

        assert process.wait() == 0
        assert process.stderr.read() == b""


def _read_until(stream: IO[bytes], end: bytes) -> bytes:
    """Reads on to `end`, which has to come: the test's time limit stands behind it."""
    seen = b""
    while not seen.endswith(end):
        byte = stream.read(1)
        assert byte, f"the stream ended behind {seen!r}"
        seen += byte
    return seen
