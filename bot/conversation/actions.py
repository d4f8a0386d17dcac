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
from bot.conversation.reception import Reception
from bot.conversation.retracing import DIFF
from bot.conversation.thread_commands import again_command, read
from bot.conversation.visible import HIDDEN, VisibleTurns, is_hidden, visible
from bot.conversation.visit import check_command
from bot.domain.errors import NotPermitted, StorageError
from bot.domain.message import (
    Again,
    Attachment,
    Block,
    Button,
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
from bot.domain.stores import Leases, ThreadStore, Wish
from bot.domain.table import Table
from bot.domain.turn import ATTACHED_FILE, ToolResult, Turn
from bot.policy.marks import marks_of
from bot.policy.permit import Permit
from bot.tables.export import csv_name, to_csv
from bot.tables.paging import page

log = logging.getLogger("netspy.conversation")

_NO_TURN = TurnId("")
_GONE = Notice("error", "That answer is not stored here any more. Ask the question again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """`interrupt` ends a turn's work, if it is at work here; `handle` takes a message, and raises NotPermitted."""

    store: ThreadStore
    leases: Leases
    tools: Sequence[Tool]
    interrupt: Callable[[TurnId, Wish], bool]
    handle: Callable[[Message], Awaitable[None]]
    clock: Callable[[], datetime]
    reception: Reception

    async def act(self, press: Press) -> Reply:
        """Raises: StorageError."""
        match press.action:
            case Edit() as edit:
                return await self._edit(edit)
            case Delete() as delete:
                return await self._delete(delete)
            case button:
                return Reply(button.turn, await self._pressed(button, press))

    async def _pressed(self, button: Button, press: Press) -> tuple[Block, ...]:
        """Stopping reveals nothing: it needs no database, and is done also where nobody can tell whose turn it is."""
        try:
            found = await self.store.turn(button.turn)
        except StorageError:
            if not isinstance(button, Stop):
                raise
            found = None
        if found is None:
            return (await self._stop(button.turn) if isinstance(button, Stop) else _GONE,)
        return await self._noted(button, press, found)

    async def _noted(self, button: Button, press: Press, turn: Turn) -> tuple[Block, ...]:
        name = type(button).__name__.lower()
        arguments = {"table": button.table} if isinstance(button, Page | Csv) else {}
        notes = self.reception.notes_of(press, turn)
        try:
            permit = await self.reception.permit_to_press(press, turn)
            blocks = await self._done(button, press, visible(turn, marks_of(permit.scope)), permit)
        except NotPermitted as error:
            notes.not_pressed(name, arguments, error)
            return (Notice("error", str(error)),)
        notes.pressed(name, arguments, rule=permit.rule, rows=_rows(blocks))
        return blocks

    async def _done(self, button: Button, press: Press, turn: Turn, permit: Permit) -> tuple[Block, ...]:
        """Raises: NotPermitted."""
        match button:
            case Stop(id_):
                return (await self._stop(id_),)
            case Again():
                return (await self._ask(turn, press, "again"),)
            case Diff():
                return (await self._ask(turn, press, "diff"),)
            case Feedback(id_, verdict):
                return (await self._rate(id_, verdict, by=press.by.id),)
            case shown:
                return await self._shown(shown, turn, permit)

    async def _shown(self, button: Page | Csv | Why, turn: Turn, permit: Permit) -> tuple[Block, ...]:
        match button:
            case Page():
                return self._page(button, turn, permit)
            case Csv():
                return self._csv(button, turn, permit)
            case Why():
                return await self._why(turn, permit)
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

    async def _ask(self, found: Turn, press: Press, verb: Literal["again", "diff"]) -> Notice:
        """The command that does it, as the next message of the thread. What is asked again keeps its words."""
        said = replace(found.message, id=press.id, author=press.by, sent_at=self.clock(), files=())
        if verb == "again":
            message = replace(said, command=again_command(_asked_in(found)))
        else:
            message = replace(said, text=f"diff {found.number}", command=None)
        await self.handle(message)
        return Notice("info", "Asked again." if verb == "again" else "Its calls are made again, to see what changed.")

    async def _why(self, turn: Turn, permit: Permit) -> tuple[Block, ...]:
        check_command(permit, "why")
        memory = await VisibleTurns(self.store, marks_of(permit.scope)).memory(turn.message.key)
        return explained(turn, memory, self.tools, recalls=False)

    def _page(self, asked: Page, turn: Turn, permit: Permit) -> tuple[Block, ...]:
        found = _labelled(turn, asked.table, permit)
        if isinstance(found, Notice):
            return (found,)
        result, table = found
        chosen = page(table, size=asked.size, number=asked.number)
        return (
            chosen.table,
            *_footer(result, len(chosen.table.rows)),
            Notice("info", f"Page {chosen.number} of {chosen.count}."),
        )

    def _csv(self, asked: Csv, turn: Turn, permit: Permit) -> tuple[Block, ...]:
        found = _labelled(turn, asked.table, permit)
        if isinstance(found, Notice):
            return (found,)
        result, table = found
        file = Attachment(csv_name(asked.table), to_csv(table))
        return (file, *_footer(result, len(table.rows)), *_missing(table))

    async def _rate(self, turn: TurnId, verdict: Verdict, *, by: str) -> Notice:
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


def _asked_in(turn: Turn) -> int:
    """The number of the turn whose question this is: however often it was asked again, it is found at once."""
    about = read(turn.message)
    return about.turn if about and about.verb == "again" and about.turn else turn.number


def _labelled(turn: Turn, label: str, permit: Permit) -> tuple[ToolResult, Table] | Notice:
    """Raises: NotPermitted for what a tool brought that may not be called here."""
    tables = {table.label: (result, table) for result in turn.results for table in result.tables}
    if is_hidden(turn):
        return Notice("error", HIDDEN)
    if label not in tables:
        return Notice("error", f"That answer has no table {label}; it has {', '.join(tables) or 'none'}.")
    tool = tables[label][0].call.name
    if tool == DIFF:
        check_command(permit, "diff")
    elif tool != ATTACHED_FILE and not permit.brought_by(tool):
        raise NotPermitted(f"table {label}", f"the policy does not permit {tool} here", "", rule=permit.rule)
    return tables[label]


def _rows(blocks: Sequence[Block]) -> int | None:
    """Of tables; None where none was shown. A file has the rows that its footer counts."""
    shown = [block.coverage.shown for block in blocks if isinstance(block, Footer)]
    return sum(shown) if shown else None


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
