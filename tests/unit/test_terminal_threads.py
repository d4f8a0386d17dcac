import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.terminal.threads import claimed_thread

HOLD = """
import sys
from pathlib import Path
from adapters.terminal.threads import claimed_thread
with claimed_thread(Path(sys.argv[1]), new=False) as thread:
    print(thread.name, flush=True)
    sys.stdin.read()
"""


@contextmanager
def other_terminal(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Another process that is in a thread of the folder, and which one."""
    holder = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip(), process
        assert process.stdin
        process.stdin.close()


def claim(folder: Path, *, new: bool = False) -> str:
    with claimed_thread(folder, new=new) as thread:
        thread.used()
        return thread.name


def test_last_thread_is_resumed(tmp_path: Path) -> None:
    assert claim(tmp_path) == claim(tmp_path)


def test_new_begins_another_thread_which_is_the_last_one_then(tmp_path: Path) -> None:
    first = claim(tmp_path)
    second = claim(tmp_path, new=True)

    assert first != second
    assert claim(tmp_path) == second


def test_last_used_is_resumed_not_last_created(tmp_path: Path) -> None:
    first, second = claim(tmp_path), claim(tmp_path, new=True)
    for age_s, thread in ((10, second), (5, first)):
        os.utime(tmp_path / f"{thread}.thread", (1e9 - age_s, 1e9 - age_s))

    assert claim(tmp_path) == first


def test_thread_in_which_nothing_was_said_is_not_preferred(tmp_path: Path) -> None:
    used = claim(tmp_path)
    with claimed_thread(tmp_path, new=True) as silent:
        assert silent.name != used

    assert claim(tmp_path) == used


def test_resumed_thread_tells_when_it_was_last_used_and_a_new_one_does_not(tmp_path: Path) -> None:
    with claimed_thread(tmp_path, new=False) as first:
        assert first.last_used is None
        first.used()
    os.utime(tmp_path / f"{first.name}.thread", (1e9, 1e9))
    with claimed_thread(tmp_path, new=False) as again:
        assert again.last_used == datetime.fromtimestamp(1e9, UTC)


def test_two_terminals_never_share_a_thread(tmp_path: Path) -> None:
    with other_terminal(tmp_path) as (theirs, _), claimed_thread(tmp_path, new=False) as ours:
        assert theirs
        assert ours.name != theirs


def test_two_claims_in_one_process_never_share_a_thread(tmp_path: Path) -> None:
    with claimed_thread(tmp_path, new=False) as one, claimed_thread(tmp_path, new=False) as other:
        assert one.name != other.name


def test_thread_of_a_killed_terminal_is_free_again(tmp_path: Path) -> None:
    with other_terminal(tmp_path) as (theirs, process):
        process.kill()
        process.wait()

        assert claim(tmp_path) == theirs


def test_only_the_owner_may_look_into_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "threads"
    claim(folder)

    assert folder.stat().st_mode & 0o777 == 0o700


def test_unusable_folder_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OSError, match="file"):
        claim(tmp_path / "file")
