"""The prose of one round on its way to the person: sentence by sentence, as far as its figures stand in the data.

From the first sentence with a figure that stands nowhere on, all waits until the round has ended: what the model makes
of it belongs in its place. The loop asks for that; here is what is held back, and what becomes of it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.conversation.grounding.checking import unsupported
from bot.conversation.grounding.evidence import Evidence
from bot.conversation.grounding.sentences import Sentences
from bot.conversation.transcript import Transcript
from bot.domain.turn import TextDelta

_NUMBERED = re.compile(r"^\s*(?:[-*]\s*)?(\d+)[.):]\s*", re.MULTILINE)
_BULLET = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+")
_NOTHING = re.compile(r"[\s\-\u2013\u2014.]*")
"""What a model writes where it leaves a sentence out."""

REMARK = """\
Not shown yet, since these figures stand in no result:

{sentences}

Write each sentence again under its number, in the same language: with figures that stand in the results, or without \
any. Write a dash where nothing is left to say. Write nothing else.\
"""


@dataclass(frozen=True, slots=True)
class _Held:
    """A sentence that waits, with the figures that stand nowhere: none where it only waits for its place."""

    text: str
    figures: tuple[str, ...]


class Speech:
    """Shows the prose of one round in `transcript`. `removed` counts the sentences that were left out for good.

    `evidence` gives what is known; it is asked only when there is something to look up.
    """

    def __init__(self, transcript: Transcript, evidence: Callable[[], Evidence]) -> None:
        self._transcript = transcript
        self._evidence = evidence
        self._sentences = Sentences()
        self._held: list[_Held] = []
        self.removed = 0

    async def say(self, delta: TextDelta) -> None:
        if delta.checked:
            await self.end()
            await self._say(delta.text, ())
            return
        for sentence in self._sentences.feed(delta.text):
            await self._say(sentence, unsupported(sentence, self._evidence()))

    async def end(self) -> None:
        """The round has no more words."""
        if rest := self._sentences.rest():
            await self._say(rest, unsupported(rest, self._evidence()))

    @property
    def remark(self) -> str:
        """What to ask of the model; empty where nothing is wrong."""
        wrong = [
            f"{number}. {held.text.strip()} (nowhere: {', '.join(held.figures)})"
            for number, held in enumerate(self._wrong(), start=1)
        ]
        return REMARK.format(sentences="\n".join(wrong)) if wrong else ""

    async def settle(self, corrections: str, evidence: Callable[[], Evidence] | None = None) -> None:
        """Show all that waits: a wrong sentence as it was corrected, or not at all.

        `evidence` is what is known now, where that is more than before.
        """
        known = evidence or self._evidence
        corrected = dict(zip(map(id, self._wrong()), _read(corrections, len(self._wrong())), strict=True))
        held, self._held = self._held, []
        for each in held:
            text = each.text
            if each.figures and unsupported(text, known()):
                correction = corrected.get(id(each), "")
                if _NOTHING.fullmatch(correction) or unsupported(correction, known()):
                    correction = ""
                    self.removed += 1
                text = _in_place(correction, text)
            if text:
                await self._transcript.prose(text)

    async def _say(self, sentence: str, figures: tuple[str, ...]) -> None:
        if figures or self._held:
            self._held.append(_Held(sentence, figures))
        else:
            await self._transcript.prose(sentence)

    def _wrong(self) -> Sequence[_Held]:
        return [held for held in self._held if held.figures]


def _in_place(correction: str, wrong: str) -> str:
    """The corrected sentence between marks and blanks of the wrong one; without one, what keeps the rest in shape."""
    bullet = found[0] if (found := _BULLET.match(wrong)) else wrong[: len(wrong) - len(wrong.lstrip())]
    behind = wrong[len(wrong.rstrip()) :]
    if correction:
        return f"{bullet}{_BULLET.sub('', correction, count=1) if found else correction}{behind}"
    goes_on = "\n" not in behind
    return bullet if found and goes_on else behind if "\n\n" in behind else ""


def _read(corrections: str, count: int) -> list[str]:
    """The sentence under each number; one alone needs no number."""
    found = list(_NUMBERED.finditer(corrections))
    if not found:
        return [corrections.strip()] if count == 1 else [""] * count
    ends = [*(each.start() for each in found[1:]), len(corrections)]
    texts = {int(each[1]): corrections[each.end() : end].strip() for each, end in zip(found, ends, strict=True)}
    return [texts.get(number, "") for number in range(1, count + 1)]
