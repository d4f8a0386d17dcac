"""How well grounding tells invented figures from true ones: alarms against what people labelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bot.conversation.grounding.checking import unsupported
from bot.conversation.grounding.evidence import Evidence, evidence_of
from tests.grounding.corpus import Labelled, answers, of_half, sentences, unseen, unseen_cases

LEAST = 0.95
LEAST_RECALL_OF_ALL = 0.9
MOST_FALSE_ALARMS = 0.02
LEAST_BLIND = 0.8


@dataclass(frozen=True, slots=True)
class Score:
    """`false_alarms`: the share of true sentences that alarm. `misjudged`: these and the misses."""

    precision: float
    recall: float
    false_alarms: float
    misjudged: tuple[Labelled, ...]

    def __str__(self) -> str:
        return f"precision {self.precision:.3f}, recall {self.recall:.3f}, false alarms {self.false_alarms:.3f}"


@cache
def evidence(case: str) -> Evidence:
    told = unseen_cases()[case]
    return evidence_of(told.results, said=(told.question, *told.history))


def score(labelled: Sequence[Labelled]) -> Score:
    alarms = {sentence for sentence in labelled if unsupported(sentence.text, evidence(sentence.case))}
    wrong = {sentence for sentence in labelled if not sentence.supported}
    hits = len(alarms & wrong)
    misjudged = tuple(sentence for sentence in labelled if sentence in alarms ^ wrong)
    false_alarms = len(alarms - wrong) / (len(labelled) - len(wrong))
    return Score(hits / len(alarms), hits / len(wrong), false_alarms, misjudged)


def test_alarms_are_right_and_few_invented_figures_pass() -> None:
    tuned, held_out, whole = score(of_half("tuned")), score(of_half("held out")), score(sentences())
    print(f"\ntuned: {tuned}\nheld out: {held_out}\nwhole: {whole}\nunseen: {score(unseen())}")

    assert whole.precision >= LEAST, "\n".join(map(str, whole.misjudged))
    assert whole.false_alarms <= MOST_FALSE_ALARMS, "\n".join(map(str, whole.misjudged))
    assert whole.recall >= LEAST, "\n".join(map(str, whole.misjudged))


def test_all_that_was_labelled_is_told_apart_in_the_turns_of_both_sets() -> None:
    together = score((*sentences(), *unseen()))
    print(f"\nall: {together}")

    assert together.precision >= LEAST, "\n".join(map(str, together.misjudged))
    assert together.false_alarms <= MOST_FALSE_ALARMS, "\n".join(map(str, together.misjudged))
    assert together.recall >= LEAST_RECALL_OF_ALL, "\n".join(map(str, together.misjudged))


def test_whole_answers_that_no_rule_was_made_for_fare_worse_but_not_badly() -> None:
    blind = score(answers())
    print(f"\nblind: {blind}")

    assert blind.precision >= LEAST_BLIND, "\n".join(map(str, blind.misjudged))
    assert blind.recall >= LEAST_BLIND, "\n".join(map(str, blind.misjudged))
