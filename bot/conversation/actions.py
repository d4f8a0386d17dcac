"""What people do to a turn besides asking: they bypass the queue of its thread, and need nothing but the store.

It knows what each action means; that a turn is at work here, and how it is interrupted, is the manager's.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from bot.commands import Tool
from bot.conversation.explaining import explained
from bot.conversation.thread_commands import again_command, read
from bot.domain.errors import StorageError
from bot.domain.message import (
    Again,
    Attachment,
    Block,
    Csv,
    Delete,
    Diff,
    Edit,
    Feedback,
    Footer,
    Message,
    Notice,
    Page,
    Press,
    Reply,
    Stop,
    TurnId,
    Verdict,
    Why,
)
from bot.domain.ports import Leases, ThreadStore, Wish
from bot.domain.table import Table
from bot.domain.turn import ToolResult, Turn
from bot.tables.export import csv_name, to_csv
from bot.tables.paging import page

log = logging.getLogger("netspy.conversation")

_NO_TURN = TurnId("")
_GONE = Notice("error", "That answer is not stored here any more. Ask the question again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """`interrupt` ends a turn's work, if it is at work here; `handle` takes a message."""

    store: ThreadStore
    leases: Leases
    tools: Sequence[Tool]
    interrupt: Callable[[TurnId, Wish], bool]
    handle: Callable[[Message], Awaitable[None]]
    clock: Callable[[], datetime]

    async def act(self, press: Press) -> Reply:
        """Raises: StorageError."""
        match press.action:
            case Edit() as edit:
                return await self._edit(edit)
            case Delete() as delete:
                return await self._delete(delete)
            case Page() | Csv() | Why() as shown:
                return Reply(shown.turn, await self._shown(shown))
            case button:
                return Reply(button.turn, (await self._pressed(button, press),))

    async def _shown(self, button: Page | Csv | Why) -> tuple[Block, ...]:
        match button:
            case Page():
                return await self._page(button)
            case Csv(turn, table):
                return await self._csv(turn, table)
            case Why(turn):
                return await self._why(turn)

    async def _pressed(self, button: Stop | Again | Diff | Feedback, press: Press) -> Notice:
        match button:
            case Stop(turn):
                return await self._stop(turn)
            case Again(turn):
                return await self._ask(turn, press, "again")
            case Diff(turn):
                return await self._ask(turn, press, "diff")
            case Feedback(turn, verdict):
                return await self._rate(turn, verdict, by=press.by.id)
        assert_never(button)

    async def _stop(self, turn: TurnId) -> Notice:
        """A turn at work here is stopped whether or not the database answers."""
        here = self.interrupt(turn, "stop")
        try:
            runs = await self.leases.wish(turn, "stop") is not None
        except StorageError as error:
            if not here:
                raise
            log.warning("stop.not_stored", extra={"turn": turn, "cause": str(error)})
            runs = True
        return Notice("info", "Stopping." if here or runs else "There is nothing to stop: that answer is complete.")

    async def _ask(self, turn: TurnId, press: Press, verb: Literal["again", "diff"]) -> Notice:
        """The command that does it, as the next message of the thread. What is asked again keeps its words."""
        found = await self.store.turn(turn)
        if found is None:
            return _GONE
        said = replace(found.message, id=press.id, author=press.by, sent_at=self.clock(), files=())
        if verb == "again":
            message = replace(said, command=again_command(_asked_in(found)))
        else:
            message = replace(said, text=f"diff {found.number}", command=None)
        await self.handle(message)
        return Notice("info", "Asked again." if verb == "again" else "Its calls are made again, to see what changed.")

    async def _why(self, turn: TurnId) -> tuple[Block, ...]:
        found = await self.store.turn(turn)
        if found is None:
            return (_GONE,)
        memory = await self.store.memory(found.message.key)
        return explained(found, memory, self.tools, recalls=False)

    async def _page(self, asked: Page) -> tuple[Block, ...]:
        found = await self._table(asked.turn, asked.table)
        if isinstance(found, Notice):
            return (found,)
        result, table = found
        chosen = page(table, size=asked.size, number=asked.number)
        return (
            chosen.table,
            *_footer(result, len(chosen.table.rows)),
            Notice("info", f"Page {chosen.number} of {chosen.count}."),
        )

    async def _csv(self, turn: TurnId, label: str) -> tuple[Block, ...]:
        found = await self._table(turn, label)
        if isinstance(found, Notice):
            return (found,)
        result, table = found
        file = Attachment(csv_name(label), to_csv(table))
        return (file, *_footer(result, len(table.rows)), *_missing(table))

    async def _rate(self, turn: TurnId, verdict: Verdict, *, by: str) -> Notice:
        if await self.store.turn(turn) is None:
            return _GONE
        await self.store.rate(turn, verdict, by=by)
        return Notice("info", "Thank you; noted with the answer.")

    async def _edit(self, edit: Edit) -> Reply:
        turn = await self.leases.edit(edit.key, edit.message, edit.text)
        if turn is None:
            told = "That question is answered already, or unknown here. Ask the new one in a message of its own."
            return Reply(_NO_TURN, (Notice("info", told),))
        self.interrupt(turn.id, "restart")
        return Reply(turn.id, (Notice("info", "The new text is answered instead."),))

    async def _delete(self, delete: Delete) -> Reply:
        turn = await self.leases.delete(delete.key, delete.message)
        if turn is None:
            return Reply(_NO_TURN, ())
        self.interrupt(turn.id, "delete")
        return Reply(turn.id, ())

    async def _table(self, turn: TurnId, label: str) -> tuple[ToolResult, Table] | Notice:
        found = await self.store.turn(turn)
        return _GONE if found is None else _labelled(found, label)


def _asked_in(turn: Turn) -> int:
    """The number of the turn whose question this is: however often it was asked again, it is found at once."""
    about = read(turn.message)
    return about.turn if about and about.verb == "again" and about.turn else turn.number


def _labelled(turn: Turn, label: str) -> tuple[ToolResult, Table] | Notice:
    tables = {table.label: (result, table) for result in turn.results for table in result.tables}
    if label in tables:
        return tables[label]
    return Notice("error", f"That answer has no table {label}; it has {', '.join(tables) or 'none'}.")


def _footer(result: ToolResult, shown: int) -> tuple[Footer, ...]:
    return (Footer(replace(result.coverage, shown=shown)),) if result.coverage else ()


def _missing(table: Table) -> tuple[Notice, ...]:
    if table.total_rows <= len(table.rows):
        return ()
    return (
        Notice(
            "info", f"{len(table.rows):,} of {table.total_rows:,} rows were fetched; a larger --max-events has more."
        ),
    )
