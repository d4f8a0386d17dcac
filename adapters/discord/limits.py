"""What Discord takes at most. Each with its source: a page of discord.com/developers/docs, "observed", or "ours"."""

MAX_CONTENT = 2000
"""Of a message (https://discord.com/developers/docs/resources/message#create-message), counted in UTF-16 units here:
no way of counting characters finds more."""
MAX_FILES = 10
"""Of a message (https://discord.com/developers/docs/reference#uploading-files)."""
MAX_FILE_BYTES = 10 * 1024 * 1024
"""Of a file, in servers without boosts (https://discord.com/developers/docs/reference#uploading-files)."""
MAX_ROWS_OF_BUTTONS = 5
"""https://discord.com/developers/docs/components/reference#action-row"""
MAX_BUTTONS_OF_A_ROW = 5
MAX_BUTTON_LABEL = 80
"""https://discord.com/developers/docs/components/reference#button"""
MAX_CUSTOM_ID = 100
"""https://discord.com/developers/docs/components/reference#anatomy-of-a-component-custom-id"""

MAX_TABLES = MAX_ROWS_OF_BUTTONS - 1
"""Of a message: each has a row of buttons, the last row is the answer's."""
ROWS_OF_A_PAGE = 15
"""Ours: a message shows no more of a table."""
ROWS_OF_A_NARROW_PAGE = 5
"""Ours: of a page for phones, where each row takes several lines. Whole pages of it are a page of the other kind."""
MAX_PAGED_ROWS = 100
"""Ours: of a larger table only the first page is shown, and all rows are in its CSV."""
CODE_WIDTH = 56
"""Cells of a code block's lines that a desktop's window shows without wrapping (observed)."""
NARROW_WIDTH = 34
"""Cells of the same on a phone (observed)."""
MAX_TITLE = 200
"""Ours: of a table's or chart's title."""
MAX_ALIKE = 100
"""Ours: characters of a cell that is told above its table."""

MAX_LINE = 900
"""Ours: characters of a line of code or of quiet text; a longer one is folded. Made harmless it fits into a message."""
MAX_SPAN = 300
"""Ours: characters of emphasised text or code inside a line; what is longer is shown without."""
MAX_WORD = 64
"""Ours: characters of a word that stay together."""
ENOUGH = {"\n\n": 1400, "\n": 1600, ". ": 1750, " ": 1850}
"""Ours: from so many units on prose goes on in the next message, at the next paragraph, line, sentence or word: well
before the limit, so that what grows is never taken back."""
