"""The corpus itself: large enough, nothing twice, and each text with its reason."""

from collections import Counter

from tests.hostile.corpus import CORPUS


def test_there_are_many_texts_of_many_kinds_each_once_and_with_a_reason() -> None:
    assert len(CORPUS) >= 250
    assert [text for text, times in Counter(each.text for each in CORPUS).items() if times > 1] == []
    assert min(Counter(each.kind for each in CORPUS).values()) >= 5
    assert all(each.why for each in CORPUS)
