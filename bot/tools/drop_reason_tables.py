"""What one drop reason means, as a sentence and a table: the body of the tool `explain_drop_reason`. Pure."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from bot.domain.errors import InvalidArguments
from bot.domain.table import Column, Table
from bot.tables.text import plain
from bot.tools.drop_reasons import Explanation, meanings, nearest

CELL: Final = 64
"""Characters of a cell: with the widest "about" beside it a row fits 80. Renderers cut long cells, they do not fold."""

_SHOWN_NAME = 60
_COLUMNS = (Column("about"), Column("what"))
_KINDS = {"drop": "drop reason", "reset": "reset reason"}
_COUNTED = "skbs, not packets: with GSO one skb may stand for 40 packets"


def explain_drop_reason(name: str) -> tuple[str, Table]:
    """What it means, in a sentence, and a table of `about` and `what`: meaning, usual causes, check next, harmless.

    Long texts go on in the row below, whose `about` is empty. Raises: InvalidArguments that names the nearest reasons.
    """
    found = meanings(name)
    if not found:
        raise _unknown(name)
    rows = tuple(_rows(found))
    title = f"{found[0].name}: {' and '.join(_KINDS[each.kind] for each in found)}"
    return _sentence(found[0]), Table(title, _COLUMNS, rows, len(rows))


def _sentence(reason: Explanation) -> str:
    return f"{reason.name}: {reason.meaning} Harmless: {reason.harmless}; {reason.because}"


def _rows(found: Sequence[Explanation]) -> Iterator[tuple[str, str]]:
    reason = found[0]
    yield from _folded("meaning", reason.meaning)
    yield from _listed("usual causes", reason.causes)
    yield from _listed("check next", reason.next)
    yield from _folded("harmless", f"{reason.harmless}: {reason.because}")
    for other in found[1:]:
        yield from _folded(f"as a {other.kind}", f"{other.meaning} More: dropreason SK_RST_REASON_{other.name}")
    if reason.kind == "drop":
        yield "counted in", _COUNTED
    if reason.since:
        yield "since", f"kernel {reason.since}"
    if reason.aliases:
        yield from _folded("other names", ", ".join(reason.aliases))


def _listed(about: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Numbered where there is more than one, so that it can be seen where the next begins."""
    for number, text in enumerate(texts, 1):
        yield from _folded(about if number == 1 else "", f"{number}. {text}" if len(texts) > 1 else text)


def _folded(about: str, text: str) -> Iterator[tuple[str, str]]:
    lines = wrap(text, CELL, break_long_words=False, break_on_hyphens=False)
    yield from zip((about, *[""] * (len(lines) - 1)), lines, strict=True)


def _unknown(name: str) -> InvalidArguments:
    asked = f"drop reason '{plain(name[:_SHOWN_NAME])}'"
    if name.strip().isdigit():
        got = "a bare number is a reason without a name there"
        return InvalidArguments(
            asked, got, "numbers shift between kernels: ask with the name that the same kernel gives"
        )
    near = nearest(name)
    hint = f"did you mean {', '.join(near)}?" if near else "netspy's list_packet_drops shows the names that occur"
    return InvalidArguments(asked, "no kernel that netspy knows has it", hint)
