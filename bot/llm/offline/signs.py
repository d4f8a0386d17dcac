"""The signs in the words of a question: what it may be about. Pure; the planner learns more where their table grows."""

import re
from typing import Literal, TypeAlias

Sign: TypeAlias = Literal[
    "fail", "symptom", "slow", "why", "drop", "dropped_connections", "list", "list_drops", "count", "ranking",
    "connection", "whom", "made", "pattern", "top_destinations", "survey", "trouble", "doing", "reach", "network",
    "again", "more", "source", "hang", "dns", "talkers", "reset", "resent", "loss", "changed", "trend", "sockets",
    "meaning", "incoming",
]  # fmt: skip

_NOT = r"(?:not|n't|cannot|never|no longer|unable to|stopped)"
_SHOW = "list.. | show.. | display | print | latest | newest | recent.. | last | details? | events? | raw"
_WHAT = "destinations? | hosts? | servers? | targets? | ips? | ports? | address.."


def _any(*words: str) -> str:
    """A pattern for any of the words and phrases, which ` | ` divides; `..` is the rest of a word."""
    alternatives = "|".join(" | ".join(words).split(" | ")).replace("..", r"\w*")
    return rf"\b(?:{alternatives})(?!\w)"


_BEHAVIOURS = {
    "Bursts": _any("bursts? | bursty"),
    "Periodic calls": _any("periodic.. | beacon.. | regularly | interval.. | call.. home | every (?:\\d+|minute|hour)"),
    "Fan-out": _any("fan(?:s|ning)?[ -]?out | scan.."),
    "Repeated destinations": _any("repeated | repeatedly"),
    "New destinations": _any("new(?:ly seen)? (?:destination|host|address|peer|target).."),
}
"""What to call a behaviour, by the title of its table."""
_SIGNS: dict[Sign, str] = {
    "fail": _any(
        "fail.. | errors? | refus.. | reject.. | denied | time[ds]?[ -]?outs? | unreachable | unanswered | broken?",
        "break.. | flaky | outages? | unsuccessful..",
        "no (?:reply|replies|answers?|responses?|route)",
        "gave up | exhausted",
    ),
    "symptom": _any(
        "hang.. | hung | stuck | tim(?:e|es|ed|ing)[ -]out | down | dead | block.. | unresponsive | unable",
        "firewall.. | can't | can not | couldn't | cannot | could not | won't",
    )
    + rf"|{_NOT} (?:work|connect|respond|reach|get|resolv|open|talk|answer)",
    "slow": _any(
        "slow.. | latency | latencies | lag | lags | laggy | lagging | sluggish | delay.. | handshakes? | rtts?",
        "performance | forever | response times? | how fast | speed | how long | longer | longest",
        "tak(?:es|ing) (?:so |too )?long",
    ),
    "why": _any("why | reasons? | cause | causes | caused | causing | wrong with | explain | debug | troubleshoot.."),
    "drop": _any(
        "drop | drops | droplist | dropsummary | dropped | dropping | loss | losses",
        "discard.. | skbs? | (?:packets?|skbs?) (?:\\w+ )?lost",
        "(?:lose|loses|losing|lost) (?:\\w+ )?(?:packets?|skbs?|traffic)",
    ),
    "dropped_connections": _any(
        "drop.. connections? | connections? (?:(?:are|is|were|getting|being|get|got|keep) )*drop.."
    ),
    "list": _any(_SHOW, "which | give | connections?"),
    "list_drops": _any(_SHOW, "droplist"),
    "count": _any(
        "how (?:many|much|often) | counts? | number of | totals? | summar.. | overview | stats | statistics | rates?",
        "ratio | percent.. | share",
    ),
    "ranking": _any(
        "most(?! recent) | busiest | talkers? | reasons? | by (?:process|outcome|reason)..",
        "top(?=.*(?:process|connection|reason))",
    ),
    "connection": _any(
        "conns? | connect.. | attempts? | traffic | sockets? | sessions? | flows? | talk.. | contact..",
        "outbound | outgoing",
    ),
    "whom": _any(
        f"(?:what|which|the|its|their) (?:\\w+ )?destinations? | (?:what|whom?|where|which (?:{_WHAT})).*(?:connect"
        "|talk|contact|reach|call|going).."
    ),
    "made": _any("made(?! by) | makes? | making"),
    "pattern": _any(
        "patterns? | behav.. | unusual.. | weird.. | suspicious.. | anomal.. | abnormal.. | strange.. | odd | oddly",
        "attack.. | intru.. | malware | exfiltrat.. | compromised | hacked",
    )
    + "|"
    + "|".join(_BEHAVIOURS.values()),
    "top_destinations": _any(
        f"(?:top|most|frequent|common).*(?:{_WHAT})",
        f"(?:{_WHAT}).*(?:most(?! recent)|frequent|often)..",
    ),
    "survey": _any(
        "analy[sz]e | anali[sz]e | analysis | check | review | inspect | investigate | examine | audit",
        "diagnose | assess | worry | worried | worrying",
        "look at | report | health.. | status | full picture | show (?:me )?everything | normal",
        "how (?:is|are) (?:the|my|our) (?:\\w+ )?(?:network|system|host|server|machine|connections?)",
    ),
    "trouble": _any(
        "issues? | problems? | troubles? | wrong | unhealthy | bad",
        "(?:is|are|does|do|everything|all|looks?)\\b.*\\b(?:ok|okay|fine|alright|working|works?)",
    ),
    "doing": _any(
        "doing | up to | happen.. | going on | what'?s up | how is | how's | activity | tell me about",
        "what (?:did|does|do) \\S+ do | what \\S+ (?:did|does)",
    ),
    "reach": _any(
        "reach.. | able to connect | (?:can|could|does|did)\\b.*\\bconnect to",
        "(?:is|are)\\b.*\\b(?:up|alive|online|available)(?=\\W*$)",
    ),
    "network": _any(
        "network.. | system | hosts? | machine | server | happen.. | going on | traffic | process list",
        "(?:list|show|which)\\b.*\\bprocess(?:es)?",
    ),
    "again": r"^(?!.*\bthan(?:ks?|x)\b).*?"
    + _any(
        "again | re-?run | refresh",
        "(?:is|are) (?:it|that|they|this) (?:\\w+ )?(?:better|fixed|ok|okay|fine|gone|good)",
    ),
    "more": _any("more(?! than)"),
    "source": _any(
        "(?:is|are) (?:this|that|it|these|those|they|you|the data|the numbers) (?:\\w+ )?(?:live|real|fake|recorded"
        "|a recording|simulated|recording)(?: data| numbers?| traffic| events?)?(?=\\W*$)",
        "where (?:is|are|does|do) .*(?:data|numbers?|events?).* (?:from|come)..",
        "(?:what|which|what else) (?:data |events? |kinds? of events? |programs? )?(?:do|can|are|did) you"
        " (?:record|see|watch|collect|captur|monitor|stor|connect|los|miss|run)..",
        "did you (?:lose|miss) | (?:lost|missed|losing) (?:any )?events? | events? (?:\\w+ )?(?:lost|missed)",
        "data sources? | source status | ebpf programs? | how far back (?:do|can|does) | what is connected(?=\\W*$)",
        "what's connected(?=\\W*$) | connected to (?:you|netspy|the bot|this bot)",
    ),
    "hang": _any(
        "hang.. | hung | stuck | waits | waiting | waited | wait(?= for| on) | freez.. | frozen",
        "no (?:repl(?:y|ies)|answers?|responses?)",
    )
    + rf"|{_NOT} (?:respond|answer|reply)",
    "dns": _any(
        "dns | nxdomain | servfail | name resolution | resolvers? | rcodes? | getaddrinfo | look-?ups?(?! tables?)",
        "(?<!-)resolv(?:e|es|ed|ing)(?! (?:(?:this|the|my|our|that|an?|all) )?(?:\\w+ )?"
        "(?:issue|problem|ticket|incident|it\\b|this).*)",
        "look(?:s|ed|ing)? up (?:\\w+ )?(?:names?|hosts?|domains?) | (?:wait|find|found|ask)\\w* (?:\\w+ )?names?",
        "names? (?:are|is) (?:not )?(?:found|slow|answered) | domain names?",
    ),
    "talkers": _any(
        "talkers? | bandwidth | throughput | bytes | chatt(?:y|iest) | talk(?:s|ing)?(?: to \\w+)? (?:the )?most",
        "how much (?:data|traffic) | (?:most|more|lots of|much) (?:data|traffic) | hog(?:s|ging)? | talks to who(?:m)?",
        "(?:sends?|sent|sending|receiv\\w+|uploads?|uploading|downloads?|downloading|transfers?|transferring)"
        " (?:\\w+ ){0,2}(?:most|lot)",
        "[kmg]i?b(?:it)?(?:/s|ps) | megabytes? | gigabytes?",
        "traffic (?:(?:of|from) \\S+ )?go(?:es|ing)?",
    ),
    "reset": _any(
        "(?<!hard )(?<!factory )(?:resets|resetting|resetted|rsts?)",
        "reset(?! (?:(?:my|your|this|the|our|his|her) )?(?:\\w+ )?(?:questions?|chat|conversation"
        "|thread|password|settings?|filters?|history|context|everything|yourself|it\\b))",
    ),
    "resent": _any(
        "retransmi.. | re-?sent | sen[dt]s? again | tcp health | health of tcp | tcp (?:ok|okay|fine|healthy)"
    ),
    "loss": _any("loss | lossy | lossless | los(?:e|es|ing|t) (?:\\w+ )?(?:packets?|segments?|skbs?|traffic)"),
    "changed": _any(
        "(?:what|anything|something|has|have|any) (?:\\w+ )?chang(?:ed|es?) | what(?:'s| is| was) (?:new|different)",
        "did (?:it|that|this|the \\w+|my \\w+|our \\w+) help | did (?:it|that|this) work | compar(?:e|ed|ing|ison)",
        "before and after | before/after | before vs\\.? after | regress.. | worse | better than",
        "gett?(?:ing|s)? better",
        "(?:more|less|fewer|slower|different) than (?:yesterday|before|usual|last|an hour|earlier)",
        "(?:since|after) (?:the|our|my|that|this) (?:last )?"
        "(?:deploy|release|roll-?out|upgrade|update|fix|change|migration)..",
        "(?:the|our|my) (?:deploy|release|roll-?out|upgrade|update|fix|migration)\\w* "
        "(?:break|broke|change|help|cause|work)..",
    ),
    "trend": _any(
        "(?<!-)trends?(?![- ]micro|-\\w) | trending | over time | over the day | time ?lines? | time ?series",
        "(?:graph|chart|plot|histogram)s? (?:of|the|me|my) | as a (?:graph|chart|plot|histogram) | in waves",
        "(?:per|each|every|by) (?:second|minute|hour|day)(?=\\W*$| of\\b| in\\b| for\\b| over\\b| since\\b)",
        "spikes? | spiky | since when",
        "(?:when|what time) (?:did|does|do|was|were) (?:.* )?(?:beg[aiu]n|start|stop|end|break|happen|go wrong"
        "|get worse|fail|first)..",
        "how long (?:has|have|is|was) .* (?:been|fail|down|going)..",
    ),
    "sockets": _any(
        "listens | listening | listeners? | (?:who|what|which|does|do|anything|nothing|nobody|something)\\b.*\\blisten",
        "open (?:\\w+ )?(?:sockets?|ports?|connections?) | sockets? (?:are |is )?(?:now |still )?open",
        "ports? are open | backlogs? | accept queues? | (?:send|receive|recv|socket) queues? | half[- ]open",
        "(?:sockets|connections) now | stuck (?:connections?|sockets?) | netstat | ss -\\w+",
        "(?:connections?|sockets?) (?:\\w+ ){0,3}stuck",
        "(?:time|close|fin)[_ -]wait.. | syn[_ -](?:sent|recv) | flood.. | handshakes? (?:\\w+ )?half[- ]open",
    ),
    "meaning": _any("mean | means | meaning | what is | what's | what are | explain.. | describe"),
    "incoming": _any(
        "inbound | incoming | ingress | accepts? | accepted",
        "connect(?:s|ed|ing)? to (?:us|me|here|this (?:host|machine|server))",
    ),
}
_PATTERNS = {sign: re.compile(pattern, re.IGNORECASE) for sign, pattern in _SIGNS.items()}


def signs_in(text: str) -> frozenset[Sign]:
    return frozenset(sign for sign, pattern in _PATTERNS.items() if pattern.search(text))


def behaviours_in(text: str) -> frozenset[str]:
    """The behaviours that the text asks for by name, as titles of their tables."""
    named = {title for title, pattern in _BEHAVIOURS.items() if re.search(pattern, text, re.IGNORECASE)}
    most_used = {"Repeated destinations"} if _PATTERNS["top_destinations"].search(text) else set[str]()
    return frozenset(named | most_used)
