"""What of a thread and of a turn fits into a request to a model. Pure, but for what its meter has learned.

Older rows go before words do, and words before the summary that stands for them. Nothing stored is changed by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.codec import MODEL_ROWS, compact, for_model
from bot.conversation.tokens import Meter, tokens_of
from bot.domain.errors import UnusableMessage
from bot.domain.json_types import Json
from bot.domain.turn import ModelRequest, Round, ToolResult, ToolSpec, Turn

WHOLE_TURNS = 3
"""The newest turns keep their tables; older ones keep what was asked and said, and each call's summary."""
DEFAULT_TOKENS = 40_000
MAX_SUMMARY = 2_400
"""Characters of the summary that stands for all turns that no longer fit; in a small window fewer."""
_SUMMARY_SHARE = 6
"""Tokens of the window for each character of it."""
MAX_TEXT_OF_A_LONG_TURN = 1_000
"""Characters of each of its two texts, where a whole one does not fit."""
IMAGE_TOKENS = 1_600
"""Of one picture at most, as OpenAI counts large ones (https://platform.openai.com/docs/guides/images-vision)."""
ENTRY_TOKENS = 12
"""What a message costs beside its text: its role, marks, the time behind a question."""
FEWER_ROWS = (MODEL_ROWS, 25, 12, 6, 3, 1, 0)
FEWER_CHARACTERS = (4_000, 1_500, 500)
"""Of what a result says in words, where even without rows it does not fit."""
HISTORY_SHARE = 0.7
"""Of the room beside the question, that the thread takes when a turn begins: the rest is for what its tools bring."""
SUMMARISED_SHARE = 0.35
"""The same right after older turns were summarised: the next time is then far away."""
_TOOLS_SHARE = 0.4
_CUT = " […]"


@dataclass(frozen=True, slots=True)
class Fitted:
    """`request` as it may be sent. `left_out`: the turns that its history lost, oldest first.

    `tokens` are those that `tokens_of` makes of all of it.
    """

    request: ModelRequest
    left_out: tuple[Turn, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` is what one request may have: instructions, tools, thread, question, and the results of its turn."""

    limit: int = DEFAULT_TOKENS
    meter: Meter = field(default_factory=Meter)

    def fit(self, request: ModelRequest, *, share: float = 1.0) -> Fitted:
        """The newest turns that fit, whole as far as possible; `share` is what they may take of the room that is left.

        Raises: UnusableMessage for a question that alone is too long.
        """
        room = self.meter.room(self.limit)
        tools, taken = _fewer_tools(request.tools, int(room * _TOOLS_SHARE))
        taken += _said(request)
        newest = _words(request.history[-1]) if request.history else 0
        rounds, tokens = _fewer_rows(request.rounds, room - taken - min(newest, room // 8))
        taken += tokens
        if taken > room:
            raise self._too_long(request, room - taken)
        kept, tokens = _newest(request.history, int((room - taken) * share))
        left_out = request.history[: len(request.history) - len(kept)]
        fitted = replace(request, tools=tools, history=kept, rounds=rounds)
        return Fitted(fitted, left_out, taken + tokens)

    @property
    def max_summary(self) -> int:
        """Characters of a summary."""
        return min(MAX_SUMMARY, self.limit // _SUMMARY_SHARE)

    def learn(self, fitted: Fitted, counted: int) -> None:
        """A model's server counted so many tokens in this request."""
        self.meter.learn(fitted.tokens, counted)

    def _too_long(self, request: ModelRequest, missing: int) -> UnusableMessage:
        has = max(0, tokens_of(request.question) + missing)
        got = f"it has about {tokens_of(request.question):,} tokens, and the model's window has room for {has:,}"
        return UnusableMessage("this message", got, "send the part that matters, or raise NETSPY_CONTEXT_TOKENS")


def _said(request: ModelRequest) -> int:
    """What is there whatever the thread and the tools are."""
    texts = (request.instructions, request.question, request.summary, request.remark)
    said = sum(tokens_of(text) + ENTRY_TOKENS for text in texts if text)
    return said + len(request.images) * IMAGE_TOKENS


def _of_tool(tool: ToolSpec) -> int:
    return tokens_of(tool.name) + tokens_of(tool.description) + tokens_of(compact(tool.parameters)) + ENTRY_TOKENS


def _of_result(result: ToolResult) -> int:
    call = tokens_of(result.call.name) + tokens_of(compact(result.call.arguments)) + 2 * ENTRY_TOKENS
    if not (result.tables or result.coverage or result.attachments):
        return call + tokens_of(result.summary) + ENTRY_TOKENS
    return call + tokens_of(for_model(result, max_rows=MODEL_ROWS))


def _of_round(past: Round) -> int:
    carried = sum(tokens_of(compact(item)) for item in past.completion.carry)
    return carried + tokens_of(past.completion.text) + ENTRY_TOKENS + sum(map(_of_result, past.results))


def _of_rounds(rounds: Sequence[Round]) -> int:
    return sum(map(_of_round, rounds))


def _of_turn(turn: Turn) -> int:
    texts = (turn.message.text, turn.answer)
    return sum(tokens_of(text) + ENTRY_TOKENS for text in texts) + sum(map(_of_result, turn.results))


def _words(turn: Turn) -> int:
    return _of_turn(without_rows(turn))


def without_rows(turn: Turn) -> Turn:
    """What was asked and said, and what each call brought in a sentence."""
    if not any(result.tables or result.coverage for result in turn.results):
        return turn
    return replace(turn, results=tuple(replace(result, tables=(), coverage=None) for result in turn.results))


def _shortened(turn: Turn) -> Turn:
    message = replace(turn.message, text=_cut(turn.message.text))
    return replace(turn, message=message, answer=_cut(turn.answer), results=())


def _cut(text: str, most: int = MAX_TEXT_OF_A_LONG_TURN) -> str:
    return text if len(text) <= most else text[:most] + _CUT


def _newest(history: Sequence[Turn], room: int) -> tuple[tuple[Turn, ...], int]:
    """The newest turns that fit into so many tokens, oldest first, and their tokens."""
    kept: list[Turn] = []
    tokens = 0
    for age, turn in enumerate(reversed(history)):
        fitting = next(_forms_that_fit(turn, room - tokens, whole=age < WHOLE_TURNS), None)
        if fitting is None:
            break
        kept.append(fitting[0])
        tokens += fitting[1]
    return tuple(reversed(kept)), tokens


def _forms_that_fit(turn: Turn, room: int, *, whole: bool) -> Iterator[tuple[Turn, int]]:
    """From the longest to the shortest, with their tokens.

    Its tables take half of the room at most: others came before it.
    """
    if whole and (tokens := _of_turn(turn)) <= room / 2:
        yield turn, tokens
    for form in (without_rows, _shortened):
        shorter = form(turn)
        if (tokens := _of_turn(shorter)) <= room:
            yield shorter, tokens


def _fewer_rows(rounds: tuple[Round, ...], room: int) -> tuple[tuple[Round, ...], int]:
    """This turn's results with as many rows as fit; then without what a provider wants back unread, and fewer words.

    With their tokens.
    """
    for rows in FEWER_ROWS:
        cut = tuple(_with_rows(past, rows) for past in rounds) if rows < MODEL_ROWS else rounds
        if (tokens := _of_rounds(cut)) <= room:
            return cut, tokens
    bare = tuple(replace(past, completion=replace(past.completion, carry=())) for past in cut)
    for most in FEWER_CHARACTERS:
        if _of_rounds(bare) <= room:
            break
        bare = tuple(_with_words(past, most) for past in bare)
    return bare, _of_rounds(bare)


def _with_rows(past: Round, rows: int) -> Round:
    results = (
        replace(result, tables=tuple(replace(table, rows=table.rows[:rows]) for table in result.tables))
        for result in past.results
    )
    return replace(past, results=tuple(results))


def _with_words(past: Round, most: int) -> Round:
    """With so many characters of each result's own words: those of files and of other servers may be long."""
    results = (replace(result, summary=_cut(result.summary, most)) for result in past.results)
    return replace(past, results=tuple(results))


def _fewer_tools(tools: tuple[ToolSpec, ...], room: int) -> tuple[tuple[ToolSpec, ...], int]:
    """All tools; where they would take too much, without most of their explanations; then those of others go.

    With their tokens.
    """
    if (tokens := sum(map(_of_tool, tools))) <= room:
        return tools, tokens
    lean = [(tool, _of_tool(tool)) for tool in map(_lean, tools)]
    for tool in list(reversed(lean)):
        if sum(tokens for _, tokens in lean) > room and tool[0].server:
            lean.remove(tool)
    return tuple(tool for tool, _ in lean), sum(tokens for _, tokens in lean)


def _lean(tool: ToolSpec) -> ToolSpec:
    """The first sentence of what it does, and the names and types of its arguments."""
    tool = replace(tool, description=tool.description.partition(". ")[0])
    properties = tool.parameters.get("properties")
    if not isinstance(properties, Mapping):
        return tool
    bare: dict[str, Json] = {name: _type_of(schema) for name, schema in properties.items()}
    return replace(tool, parameters={**tool.parameters, "properties": bare})


def _type_of(schema: Json) -> Json:
    if not isinstance(schema, Mapping) or "type" not in schema:
        return schema
    return {name: schema[name] for name in ("type", "enum", "items", "properties", "required") if name in schema}
