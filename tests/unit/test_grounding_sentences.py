# ruff: noqa: RUF001  people write such characters
"""Sentences of streamed Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.grounding.sentences import LONGEST, Sentences

PIECES = st.lists(
    st.sampled_from(
        [
            "A. ",
            "p50. ",
            "e.g. ",
            "1.5 ms",
            "`a. B`",
            "```\n",
            "x. Y\n",
            "\n\n",
            "- b. C",
            "[T1] ",
            "(T2)",
            "… ",
            "。",
            "| a |",
        ]
    )
    | st.text(max_size=6),
    max_size=20,
)


def cut(text: str, size: int = 1) -> list[str]:
    sentences = Sentences()
    whole = [piece for at in range(0, len(text), size) for piece in sentences.feed(text[at : at + size])]
    return [piece for piece in [*whole, sentences.rest()] if piece]


@given(PIECES, st.integers(1, 40))
def test_nothing_is_lost_and_chunks_make_no_difference(pieces: list[str], size: int) -> None:
    text = "".join(pieces)

    assert "".join(cut(text, size)) == text
    assert cut(text, size) == cut(text)


@pytest.mark.parametrize(
    "text",
    [
        "It took 1.5 ms to reach 10.0.0.1 and db.internal by v1.2.3 there.",
        "Use a port, e.g. 5432, or approx. Five of them vs. Six, see No. 5 and fig. 3.",
        "At p50. 2.0 s, in the U.S. East it is slow.",
        "Wait... There is more… And more.",
        "Run `nft list. Then stop.` now.",
        'He said "it failed." [T1] (T2)',
        "It failed. [T1, T2] ",
        "Am 23. November ging es los.",
        "**It failed.** ",
    ],
)
def test_a_sentence_is_not_cut_within(text: str) -> None:
    assert cut(text) == [text]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One. Two! Three? Four", ["One. ", "Two! ", "Three? ", "Four"]),
        ("No. It runs.", ["No. ", "It runs."]),
        ("这是。好！是？对", ["这是。", "好！", "是？", "对"]),
        ("# Head. Line\nText\n\nMore", ["# Head. ", "Line\n", "Text\n\n", "More"]),
        ("- one\n- two. Three\n1. four\n", ["- one\n", "- two. ", "Three\n", "1. four\n"]),
        ("| a. B |\n| c |\n", ["| a. B |\n", "| c |\n"]),
        ("Soft\nwrap. Next", ["Soft\nwrap. ", "Next"]),
        ("Look:\n```sh\nx. Y\n\nz\n```\nEnd.", ["Look:\n", "```sh\nx. Y\n\nz\n```\n", "End."]),
        ("It failed. [T1] Next.", ["It failed. [T1] ", "Next."]),
        ("It stops at 600 s. Last time it ran on.", ["It stops at 600 s. ", "Last time it ran on."]),
        ("It took 5 min. In all 3 h. Or 2ms. Then", ["It took 5 min. ", "In all 3 h. ", "Or 2ms. ", "Then"]),
        ("It took 5 min. 30 s.", ["It took 5 min. 30 s."]),
        ("A lone ` tick. Then\n\nmore", ["A lone ` tick. ", "Then\n\n", "more"]),
    ],
)
def test_a_sentence_ends_where_readers_see_its_end(text: str, pieces: list[str]) -> None:
    assert cut(text) == pieces


def test_a_sentence_is_given_out_as_soon_as_the_next_one_begins() -> None:
    sentences = Sentences()

    assert sentences.feed("It failed. ") == []
    assert sentences.feed("N") == ["It failed. "]


def test_what_never_ends_is_given_out_as_it_is() -> None:
    sentences = Sentences()

    assert sentences.feed("a" * LONGEST) == []
    assert sentences.feed("b") == ["a" * LONGEST + "b"]
    assert sentences.rest() == ""
