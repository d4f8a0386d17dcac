"""Hostile texts in a terminal of 80 columns: no control of it, no line more, no column moved."""

import re
from collections.abc import Iterator
from unicodedata import category

from adapters.terminal.banner import banner
from adapters.terminal.progress import StepLines
from adapters.terminal.render import Look, render
from bot.domain.message import Block, Prose
from bot.domain.ports import Check
from bot.tables.text import cell_width
from tests.fakes import NOW
from tests.golden.replies import ZONE
from tests.hostile.corpus import CORPUS, HARMLESS, Hostile
from tests.hostile.pieces import COUNTS, data_of, file_of, prose_of, steps_of, table_of

WIDTH = 80
_OWN = re.compile(r"\x1b\[(?:0|[0-9]{1,2}(?:;[0-9]{1,2})*)m")
"""Colours, which are all that netspy writes."""
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def look(*, colour: bool = False) -> Look:
    return Look(width=WIDTH, colour=colour, zone=ZONE, now=NOW)


def shown(*blocks: Block) -> str:
    return render(blocks, look())


def hidden_in(text: str) -> set[str]:
    return {char for char in text if char != "\n" and category(char) in _HIDDEN}


def test_nothing_that_a_terminal_obeys_or_hides_comes_through() -> None:
    for each in CORPUS:
        prose = [Prose(said) for said in prose_of(each.text)]
        for blocks in (data_of(each.text), (file_of(each.text),), *[(said,) for said in prose]):
            assert hidden_in(shown(*blocks)) == set(), each


def test_in_colour_there_is_nothing_but_netspys_own_colours() -> None:
    for each in CORPUS:
        coloured = render(data_of(each.text), look(colour=True))
        assert _OWN.sub("", coloured) == shown(*data_of(each.text)), each
        assert coloured.count("\x1b") == len(_OWN.findall(coloured)), each
        for said in prose_of(each.text)[:2]:
            assert hidden_in(_OWN.sub("", render([Prose(said)], look(colour=True)))) == set(), each


def test_a_table_keeps_its_lines_and_its_columns() -> None:
    title, head, *rows = shown(table_of(HARMLESS)).splitlines()
    for each in CORPUS:
        lines = shown(table_of(each.text)).split("\n")
        assert lines[0] == title, each
        assert [line.split()[-1] for line in lines[1:4]] == ["count", *map(str, COUNTS)], each
        assert len({cell_width(line) for line in lines[1:4]}) == 1, each
        assert len(lines) == len([title, head, *rows]) + 1, each
        assert all(cell_width(line) <= WIDTH for line in lines), each


def test_no_line_is_wider_than_the_terminal() -> None:
    for each in CORPUS:
        wide = [line for line in shown(*data_of(each.text)).split("\n") if not 0 <= cell_width(line) <= WIDTH]
        assert wide == [], each


def test_a_notice_and_a_footer_stay_what_they_are() -> None:
    """A line that a text begins is indented: only netspy begins one at the left."""
    for each in CORPUS:
        *_, footer, notice = data_of(each.text)
        first, *more = shown(notice).splitlines()
        assert first.startswith("warning: MCP server"), each
        assert all(line.startswith("  ") for line in [*more, *shown(footer).splitlines()[1:]]), each


def test_a_step_is_one_line() -> None:
    for each in CORPUS:
        assert [hidden_in(line) for line in steps_shown(each)] == [set(), set()], each


def steps_shown(each: Hostile) -> Iterator[str]:
    written: list[str] = []
    for step in steps_of(each.text):
        StepLines(written.append).step(step)
    return iter("".join(written).rstrip("\n").split("\n"))


def test_what_the_parts_say_of_themselves_is_one_line_each() -> None:
    for each in CORPUS:
        said = banner([Check("source", "ok", each.text), Check("mcp", "ok", each.text)], look())
        assert hidden_in(said) == set(), each
        assert len(said.split("\n")) == 5, each
