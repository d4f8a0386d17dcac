"""The terminal on a real pseudo-terminal: prompt, completion, Ctrl-C, Ctrl-D, threads."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

PROMPT = "netspy-mcp>"
ENVIRONMENT = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}

Terminal: TypeAlias = "pexpect.spawn[str]"
Opener: TypeAlias = Callable[..., Terminal]


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Opener]:
    """Opens sessions that share a state folder, each at its first prompt, or where `at` stands."""
    opened: list[Terminal] = []

    def open_one(*options: str, at: str = PROMPT, **environment: str) -> Terminal:
        arguments = ["-m", "tests.wire.terminal_session", str(tmp_path), *options]
        terminal: Terminal = pexpect.spawn(
            sys.executable,
            arguments,
            env={**ENVIRONMENT, **environment},
            encoding="utf-8",
            timeout=10,
            dimensions=(24, 80),
        )
        opened.append(terminal)
        terminal.expect_exact(at)
        return terminal

    yield open_one
    for terminal in opened:
        terminal.close(force=True)


def left(terminal: Terminal) -> str:
    """Waits for the end of the session: everything that was still written."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0, terminal.before
    assert "Traceback" not in (terminal.before or "")
    return terminal.before or ""


def thread_of(terminal: Terminal) -> str:
    """The thread that a session was in; ends it."""
    terminal.send("hello\r")
    terminal.expect_exact("You said: hello")
    terminal.expect_exact(PROMPT)
    terminal.sendeof()
    return left(terminal).split()[-1]


def test_banner_prompt_and_answer(open_terminal: Opener) -> None:
    terminal = open_terminal()
    assert "source: recording lab-2026, 412 events" in (terminal.before or "")
    terminal.send("list\r")
    terminal.expect_exact("14:07:00  (local socket)      UNIX      snapd")
    terminal.expect_exact("failed: list_packet_drops")
    terminal.expect_exact("Both connected [T1].")
    terminal.expect_exact(PROMPT)
    terminal.send("quit\r")

    assert "left after 1 messages" in left(terminal)


def test_tab_completes_commands_flags_and_process_names(open_terminal: Opener) -> None:
    terminal = open_terminal()
    for typed, rest in (("li", "st"), ("--pro", "cess"), ("ngi", "nx")):
        terminal.send(f"{typed}\t")
        terminal.expect_exact(rest)
    terminal.send("\r")
    terminal.expect_exact("Both connected")
    terminal.expect_exact(PROMPT)
    terminal.sendeof()

    assert "last 'list --process nginx';" in left(terminal)


def test_arrow_up_brings_back_a_line_of_an_earlier_session(open_terminal: Opener, tmp_path: Path) -> None:
    assert thread_of(open_terminal())
    again = open_terminal()
    again.send("\x1b[A")
    again.expect_exact("hello")
    again.send("\r")
    again.expect_exact("You said: hello")

    assert (tmp_path / "history").stat().st_mode & 0o777 == 0o600


def test_ctrl_c_stops_the_turn_and_the_prompt_comes_back(open_terminal: Opener) -> None:
    terminal = open_terminal()
    terminal.send("slow\r")
    terminal.expect_exact("list_connections --process curl")
    terminal.sendintr()
    terminal.expect_exact("stopping; Ctrl-C again leaves netspy")
    terminal.expect_exact("Stopped. What was found until then stands above.")
    terminal.expect_exact(PROMPT)
    terminal.send("still here\r")
    terminal.expect_exact("You said: still here")


def test_second_ctrl_c_in_a_turn_leaves(open_terminal: Opener) -> None:
    terminal = open_terminal()
    terminal.send("deaf\r")
    terminal.expect_exact("thinking")
    terminal.sendintr()
    terminal.expect_exact("stopping; Ctrl-C again leaves netspy")
    terminal.sendintr()

    assert "\x1b[?25h" in left(terminal), "the cursor stays hidden"


def test_ctrl_c_clears_a_line_and_leaves_an_empty_one(open_terminal: Opener) -> None:
    terminal = open_terminal()
    terminal.send("half a ques")
    terminal.expect_exact("ques")
    terminal.sendintr()
    terminal.expect_exact(PROMPT)
    terminal.sendintr()

    assert "left after 0 messages" in left(terminal)


def test_ctrl_d_leaves(open_terminal: Opener) -> None:
    terminal = open_terminal()
    terminal.sendeof()

    assert "left after 0 messages" in left(terminal)


def test_interrupt_from_outside_at_the_prompt_leaves(open_terminal: Opener) -> None:
    terminal = open_terminal()
    terminal.kill(2)

    assert "left after 0 messages" in left(terminal)


def test_pasted_lines_are_one_message(open_terminal: Opener) -> None:
    terminal = open_terminal()
    terminal.send("\x1b[200~why did\nthis fail?\x1b[201~")
    terminal.expect_exact("this fail?")
    terminal.send("\r")
    terminal.expect_exact("several lines taken as one question")
    terminal.expect_exact("You said: why did this fail?")


def test_pasted_commands_run_one_after_the_other(open_terminal: Opener) -> None:
    terminal = open_terminal()
    terminal.send("\x1b[200~summary\nhelp list\nquit\n\x1b[201~\r")
    terminal.expect_exact("You said: summary")
    terminal.expect_exact("netspy-mcp> help list\r\n")
    terminal.expect_exact("You said: help list")
    terminal.expect_exact("netspy-mcp> quit\r\n")

    assert "left after 2 messages" in left(terminal)


def test_ctrl_c_ends_all_that_was_pasted(open_terminal: Opener) -> None:
    terminal = open_terminal()
    terminal.send("\x1b[200~slow\nlist\x1b[201~\r")
    terminal.expect_exact("list_connections --process curl")
    terminal.sendintr()
    terminal.expect_exact(PROMPT)
    terminal.sendeof()

    assert "left after 1 messages" in left(terminal)


@pytest.mark.parametrize("options", [["--hangs"], ["--hangs", "--verbose"]])
def test_parts_that_never_answer_are_named_and_ctrl_c_says_that_it_ended_the_program(
    options: list[str], open_terminal: Opener
) -> None:
    terminal = open_terminal(*options, at="checking source, model, storage")
    terminal.sendintr()
    terminal.expect_exact("interrupted")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 1


def test_no_colour_means_none(open_terminal: Opener) -> None:
    terminal = open_terminal("--no-colour")
    terminal.send("list\r")
    terminal.expect_exact("T1  Newest connection attempts\r\ntime")
    terminal.expect_exact(" • `summary`\r\n • `droplist`")


@pytest.mark.parametrize(("options", "term"), [([], "dumb"), (["--verbose"], "xterm")])
def test_steps_are_plain_lines_where_redrawing_is_not_wanted(
    options: list[str], term: str, open_terminal: Opener
) -> None:
    terminal = open_terminal(*options, TERM=term)
    terminal.send("list\r")
    terminal.expect_exact("… list_connections --max-events 2\r\n")


def test_last_thread_is_resumed_and_new_begins_another(open_terminal: Opener) -> None:
    first = thread_of(open_terminal())

    assert thread_of(open_terminal()) == first
    assert thread_of(open_terminal("--new")) != first


def test_thread_that_goes_on_is_announced(open_terminal: Opener) -> None:
    assert "Thread resumed" not in (open_terminal().before or "")
    assert thread_of(open_terminal("--new"))
    terminal = open_terminal()

    assert "Thread resumed, last used " in (terminal.before or "")


def test_two_terminals_at_once_are_in_different_threads(open_terminal: Opener) -> None:
    one, other = open_terminal(), open_terminal()

    assert thread_of(one) != thread_of(other)


def test_unusable_state_folder_is_a_warning(open_terminal: Opener, tmp_path: Path) -> None:
    (tmp_path / "threads").write_text("")
    terminal = open_terminal()

    assert "This conversation can't be taken up again later" in (terminal.before or "")
    assert thread_of(terminal)
