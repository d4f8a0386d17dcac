"""How many tokens a round may have cost where its server does not say. Pure; only budgets ask."""

from collections.abc import Iterator
from math import ceil

from bot.codec import compact
from bot.domain.turn import Completion, ModelRequest, Usage
from bot.llm.dialog import Called, Said, entries, output_of

CHARACTERS = 4
"""Of English or JSON, about so many a token."""


def estimated(request: ModelRequest, completion: Completion) -> Usage:
    """By the lengths of texts; images are not counted."""
    written = len(completion.text) + sum(len(compact(call.arguments)) for call in completion.calls)
    return Usage(ceil(sum(_read(request)) / CHARACTERS), ceil(written / CHARACTERS))


def _read(request: ModelRequest) -> Iterator[int]:
    yield len(request.instructions)
    for tool in request.tools:
        yield len(tool.description) + len(compact(tool.parameters))
    for entry in entries(request):
        match entry:
            case Said():
                yield len(entry.text)
            case Called():
                yield sum(len(compact(result.call.arguments)) + len(output_of(result)) for result in entry.results)
