"""Fences, as a parser of Markdown sees them."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.markdown.fences import open_fence, stretches

PARSER = MarkdownIt("commonmark")
LINES = st.lists(st.sampled_from(["```\n", "````\n", "~~~\n", "```py\n", "``` `\n", "a\n", "\n"]), max_size=12)


@given(LINES, st.sampled_from(["", "a", "``", "```"]))
def test_stretches_are_the_whole_text(lines: list[str], end: str) -> None:
    markdown = "".join(lines) + end

    assert "".join(stretch.text for stretch in stretches(markdown)) == markdown


@given(LINES)
def test_fences_are_those_that_a_parser_sees(lines: list[str]) -> None:
    found = [stretch for stretch in stretches("".join(lines)) if stretch.marks]

    assert [stretch.marks for stretch in found] == [
        token.markup for token in PARSER.parse("".join(lines)) if token.type == "fence"
    ]


def test_an_open_fence_is_told_by_its_marks() -> None:
    assert open_fence("a\n~~~~\n```\nb") == "~~~~"
    assert open_fence("~~~~\n~~~~\nb") == ""
