r"""Text that Discord takes for no more than it is to be. Pure; whatever is rendered goes through here.

Discord reads its markup from left to right, and what begins in one line may end in another, even inside of code. So
nothing that opens is left without its end in the same line. A backslash takes the meaning of a sign and is not shown
(https://support.discord.com/hc/en-us/articles/210298617); where Discord's servers look at the text too, or in code, a
zero-width space does the same.
"""

import re
from collections.abc import Iterator

from adapters.discord.limits import MAX_SPAN, MAX_WORD
from bot.tables.text import ZERO_WIDTH, plain

QUIET = "-# "
"""Before a line: small grey text (https://support.discord.com/hc/en-us/articles/210298617)."""
_ESCAPE = r"\\[!-/:-@\[-`{-~]"
"""What Markdown's standard takes for one; Discord takes a backslash before any other sign for one as well."""
_MENTION = r"@(?=everyone|here|[!&]?\d)"
_REFERENCE = r"<(?=[#/:]|a:|t:|id:|sound:)"
"""Of channels, commands, emoji, times (https://discord.com/developers/docs/reference#message-formatting-formats)."""
_LINK = r"\](?=\()"
_HUSHED = re.compile(_MENTION, re.IGNORECASE)
_HUSHED_IN_CODE = re.compile(rf"{_MENTION}|{_REFERENCE}|{_LINK}|`(?=`)", re.IGNORECASE)
_ADDRESS = r"(?<=[A-Za-z0-9+.-]:)/|(?<=discord\.gg)/|(?<=discord\.com)/(?=invite)|(?<=discordapp\.com)/(?=invite)"
"""The first slash behind a scheme, or in an invitation."""
_EMOJI = r":(?!\d\d[:-])(?=[\w+-]+:)"
"""A name between colons, but not what is between those of times."""
_LOUD = re.compile(rf"[\\`*_]|<(?![ >])|~(?=~)|(?<=~)~|\|(?=\|)|(?<=\|)\||(?<=\])\(|{_ADDRESS}|{_EMOJI}")
_BLOCK = re.compile(r"^(\s*\d*)(?=[#>]|[-+.](?:[\s#]|\Z))")
_SPAN = r"(?<!`)(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"


def _emphasis(mark: str, *, outside: str = "", behind: str = "") -> str:
    """What stands between two equal marks: it may hold code and escapes, but not the same sign."""
    sign, marks = re.escape(mark[0]), re.escape(mark)
    inside = rf"(?:[^{sign}`\\]|\\[!-/:-@\[-`{{-~]?+|`[^`{sign}]+`)+?"
    return rf"{outside}{marks}(?![\s{sign}]){inside}(?<!\s){marks}(?![{sign}{behind}])"


_EMPHASES = (
    *(_emphasis(mark) for mark in ("***", "**", "*")),
    _emphasis("~~", behind="_"),
    *(_emphasis(mark, outside=r"(?<![\w\\])", behind=r"\w") for mark in ("___", "__", "_")),
)
_ATOM = re.compile(rf"(?P<escape>{_ESCAPE})|{_SPAN}|(?P<emphasis>{'|'.join(_EMPHASES)})")
_WORD = re.compile(rf"[^\s\\`*_~]{{1,{MAX_WORD}}}|\s{{1,{MAX_WORD}}}|.")
_MAY_OPEN = re.compile(r"`|\*+(?=[^\s*])|(?<![\w\\])_+(?=[^\s_])|~~(?=[^\s~])")
_LAST_WORD = re.compile(r"\S+\Z")
_MERE_WORD = re.compile(r"(?:[^\W_]|[.,;!?'\"()-])+")


def escaped(text: str) -> str:
    """One line of any text, shown as it is."""
    return _BLOCK.sub(r"\1\\", "".join(_signs(plain(text))))


def in_code(text: str) -> str:
    """One line of a code block: it cannot end the block, and mentions nobody where Discord sees no block."""
    return _HUSHED_IN_CODE.sub(rf"\g<0>{ZERO_WIDTH}", text)


def atoms(line: str, *, is_whole: bool = True) -> Iterator[str]:
    """The inside of a line of Markdown in harmless pieces, each complete in itself.

    Of a line that is not whole they end before what may yet become something else.
    """
    text, at = line if is_whole else _without_open_word(line), 0
    signs = _signs(text)
    while at < len(text):
        found = _ATOM.match(text, at)
        if found and found["escape"]:
            yield found[0] + (ZERO_WIDTH if signs[at + 1].endswith(ZERO_WIDTH) else "")
        elif found and len(found[0]) <= MAX_SPAN:
            yield _formatted(found)
        elif not is_whole and _MAY_OPEN.match(text, at):
            return
        else:
            found = _WORD.match(text, at)
            yield "".join(signs[at : found.end() if found else at + 1])
        at = found.end() if found else at + 1


def _signs(text: str) -> list[str]:
    """Each character as it stands among the others: escaped, hushed, or as it is."""
    loud = {sign.start() for sign in _LOUD.finditer(text)}
    hushed = {sign.start() for sign in _HUSHED.finditer(text)}
    return [("\\" if at in loud else "") + sign + (ZERO_WIDTH if at in hushed else "") for at, sign in enumerate(text)]


def _formatted(found: re.Match[str]) -> str:
    if found["code"]:
        return _span(found["code"])
    marks = found[0][: len(found[0]) - len(found[0].lstrip(found[0][0]))]
    inside = "".join(atoms(found[0][len(marks) : -len(marks)]))
    return marks + _BLOCK.sub(r"\1\\", inside) + marks


def _span(code: str) -> str:
    """Code inside a line. Discord knows two backticks around it, which hold single ones."""
    safe = in_code(code)
    if "`" not in safe:
        return f"`{safe}`"
    left, right = (ZERO_WIDTH if code[at] == "`" else "" for at in (0, -1))
    return f"``{left}{safe}{right}``"


def _without_open_word(line: str) -> str:
    """A word of mere letters may go on; every other one may yet turn into what is to be hushed."""
    last = _LAST_WORD.search(line)
    return line if last is None or _MERE_WORD.fullmatch(last[0]) else line[: last.start()]
