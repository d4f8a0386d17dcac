"""What a text says in Discord, read by rules that know nothing of how it was made.

They follow what is documented of Discord's Markdown and what was observed of its client, and where these differ they
find more rather than less. References: https://discord.com/developers/docs/reference#message-formatting and
https://support.discord.com/hc/en-us/articles/210298617.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ANYWHERE = {
    "escape": r"\\(?P<escape>[^0-9A-Za-z\s])",
    "code block": r"```(?:[\w+.-]*\n)?(?P<code_block>.*?[^\n].*?)```",
    "code": r"(?P<ticks>`+)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)",
    "bold": r"\*\*(?P<bold>(?:\\.|[^\\])+?)\*\*(?!\*)",
    "underline": r"__(?P<underline>(?:\\.|[^\\])+?)__(?!_)",
    "italic": r"\*(?!\s)(?P<italic>(?:\\.|\*\*|[^*\\])+?)(?<!\s) {0,2}\*(?!\*)",
    "italic_": r"_(?P<italic_>(?:\\.|__|[^_\\])+?)_(?![A-Za-z0-9_])",
    "strike": r"~~(?P<strike>.+?)~~(?!_)",
    "spoiler": r"\|\|(?P<spoiler>.+?)\|\|",
    "person": r"<@!?\d+>",
    "role": r"<@&\d+>",
    "everyone": r"@everyone|@here",
    "channel": r"<#\d+>",
    "command": r"</[\w -]+:\d+>",
    "time": r"<t:-?\d+(?::\w)?>",
    "emoji": r"<a?:\w+:\d+>|:(?!\d\d[:-])[\w+-]+:",
    "guide": r"<(?:id|sound):[^>\s]+>",
    "masked link": r"\[(?:\[[^\]]*\]|[^\[\]])*[^\[]*\]\(\s*<?(?:\([^)]*\)|[^\s\\]|\\[^\n])*?>?(?:\s+['\"].*?)?\s*\)",
    "link": r"(?:https?|steam|discord)://[^\s<]+|<[^: >]+:/[^ >]+>|discord\.gg/\w+",
}
AT_LINE_START = {
    "small": r"-# +(?!-#)(?P<small>[^\n]+)",
    "heading": r" *#{1,3}\s+(?!#)(?P<heading>[^\n]*)",
    "long quote": r" *>>> (?P<long_quote>.*)",
    "quote": r" *> (?P<quote>[^\n]*)",
    "item": r" *(?:[-+*]|\d+\.) +(?P<item>[^\n]*)",
}
FORMATS = {name: re.compile(rule, re.DOTALL) for name, rule in (ANYWHERE | AT_LINE_START).items()}
LOUD = {"person", "role", "everyone", "channel", "command", "time", "emoji", "guide", "masked link", "link", "spoiler"}
"""What data must never become, nor the words of a model."""
PINGS = re.compile(r"@everyone|@here|<@[!&]?\d+>")
"""What Discord's servers may find in the bare text, where mentions are allowed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A piece of a message: what it is, and its words without markup. `within`: what it stands in, outermost first."""

    kind: str
    text: str
    within: tuple[str, ...] = ()


def read(text: str, within: tuple[str, ...] = (), *, at_start: bool = True) -> Iterator[Seen]:
    """The text in its order."""
    at = plain_from = 0
    while at < len(text):
        starts = text.rfind("\n", 0, at) + 1
        is_start = not text[starts:at].strip(" ") and (at_start or starts > 0)
        found = _found(text, at, is_start=is_start)
        if found is None:
            at += 1
            continue
        name, match = found
        if plain_from < at:
            yield Seen("text", text[plain_from:at], within)
        yield from _inside(name, match, within, is_start=is_start)
        at = plain_from = max(match.end(), at + 1)
    if plain_from < len(text):
        yield Seen("text", text[plain_from:], within)


def shown(text: str) -> str:
    """What people can read."""
    return "".join(seen.text + ("\n" if seen.kind == "code block" else "") for seen in read(text))


def kinds(text: str) -> set[str]:
    """All that is more than text."""
    return {kind for seen in read(text) for kind in (seen.kind, *seen.within)} - {"text"}


def _found(text: str, at: int, *, is_start: bool) -> tuple[str, re.Match[str]] | None:
    names = [*(AT_LINE_START if is_start else ()), *ANYWHERE]
    matches = ((name, FORMATS[name].match(text, at)) for name in names)
    return next(((name, match) for name, match in matches if match), None)


def _inside(name: str, match: re.Match[str], within: tuple[str, ...], *, is_start: bool) -> Iterator[Seen]:
    inside = match.groupdict().get(name.replace(" ", "_"))
    if name == "escape" and inside is not None:
        yield Seen("text", inside, within)
    elif inside is None or name in {"code", "code block"}:
        yield Seen(name, match[0] if inside is None else inside, within)
    else:
        yield from read(inside, (*within, name.rstrip("_")), at_start=is_start)
