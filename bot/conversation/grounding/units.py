# ruff: noqa: RUF001  the letters of other alphabets are meant
"""The units that people write behind numbers, in several languages, and what they measure. Pure data and one look-up.

`scales` are factors to the base unit: microseconds, bytes, percent, one. More than one where a unit is ambiguous: a
"MB" is 1000 or 1024 kB.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Dimension: TypeAlias = Literal["time", "bytes", "percent", "count", "rate", "byte rate", "multiple"]
"""rate: events a second; byte rate: bytes a second; multiple: how often as much."""

MICROSECOND, MILLISECOND, SECOND, MINUTE, HOUR, DAY = 1.0, 1e3, 1e6, 6e7, 3.6e9, 8.64e10
LETTERS = r"A-Za-z\u00aa\u00ba\u00c0-\u024f\u0370-\u03ff\u0400-\u052f_"
"""Of scripts that put blanks between words."""


@dataclass(frozen=True, slots=True)
class Unit:
    dimension: Dimension
    scales: tuple[float, ...] = (1.0,)


def _units(dimension: Dimension, *scales: float, names: str) -> dict[str, Unit]:
    return dict.fromkeys(names.split(), Unit(dimension, scales or (1.0,)))


_SYMBOLS = {
    **_units("time", 1e-3, names="ns"),
    **_units("time", MICROSECOND, names="us usec usecs µsec µs μs мкс"),
    **_units("time", MILLISECOND, names="ms msec msecs мс"),
    **_units("time", SECOND, names="s sec secs Sek sek seg с сек"),
    **_units("time", MINUTE, names="m min mins Min мин"),
    **_units("time", HOUR, names="h hr hrs Std ч"),
    **_units("time", DAY, names="d"),
    **_units("bytes", names="B"),
    **_units("bytes", 1e3, 1024, names="kB KB ko Ko КБ кБ"),
    **_units("bytes", 1e6, 1024**2, names="MB Mo МБ"),
    **_units("bytes", 1e9, 1024**3, names="GB Go G ГБ"),
    **_units("bytes", 1e12, 1024**4, names="TB To"),
    **_units("bytes", 1024, names="KiB Kio kiB КиБ"),
    **_units("bytes", 1024**2, names="MiB Mio МиБ"),
    **_units("bytes", 1024**3, names="GiB Gio ГиБ"),
    **_units("bytes", 1024**4, names="TiB"),
    **_units("bytes", 125, 128, names="kbit Kbit kb Kb"),
    **_units("bytes", 125e3, names="Mbit Mb"),
    **_units("bytes", 125e6, names="Gbit Gb"),
    **_units("byte rate", 125, names="kbps Kbps kbit/s Kbit/s"),
    **_units("byte rate", 125e3, names="Mbps Mbit/s Mb/s"),
    **_units("byte rate", 125e6, names="Gbps Gbit/s Gb/s"),
    **_units("rate", names="pps rps qps cps tps Hz"),
    **_units("percent", names="% ٪ pct pp"),
    **_units("multiple", names="x × X"),
    **_units("count", 1e3, names="k K Tsd tys"),
    **_units("count", 1e6, names="M Mio. mln"),
}
_WORDS = {
    **_units("time", 1e-3, names="nanosecond nanoseconds Nanosekunden"),
    **_units(
        "time",
        MICROSECOND,
        names="microsecond microseconds mikrosekunde mikrosekunden microseconde microsecondes microseconden "
        "microsegundo microsegundos microsecondo microsecondi",
    ),
    **_units(
        "time",
        MILLISECOND,
        names="millisecond milliseconds millis millisekunde millisekunden milliseconde millisecondes milliseconden "
        "milisegundo milisegundos milissegundo milissegundos millisecondo millisecondi milisekund "
        "миллисекунд "
        "миллисекунды",
    ),
    **_units(
        "time",
        SECOND,
        names="second seconds sekunde sekunden sekündig sekündigen seconde secondes seconden segundo segundos "
        "secondo secondi sekund sekundy секунд секунды "
        "секунду",
    ),
    **_units(
        "time",
        MINUTE,
        names="minute minutes minuten minütig minütige minütigen minuto minutos minuti minuut minut "
        "minuty минут минуты минуту",
    ),
    **_units(
        "time",
        HOUR,
        names="hour hours stunde stunden heure heures hora horas ora ore uur godzin час часа часов",
    ),
    **_units(
        "time",
        DAY,
        names="day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen dni дня дней",
    ),
    **_units("time", 7 * DAY, names="week weeks woche wochen semaine semaines semana semanas"),
    **_units("bytes", names="byte bytes octet octets байт байта"),
    **_units("bytes", 1e3, 1024, names="kilobyte kilobytes"),
    **_units("bytes", 1e6, 1024**2, names="megabyte megabytes"),
    **_units("bytes", 1e9, 1024**3, names="gigabyte gigabytes"),
    **_units("bytes", 0.125, names="bit bits"),
    **_units(
        "percent",
        names="percent prozent procent prozentpunkte prozentpunkten procenten процент процента процентов",
    ),
    **_units(
        "multiple",
        names="times fold mal fach fache fachen faches fois veces vezes volte keer razy раз раза",
    ),
    **_units("count", 1e3, names="thousand tausend mille mil"),
    **_units("count", 1e6, names="million millionen millions millones milhões milioni"),
    **_units("count", 1e9, names="billion milliarden"),
}
_EAST_ASIAN = {
    **_units("time", MICROSECOND, names="微秒 マイクロ秒"),
    **_units("time", MILLISECOND, names="毫秒 ミリ秒 밀리초"),
    **_units("time", SECOND, names="秒 秒钟 초"),
    **_units("time", MINUTE, names="分钟 分鐘 分間 분"),
    **_units("time", HOUR, names="小时 小時 時間 시간"),
    **_units("bytes", names="字节 字節 バイト 바이트"),
    **_units("percent", names="パーセント 퍼센트"),
    **_units("multiple", names="倍 배"),
    **_units("count", 1e4, names="万 萬"),
}
_PHRASES = {
    r"per\scents?": Unit("percent"),
    r"pour\scent": Unit("percent"),
    r"por\s(?:ciento|cento)": Unit("percent"),
    r"per\scento": Unit("percent"),
    r"percentage\spoints?": Unit("percent"),
    r"points?\sde\spourcentage": Unit("percent"),
}


def _either(names: dict[str, Unit]) -> str:
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True)))


_BETWEEN = "derni[èe]res|derniers|premi[èe]res|premiers|prochaines|prochains|últim[oa]s|ultim[ie]"
"""What stands between a number and its unit where adjectives follow: "les 10 dernières minutes"."""
_UNIT = re.compile(
    rf"(?P<gap>[ \u00a0\u2009\u202f]{{0,2}}|[-\u2010\u2011]|[ \u00a0](?:{_BETWEEN})[ \u00a0])"
    rf"(?:(?P<phrase>(?i:{'|'.join(_PHRASES)}))(?![{LETTERS}])"
    rf"|(?P<word>(?i:{_either(_WORDS)}))(?![{LETTERS}\d])"
    rf"|(?P<symbol>{_either(_SYMBOLS)})(?![{LETTERS}])"
    rf"|(?P<asian>{_either(_EAST_ASIAN)}))"
)
_PERCENT_BEFORE = re.compile(r"(?<!\d)(?<!\d )%\s?$|\byüzde\s$|百分之$", re.IGNORECASE)
_ONLY_ATTACHED = frozenset(["m", "d", "k", "K", "M", "G", "x", "X"])
"""Letters that mean something else when they stand alone."""


@dataclass(frozen=True, slots=True)
class Found:
    unit: Unit
    end: int


def unit_at(text: str, position: int) -> Found | None:
    """The unit of the number that ends there."""
    match = _UNIT.match(text, position)
    if match is None:
        return None
    name = match[match.lastgroup or ""]
    if match["gap"] and name in _ONLY_ATTACHED and not _is_part_of_duration(text, match):
        return None
    return _multiplied(text, Found(_unit(match.lastgroup, name), match.end()))


def _multiplied(text: str, found: Found) -> Found:
    """`50k bytes`, `2 million bytes`."""
    is_multiplier = found.unit.dimension == "count" and found.unit.scales != (1.0,)
    behind = _UNIT.match(text, found.end) if is_multiplier else None
    unit = _unit(behind.lastgroup, behind[behind.lastgroup or ""]) if behind else None
    if behind is None or unit is None or unit.dimension != "bytes":
        return found
    return Found(Unit("bytes", tuple(scale * found.unit.scales[0] for scale in unit.scales)), behind.end())


def percent_before(text: str, number: re.Match[str]) -> Found | None:
    """Of a number behind its sign: `%27`."""
    before = text[max(0, number.start() - 8) : number.start()]
    return Found(Unit("percent"), number.end()) if _PERCENT_BEFORE.search(before) else None


def _is_part_of_duration(text: str, match: re.Match[str]) -> bool:
    """`2 d 4 h`, `3 x`."""
    return match["symbol"] in {"x", "X"} or bool(match["symbol"] == "d" and re.match(r"\s\d+\s?h", text[match.end() :]))


def _unit(kind: str | None, name: str) -> Unit:
    match kind:
        case "word":
            return _LOWER_WORDS[name.lower()]
        case "symbol":
            return _SYMBOLS[name]
        case "asian":
            return _EAST_ASIAN[name]
        case _:
            return Unit("percent")


_LOWER_WORDS = {name.lower(): unit for name, unit in _WORDS.items()}
