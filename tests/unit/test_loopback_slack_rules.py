"""The loopback Slack's Block Kit: what is let through, what is refused, and what a reader gets of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.loopback.slack_message import Message
from tests.loopback.slack_rules import Refused, check_blocks, check_view
from tests.loopback.slack_schema import fault

Block = dict[str, Any]
DIVIDER: Block = {"type": "divider"}


def raw(said: str) -> Block:
    return {"type": "raw_text", "text": said}


def section(said: str, **more: Any) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": said}, **more}


def context(*said: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": one} for one in said]}


def button(action_id: str = "a", label: str = "Stop", **more: Any) -> Block:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": label}, **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": [*elements]}


def data_table(rows: int = 2, columns: int = 1, cell: str = "x", **more: Any) -> Block:
    cells = [[raw(cell) for _ in range(columns)] for _ in range(rows)]
    return {"type": "data_table", "caption": "Drops", "rows": cells, **more}


def table(rows: int = 2, columns: int = 1, cell: str = "x") -> Block:
    return {"type": "table", "rows": [[raw(cell) for _ in range(columns)] for _ in range(rows)]}


def chart(series: int = 1, categories: int = 2, **more: Any) -> Block:
    names = [f"c{number}" for number in range(categories)]
    data = [{"label": name, "value": 1.5} for name in names]
    many = [{"name": f"s{number}", "data": data} for number in range(series)]
    drawn = {"type": "line", "series": many, "axis_config": {"categories": names}}
    return {"type": "data_visualization", "title": "Drops", "chart": drawn, **more}


def pie(*values: float) -> Block:
    segments = [{"label": f"s{number}", "value": value} for number, value in enumerate(values)]
    return {"type": "data_visualization", "title": "Drops", "chart": {"type": "pie", "segments": segments}}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [*elements]}]}


def markdown(said: str) -> Block:
    return {"type": "markdown", "text": said}


LET_THROUGH: list[list[Block]] = [
    [DIVIDER] * 50,
    [section("x" * 3000, expand=True, block_id="b" * 255)],
    [context(*["x"] * 10), context("x" * 3000)],
    [actions(*[button(f"a{number}") for number in range(25)])],
    [actions(button("a" * 255, "x" * 75, value="v" * 2000, style="danger"))],
    [markdown("x" * 12_000)],
    [data_table(201, 20)],
    [data_table(2, 1, "x" * 10_000)],
    [data_table(page_size=100, row_header_column_index=0)],
    [table(100, 20)],
    [chart(12, 20), pie(*[1] * 12)],
    [rich({"type": "text", "text": "x", "style": {"bold": True}}, {"type": "user", "user_id": "U0DANA"})],
    [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}],
    [{"type": "task_card", "task_id": "1", "title": "x", "status": "complete", "details": rich()}],
    [{"type": "plan", "title": "x", "tasks": [{"type": "task_card", "task_id": "1", "title": "x", "status": "error"}]}],
    [data_table(), chart(), table()],
]


@pytest.mark.parametrize("blocks", LET_THROUGH)
def test_blocks_at_their_limits_are_let_through(blocks: list[Block]) -> None:
    check_blocks(blocks)


def _broken_table(change: Callable[[Block], object]) -> Block:
    block = data_table(3, 2)
    change(block)
    return block


def _broken_chart(change: Callable[[Block], object]) -> Block:
    block = chart(2, 2)
    change(block["chart"])
    return block


REFUSED: list[list[Block]] = [
    [DIVIDER] * 51,
    [{"type": "shout"}],
    [{"text": "no type"}],
    [{**DIVIDER, "colour": "red"}],
    [{**DIVIDER, "block_id": "b" * 256}],
    [{**DIVIDER, "block_id": "b"}, {**DIVIDER, "block_id": "b"}],
    [section("")],
    [section("x" * 3001)],
    [{"type": "section"}],
    [{"type": "section", "text": "x"}],
    [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
    [context(*["x"] * 11)],
    [context("x" * 3001)],
    [context()],
    [actions(*[button(f"a{number}") for number in range(26)])],
    [actions()],
    [actions(button(label="x" * 76))],
    [actions(button(value="v" * 2001))],
    [actions(button("a" * 256))],
    [actions(button(), button())],
    [actions(button()), actions(button())],
    [actions(button(style="warning"))],
    [markdown("x" * 6001), markdown("x" * 6000)],
    [markdown("")],
    [data_table(1)],
    [data_table(202)],
    [data_table(2, 21)],
    [data_table(2, 0)],
    [data_table(), data_table()],
    [data_table(2, 1, "x" * 10_001)],
    [data_table(page_size=0)],
    [data_table(page_size=101)],
    [data_table(row_header_column_index=1)],
    [_broken_table(lambda block: block.pop("caption"))],
    [_broken_table(lambda block: block["rows"][1].pop())],
    [_broken_table(lambda block: block["rows"][1].__setitem__(0, raw("")))],
    [_broken_table(lambda block: block["rows"][0].__setitem__(0, rich({"type": "text", "text": "x"})))],
    [_broken_table(lambda block: block["rows"][1].__setitem__(0, rich({"type": "shout"})))],
    [_broken_table(lambda block: block["rows"][1].__setitem__(0, {"type": "raw_number", "value": 3}))],
    [_broken_table(lambda block: block["rows"][1].__setitem__(0, {"type": "raw_number", "value": "3", "text": "3"}))],
    [_broken_table(lambda block: block["rows"][1].__setitem__(0, {"type": "raw_number", "value": 1e999, "text": "x"}))],
    [table(101)],
    [table(2, 21)],
    [table(2, 1, "x" * 5001)],
    [chart(13)],
    [chart(1, 21)],
    [chart(0)],
    [chart(), chart(), chart()],
    [chart(title="x" * 51)],
    [_broken_chart(lambda drawn: drawn["series"][0].__setitem__("name", "s1"))],
    [_broken_chart(lambda drawn: drawn["series"][0].__setitem__("name", "x" * 21))],
    [_broken_chart(lambda drawn: drawn["series"][0]["data"].append({"label": "c2", "value": 1}))],
    [_broken_chart(lambda drawn: drawn["axis_config"].__setitem__("categories", ["c1", "c0"]))],
    [_broken_chart(lambda drawn: drawn["axis_config"].__setitem__("x_label", "x" * 51))],
    [_broken_chart(lambda drawn: drawn["series"][0]["data"].__setitem__(0, {"label": "c0", "value": float("nan")}))],
    [pie()],
    [pie(*[1] * 13)],
    [pie(0)],
    [rich({"type": "text", "text": ""})],
    [{"type": "rich_text", "elements": []}],
    [{"type": "image", "alt_text": "a"}],
    [{"type": "image", "image_url": "https://example.com/" + "a" * 3000, "alt_text": "a"}],
    [{"type": "task_card", "task_id": "1", "title": "x", "status": "done"}],
    [{"type": "context_actions", "elements": [button()]}],
]


@pytest.mark.parametrize("blocks", REFUSED)
def test_blocks_beyond_a_limit_are_refused_and_it_says_where(blocks: list[Block]) -> None:
    with pytest.raises(Refused) as raised:
        check_blocks(blocks)
    assert raised.value.error == "invalid_blocks"
    assert all("[json-pointer:/blocks" in message for message in raised.value.messages)


def test_a_second_table_is_an_invalid_attachment() -> None:
    with pytest.raises(Refused, match="invalid_attachments"):
        check_blocks([table(), table()])


def test_what_is_wrong_is_said_with_its_place() -> None:
    with pytest.raises(Refused) as raised:
        check_blocks([DIVIDER, context("x", "")])
    assert raised.value.messages == (fault("must be more than 0 characters", "/blocks/1/elements/1/text"),)


def test_markdown_and_tables_are_for_messages_only() -> None:
    home = {"type": "home", "blocks": [section("x")]}
    check_view(home)
    for block in (markdown("x"), data_table(), chart(), {"type": "context_actions", "elements": []}):
        with pytest.raises(Refused, match="unsupported type"):
            check_view({**home, "blocks": [block]})


def test_a_modal_with_an_input_needs_a_submit_button_and_a_short_title() -> None:
    entry = {"type": "plain_text_input", "action_id": "text"}
    ask = {"type": "input", "label": {"type": "plain_text", "text": "Text"}, "element": entry}
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "Edit"}, "blocks": [ask]}
    with pytest.raises(Refused, match="submit is required"):
        check_view(modal)
    check_view({**modal, "submit": {"type": "plain_text", "text": "Ask"}})
    with pytest.raises(Refused, match="25 characters"):
        check_view({**modal, "title": {"type": "plain_text", "text": "x" * 25}})


def test_a_reader_gets_all_words_in_order() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Head"}},
        section("a &lt;b&gt;", fields=[{"type": "mrkdwn", "text": "field"}]),
        data_table(),
        chart(),
        rich({"type": "text", "text": "rich "}, {"type": "link", "url": "https://e.org", "text": "link"}),
        actions(button()),
        markdown("**bold**"),
    ]
    read = Message("1.0", "C", "U", "fallback", blocks).shown.split("\n")
    charted = ["Drops", "s0", "c0: 1.5", "c1: 1.5"]
    assert read == ["Head", "a <b>", "field", "Drops", "x", "x", *charted, "rich ", "link", "Stop", "**bold**"]


HOSTILE = "<!channel> <@U0DANA> <!subteam^S0OPS|ops> https://evil.example/x <https://evil.example/y|click>"
PINGED = {"channel", "U0DANA", "S0OPS"}
LINKED = {"https://evil.example/x", "https://evil.example/y"}


@pytest.mark.parametrize(
    "message",
    [
        Message("1.0", "C", "U", HOSTILE),
        Message("1.0", "C", "U", given=[section(HOSTILE)]),
        Message("1.0", "C", "U", given=[context(HOSTILE)]),
        Message("1.0", "C", "U", given=[markdown(HOSTILE)]),
        Message("1.0", "C", "U", HOSTILE, [DIVIDER]),
        Message("1.0", "C", "U", attachments=[{"blocks": [section(HOSTILE)]}]),
    ],
)
def test_text_and_markdown_notify_and_link(message: Message) -> None:
    assert (message.pinged, message.links) == (PINGED, LINKED)


@pytest.mark.parametrize(
    "block",
    [
        data_table(cell=HOSTILE, caption=HOSTILE),
        table(cell=HOSTILE),
        rich({"type": "text", "text": HOSTILE}),
        actions(button(label="<!channel>")),
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE}},
        chart(title="<!channel>"),
    ],
)
def test_plain_text_notifies_nobody_and_links_nowhere(block: Block) -> None:
    message = Message("1.0", "C", "U", "fallback", [block])
    assert (message.pinged, message.links) == (set(), set())


def test_escaped_text_notifies_nobody() -> None:
    message = Message("1.0", "C", "U", "&lt;!channel&gt; &lt;@U0DANA&gt;")
    assert (message.pinged, message.shown) == (set(), "<!channel> <@U0DANA>")


def test_mentions_and_links_that_are_elements_count() -> None:
    elements: list[Block] = [
        {"type": "broadcast", "range": "here"},
        {"type": "user", "user_id": "U0LEE"},
        {"type": "link", "url": "https://evil.example/"},
    ]
    message = Message("1.0", "C", "U", given=[rich(*elements), actions(button(url="https://e.org/"))])
    assert message.pinged == {"here", "U0LEE"}
    assert message.links == {"https://evil.example/", "https://e.org/"}


def test_a_link_of_markdown_counts() -> None:
    message = Message("1.0", "C", "U", given=[markdown("[click](https://evil.example/z) [mail](mailto:a@b.c)")])
    assert message.links == {"https://evil.example/z", "mailto:a@b.c"}
