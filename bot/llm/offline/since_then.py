"""Whether a question asks what is different from when this thread looked last: did it help, is it better now. Pure."""

import re

from bot.llm.offline.wording import plain

_IT = r"(?:it|that|this|they|these|those)"
_ACT = (
    r"(?:the|my|our|your) (?:\w+ )?(?:fix|change|restart|reboot|rule|patch|deploy\w*|release|update|upgrade|rollback"
    r"|workaround|config\w*)"
)
_WELL = r"(?:better|fixed|gone|ok|okay|fine|good|solved|resolved|repaired|mended|worse|back(?: up)?)"
_END = r"(?: (?:now|yet|again|already|at all|since(?: then)?))*(?=\s*(?:[?.!,;]|$))"
"""Nobody else is named: "is it better for wget?" is another question."""
_ASKED = (
    r"\bdid (?:\S+ ){1,6}?help\b",
    rf"\bdid (?:{_IT}|{_ACT}) work{_END}",
    rf"\bdid (?:\S+ ){{1,3}}?(?:fix|solve|mend|resolve) {_IT}{_END}",
    rf"\b(?:is|are|was|were) {_IT} (?:\w+ )?{_WELL}{_END}",
    rf"\b(?:has|have) (?:{_IT}|{_ACT}) (?:\w+ )?(?:changed|improved|helped|worked){_END}",
    rf"\b(?:did|has|have) (?:{_IT}|things) (?:get|got|gotten|become|gone) (?:\w+ )?(?:better|worse){_END}",
    rf"\b(?:does|do) {_IT} work (?:right )?now{_END}|\b(?:is|are) {_IT} working now{_END}",
    rf"\b(?:is|are|does|do) {_IT} still (?:fail|brok|break|down|happen|slow|hang|stuck|drop|the same)\w*{_END}",
    r"^\W*(?:(?:and|so|ok(?:ay)?|how about|what about)\W+)*(?:right )?now\W*$",
    r"^\W*(?:and |so )?(?:any )?(?:better|fixed|improvements?|change|difference)(?: now| yet)?\W*$",
)
_PATTERN = re.compile("|".join(_ASKED), re.IGNORECASE)


def asks_since_then(question: str) -> bool:
    return bool(_PATTERN.search(plain(question)))
