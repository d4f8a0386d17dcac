# ruff: noqa: RUF001  the letters of other alphabets are meant
"""The words around a number that say how it is meant: about, more than, at most; and numbers that are words. Pure."""

import re
from typing import Literal, TypeAlias

from bot.conversation.grounding.units import LETTERS

Sense: TypeAlias = Literal["exact", "about", "over", "just over", "under", "just under", "to"]
"""to: the end of a range."""

_ABOUT = (
    "about|approx\\.?|approximately|around|roughly|nearly|almost|some|circa|close to|just|on the order of"
    "|an? (?:average|mean) of"
    "|etwa|ungefähr|rund|knapp|fast|beinahe|zirka|gegen|environ|presque|autour de|quelque|à peu près|près de|près d'"
    "|unos|unas|casi|aproximadamente|alrededor de|cerca de|cerca di|quasi|ongeveer|bijna|около|примерно|почти|约"
    "|大约|約|およそ|약"
    "|perto de|około|ca\\.?|c\\.|~|≈|∼|±"
)
_OVER = (
    "over|more than|above|at least|exceed(?:s|ed|ing)?|beyond|upwards? of|no (?:less|fewer) than|greater than"
    "|longer than"
    "|not (?:less|fewer) than|a minimum of|minimum"
    "|über|mehr als|mindestens|länger als|wenigstens|plus de|au moins|plus d'|au-delà de|más de|al menos"
    "|por lo menos|più di"
    "|almeno|mais de|pelo menos|meer dan|minstens|более|больше|не менее|свыше|超过|超過|至少|>|>=|≥"
)
_UNDER = (
    "under|below|fewer than|less than|at most|(?<!add )(?<!adds )(?<!sum )(?<!sums )(?<!added )up to|within"
    "|no more than|not more than|shorter than|a maximum of|maximum"
    "|unter|weniger als|höchstens|bis zu|kürzer als|maximal|moins de|au plus|jusqu'à|moins d'|menos de|hasta"
    "|como máximo"
    "|meno di|al massimo|fino a|até|no máximo|minder dan|hooguit|менее|меньше|до|не более|不到|最多|以内|<|<=|≤"
)
_GAP = r"[\s*_(]*"
_LINKING = r"(?:\s?(?:the|a|an|by|per|well|little|just|only|only\sabout|de|um|bei)\s?)?"


def _before(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![{LETTERS}])(?:{words}){_LINKING}{_GAP}$", re.IGNORECASE)


_JUST = r"(?:just|slightly|barely|a little|a bit|little|knapp|etwas|un peu|juste|poco|iets|чуть)\s"
_BEFORE: tuple[tuple[Sense, re.Pattern[str]], ...] = (
    ("just over", _before(f"{_JUST}(?:{_OVER})")),
    ("just under", _before(f"{_JUST}(?:{_UNDER})")),
    ("over", _before(_OVER)),
    ("under", _before(_UNDER)),
    ("about", _before(_ABOUT)),
)
_AFTER: tuple[tuple[Sense, re.Pattern[str]], ...] = (
    ("over", re.compile(r"\s?\+(?!\d)|\s(?:or more|oder mehr|ou plus|o más|and more|以上)", re.IGNORECASE)),
    ("under", re.compile(r"\s(?:or less|or fewer|oder weniger|ou moins|o menos)", re.IGNORECASE)),
    ("about", re.compile(r"\s(?:or so|ungefähr|environ|左右)|左右", re.IGNORECASE)),
)
_REACH = 28
_FEW_DIGITS = 4


def sense_of(text: str, start: int, end: int) -> Sense:
    """Of the quantity that stands there."""
    before = text[max(0, start - _REACH) : start]
    for sense, pattern in _BEFORE:
        if pattern.search(before):
            return sense
    return next((sense for sense, pattern in _AFTER if pattern.match(text, end)), "exact")


_NUMBERS = {
    2: "two zwei deux dos due dois duas twee два две zwo",
    3: "three drei trois tres tre três drie три",
    4: "four vier quatre cuatro quattro quatro четыре",
    5: "five fünf cinq cinco cinque vijf пять",
    6: "six sechs seis zes шесть",
    7: "seven sieben sept siete sette sete zeven семь",
    8: "eight acht huit ocho otto oito восемь",
    9: "nine neun neuf nueve nove negen девять",
    10: "ten zehn dix diez dieci dez tien десять",
    11: "eleven elf onze undici",
    12: "twelve zwölf douze doce dodici twaalf",
    13: "thirteen dreizehn treize trece",
    14: "fourteen vierzehn quatorze catorce",
    15: "fifteen fünfzehn quinze quince",
    16: "sixteen sechzehn seize",
    17: "seventeen siebzehn",
    18: "eighteen achtzehn",
    19: "nineteen neunzehn",
    20: "twenty zwanzig vingt veinte",
    30: "thirty dreißig trente treinta",
    40: "forty vierzig quarante cuarenta",
    50: "fifty fünfzig cinquante cincuenta",
    60: "sixty sechzig soixante sesenta",
    70: "seventy siebzig",
    80: "eighty achtzig",
    90: "ninety neunzig",
    100: "hundred hundert cent cien",
}
_VALUES = {word: value for value, words in _NUMBERS.items() for word in words.split()}
_SMALL_NUMBERS = {"one": 1, **_VALUES}
_ANY = "|".join(sorted(_VALUES, key=len, reverse=True))
_NOUNS = (
    r"destinations?|process(?:es)?|connections?|connects?|attempts?|drops?|retransmits?|retransmissions?|resets?"
    r"|nodes?"
    r"|hosts?|servers?|pods?|containers?|lookups?|queries|events?|packets?|errors?|failures?|timeouts?|clients?|peers?"
    r"|address(?:es)?|resolvers?|namespaces?|sockets?|listeners?|requests?|refusals?|services?|interfaces?|segments?"
    r"|handshakes?|datagrams?|names?|programs?|pairs?|calls?|callers?|skbs?|losses|flows?|syns|rsts|slots?"
    r"|replies|answers|retries|routes?"
    r"|ziele?n?|verbindung\w*|prozesse?n?|versuche?n?|fehler\w*|pakete?n?|knoten|dienste?n?|abfragen|anfragen"
    r"|rechner\w*"
    r"|destinos|procesos|conexiones|intentos|nodos|errores|paquetes|connexions|processus|tentatives|nœuds|paquets"
    r"|erreurs"
    r"|destinazioni|processi|connessioni|processos|conexões|processen|verbindingen|bestemmingen"
)
COUNTED_WORD = re.compile(
    rf"(?<![{LETTERS}-])(?P<number>(?:{_ANY})(?:-(?:{_ANY}))?)(?P<between>(?:\s+(?!of\b|der\b|den\b|von\b|de\b"
    rf"|des\b|di\b|del\b|per\b|in\b|to\b|and\b|or\b|und\b|et\b)[a-zà-ÿ]{{2,14}})"
    rf"{{0,2}}?)\s+(?:{_NOUNS})(?![{LETTERS}])",
    re.IGNORECASE,
)
_NOT_COUNTING = re.compile(
    r"(?:\b(?:the|these|those|both|all|of|first|last|next|other|any|another|every|one|or|than|die|den|der|diese"
    r"|ersten|letzten"
    r"|anderen|nächsten|alle|aller|les|des|ces|premiers|premières|autres|los|las|estos|estas|otros|primeros|i|le"
    r"|gli|os|as)"
    r"\s*|[-/]\s*)$",
    re.IGNORECASE,
)
NUMBER_WORD = re.compile(rf"(?<![{LETTERS}-])(?:{_ANY})(?:-(?:{_ANY}))?(?![{LETTERS}])", re.IGNORECASE)
_FRACTIONS: tuple[tuple[float, str], ...] = (
    (50, r"half(?= (?:of|the|all|are|were))|(?:die )?Hälfte|hälften|la moitié|la mitad|половин\w*|半数"),
    (50, r"every other|jede[rs]? zweiten?|co drug[aąi]|varannan"),
    (100 / 3, r"(?:a|one) third(?= (?:of|are|were))|ein Drittel|en tredjedel|un tiers|un tercio|треть"),
    (200 / 3, r"two[ -]thirds|zwei Drittel|deux tiers|dos tercios|две трети"),
    (25, r"(?:a|one) quarter(?= (?:of (?!an? )|are|were))|ein Viertel|un quart(?! d'heure)|una cuarta parte|четверть"),
    (25, r"en fjärdedel"),
    (75, r"three[ -]quarters|drei Viertel|trois quarts|tres cuartas partes"),
    (20, r"(?:a|one) fifth(?= of)|ein Fünftel|en femtedel|un cinquième|una quinta parte"),
    (40, r"two[ -]fifths|zwei Fünftel"),
)
FRACTION_WORDS = tuple(
    (percent, re.compile(rf"(?<![{LETTERS}-])(?:{words})(?![{LETTERS}])", re.IGNORECASE))
    for percent, words in _FRACTIONS
)
OUT_OF = re.compile(
    rf"(?<![{LETTERS}\d-])(?:(?P<one>one|1|une?|uno) (?:in|of every|sur|de cada)"
    rf"|(?P<part>\d+(?= out)|{_ANY})"
    rf" (?:out of|in|of|von|sur|de cada|su|de|z|из)) (?:every )?(?P<whole>\d+|{_ANY})(?![{LETTERS}\d]|[.,:]\d)",
    re.IGNORECASE,
)
MULTIPLE_WORDS: tuple[tuple[float, re.Pattern[str]], ...] = tuple(
    (value, re.compile(rf"(?<![{LETTERS}])(?:{words})(?![{LETTERS}])", re.IGNORECASE))
    for value, words in (
        (7, r"sevenfold|seven times|siebenmal|sept fois|siete veces"),
        (2, r"twice (?:as|the|its|their)|double the|doubled|verdoppelt\w*|doppelt so|deux fois|dos veces|el doble"),
        (3, r"tripled|triple the|threefold|three times|dreimal|verdreifacht\w*|trois fois|tres veces|el triple"),
        (4, r"quadrupled|fourfold|four times|viermal|quatre fois|cuatro veces"),
        (5, r"fivefold|five times|fünfmal|cinq fois|cinco veces"),
        (10, r"tenfold|ten times|zehnmal|dix fois|diez veces"),
    )
)


def counts_something(text: str, start: int) -> bool:
    """Whether the number word there counts: not in "the two", "one of three"."""
    return not _NOT_COUNTING.search(text[max(0, start - _REACH) : start])


def value_of(word: str) -> float:
    """`four`, `thirty-seven`."""
    return float(sum(_VALUES[part] for part in word.lower().split("-")))


def number_of(word: str) -> int | None:
    """Of a word that is a small whole number, be it in digits."""
    return int(word) if word.isdecimal() and len(word) < _FEW_DIGITS else _SMALL_NUMBERS.get(word)
