# ruff: noqa: RUF001  the letters of other alphabets are meant
"""Patterns of what has digits and is no quantity: names, addresses, dates, labels, advice, in many languages. Data."""

import re

from bot.conversation.grounding.units import LETTERS

CODE = "\ue001"
"""What stands for each character of a setting in backticks."""

_NUMBER = r"\d+(?:[.,]\d+)*"
_LIST = r"(?:\s?(?:,|/|-|–|~|\b(?:or|and|to|und|oder|bis|et|ou|y|o|e|и)\b)\s?\*{0,2}\d+\*{0,2})*"
_UNIT = r"\s?(?:[%‰]|[nuµm]?s\b|[kMGT]i?B\b|sec\b|min\b|hour|second|minute|milli|micro|per\s?cent)"
_TIME_UNIT = (
    r"(?:ms|s|sec|min|h|seconds?|minutes?|hours?|days?|sekunden?|minuten?|stunden?|secondes?|heures?|segundos?|minutos?"
    r"|horas?)\b"
)
MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|janv|févr|mars|avr|juin|juil|août|déc|ene|abr"
    r"|ago|dic|gen|mag|giu|lug|set|ott|out|янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек)"
)
_NUMBERED = (
    "pid|ppid|tid|uid|gid|euid|user id|group id|fd|inode|errno|exit code|exit status|signal|status|status code"
    "|error code"
    "|error|code|rcode|fehler|fehlercode|statuscode|erreur|código|codice|estado|seq|handle|cgroup|irq|vni"
    "|port|port numbers?|ports?|pids|porta|porto|puerto|puertos|poort|порт|порту|порта|порте"
    "|mtu|mss|ttl|dscp|tos|hop limit|window scale|somaxconn|ulimit|version|kernel|vlan|asn?|rfc|iso|iec|ieee|type"
)
"""May be followed by "is", "of", "below" before the number."""
_LABELLED = (
    "step|line|row|column|page|section|chapter|rule|option|phase|item|number|table|figure|fig\\.|point|no\\.?"
    "|nr\\.?|nº|n°|№|§"
    "|steps|lines|rows|columns|pages|options|tables|day|week|kw|tag|woche"
    "|schritt|zeile|spalte|seite|punkt|nummer|tabelle|étape|ligne|colonne|tableau|numéro|paso|línea|fila|columna"
    "|semana"
    "|tabla|página|número|passo|riga|tabella|linha|tabela|stap|regel|шаг|строка|строке|таблица|krok"
    "|attempt|try|retry|hop|layer|level|tier|stage|round|queue|cpu|core|issue|ticket|pr|bug|shard|replica"
    "|process|prozess"
    "|node|pod|host|container|knoten|instance|worker|thread|namespace|netns|ns|ifindex|exit|http|icmp|top"
    "|release|linux|ubuntu|debian|rhel|windows|macos|wi-?fi|python|java|jdk|tls|ssl"
)
_THINGS = (
    "steps?|options?|things?|ways?|checks?|reasons?|causes?|possibilities|hypothes[ei]s|questions?|points?|cases"
    "|scenarios"
    "|explanations?|commands?|suggestions?|observations?|findings?|takeaways?|actions?|facts?|items|parts"
    "|schritte|dinge"
    "|möglichkeiten|gründe|ursachen|optionen|fragen|punkte|étapes|raisons|pistes|choses|pasos|opciones|razones"
    "|causas|cosas|шага"
)
"""What a text counts of itself."""
_ADJECTIVES = "next|more|possible|likely|open|other|main|nächsten?|möglichen?|weiteren?|prochaines?|próximos"
_PRODUCTS = (
    "openssl|postgres(?:ql)?|mysql|redis|nginx|envoy|go|node(?:\\.?js)?|nftables|iptables|glibc|curl|systemd"
    "|docker|containerd"
    "|kubernetes|k8s|helm|calico|cilium|istio|openssh|bind|unbound|coredns|haproxy|apache|php|ruby|rust|grpc"
    "|bpftool|libbpf"
    "|iproute2?|alpine|fedora|centos"
)
_REPLIES = (
    "OK|Created|Accepted|Found|Moved|See Other|Not|Bad|Unauthorized|Forbidden|Conflict|Gone|Request|Too Many|Internal"
    "|Service|Gateway|responses?|replies|reply|antwort(?:en)?|réponses?|status"
)
_IMPERATIVES = (
    "set|raise|increase|lower|reduce|decrease|bump|wait|try|retry|run|rerun|re-run|repeat|ask|use|watch|capture"
    "|change|limit"
    "|configure|compare|check|verify|inspect|consider|allow|keep|extend|widen|narrow|check again"
    "|setze|setzen|erhöhe|erhöhen|senke|senken|warte|warten|versuche|frage|nutze|prüfe"
    "|augmentez|réglez|attendez|essayez|relancez|réduisez|mettez|aumente|aumenta|espere|espera|pruebe|ponga"
)
_MODALS = "should|could|would|might|recommend|suggest|consider|sollten?|könnten?|würden?|devrait|debería|podría"


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in patterns)


DATES = _compiled(
    r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?(?:Z|[+-]\d{2}:?\d{2})?|\b20\d\d[01]\d[0-3]\d\b",
    r"(?<![\d.])\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})(?![.\d])|\b\d{4}[年/]\d{1,2}[月/]\d{1,2}日?|\d{1,2}月\d{1,2}日",
    r"\b(?:am|vom|seit|dem|bis)\s\d{1,2}\.\d{1,2}\.(?!\d)|\b(?:le|el|il|on|du|dal|del)\s\d{1,2}/\d{1,2}\b",
    rf"\b\d{{1,2}}(?:st|nd|rd|th|\.|er|º)?\s(?:of\s|de\s)?{MONTH}[a-zéûа-я]*\.?(?:\s(?:de\s)?\d{{4}})?\b",
    rf"\b{MONTH}[a-zéû]*\.?\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}})?",
    r"\b(?:in|since|until|seit|bis|en|desde|of)\s(?:19|20)\d\d\b(?!\s?\w)|\bq[1-4]\s\d{4}\b",
    r"\b\d{1,2}(?:[.:]\d{2})?\s?uhr(?:\s\d{1,2}\b)?|\b\d{1,2}\s?h\s?[0-5]\d\b(?!\s?m)",
    r"\d{1,2}[時时点](?!間)(?:\d{1,2}分)?(?:\d{1,2}秒)?|\butc\s?[+-]\s?\d{1,2}(?::\d{2})?",
)
ADDRESSES = _compiled(
    r"\b(?:https?|ftp|ssh|tcp|udp|file)://\S+|(?<![\w.])/(?:[\w.-]+/)+[\w.*-]*",  # URLs and paths
    r"(?<![\w.])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?!\w)|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    r"(?<![\w.:])\[?(?:[0-9a-f]{1,4}:){2,7}:?[0-9a-f]{0,4}(?::[0-9a-f]{1,4})*\]?(?::\d+)?(?:/\d+)?",  # and clock times
    r"(?<![\w:])\[?(?:[0-9a-f]{1,4})?::(?:[0-9a-f]{1,4}:?)*\]?(?::\d+)?(?:/\d+)?",
    r"(?<![\w.])\d{1,3}(?:\.(?:\d{1,3}|x|\*)){3}(?::\d+|/\d+)?(?!\w)|\b\d{1,3}(?:-\d{1,3}){3}\b",
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){1,2}/\d{1,2}(?!\d)|(?<![\d.])\d{1,3}(?:\.\d{1,3}){0,2}\.x(?:\.x)*\b",
    r"(?<![\d:])\d{1,2}:\d{2}(?:\s?[ap]\.?m\b\.?)?(?!\d)|\b\d{1,2}\s?[ap]\.?m\b\.?|(?<![\d:])\d:\d(?![\d:])",
    r"\b\d{1,5}/(?:tcp|udp|sctp|icmp)\b|\b24(?:/|x)7\b|\b\dg\b",
)
NAMES = _compiled(
    r"(?<![\w-])--?[a-z][\w-]*[ =]\S*\d\S*",  # flags with their values
    r"(?<![\w.])(?!\d{1,3}(?:\.\d{3})+(?![\d.]))v?\d+(?:\.\d+){2,}(?:-[\w.]+)?|\bhttp/\d(?:\.\d)?",  # versions
    rf"\b(?:{_PRODUCTS})\sv?\d+\.\d+\b(?!\s?%)",
    rf"(?<![{LETTERS}\d./-])(?=[^\W_]*[-._/])[{LETTERS}](?:[-./]?[{LETTERS}\d])*\s?[=:]\s?\d[\d.,]*(?:\s\d+)*",
    r"\b(?-i:(?=[a-z]+_)[a-z][a-z\d_]*|(?:SO|TCP|IP)_[A-Z]+)\s(?:\w+\s)?(?:to|of|is|at|auf|von|à)\s\d+",
    rf"{CODE}+[\s:=*(]*(?:(?:defaults?|from|to|at|is|of|auf|von|bis|à|de|a|en|with|=|->|→|<|>|≥"
    rf"|≤)[\s*]*)*{_NUMBER}{_LIST}(?:\s\d+)?",
    rf"\d+\s?[-–]\s?\d+\s(?:of|in|from|for|aus|von|de)\s{CODE}",
    r"\b(?:per|every|each|in|pro|je|por cada|pour|sur)\s(?:100|1[,.]?000)(?![\d.,]?\d)(?=\s[a-z]{4})",
    r"\b(?:8|16|32|64|128|256)-?bits?\b|\b802\.1\d?[a-z]*\b",
    r"\b\d{1,3}(?:[.,]\d+)?(?:st|nd|rd|th|ème|er|e|º|ª|\.|\s%)?[\s-]?(?:percentiles?|perzentile?n?|centile"
    r"|percentil|quantile?|(?<=%)ile)\b",
    r"\b\d+(?:\.\d+)?(?:st|nd|rd|th|ème|º|ª)\b",
    r"\b0x[0-9a-f]+\b|#\d+|\$\d+|@\d+|\[\^?\d+\]|(?<![\w.])\(\d{1,2}\)|^\W{0,12}\d{1,3}[.)]\s|(?<=[\s:;,])\d\)\s"
    r"|\d\ufe0f?\u20e3",
)
LABELS = _compiled(
    r"\b(?:kernels?|versions?|versionen|linux|noyaux?|núcleos?)\b[^.;:\d]{0,60}\b(?:since|from|with|in|before|after|seit|ab|depuis|desde)"
    r"\s\d+\.\d+(?![.,]?\d|\s?%)",
    r"\b(?:http|status|codes?)\b(?:\s|\bcodes?\b|\bstatus\b|\ba\b)*[1-5]\d\d(?:\s?(?:,|/|or|and|und|oder|et"
    r"|ou)\s?[1-5]\d\d)*\b",
    rf"(?<![{LETTERS}\d])(?:{_NUMBERED})(?:[\s:=#\"'(*_−-]|\b(?:number|nummer|of|is|was|von|below|above|from"
    rf"|between)\b){{0,5}}"
    rf"\d[\d.]*{_LIST}(?!\d|[.,]\d|{_UNIT})",
    rf"(?<![{LETTERS}\d])(?:{_LABELLED})[\s:#(*]{{0,3}}\d[\d.]*(?:\*{{0,2}}{_LIST})(?!\d|[.,]\d|{_UNIT})",
    r"(?:端口|ポート|포트|进程|プロセス)\s?\d+",
    rf"(?<![\d.,])[1-5]\d\d\s(?-i:{_REPLIES})\b|(?<![\d.,])[45]\d\d(?:s|er|-er)\b",
    rf"\b(?:a|an|ein|eine|einen|un|une|el|le|der)\s[45]\d\d(?!\d|[.,]\d|{_UNIT})(?=\W|$)(?!\s[a-z]+s\b)",
    r"(?:\breturn(?:s|ed)?|\banswers?|\banswered|\bwith)\s[1-5]\d\d(?=[\s.,;)]*(?:$|\.|,|;|\)|\bfrom\b|\bto\b))",
    rf"\b\d\s(?:(?:{_ADJECTIVES})\s)?(?:{_THINGS})\b",
    rf"\b(?:first|last|next|top|ersten|letzten|nächsten|premiers|premières|derniers|dernières|primeros"
    rf"|últimos)\s\d{{1,3}}(?=\s[a-z]{{4,}})(?!\s{_TIME_UNIT})",
)
ERRNOS = re.compile(r"`{0,2}\bE[A-Z0-9]{3,}\b`{0,2}\s?[(=/]\s?(?:errno\s)?\d+\)?|-\d+\s\(`{0,2}E[A-Z0-9]{3,}")
"""`ECONNREFUSED` (111)."""
ADVICE = re.compile(
    rf"(?:(?:^|[.;:!?]\s|\n)[\W\d]{{0,12}}(?:then |please |next: |bitte )?(?:{_IMPERATIVES})"
    rf"|\b(?:{_MODALS}))\b[^.;:\n]*(?:\.\d[^.;:\n]*)*",
    re.IGNORECASE,
)
ADVISED = re.compile(
    rf"\b(?:to|from|auf|von|bis|à|de|a|than|least|most|pass|set|use|try|setze|nutze)\s[\s~*`]*{_NUMBER}(?!\s?%)"
    rf"|{_NUMBER}(?:\s?[-–]\s?{_NUMBER})?[\s-]?(?:more\s|weitere\s)?{_TIME_UNIT}",
    re.IGNORECASE,
)
"""What it advises is no claim: a value to set, a time to wait."""
PRODUCT_VERSION = re.compile(r"(?<=[^\s.:!?*_#>-] )[A-Z][A-Za-z]+\s\d+\.\d+(?!\s?[%\w])")
WORD = re.compile(rf"(?<![{LETTERS}\d])[{LETTERS}](?:[-./:@]?[{LETTERS}\d])*")
