"""Prose cut into what one message of Slack takes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.portions import split


def all_of(text: str, room: int = 12_000) -> list[str]:
    pieces = []
    while text:
        piece, text = split(text, room)
        pieces.append(piece)
    return pieces


def test_what_fits_is_left_whole() -> None:
    assert split("short\n\ntext") == ("short\n\ntext", "")


def test_long_prose_is_cut_behind_the_first_paragraph_that_ends_late_enough() -> None:
    text = "\n\n".join(["x" * 5000, "y" * 5000, "z" * 5000])
    assert all_of(text) == ["x" * 5000 + "\n\n" + "y" * 5000, "z" * 5000]


def test_what_was_shown_stays_where_it_is_while_the_text_grows() -> None:
    text = "\n\n".join(f"{n}. " + "word " * 300 for n in range(20))
    first = [split(text[:end])[0] for end in range(1000, len(text), 1000)]
    assert all(later.startswith(earlier.rstrip("\n ")) for earlier, later in pairwise(first))


@pytest.mark.parametrize(
    "text",
    ["line\n" * 4000, "A sentence. " * 2000, "word " * 5000, "x" * 30_000],
    ids=["lines", "sentences", "words", "none"],
)
def test_without_paragraphs_it_is_cut_at_the_best_place(text: str) -> None:
    pieces = all_of(text)
    assert all(0 < len(piece) <= 12_000 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_fence_that_is_cut_is_closed_and_opened_again() -> None:
    pieces = all_of("before\n\n```\n" + "code line\n" * 3000 + "```\n\nafter")
    assert all(piece.count("```") % 2 == 0 for piece in pieces)
    assert "".join(pieces).count("code line") == 3000


def test_paragraphs_inside_of_code_are_no_borders() -> None:
    text = "x" * 8990 + "\n\n```\n" + "a\n\n" * 100 + "```\n\nend"
    first, rest = split(text)
    assert first.endswith("```")
    assert rest == "end"


@given(st.text("ab `\n~#", max_size=400), st.integers(40, 200))
def test_nothing_is_lost_by_a_cut(text: str, room: int) -> None:
    said = "".join(all_of(text.strip("\n"), room)).replace("`", "").replace("~", "")
    assert "".join(said.split()) == "".join(text.replace("`", "").replace("~", "").split())
