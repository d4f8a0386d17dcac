"""True sentences are left alone in however many ways they are put; figures of other rows are mostly found."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from bot.codec import decode
from bot.conversation.grounding.checking import unsupported
from tests.grounding.test_grounding import evidence

_FILE = Path(__file__).parent / "phrasings.toml"
_MOST_FALSE_ALARMS = 0.02
_LEAST_FOUND = 0.8


@dataclass(frozen=True, slots=True)
class Phrasing:
    case: str
    text: str
    supported: bool

    def alarms(self) -> bool:
        return bool(unsupported(self.text, evidence(self.case)))


def phrasings(*, supported: bool) -> list[Phrasing]:
    written = decode(tuple[Phrasing, ...], tomllib.loads(_FILE.read_text(encoding="utf-8"))["sentence"])
    return [phrasing for phrasing in written if phrasing.supported is supported]


def test_hardly_a_true_sentence_alarms() -> None:
    true = phrasings(supported=True)
    alarms = [phrasing for phrasing in true if phrasing.alarms()]

    assert len(alarms) <= _MOST_FALSE_ALARMS * len(true), "\n".join(map(str, alarms))


def test_most_figures_of_other_rows_alarm() -> None:
    wrong = phrasings(supported=False)
    missed = [phrasing for phrasing in wrong if not phrasing.alarms()]

    assert len(missed) <= (1 - _LEAST_FOUND) * len(wrong), "\n".join(map(str, missed))
