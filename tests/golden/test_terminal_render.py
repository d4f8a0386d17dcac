"""What replies look like in a terminal of 80 columns. In the files, `␛` stands for the escape character."""

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from wcwidth import wcswidth

from adapters.terminal.render import Look, render
from tests.fakes import NOW
from tests.golden.replies import REPLIES, ZONE


class TextFile(SingleFileSnapshotExtension):
    file_extension = "txt"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextFile)


def shown(name: str, *, colour: bool, width: int = 80) -> str:
    return render(REPLIES[name], Look(width=width, colour=colour, zone=ZONE, now=NOW))


@pytest.mark.parametrize("name", REPLIES)
def test_reply_without_colour(name: str, golden: SnapshotAssertion) -> None:
    text = shown(name, colour=False)

    assert "\x1b" not in text
    assert text == golden


@pytest.mark.parametrize("name", REPLIES)
def test_reply_in_colour(name: str, golden: SnapshotAssertion) -> None:
    assert shown(name, colour=True).replace("\x1b", "␛") == golden


@pytest.mark.parametrize("width", [20, 47, 80, 200])
@pytest.mark.parametrize("name", sorted(REPLIES.keys() - {"analysis"}))
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = shown(name, colour=False, width=width).split("\n")

    assert [line for line in lines if not 0 <= wcswidth(line) <= width] == []
