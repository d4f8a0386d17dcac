"""The statements of the store, each built once: SQLAlchemy then finds their compiled text without looking twice.

Parameters are named after their columns, as `rows` gives them. Those of the leases are in `lease_statements`.
"""

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.schema import alerts, audit, feedback, is_open, results, spending, threads, turns

_KEY = ("platform", "workspace", "channel", "thread")
_BEGIN = ("id", "message_id", "message", "started_at", "state", "answer", "asked_by", "asked_in")
_END = ("state", "answer", "finished_at", "reply", "model", "input_tokens", "output_tokens", "made")
BEHIND_ALL = 2**31 - 1
"""No turn has this position: it is the largest that the databases' integers hold."""
_this_thread = and_(*(threads.c[name] == bindparam(name) for name in _KEY))
thread_id = select(threads.c.id).where(_this_thread).scalar_subquery()


def insert_into(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that knows ON CONFLICT, which both databases write alike, and the standard does not have."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def next_position(dialect: str) -> Insert:
    """Makes the thread where it is new, and holds its row until the transaction ends."""
    given = {name: bindparam(name) for name in _KEY} | {
        "ours": bindparam("opens", type_=threads.c.ours.type),
        "first_author": bindparam("author"),
    }
    statement = insert_into(dialect, threads).values({**given, "last_position": 1})
    first, author = threads.c.first_author, statement.excluded.first_author
    changed = {
        "last_position": threads.c.last_position + 1,
        "first_author": case((first == "", author), else_=first),
        "crowded": or_(threads.c.crowded, and_(first != "", author != "", first != author)),
    }
    return statement.on_conflict_do_update(index_elements=[threads.c[name] for name in _KEY], set_=changed)


@cache
def new_turn(dialect: str) -> Any:
    """Does nothing when the thread has the message already; else returns the owner, if it got one."""
    waits = select(turns.c.id).where(turns.c.thread_id == threads.c.id, is_open).exists()
    owner = case((waits, null()), else_=bindparam("worker", type_=turns.c.owner.type))
    attempts = case((waits, 0), else_=1)
    values = [bindparam(name, type_=turns.c[name].type) for name in _BEGIN]
    place = select(threads.c.id, threads.c.last_position, owner, attempts, *values).where(_this_thread)
    statement = insert_into(dialect, turns).from_select(["thread_id", "position", "owner", "attempts", *_BEGIN], place)
    kept = statement.on_conflict_do_nothing(index_elements=[turns.c.thread_id, turns.c.message_id])
    return kept.returning(turns.c.owner)


def _end_turn() -> Update:
    unedited = turns.c.wish.is_distinct_from("restart")
    owned = (turns.c.id == bindparam("turn_id"), turns.c.owner == bindparam("worker"), is_open, unedited)
    return update(turns).where(*owned).values({name: bindparam(name) for name in _END})


_was_answered = (turns.c.state != "running", turns.c.state != "deleted")


def _newest_ended() -> Select[Any]:
    """Walks a thread's turns backwards along an index, from its first open turn: neither the thread's length costs
    anything, nor how many messages wait in it.
    """
    waiting = turns.alias("waiting")
    first_open = select(func.min(waiting.c.position)).where(
        waiting.c.thread_id == thread_id, waiting.c.closed_at.is_(None)
    )
    open_from = func.coalesce(first_open.scalar_subquery(), BEHIND_ALL)
    end = case((open_from < bindparam("before"), open_from), else_=bindparam("before"))
    ended = (turns.c.thread_id == thread_id, turns.c.position < end, turns.c.position > bindparam("after"))
    found = select(turns).where(*ended, *_was_answered)
    return found.order_by(turns.c.position.desc()).limit(bindparam("limit"))


def _results_of() -> Select[Any]:
    """Results of the turns `ids`; their data only for those of `whole`."""
    data = case((results.c.turn_id.in_(bindparam("whole", expanding=True)), results.c.data), else_=None)
    columns = (results.c.turn_id, results.c.call, results.c.summary, results.c.failed, data.label("data"))
    mine = results.c.turn_id.in_(bindparam("ids", expanding=True))
    return select(*columns).where(mine).order_by(results.c.turn_id, results.c.place)


@cache
def rating(dialect: str) -> Insert:
    names = ("turn_id", "author", "verdict", "given_at")
    statement = insert_into(dialect, feedback).values({name: bindparam(name) for name in names})
    return statement.on_conflict_do_update(
        index_elements=[feedback.c.turn_id, feedback.c.author],
        set_={name: statement.excluded[name] for name in ("verdict", "given_at")},
    )


_in_this_thread = and_(*(threads.c[name] == bindparam(f"in_{name}") for name in _KEY))
"""For updates, which take parameters named like columns for new values."""


def _hush() -> Update:
    chosen = bindparam("hushed", type_=threads.c.quiet.type)
    return update(threads).where(_in_this_thread, threads.c.quiet != chosen).values(quiet=chosen)


def _remember() -> Update:
    names = {
        "summary": "summary",
        "summarised": "summarised",
        "since": "summary_since",
        "told": "told",
        "made": "summary_made",
    }
    values = {column: bindparam(f"new_{name}", type_=threads.c[column].type) for name, column in names.items()}
    return update(threads).where(_in_this_thread).values(values)


@cache
def spend(dialect: str) -> Insert:
    statement = insert_into(dialect, spending).values({name: bindparam(name) for name in ("day", "author", "tokens")})
    return statement.on_conflict_do_update(
        index_elements=[spending.c.day, spending.c.author],
        set_={"tokens": spending.c.tokens + statement.excluded.tokens},
    )


def _spent() -> Select[Any]:
    """Of all, and of one person; sums are numerics in PostgreSQL."""
    of_author = case((spending.c.author == bindparam("author"), spending.c.tokens), else_=0)
    sums: tuple[ColumnElement[Any], ...] = (
        _sum(spending.c.tokens).label("of_all"),
        _sum(of_author).label("of_author"),
    )
    return select(*sums).where(spending.c.day == bindparam("day"))


def _sum(tokens: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(tokens), 0), BigInteger)


def _nth_newest(column: ColumnElement[str]) -> Select[Any]:
    """When that turn began, `skip` being one less than its number."""
    since = bindparam("since", type_=turns.c.started_at.type)
    found = select(turns.c.started_at).where(column == bindparam("whose"), turns.c.started_at > since)
    return found.order_by(turns.c.started_at.desc()).limit(1).offset(bindparam("skip"))


def _deletions(*chosen: ColumnElement[bool]) -> tuple[Delete, ...]:
    """Of closed turns and all that hangs on them, in the order that foreign keys ask for; the last one counts them."""
    ids = select(turns.c.id).where(~is_open, *chosen)
    return (
        delete(results).where(results.c.turn_id.in_(ids)),
        delete(feedback).where(feedback.c.turn_id.in_(ids)),
        delete(turns).where(~is_open, *chosen),
    )


END_TURN = _end_turn()
STANDING = select(threads.c.ours, threads.c.first_author, threads.c.crowded, threads.c.quiet).where(_this_thread)
HUSH = _hush()
NEWEST_ENDED = _newest_ended()
RESULTS_OF = _results_of()
ADD_RESULTS = results.insert()
FORGET_RESULTS = delete(results).where(results.c.turn_id == bindparam("of_turn"))
NUMBERED = select(turns).where(turns.c.thread_id == thread_id, turns.c.position == bindparam("number"), *_was_answered)
MEMORY = select(
    threads.c.summary, threads.c.summarised, threads.c.summary_since, threads.c.told, threads.c.summary_made
).where(_this_thread)
REMEMBER = _remember()
SPENT = _spent()
FORGET = _deletions(turns.c.thread_id == thread_id)
EXPIRE = _deletions(turns.c.started_at < bindparam("before", type_=turns.c.started_at.type))
EXPIRE_MEMORIES = (
    update(threads)
    .where(threads.c.summary_since < bindparam("before", type_=threads.c.summary_since.type))
    .values(summary="", summarised=0, summary_since=null(), summary_made=null())
)
EXPIRE_ALERTS = delete(alerts).where(alerts.c.told_at < bindparam("before", type_=alerts.c.told_at.type))
EXPIRE_SPENDING = delete(spending).where(spending.c.day < bindparam("first_day"))
EXPIRE_THREADS = delete(threads).where(~select(turns.c.id).where(turns.c.thread_id == threads.c.id).exists())
THE_TURN = select(turns).where(turns.c.id == bindparam("turn_id"))
ANY_TURN = select(turns.c.id).limit(1)
NTH_ASKED_BY = _nth_newest(turns.c.asked_by)
NTH_ASKED_IN = _nth_newest(turns.c.asked_in)
HELD = select(turns.c.id).where(turns.c.thread_id == thread_id, turns.c.message_id == bindparam("message"))
ADD_AUDIT = audit.insert()
EXPIRE_AUDIT = delete(audit).where(audit.c.time < bindparam("before", type_=audit.c.time.type))
