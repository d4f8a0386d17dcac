"""Finds in running text what must not be told, and puts placeholders there; and the way back. Pure.

Found are known names as whole words, and whatever looks like an address, a DNS name, a host of a URL or a mail address.
Text that looks like a placeholder is replaced by one too: so that what comes back is always what was given.
"""

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from ipaddress import ip_address, ip_interface
from typing import Final

from bot.llm.masking.names import HYPHENS, JOINER, PLACEHOLDER, WORD, Names
from bot.llm.masking.vocabulary import KINDS, NOT_NAMES, Kind

_LABEL = r"\w(?:[\w-]{0,61}\w)?"
_PATTERNS: Final = {
    "mail": r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    "v6": r"(?<![:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?:\.[0-9]{1,3}){3})?(?:/[0-9]{1,3})?(?![A-Za-z0-9])",
    "v4": r"(?<!\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?(?![A-Za-z0-9]|\.[A-Za-z0-9])",
    "part": r"(?<!\.)[0-9]{1,3}(?:\.[0-9]{1,3}){1,2}\.[*xX](?![A-Za-z0-9])",
    "dns": rf"(?:{_LABEL}\.){{1,20}}[^\W\d_](?:[\w-]{{0,61}}\w)(?![A-Za-z0-9])",
    "dashed": r"(?:[A-Za-z][A-Za-z0-9]{0,31}-)?[0-9]{1,3}(?:-[0-9]{1,3}){3}(?![A-Za-z0-9]|[-.][A-Za-z0-9])",
    "placed": r"(?:(?<=://)|(?<=\*\.))[^\s/:@.,;*'\"`<>()\[\]{}\\]{1,63}",
    "word": WORD.pattern,
}
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}")
_LAST_PORT = re.compile(r":[0-9]{1,5}\Z")
_PORT = re.compile(":[0-9]{1,5}(?![A-Za-z0-9])")
_SEPARATOR = re.compile(f"([{HYPHENS}.])")
_SIGNS = tuple(map(chr, range(0xE000, 0xF8FF)))
"""Characters for private use. Who writes all 6,399 of them into one text loses one of them."""
_MAY_BE_CUT = 1_000
"""Characters of a text that may end in the middle of a word without a sign of it."""
_MAX_MASKED = 5_000
_MAX_PARTS = 9
"""Pieces of a word, separators included, that are tried together."""


class Mask:
    """`mask` and `unmask` are each other's inverse, but for names that somebody writes in larger or smaller letters."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._version, self._pattern = -1, WORD
        self._special: frozenset[str] = frozenset()
        self._masked: dict[str, str] = {}
        """Texts that come again with every round, as long as no name is learnt."""
        self._sign = _SIGNS[0]
        """Stands before each placeholder while a text is masked; no character of that text."""
        self._found: dict[str, Callable[[str], str]] = {
            "special": lambda text: self._hide(text, "name"),
            "mail": lambda text: self._hide(text, "user"),
            "v6": self._v6,
            "v4": self._address,
            "part": lambda text: self._hide(text, "net"),
            "dns": self._dns,
            "dashed": lambda text: self._hide(text, "host"),
            "placed": self._labels,
            "word": self._word,
        }

    def mask(self, text: str) -> str:
        """Running text."""
        pattern = self._current()
        if (known := self._masked.get(text)) is None:
            known = self._masked[text] = self._mask(text, pattern)
        return known

    def _mask(self, text: str, pattern: re.Pattern[str]) -> str:
        self._sign = next((sign for sign in _SIGNS if sign not in text), _SIGNS[0])
        masked = pattern.sub(self._replaced, text)
        masked = PLACEHOLDER.sub(self._unless_signed, masked)
        return re.sub(f"(?<=[A-Za-z0-9]){self._sign}", JOINER, masked).replace(self._sign, "")

    def name(self, text: str, kind: Kind) -> str:
        """A text that is a name as a whole."""
        return text if text.lower() in NOT_NAMES else self.names.hide(text, kind)

    def host(self, text: str) -> str:
        """A text that is a host as a whole, with its port or without."""
        host, port = split_port(text)
        if text.lower() in NOT_NAMES or is_address(host.removeprefix("[").removesuffix("]")):
            return self.mask(text)
        self._sign = ""
        return self._labels(host) + port

    def unmask(self, text: str, *, begin: int = 0, end: int | None = None) -> str:
        """`text[begin:end]`, read with what stands around it."""
        end = len(text) if end is None else end
        done, pieces = begin, []
        for found in PLACEHOLDER.finditer(text, begin):
            if found.end() <= end and (original := self.names.original(found)) is not None:
                pieces += [text[done : found.start()], _bracketed(original, found)]
                done = found.end()
        return "".join([*pieces, text[done:end]])

    def _current(self) -> re.Pattern[str]:
        """The pattern of everything, with the special names that are known by now: the longest of them first."""
        if self._version != self.names.version or len(self._masked) > _MAX_MASKED:
            self._version, self._masked = self.names.version, {}
            if self._special != self.names.special or self._pattern is WORD:
                self._special, self._pattern = self.names.special, _pattern_with(self.names.special)
        return self._pattern

    def _replaced(self, found: re.Match[str]) -> str:
        masked = self._found[found.lastgroup or ""](found[0])
        if masked == found[0] and _is_cut(found) and self.names.begin_with(found[0]):
            masked = self._hide(found[0], "name")
        return masked + JOINER if _is_letter(found.string[found.end() : found.end() + 1]) else masked

    def _hide(self, value: str, kind: Kind) -> str:
        return self._sign + self.names.hide(value, kind)

    def _find(self, word: str) -> str | None:
        placeholder = self.names.find(word)
        return placeholder and self._sign + placeholder

    def _unless_signed(self, found: re.Match[str]) -> str:
        """What only looks like a placeholder is hidden behind one."""
        if found.string[found.start() - 1 : found.start()] == self._sign:
            return found[0]
        return self._hide(found[0], next(kind for kind in KINDS if kind == found[1].lower()))

    def _address(self, text: str) -> str:
        return text if _is_kept(text) else self._hide(text, "net" if "/" in text else "ip")

    def _v6(self, text: str) -> str:
        """What has colons is an address, one with a port, or something else, such as a time."""
        if _MAC.fullmatch(text):
            return self._hide(text, "name")
        for candidate in (text, text.removesuffix(":"), _LAST_PORT.sub("", text)):
            if is_address(candidate):
                return self._address(candidate) + text[len(candidate) :]
        if "." in text:
            return self._hide(text, "ip")
        return WORD.sub(lambda found: self._word(found[0]), text)

    def _dns(self, text: str) -> str:
        """A name that is known as a whole is one."""
        return self._find(text) or self._labels(text)

    def _labels(self, host: str) -> str:
        """Each label stands for itself, so that a name without its domain is still seen to be the same."""
        if host.lower() in NOT_NAMES:
            return host
        return ".".join(self._hide(label, "host") if label else "" for label in host.split("."))

    def _word(self, text: str) -> str:
        """As a whole, or else the longest of its parts that are names."""
        if whole := self._find(text):
            return whole
        parts, done, masked = _SEPARATOR.split(text), 0, ""
        while done < len(parts):
            ends = range(min(len(parts), done + _MAX_PARTS), done, -1)
            tried = ((end, self._find("".join(parts[done:end]))) for end in ends)
            end, found = next(((end, found) for end, found in tried if found), (done + 1, None))
            masked += found or parts[done]
            done = end
        return masked


def _is_cut(found: re.Match[str]) -> bool:
    """Whether the rest of the word may have been left out, to make a text shorter."""
    text, end = found.string, found.end()
    return text.startswith(("…", " […]"), end) or (end == len(text) >= _MAY_BE_CUT)


def _pattern_with(special: Collection[str]) -> re.Pattern[str]:
    parts = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items())
    return re.compile(f"{_special(special)}(?<![A-Za-z0-9])(?:{parts})")


def _special(names: Collection[str]) -> str:
    """Each as a whole word, the longest first. A name that begins or ends in other letters needs no gap there.

    What a name may begin with is asked before all names are tried.
    """
    longest = sorted(names, key=len, reverse=True)
    if not longest:
        return ""
    firsts = "".join(re.escape(char) for char in sorted({name[0] for name in longest}))
    words = [name for name in longest if _is_letter(name[0])]
    others = [name for name in longest if not _is_letter(name[0])]
    groups = [("(?<![A-Za-z0-9])", words), ("", others)]
    tried = "|".join(f"{gap}(?:{'|'.join(map(_ended, group))})" for gap, group in groups if group)
    return f"(?P<special>(?i:(?=[{firsts}])(?:{tried})))|"


def _ended(name: str) -> str:
    return re.escape(name) + ("(?![A-Za-z0-9])" if _is_letter(name[-1]) else "")


def split_port(text: str) -> tuple[str, str]:
    """Host and port of `host:port`, `[v6]:port` or a host alone; the port with its colon, or empty."""
    host, colon, port = text.rpartition(":")
    is_port = bool(colon) and (port.isdecimal() or port == "*") and (":" not in host or host.endswith("]"))
    return (host, f":{port}") if is_port else (text, "")


def _bracketed(original: str, found: re.Match[str]) -> str:
    """An IPv6 address with a port behind it stands in brackets, also where a model left them out."""
    has_port = _PORT.match(found.string, found.end())
    return f"[{original}]" if has_port and original.count(":") > 1 and is_address(original) else original


@lru_cache(maxsize=4_096)
def is_address(text: str) -> bool:
    try:
        ip_interface(text)
    except ValueError:
        return False
    return True


def _is_letter(char: str) -> bool:
    """Or a digit, in ASCII."""
    return char.isascii() and char.isalnum()


def _is_kept(text: str) -> bool:
    """Loopback and "no address": they are the same everywhere."""
    try:
        address = ip_address(text.partition("/")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
