"""Short answers to what is no question about the network: thanks, greetings, and what can be asked. Pure."""

import re

CAN_DO = """\
Without a language model I can find failed connections and their causes, tell a slow network from a slow server, count \
and list connections, dropped packets, DNS answers, resets and open sockets, and say who talks most, what changed and \
when it began; for one process, destination or pod, and for a time that you name. For example:
- *why can't curl reach 10.0.0.1?*
- *is the network slow for nginx?*
- *what changed in the last 10 minutes?*"""

_REPLIES: tuple[tuple[str, str], ...] = (
    (
        r"(?:what|how) (?:can|could|do) (?:you|i|we) (?:do|help|ask|know|use)|\bhelp(?: me)?\W*$|(?:who|what) are you",
        CAN_DO,
    ),
    (r"^\W*(?:many |ok(?:ay)?\W+)?(?:thanks|thank you|thx|ty|cheers)\b", "You're welcome."),
    (r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening))\b", f"Hello. {CAN_DO}"),
    (r"^\W*(?:bye|goodbye|see you|good night)\b", "Goodbye."),
)


def small_talk(question: str) -> str | None:
    """The answer to small talk; None for everything else."""
    return next((answer for pattern, answer in _REPLIES if re.search(pattern, question, re.IGNORECASE)), None)
