"""Names that a model may call foreign tools by, and the way back. Pure.

A function's name has 1 to 64 letters, digits, `_` and `-` (https://platform.openai.com/docs/api-reference/chat/create,
tools.function.name). MCP allows any text.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count

MAX_NAME = 64
_FITS = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose tool it is, and what it is called there."""

    server: str
    tool: str


def function_names(
    origins: Sequence[Origin], *, prefixes: Mapping[str, str], reserved: Collection[str]
) -> dict[Origin, str]:
    """A name for each origin, all different and none of them reserved; the same for the same origins, always.

    A tool keeps its own name where that fits and is nobody else's. Otherwise its server's prefix stands before it; and
    where that still does not tell them apart or had to be changed, a few digits that only this tool has behind it.
    """
    every = tuple(dict.fromkeys(origins))
    wanted = Counter(origin.tool for origin in every)
    names = {
        origin: origin.tool
        for origin in every
        if _FITS.fullmatch(origin.tool) and wanted[origin.tool] == 1 and origin.tool not in reserved
    }
    taken = {*reserved, *names.values()}
    for origin in every:
        if origin not in names:
            names[origin] = next(name for name in _candidates(origin, prefixes[origin.server]) if name not in taken)
            taken.add(names[origin])
    return names


def _candidates(origin: Origin, prefix: str) -> Iterable[str]:
    written = f"{prefix}__{origin.tool}"
    if _FITS.fullmatch(written):
        yield written
    stem = re.sub(r"[^A-Za-z0-9_-]", "_", written)[: MAX_NAME - _DIGEST - 1]
    for number in count():
        digest = sha256(f"{origin.server}\0{origin.tool}\0{number}".encode(errors="backslashreplace")).hexdigest()
        yield f"{stem}_{digest[:_DIGEST]}"
