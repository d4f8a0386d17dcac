"""Words that say from what a sentence derives its figures: that it compares, speaks of the rest, of extremes. Pure."""

import re
from typing import Literal, TypeAlias

Cue: TypeAlias = Literal[
    "related", "versus", "average", "rest", "leading", "extreme", "apart", "usual", "port", "limit", "left", "changed"
]

_WORDS: dict[Cue, str] = {
    "versus": "except|apart from|excluding|than|vs|versus|compared|against|while|whereas|als|gegenüber"
    "|verglichen|que|contre|frente|чем|dan",
    "average": r"averag\w*|mean|per|each|every|factor|typical\w*|apiece|cada|chacune?|ciascun[ao]|każd\w*"
    r"|durchschnitt\w*|mittel\w*|schnitt|je|pro"
    r"|moyenne|par|promedio|media|por|média|gemiddeld\w*|средн\w*",
    "related": r"outnumber\w*|next|(?<!per )(?<!each )(?<!every )(?<!one )(?<!a )second(?!s)|runner-up"
    r"|by (?=[~*≈]?\d|about|some)|short of|more|fewer|less|difference|differs?|gap|rose|grew|fell"
    "|dropped by|increased?|decreased?|up|down|change[ds]?|together|total|for (?:each|every)|sum|add"
    "|altogether|combined|both|average|mean|as|than|twice|doubled?|faster|slower|longer|shorter"
    "|higher|lower|larger|smaller|above|below|over|under|mehr|weniger|unterschied|zusammen|insgesamt"
    "|summe|beide|rückgang|anstieg|decline|rise|gestiegen|gesunken|wie|als|über|unter|plus|moins|ensemble|différence|que|hausse"
    "|baisse|más|menos|juntos|diferencia|più|meno|insieme|mais|meer|minder|samen|dan|больше|меньше"
    "|вместе|всего|чем",
    "rest": r"\w+n't|succe\w+|works?|worked|through|answered|properly|passed|good|normal|ok|okay"
    r"|erfolgreich\w*|gelang\w*|réussi\w*|exitos\w*|bien|others?|apart from|excluding|outside|missing"
    "|omitted|hidden|skipped|fehlen|fehlt|rest|remaining|remainder|left|else|not|without|but|except"
    "|healthy|fine|ohne|sans|sin|senza|zonder|bez|übrige[nr]?"
    r"|andere[nr]?|restliche[nr]?|autres?|reste|restants?|otr[oa]s|resto"
    r"|altri|altre|outr[oa]s|overige|andere|остальн\w*",
    "leading": "top|first|leading|largest|biggest|busiest|worst|ersten|größten|premiers|premières|primer[oa]s"
    "|primeir[oa]s|primi|prime",
    "extreme": "best|worst|fastest|slowest|max|maximum|min|minimum|peak|most|least|largest|smallest|highest"
    r"|lowest|quietest|busiest|longest|shortest|schnellste\w*|langsamste\w*|höchste\w*|niedrigste\w*"
    r"|meisten|wenigsten|maximal|minimal|pire|meilleur\w*|pic|mejor|peor|máximo|mínimo|massimo|minimo"
    "|others?|everywhere|anywhere|none|nothing|any",
    "usual": "typical(?:ly)?|usual(?:ly)?|by default|default|normally|generally|in general|commonly"
    r"|recommended|rule of thumb|üblich\w*|typisch\w*|normalerweise|standardmäßig|généralement"
    "|habituellement|par défaut|normalement|por defecto|normalmente|de solito|di solito|обычно"
    "|по умолчанию",
    "changed": r"(?:have |has )?(?:fell|fallen|rose|risen|grew|grown|dropped by|increased|decreased|declined)"
    r"|gestiegen|gesunken|baiss\w+|augment\w+|en moins|subió|subieron|bajó|bajaron|disminu\w+",
    "port": r"ports?|porto|puertos?|poort|порт\w*",
    "limit": r"threshold|limit|alert|budget|goal|ziel|objectif|objetivo|obiettivo"
    r"|promised?|slo|sla|target|allow\w*|quota|schwelle\w*|grenz\w*|seuil"
    r"|umbral|límite|limite|soglia|порог\w*",
    "apart": r"ago|before|earlier|later|after|since|between|within|each other|oldest|newest|span\w*|spread|into"
    "|last(?:ed|s)|first|vor|nach|später|früher|dauerte|il y a|avant|après|hace|antes|después|fa"
    "|prima|dopo|назад|geleden",
}
_SIGNS: dict[Cue, str] = {
    "versus": "|比",
    "average": "|平均|每",
    "related": r"|[+\u2212]\s?\d|共|多|少|倍|比",
    "rest": "|其余|其他|残り|他の|成功",
    "leading": "|前",
    "extreme": "|最",
    "usual": "|通常|一般|默认",
    "apart": "|前|後|后",
    "limit": "|阈值|上限",
    "changed": "|增加|减少",
    "port": "|端口|ポート|포트",
}
_CUES = {
    cue: re.compile(rf"(?<![\w.-])(?:{words})(?![\w-]|\.\w){_SIGNS[cue]}", re.IGNORECASE)
    for cue, words in _WORDS.items()
}


def cues_in(text: str) -> frozenset[Cue]:
    return frozenset(cue for cue, pattern in _CUES.items() if pattern.search(text))
