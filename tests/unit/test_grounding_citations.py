# ruff: noqa: RUF001  people write such characters
"""Labels that prose cites."""

import pytest

from bot.conversation.grounding.citations import cited


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("It failed [T2], see T1 and (T3), T2 again.", ("T2", "T1", "T3")),
        ("[T1, T2] and [T4-T6], T8–T9", ("T1", "T2", "T4", "T5", "T6", "T8", "T9")),
        ("T1/T2: **T3**.", ("T1", "T2", "T3")),
        ("T10x, node-T1, T1.5, T0, UTC1, t1, T1234", ()),
        ("`T1` and\n```\nT2\n```\n", ()),
        ("T3-T1, T1-T999", ("T3", "T1")),
        ("", ()),
    ],
)
def test_labels_come_in_the_order_of_their_first_mention(text: str, labels: tuple[str, ...]) -> None:
    assert cited(text) == labels
