"""What DNS calls addresses by the look-ups that a scope lets through: for those who may not see the others."""

import numpy as np

from bot.domain.query import Filter, Scope
from bot.ebpf.store.log import Chunk
from bot.ebpf.store.lookups import answers_of, name_of
from bot.ebpf.store.reading import Reading
from bot.ebpf.store.seeing import lasts


def names_within(lookups: Reading, scope: Scope) -> dict[str, str]:
    """By address, of all look-ups that are stored."""
    names: dict[str, str] = {}
    for chunk in lookups.log.all():
        names |= _of_chunk(lookups, chunk, scope)
    return names


def _of_chunk(lookups: Reading, chunk: Chunk, scope: Scope) -> dict[str, str]:
    if not lasts(scope):
        return _told(lookups, chunk, scope)
    return chunk.recall(("names", scope), lambda: _told(lookups, chunk, scope))


def _told(lookups: Reading, chunk: Chunk, scope: Scope) -> dict[str, str]:
    seen = lookups.matching(chunk, Filter(failed_local_lookups=True, within=scope))
    places = np.arange(chunk.count) if seen is None else np.flatnonzero(seen)
    names, answers = chunk.texts["name"].values, chunk.texts["answers"].values
    codes = chunk["name"][places].astype(np.int64) * len(answers) + chunk["answers"][places]
    distinct, last = np.unique(codes[::-1], return_index=True)
    told: dict[str, str] = {}
    for code in distinct[np.argsort(-last)].tolist():
        name = (name_of(names[code // len(answers)]) or "").lower().rstrip(".")
        told |= dict.fromkeys(answers_of(answers[code % len(answers)]), name) if name else {}
    return told
