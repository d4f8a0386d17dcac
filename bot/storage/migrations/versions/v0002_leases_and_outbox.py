"""Leases, outbox, results one by one, feedback."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_turns = sa.table(
    "turns",
    sa.column("id", sa.Text),
    sa.column("state", sa.Text),
    sa.column("results", sa.Text),
    sa.column("finished_at", sa.DateTime(timezone=True)),
    sa.column("closed_at", sa.DateTime(timezone=True)),
)
_results = sa.table("results", *(sa.column(name) for name in ("turn_id", "place", "call", "summary", "failed", "data")))


def upgrade() -> None:
    op.create_table(
        "results",
        sa.Column("turn_id", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "place", name="pk_results"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_results_turn_id"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("beat", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_table(
        "feedback",
        sa.Column("turn_id", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "author", name="pk_feedback"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_feedback_turn_id"),
    )
    op.add_column("turns", sa.Column("owner", sa.Text))
    op.add_column("turns", sa.Column("attempts", sa.Integer, nullable=False, server_default="1"))
    op.add_column("turns", sa.Column("wish", sa.Text))
    op.add_column("turns", sa.Column("reply", sa.Text))
    op.add_column("turns", sa.Column("closed_at", sa.DateTime(timezone=True)))
    _move_results()
    _close_old_turns()
    op.drop_column("turns", "results")
    is_open = sa.text("closed_at IS NULL")
    for name, columns in (("ix_turns_open", ["thread_id", "position"]), ("ix_turns_owner", ["owner"])):
        op.create_index(name, "turns", columns, sqlite_where=is_open, postgresql_where=is_open)


def _move_results() -> None:
    connection = op.get_bind()
    for turn in connection.execute(sa.select(_turns.c.id, _turns.c.results)).all():
        try:
            rows = [_row(turn.id, place, result) for place, result in enumerate(json.loads(turn.results))]
        except (ValueError, TypeError, LookupError):
            continue  # it could not be read before either
        if rows:
            connection.execute(_results.insert(), rows)


def _row(turn: str, place: int, result: dict[str, object]) -> dict[str, object]:
    data = {"tables": result["tables"], "coverage": result["coverage"]}
    return {
        "turn_id": turn,
        "place": place,
        "call": json.dumps(result["call"]),
        "summary": result["summary"],
        "failed": bool(result["failed"]),
        "data": json.dumps(data),
    }


def _close_old_turns() -> None:
    """Nobody waits any more for what an earlier netspy left unanswered."""
    connection = op.get_bind()
    running = _turns.c.state == "running"
    connection.execute(_turns.update().where(running).values(state="failed", finished_at=datetime.now(UTC)))
    connection.execute(_turns.update().values(closed_at=_turns.c.finished_at))
