"""The statements of `SqlThreadStore`, each built once: SQLAlchemy then finds their compiled text without looking twice.

Parameters are named after their columns, as `rows` gives them.
"""

from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, Table, Update, and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.schema import threads, turns

_KEY = ("platform", "workspace", "channel", "thread")
_BEGIN = ("id", "message_id", "message", "started_at", "state", "results", "answer")
_END = ("state", "results", "answer", "finished_at")
_this_thread = and_(*(threads.c[name] == bindparam(name) for name in _KEY))


@cache
def next_position(dialect: str) -> Insert:
    """Makes the thread where it is new, and holds its row until the transaction ends."""
    statement = _insert(dialect, threads).values({name: bindparam(name) for name in _KEY} | {"last_position": 1})
    return statement.on_conflict_do_update(
        index_elements=[threads.c[name] for name in _KEY], set_={"last_position": threads.c.last_position + 1}
    )


@cache
def new_turn(dialect: str) -> Insert:
    """Does nothing when the thread has the message already."""
    values = [bindparam(name, type_=turns.c[name].type) for name in _BEGIN]
    place = select(threads.c.id, threads.c.last_position, *values).where(_this_thread)
    statement = _insert(dialect, turns).from_select(["thread_id", "position", *_BEGIN], place)
    return statement.on_conflict_do_nothing(index_elements=[turns.c.thread_id, turns.c.message_id])


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that knows ON CONFLICT, which both databases write alike, and the standard does not have."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _end_turn() -> Update:
    return update(turns).where(turns.c.id == bindparam("turn_id")).values({name: bindparam(name) for name in _END})


def _newest_ended() -> Select[Any]:
    """Walks one thread's turns backwards along an index: the thread's length costs nothing."""
    thread_id = select(threads.c.id).where(_this_thread).scalar_subquery()
    ended = (turns.c.thread_id == thread_id, turns.c.state != "running")
    return select(turns).where(*ended).order_by(turns.c.position.desc()).limit(bindparam("limit"))


END_TURN = _end_turn()
NEWEST_ENDED = _newest_ended()
ANY_TURN = select(turns.c.id).limit(1)
