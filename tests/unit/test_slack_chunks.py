"""What a stream that holds some parts is sent next."""

import pytest

from adapters.slack.chunks import rest_of
from adapters.slack.post import Blocks, Markdown

ONE, TWO = Blocks(({"type": "divider"},), ()), Blocks(({"type": "header"},), ())


def test_a_stream_gets_what_is_new() -> None:
    assert rest_of([], [ONE, Markdown("a")]) == [
        {"type": "blocks", "blocks": [{"type": "divider"}]},
        {"type": "markdown_text", "text": "a"},
    ]
    assert rest_of([ONE, Markdown("a")], [ONE, Markdown("abc"), TWO]) == [
        {"type": "markdown_text", "text": "bc"},
        {"type": "blocks", "blocks": [{"type": "header"}]},
    ]
    assert rest_of([ONE], [ONE]) == []


@pytest.mark.parametrize(
    ("sent", "parts"),
    [([Markdown("a")], [Markdown("b")]), ([ONE, TWO], [ONE]), ([ONE, Markdown("a")], [TWO, Markdown("ab")])],
)
def test_what_only_an_edit_can_mend_is_no_rest(sent: list[Blocks | Markdown], parts: list[Blocks | Markdown]) -> None:
    assert rest_of(sent, parts) is None
