"""The statements of the leases. All of them walk the indexes of open turns: closed ones cost nothing."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Insert, Select, Update, and_, bindparam, case, delete, func, null, select, update

from bot.storage.schema import is_open, threads, turns, workers
from bot.storage.statements import insert_into, thread_id

_worker: BindParameter[str] = bindparam("worker")
_mine = (turns.c.owner == _worker, is_open)
_running = (is_open, turns.c.state == "running")
_on_platforms = threads.c.platform.in_(bindparam("platforms", expanding=True))
# A restart that nobody has begun needs none.
_wish = case((turns.c.wish == "restart", null()), else_=turns.c.wish)
_TAKEN = {"owner": _worker, "attempts": turns.c.attempts + 1, "wish": _wish}


@cache
def beat(dialect: str) -> Insert:
    statement = insert_into(dialect, workers).values(id=_worker, beat=1)
    return statement.on_conflict_do_update(index_elements=[workers.c.id], set_={"beat": workers.c.beat + 1})


def _free() -> Select[Any]:
    """First open turns of threads that nobody owns. Who is first stays first until it is closed: no lock is needed."""
    first = select(turns.c.thread_id, func.min(turns.c.position).label("position")).where(is_open)
    heads = first.group_by(turns.c.thread_id).subquery()
    is_head = and_(turns.c.thread_id == heads.c.thread_id, turns.c.position == heads.c.position)
    joined = turns.join(heads, is_head).join(threads, threads.c.id == turns.c.thread_id)
    found = select(turns.c.id).select_from(joined).where(is_open, turns.c.owner.is_(None), _on_platforms)
    return found.limit(bindparam("limit"))


def _claim_free() -> Any:
    """A row that another worker is just taking is skipped, not waited for (SQLite has one writer anyway)."""
    picked = _free().with_for_update(of=turns, skip_locked=True).cte("picked")
    return update(turns).where(turns.c.id.in_(select(picked.c.id))).values(_TAKEN).returning(turns)


def _take_first(of_thread: Any, *more: Any) -> Any:
    first = select(turns.c.id).where(turns.c.thread_id == of_thread, is_open).order_by(turns.c.position).limit(1)
    picked = (turns.c.id == first.scalar_subquery(), is_open, *more)
    return update(turns).where(*picked).values(_TAKEN).returning(turns)


def _take_next() -> Any:
    """The thread's first open turn, unless somebody owns it."""
    this = turns.alias("this")
    return _take_first(
        select(this.c.thread_id).where(this.c.id == bindparam("turn_id")).scalar_subquery(), turns.c.owner.is_(None)
    )


def _close() -> Update:
    closing = (turns.c.id == bindparam("turn_id"), turns.c.owner == _worker, is_open)
    return update(turns).where(*closing).values(closed_at=bindparam("closed_at"), reply=null(), wish=null())


def _others() -> Select[Any]:
    """The beats of those who own open turns; 0 for who never beat."""
    joined = turns.join(threads, threads.c.id == turns.c.thread_id).outerjoin(workers, workers.c.id == turns.c.owner)
    others = (is_open, turns.c.owner != _worker, _on_platforms)
    return select(turns.c.owner, func.coalesce(workers.c.beat, 0)).select_from(joined).where(*others).distinct()


def _bury() -> Update:
    lives = select(workers.c.id).where(workers.c.id == _worker, workers.c.beat > bindparam("beat")).exists()
    return update(turns).where(*_mine, ~lives).values(owner=null())


def _edit() -> Any:
    changed = update(turns).where(turns.c.id == bindparam("turn_id"), *_running)
    return changed.values(message=bindparam("message"), wish="restart").returning(turns)


def _drop_waiting() -> Any:
    waiting = (turns.c.id == bindparam("turn_id"), *_running, turns.c.owner.is_(None))
    gone_at: BindParameter[datetime] = bindparam("closed_at")
    return (
        update(turns).where(*waiting).values(state="deleted", finished_at=gone_at, closed_at=gone_at).returning(turns)
    )


OWN = select(turns.c.id, turns.c.wish).where(*_mine)
OTHERS = _others()
FREE = _free()
WAITING = select(func.count()).where(turns.c.owner.is_(None), is_open)
CLAIM_FREE = _claim_free()
TAKE_NEXT = _take_next()
TAKE_FIRST = _take_first(thread_id)
CLOSE = _close()
BURY = _bury()
GIVE_UP = (
    update(turns)
    .where(turns.c.id == bindparam("turn_id"))
    .values(state="failed", finished_at=bindparam("closed_at"), closed_at=bindparam("closed_at"), reply=null())
)
FORGET_DEAD = delete(workers).where(workers.c.id == _worker, workers.c.beat <= bindparam("beat"))
RELEASE = update(turns).where(*_mine).values(owner=null(), attempts=turns.c.attempts - 1)
HAND_OVER = RELEASE.where(turns.c.id == bindparam("turn_id"))
FORGET = delete(workers).where(workers.c.id == _worker)
WISH = (
    update(turns).where(turns.c.id == bindparam("turn_id"), *_running).values(wish=bindparam("wanted")).returning(turns)
)
OF_MESSAGE = select(turns).where(
    turns.c.thread_id == thread_id, turns.c.message_id == bindparam("message_id"), *_running
)
EDIT = _edit()
DROP_WAITING = _drop_waiting()
RESTART = (
    update(turns)
    .where(turns.c.id == bindparam("turn_id"), turns.c.state == "running", *_mine)
    .values(wish=null())
    .returning(turns)
)
