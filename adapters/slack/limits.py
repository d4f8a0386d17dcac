"""What Slack takes at most. Each with its source: a page of docs.slack.dev, or "observed"."""

MAX_BLOCKS = 50
"""Of a message (https://docs.slack.dev/reference/block-kit/blocks)."""
ROOM_FOR_BUTTONS = 6
"""Blocks that stay free for buttons, feedback, steps and what stands above the answer."""
MAX_SECTION = 3000
"""Characters of a section's text (https://docs.slack.dev/reference/block-kit/blocks/section-block)."""
MAX_CONTEXT_TEXT = 2000
"""Characters of one text in a context block: the page names no limit, longer ones were refused (observed)."""
MAX_CONTEXT_ELEMENTS = 10
"""https://docs.slack.dev/reference/block-kit/blocks/context-block"""
MAX_MARKDOWN = 12_000
"""Characters of all markdown blocks of a message (https://docs.slack.dev/reference/block-kit/blocks/markdown-block)."""
SOFT_MARKDOWN = 9_000
"""From here on a message ends at the next paragraph: well before the limit, so that what grows is never taken back."""
MAX_FENCE = 8
"""Ours: marks of a fence around code; longer ones would take the room of what they hold."""
MAX_CODE_SECTIONS = 30
"""Ours: of one table or chart where Slack refuses it; the CSV has all of it."""
MAX_BUTTONS = 25
"""Of one actions block (https://docs.slack.dev/reference/block-kit/blocks/actions-block)."""
MAX_TABLE_ROWS = 200
"""Below the header of a data_table (observed; https://docs.slack.dev/reference/block-kit/blocks/data-table-block)."""
MAX_TABLE_COLUMNS = 20
MAX_TABLE_CHARACTERS = 20_000
"""In all cells of a message's tables (observed)."""
MAX_CAPTION = 300
"""Ours: the page names none."""
MAX_CELL = 500
"""Ours: a longer text is cut with an ellipsis; the CSV has all of it."""
ROWS_OF_A_PAGE = 10
"""Of 1 to 100; Slack turns the pages itself."""
MAX_TABLES = 1
"""Of a message (observed: a second one is refused)."""
MAX_CHARTS = 2
"""Of a message (observed)."""
MAX_CATEGORIES = 20
"""Of a chart, as the next four (observed)."""
MAX_SERIES = 12
MAX_CHART_TITLE = 50
MAX_CHART_NAME = 20
MAX_FALLBACK = 300
"""Ours: what a notification shows. Slack takes 40,000 characters of text."""
CODE_WIDTH = 100
"""Cells of a code block's lines that a desktop's window shows without wrapping (observed)."""
