"""What of an earlier turn is a statement, what a question, and what its answer said first. Pure.

The signs are those that most languages share: a question mark, a command's name. English adds its first words.
"""

import re

from bot.domain.turn import Turn
from bot.llm.offline.past_turns import is_command
from bot.llm.offline.small_talk import small_talk
from bot.llm.offline.vocabulary import words
from bot.tables.text import plain

_MAX_TEXT = 400
"""Characters of one message that are looked at: what is longer was pasted."""
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
"""Also those of East Asian and of Arabic scripts."""
_ASKING = words("""
why what what's which who whom whose how how's where show list find count give tell explain check compare describe
analyse analyze summarise summarize help
""")
_MAY_ASK = words("""
is isn't are aren't was were does doesn't do don't did didn't can could should would will has have any
""")
"""They begin statements too, such as *did the failover at 22:00*."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f\u061f])|\n+")
_MARKUP = re.compile(r"[*`#>]+|^\s*(?:[-•]|\d+[.)])\s+|\s*\[T\d+(?:, ?T\d+)*\]")
_SMALL_TALK_WORDS = 4


def statement_of(turn: Turn) -> str:
    """What the person told, in one line; empty where they only asked, commanded or were polite."""
    if is_command(turn):
        return ""
    return " ".join(text for text in _sentences(turn) if not (_is_question(text, turn) or _is_chatter(text)))


def question_of(turn: Turn) -> str:
    """What the person asked, in one line; for a statement that tools were asked about, that statement."""
    sentences = _sentences(turn)
    if is_command(turn):
        return " ".join(sentences) or (turn.message.command.tool if turn.message.command else "")
    asked = " ".join(text for text in sentences if _is_question(text, turn))
    return asked or (" ".join(sentences) if turn.results else "")


def told_first(answer: str) -> str:
    """The first sentence of an answer, without its Markdown and the labels of its tables."""
    for line in answer.splitlines():
        text = " ".join(_MARKUP.sub("", plain(line)).split())
        if text:
            return _SENTENCE.split(text)[0].rstrip(".:")
    return ""


def _sentences(turn: Turn) -> list[str]:
    found = _SENTENCE.split(turn.message.text[:_MAX_TEXT].strip())
    return [text for sentence in found if (text := " ".join(plain(sentence).split()))]


def _is_question(sentence: str, turn: Turn) -> bool:
    if sentence.endswith(_QUESTION_MARKS) or sentence.startswith(("/", "!")):
        return True
    first = sentence.split(maxsplit=1)[0].casefold().strip(",.:;!")
    return first in _ASKING or (first in _MAY_ASK and bool(turn.results) and not any(map(str.isdigit, sentence)))


def _is_chatter(sentence: str) -> bool:
    """Nothing that anybody would look for later: a courtesy, a sign, a single word."""
    is_polite = small_talk(sentence) is not None and len(sentence.split()) <= _SMALL_TALK_WORDS
    is_word = sentence.isascii() and " " not in sentence and not any(map(str.isdigit, sentence))
    return is_polite or is_word or not any(map(str.isalpha, sentence))
