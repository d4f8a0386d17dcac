"""What the audit log is told of one message: its calls, how it ended, that it was refused. Nothing of what it says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.commands import Tool, parse
from bot.conversation.command_names import command_names
from bot.domain.audit import ActKind, AuditEntry
from bot.domain.errors import NotPermitted, UserError
from bot.domain.json_types import Json, JsonObject
from bot.domain.message import Command, Message
from bot.domain.stores import Audit
from bot.domain.turn import ToolCall, ToolResult, Turn
from bot.policy.permit import Verdict

MAX_TEXT = 300
"""Characters of one argument: a question may be one."""


class Unaudited:
    """An `Audit` for callers on this machine, whose own log is elsewhere."""

    def note(self, entry: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """`message` says who does it where: of a button, its author is whoever pressed it.

    `turn` is empty before there is one. `tools` is the grammar of commands.
    """

    audit: Audit
    message: Message
    clock: Callable[[], datetime]
    turn: str = ""
    tools: Sequence[Tool] = ()

    def called(self, call: ToolCall, verdict: Verdict, result: ToolResult | None, *, took_s: float) -> None:
        """A tool call; `result` is None where it was cut off."""
        entry = replace(self._entry("tool", call.name), arguments=_short(call.arguments), rule=verdict.rule)
        if not verdict.is_permitted:
            self.audit.note(replace(entry, decision="refused", reason=verdict.reason))
            return
        self.audit.note(replace(entry, rows=rows_of(result) if result else None, took_s=took_s))

    def ended(self, turn: Turn, *, rule: str, took_s: float) -> None:
        """The end of a turn that was let in."""
        entry = replace(
            self._said(),
            rule=rule,
            rows=sum(map(rows_of, turn.results)),
            tokens=turn.usage.total,
            model=turn.model,
            took_s=took_s,
        )
        self.audit.note(entry)

    def refused(self, error: NotPermitted) -> None:
        """The message was not let in."""
        self.audit.note(replace(self._said(), decision="refused", rule=error.rule, reason=error.got))

    def pressed(self, button: str, arguments: JsonObject, *, rule: str, rows: int | None) -> None:
        entry = self._entry("button", button)
        self.audit.note(replace(entry, arguments=_short(arguments), rule=rule, rows=rows))

    def not_pressed(self, button: str, arguments: JsonObject, error: NotPermitted) -> None:
        entry = replace(self._entry("button", button), arguments=_short(arguments), decision="refused")
        self.audit.note(replace(entry, rule=error.rule, reason=error.got))

    def _said(self) -> AuditEntry:
        command = self._command()
        kind: ActKind = "alert" if self.message.author.kind == "service" else "command" if command else "question"
        entry = self._entry(kind, command.tool if command else "")
        return replace(entry, arguments=_short(command.arguments)) if command else entry

    def _command(self) -> Command | None:
        message = self.message
        if message.command:
            return message.command
        if names := command_names(message):
            return Command(names[0])
        try:
            return parse(message.text.strip(), self.tools)
        except UserError:
            return None  # nothing that could be run

    def _entry(self, kind: ActKind, act: str) -> AuditEntry:
        key, author = self.message.key, self.message.author
        return AuditEntry(
            time=self.clock(),
            turn=self.turn,
            platform=key.platform,
            workspace=key.workspace,
            channel=key.channel,
            thread=key.thread,
            author=author.id,
            author_name=author.name,
            kind=kind,
            act=act,
        )


def rows_of(result: ToolResult) -> int:
    return sum(len(table.rows) for table in result.tables)


def _short(arguments: JsonObject) -> JsonObject:
    return {name[:MAX_TEXT]: _shortened(value) for name, value in arguments.items()}


def _shortened(value: Json) -> Json:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]} […]"
    if value is None or isinstance(value, bool | int | float):
        return value
    return _shortened(str(value))
