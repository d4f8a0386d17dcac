"""A request to a language model, and its calls, with placeholders in the place of addresses and names. Pure.

What reaches a model are texts, cells and arguments, and nothing else: keys, authors and files' contents are left out.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.json_types import Json
from bot.domain.message import Attachment, Author, ThreadKey
from bot.domain.network import Coverage
from bot.domain.table import Cell, Line, Series, Table
from bot.domain.turn import Completion, ModelRequest, Round, ToolCall, ToolResult, Turn
from bot.llm.masking.learning import COUNTED, MAX_NAME, Learning, kind_of
from bot.llm.masking.names import Names
from bot.llm.masking.text import Mask
from bot.llm.masking.vocabulary import Kind, kind_named

_NOBODY = Author("", "")
TOLD = """
Addresses and names are replaced by placeholders such as ip-3, net-1, host-2, node-1, process-5, pod-1 and name-4: \
the same value has the same one, and host-1.host-2 is a DNS name, label by label. Write them exactly as they are, in \
calls too: the person and the tools have the real ones. Never guess what is behind them.
"""


class Masking:
    """Of one thread, whose `names` stay the same from request to request."""

    def __init__(self, names: Names) -> None:
        self._learning = Learning(names)
        self._mask = Mask(names)
        self._names = names

    @property
    def is_full(self) -> bool:
        """Whether it knows so many names that it is time to begin anew."""
        return self._names.is_full

    def learn(self, value: str, kind: Kind) -> None:
        self._learning.value(value, kind)

    def request(self, request: ModelRequest, thread: ThreadKey) -> ModelRequest:
        """Under the key `thread`, and without images: nobody knows what they show."""
        self._learning.request(request)
        mask = self._mask.mask
        return replace(
            request,
            thread=thread,
            instructions=request.instructions + TOLD,
            history=tuple(self._turn(turn, thread) for turn in request.history),
            summary=mask(request.summary),
            question=mask(request.question),
            rounds=tuple(map(self._round, request.rounds)),
            remark=mask(request.remark),
            images=(),
            author="",
        )

    def unmasked(self, text: str, *, begin: int = 0, end: int | None = None) -> str:
        """`text[begin:end]`, read with what stands around it."""
        return self._mask.unmask(text, begin=begin, end=end)

    def answer(self, completion: Completion) -> Completion:
        """What a model said, with the real names. What its provider wants back unread stays as it is."""
        calls = tuple(
            replace(call, arguments={name: self._unmasked(value) for name, value in call.arguments.items()})
            for call in completion.calls
        )
        return replace(completion, text=self.unmasked(completion.text), calls=calls)

    def _turn(self, turn: Turn, thread: ThreadKey) -> Turn:
        message = replace(turn.message, key=thread, author=_NOBODY, text=self._mask.mask(turn.message.text))
        results = tuple(map(self._result, turn.results))
        return replace(turn, message=message, results=results, answer=self._mask.mask(turn.answer))

    def _round(self, past: Round) -> Round:
        said = past.completion
        calls = tuple(map(self._call, said.calls))
        masked = replace(said, text=self._mask.mask(said.text), calls=calls, notice="")
        return Round(masked, tuple(map(self._result, past.results)))

    def _result(self, result: ToolResult) -> ToolResult:
        mask = self._mask.mask
        split_by = kind_named(str(result.call.arguments.get("by", "")))
        return replace(
            result,
            call=self._call(result.call),
            summary=mask(result.summary),
            tables=tuple(self._table(table, split_by) for table in result.tables),
            coverage=self._coverage(result.coverage) if result.coverage else None,
            attachments=tuple(Attachment(mask(file.name), "") for file in result.attachments),
            charts=tuple(map(self._chart, result.charts)),
        )

    def _call(self, call: ToolCall) -> ToolCall:
        return replace(call, arguments={name: self._argument(name, value) for name, value in call.arguments.items()})

    def _argument(self, name: str, value: Json) -> Json:
        if isinstance(value, Mapping):
            return {inner: self._argument(inner, each) for inner, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._argument(name, each) for each in value]
        return self._named(value, kind_named(name)) if isinstance(value, str) else value

    def _named(self, text: str, kind: Kind | None) -> str:
        """A text of this kind; what is too long for a name is running text."""
        if kind is None or len(text) > MAX_NAME:
            return self._mask.mask(text)
        return self._mask.host(text) if kind == "host" else self._mask.name(text, kind)

    def _table(self, table: Table, split_by: Kind | None) -> Table:
        kinds = [kind_of(column) for column in table.columns]
        columns = (
            replace(column, name=self._column(column.name, split_by if column.kind == "integer" else None))
            for column in table.columns
        )
        rows = (tuple(map(self._cell, row, kinds)) for row in table.rows)
        return replace(table, title=self._mask.mask(table.title), columns=tuple(columns), rows=tuple(rows))

    def _column(self, name: str, split_by: Kind | None) -> str:
        return self._mask.mask(name) if split_by is None or name in COUNTED else self._named(name, split_by)

    def _cell(self, cell: Cell, kind: Kind | None) -> Cell:
        return self._named(cell, kind) if isinstance(cell, str) else cell

    def _coverage(self, coverage: Coverage) -> Coverage:
        mask = self._mask.mask
        return replace(
            coverage,
            source=mask(coverage.source),
            nodes=tuple(self._mask.name(node, "node") for node in coverage.nodes),
            notes=tuple(map(mask, coverage.notes)),
            command=mask(coverage.command),
        )

    def _chart(self, chart: Series) -> Series:
        """A model is told its title."""
        return Series(self._mask.mask(chart.title), ("",), (Line("", (0.0,)),), chart.unit)

    def _unmasked(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.unmasked(value)
        if isinstance(value, Mapping):
            return {self.unmasked(name): self._unmasked(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._unmasked(inner) for inner in value]
        return value
