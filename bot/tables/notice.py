"""How a short word of netspy's own reads beside an answer. Pure; renderers call it."""

from bot.domain.message import Level
from bot.tables.text import as_sentence

LEVEL_WORDS: dict[Level, str] = {"info": "note", "warning": "warning", "error": "error"}


def notice_line(level: Level, text: str) -> str:
    """`warning: Nobody listens there.`; as many lines as the text has."""
    return f"{LEVEL_WORDS[level]}: {as_sentence(text)}"
