"""What the column "seen here" says, as the planner's sentences."""

import pytest

from bot.domain.network import Outcome
from bot.domain.table import Cell, Column, Table
from bot.llm.offline.local_causes import local_cause
from bot.llm.offline.rows import Row


def failure(outcome: Outcome, seen: str) -> Row:
    columns = (Column("process"), Column("destination", "address"), Column("outcome"), Column("seen here"))
    cells: tuple[Cell, ...] = ("webhook", "10.0.0.2:8450", outcome.value, seen)
    return Row(Table("Failed connection attempts", columns, (cells,), 1), cells)


@pytest.mark.parametrize(
    ("outcome", "seen", "told"),
    [
        (
            Outcome.RESET,
            "reset by hooks: TCP_STATE 24",
            "`hooks` on this machine sent the RST as `TCP_STATE`: the program closes abruptly",
        ),
        (Outcome.RESET, "reset by my app: TCP_ABORT_ON_CLOSE 1", "`my app` on this machine sent the RST"),
        (Outcome.RESET, "reset by hooks 3", "`hooks` on this machine sent the RST"),
        (Outcome.UNANSWERED, "8 handshakes half open, 8 fit", "8 handshakes wait for their last packet where 8 fit"),
        (Outcome.UNANSWERED, "accept queue full, 129/128", "The accept queue there is full (129 wait where 128 fit)"),
        (Outcome.UNANSWERED, "NETFILTER_DROP 3", "This machine dropped 3 skbs on the way there as `NETFILTER_DROP`"),
        (Outcome.UNANSWERED, "reply: IP_RPFILTER 1", "This machine dropped 1 skb of the replies as `IP_RPFILTER`"),
    ],
)
def test_a_cause_that_was_seen_is_a_sentence(outcome: Outcome, seen: str, told: str) -> None:
    assert local_cause(failure(outcome, seen)).startswith(told)


@pytest.mark.parametrize(
    ("outcome", "seen"),
    [(Outcome.REFUSED, "reset by hooks: TCP_STATE 24"), (Outcome.RESET, "NETFILTER_DROP 3"), (Outcome.RESET, "odd")],
)
def test_what_cannot_be_behind_an_outcome_is_not_told(outcome: Outcome, seen: str) -> None:
    assert local_cause(failure(outcome, seen)) == ""
