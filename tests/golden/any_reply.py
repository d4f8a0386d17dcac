"""Replies of any shape, for what must hold of all of them on every platform."""

from dataclasses import replace

from hypothesis import strategies as st

from bot.domain.message import Block, Chart, Notice, Prose
from bot.domain.table import Line, Series, Table
from tests.golden.replies import connections, footer

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40)
PROSE = st.one_of(
    st.lists(WORDS, min_size=1, max_size=30).map("\n\n".join),
    st.integers(1, 4).map(lambda n: "\n\n".join(f"Paragraph {i}: " + "word " * 500 for i in range(n))),
    st.sampled_from(["```\n" + "code line\n" * 900 + "```", "- item\n" * 2000, "x" * 15_000, "a `b` [T1] **c**"]),
).map(Prose)
TABLES = st.builds(lambda rows, more: connections(rows, rows + more), st.integers(0, 260), st.integers(0, 9))
CHARTS = st.just(Chart(Series("Drops", ("a", "b"), (Line("x", (1.0, 2.0)),))))
BLOCKS = st.lists(
    st.one_of(PROSE, TABLES, CHARTS, st.just(footer()), WORDS.map(lambda text: Notice("info", text))), max_size=8
)


def numbered(blocks: list[Block]) -> list[Block]:
    """Tables with labels of their own, as turns give them, and no two runs of prose side by side."""
    labelled: list[Block] = []
    for number, block in enumerate(blocks):
        if isinstance(block, Prose) and labelled and isinstance(labelled[-1], Prose):
            continue
        labelled.append(replace(block, label=f"T{number}") if isinstance(block, Table) else block)
    return labelled
