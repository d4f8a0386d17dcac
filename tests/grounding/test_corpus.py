"""The corpus is large and various enough to measure by, and every sentence has a turn that it talks about."""

from collections import Counter
from typing import get_args

import pytest

from tests.grounding.corpus import Half, answers, cases, of_half, sentences, unseen, unseen_cases

NO_QUANTITY = frozenset({"address", "advice", "clock", "code", "date", "label", "names", "pid", "port", "version"})


@pytest.mark.parametrize("half", get_args(Half))
def test_each_half_alone_is_large_enough_to_measure_by(half: Half) -> None:
    labels = Counter(sentence.supported for sentence in of_half(half))
    assert labels.total() >= 200
    assert min(labels[True], labels[False]) >= 80


def test_every_kind_that_occurs_twice_is_in_both_halves() -> None:
    kinds = Counter((sentence.supported, sentence.kind) for sentence in sentences())
    often = {kind for kind, times in kinds.items() if times > 1}
    tuned, held_out = ({(sentence.supported, sentence.kind) for sentence in of_half(half)} for half in get_args(Half))
    assert often <= tuned & held_out


def test_every_case_has_sentences_of_both_labels() -> None:
    told = {(sentence.case, sentence.supported) for sentence in sentences()}
    assert told == {(case, supported) for case in cases() for supported in (True, False)}


def test_no_text_stands_twice_in_a_case() -> None:
    texts = Counter((sentence.case, sentence.text) for sentence in sentences())
    assert [text for text, times in texts.items() if times > 1] == []


def test_what_is_no_quantity_is_never_labelled_as_unsupported() -> None:
    assert {sentence.kind for sentence in sentences()} >= NO_QUANTITY
    assert [sentence for sentence in sentences() if sentence.kind in NO_QUANTITY and not sentence.supported] == []


def test_both_labels_are_told_in_several_languages() -> None:
    told = {(sentence.language, sentence.supported) for sentence in sentences()}
    assert len({language for language, supported in told if supported}) >= 8
    assert len({language for language, supported in told if not supported}) >= 8


def test_tables_are_labelled_in_order_as_a_turn_does() -> None:
    for case in cases().values():
        labels = [table.label for result in case.results for table in result.tables]
        assert labels == [f"T{number}" for number in range(1, len(labels) + 1)]


def test_a_case_has_rows_and_a_window_that_ends_when_it_was_asked() -> None:
    for case in cases().values():
        rows = [row for result in case.results for table in result.tables for row in table.rows]
        windows = [result.coverage.window for result in case.results if result.coverage]
        assert rows
        assert {window.until for window in windows} == {case.now}


def test_there_are_a_failed_call_and_an_earlier_answer() -> None:
    assert any(result.failed for case in cases().values() for result in case.results)
    assert any(case.history for case in cases().values())


def test_the_unseen_set_is_large_enough_to_measure_by() -> None:
    labels = Counter(sentence.supported for sentence in unseen())
    assert labels[True] >= 140
    assert labels[False] >= 80


def test_every_unseen_case_decodes_and_has_sentences_of_both_labels() -> None:
    told = {(sentence.case, sentence.supported) for sentence in unseen()}
    assert told == {(case, supported) for case in unseen_cases() for supported in (True, False)}


def test_at_least_four_cases_are_only_in_the_unseen_set() -> None:
    assert len(unseen_cases().keys() - cases().keys()) >= 4


def test_tables_of_unseen_cases_are_labelled_in_order_and_asked_at_the_end_of_a_window() -> None:
    for case in unseen_cases().values():
        labels = [table.label for result in case.results for table in result.tables]
        assert labels == [f"T{number}" for number in range(1, len(labels) + 1)]
        assert case.now in {result.coverage.window.until for result in case.results if result.coverage}


def test_unseen_texts_are_new_and_stand_once_in_a_case() -> None:
    texts = Counter((sentence.case, sentence.text) for sentence in (*sentences(), *unseen()))
    assert [text for text, times in texts.items() if times > 1] == []


def test_unseen_texts_without_a_quantity_are_never_labelled_as_unsupported() -> None:
    assert [sentence for sentence in unseen() if sentence.kind in NO_QUANTITY and not sentence.supported] == []


def test_unseen_labels_are_told_in_several_languages_and_mostly_in_english() -> None:
    told = {(sentence.language, sentence.supported) for sentence in unseen()}
    assert min(Counter(supported for _, supported in told).values()) >= 8
    assert 0.6 < sum(sentence.language == "en" for sentence in unseen()) / len(unseen()) < 0.7


def test_every_unseen_case_has_a_whole_answer_and_made_up_sentences_of_it() -> None:
    told = Counter((sentence.case, sentence.supported) for sentence in answers())
    assert told.keys() == {(case, supported) for case in unseen_cases() for supported in (True, False)}
    assert {told[case, False] for case in unseen_cases()} == {4}
    assert all(10 <= told[case, True] <= 14 for case in unseen_cases())


def test_an_answer_stands_in_one_language_and_five_are_not_in_english() -> None:
    languages = {(sentence.case, sentence.language) for sentence in answers()}
    assert len(languages) == len(unseen_cases())
    assert sum(language != "en" for _, language in languages) == 5


def test_sentences_of_answers_are_new_and_of_one_kind() -> None:
    texts = Counter((sentence.case, sentence.text) for sentence in (*sentences(), *unseen(), *answers()))
    assert [text for text, times in texts.items() if times > 1] == []
    assert {sentence.kind for sentence in answers()} == {"answer"}
