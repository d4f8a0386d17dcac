"""The tables as they are now. The steps that lead here are in `migrations`; a test holds the two together.

Values are JSON in text columns, not in a JSON type: they come back exactly as they went in on every database, and one
that cannot be read spoils one turn instead of a whole query.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC, also where the database keeps no zone (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


metadata = MetaData()

threads = Table(
    "threads",
    metadata,
    Column("id", Integer),
    Column("platform", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("last_position", Integer, nullable=False),
    Column("ours", Boolean, nullable=False, server_default=false()),
    Column("first_author", Text, nullable=False, server_default=""),
    Column("crowded", Boolean, nullable=False, server_default=false()),
    Column("quiet", Boolean, nullable=False, server_default=false()),
    Column("summary", Text, nullable=False, server_default=""),
    Column("summarised", Integer, nullable=False, server_default="0"),
    Column("summary_since", UtcTime),
    Column("told", Boolean, nullable=False, server_default=false()),
    Column("summary_made", Text),
    PrimaryKeyConstraint("id", name="pk_threads"),
    UniqueConstraint("platform", "workspace", "channel", "thread", name="uq_threads_key"),
)
"""One row a conversation. Whoever stores a turn raises `last_position`, which holds the row until the turn is there:
turns of one thread get their places in the order in which they become visible, also when many replicas write.
`ours` to `quiet` are the parts of `Standing`; `first_author` is empty where an earlier netspy made the row. The last
five columns are those of `Memory`."""

turns = Table(
    "turns",
    metadata,
    Column("id", Text),
    Column("thread_id", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("finished_at", UtcTime),
    Column("owner", Text),
    Column("attempts", Integer, nullable=False),
    Column("wish", Text),
    Column("reply", Text),
    Column("closed_at", UtcTime),
    Column("model", Text, nullable=False, server_default=""),
    Column("input_tokens", Integer, nullable=False, server_default="0"),
    Column("output_tokens", Integer, nullable=False, server_default="0"),
    Column("made", Text),
    Column("asked_by", Text, nullable=False, server_default=""),
    Column("asked_in", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("id", name="pk_turns"),
    ForeignKeyConstraint(["thread_id"], ["threads.id"], name="fk_turns_thread_id"),
    UniqueConstraint("thread_id", "message_id", name="uq_turns_message"),
    UniqueConstraint("thread_id", "position", name="uq_turns_position"),
)
"""`position` grows within a thread and may have gaps; it, not a clock, says which turn came first.

A turn is open until `closed_at`, when its reply stands on its platform; only the first open turn of a thread may have
an `owner`. `reply` is the outbox: written with the turn's end, before anything is sent, and emptied when it is closed.

`made` are marks as a JSON list; null: everything could be seen, or an earlier netspy made the row. `asked_by` is a
person as `author_of` writes them, `asked_in` a channel.
"""

is_open = turns.c.closed_at.is_(None)
_open_turns: dict[str, Any] = {"sqlite_where": is_open, "postgresql_where": is_open}
Index("ix_turns_open", turns.c.thread_id, turns.c.position, **_open_turns)
Index("ix_turns_owner", turns.c.owner, **_open_turns)
"""Open turns are few, whatever the history is: all that asks for work walks these two."""

Index("ix_turns_started", turns.c.started_at)
"""For retention, which walks it from its old end."""

Index("ix_turns_asked_by", turns.c.asked_by, turns.c.started_at)
Index("ix_turns_asked_in", turns.c.asked_in, turns.c.started_at)
"""For limits of questions a minute, which walk them from their new end."""

results = Table(
    "results",
    metadata,
    Column("turn_id", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("call", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("turn_id", "place", name="pk_results"),
    ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_results_turn_id"),
)
"""One row a tool call. `data` holds tables, coverage and the time it took: older turns are read without it."""

workers = Table(
    "workers",
    metadata,
    Column("id", Text, nullable=False),
    Column("beat", Integer, nullable=False),
    PrimaryKeyConstraint("id", name="pk_workers"),
)
"""Who owns turns. `beat` grows while the worker lives."""

feedback = Table(
    "feedback",
    metadata,
    Column("turn_id", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("given_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("turn_id", "author", name="pk_feedback"),
    ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_feedback_turn_id"),
)

spending = Table(
    "spending",
    metadata,
    Column("day", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "author", name="pk_spending"),
)
"""Tokens of a day (`2026-11-26`, in UTC) and a person. They outlive a thread that is forgotten, not retention."""

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, nullable=False),
    Column("told_at", UtcTime, nullable=False),
    Column("platform", Text, nullable=False, server_default=""),
    Column("workspace", Text, nullable=False, server_default=""),
    Column("channel", Text, nullable=False, server_default=""),
    Column("thread", Text, nullable=False, server_default=""),
    Column("address", Text),
    Column("firing", Text, nullable=False, server_default=""),
    Column("asked", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("id", name="pk_alerts"),
)
"""One row a group of alerts, by a digest of its receiver and key. Without an `address` its thread is being begun."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite")),
    Column("time", UtcTime, nullable=False),
    Column("turn", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rows", Integer),
    Column("tokens", Integer),
    Column("model", Text, nullable=False),
    Column("took_s", Float),
    PrimaryKeyConstraint("id", name="pk_audit"),
)
"""The fields of `AuditEntry`; `arguments` is JSON. Entries outlive a thread that is forgotten, not retention."""
Index("ix_audit_time", audit.c.time)

schema_version = Table("alembic_version", MetaData(), Column("version_num", String(32)))
"""Alembic's own table, which it creates by itself."""
