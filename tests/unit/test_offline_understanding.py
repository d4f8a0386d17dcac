"""What on-call people type, and the calls that it must become.

An expectation reads `commands of the tools | arguments`, those of all calls together: each takes what it has a use for.
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.llm.offline.plan import FOCUS_ROWS, Plan, own_rows
from bot.llm.offline.understanding import understand
from bot.tools.registry import TOOLS
from tests.fakes import NOW

COMMANDS = {tool.name: tool.command for tool in TOOLS} | {
    "tcp_health": "health",
    "list_sockets": "sockets",
    "explain_drop_reason": "dropreason",
    "source_status": "source",
}
NOTHING = ""
SYSTEM = "summary list dropsummary analyze failures"
WHY = "failures summary dropsummary"
TROUBLE = "failures latency summary dropsummary"
REACH = "failures latency list dropsummary"
SLOW = "latency failures dropsummary"
HANGS = "failures latency sockets dropsummary"


def written(plan: Plan) -> str:
    """The plan in the notation of the corpus, where the many rows in which to look for some are those of failures."""
    tools = " ".join(COMMANDS[call.tool] for call in plan.calls)
    searched = {own_rows(call.tool, plan.tools, plan.focus) for call in plan.calls} - {None}
    shown: dict[str, object] = {}
    for call in plan.calls:
        shown |= call.arguments
    if shown.get("max_events") in searched and plan.focus.searches:
        shown["max_events"] = FOCUS_ROWS
    described = " ".join(f"{name}={shown[name]}" for name in sorted(shown))
    return f"{tools} | {described}" if described else tools


SUMMARIES = [
    ("how many connections?", "summary"),
    ("How many connections were made?", "summary"),
    ("what is happening", "summary failures dropsummary | duration=300 max_events=5"),
    ("What's happening with my network connections?", "summary failures dropsummary | duration=300 max_events=5"),
    ("what's going on right now?", "summary failures dropsummary | duration=300 max_events=5"),
    ("connection count for curl", "summary | process_name=curl"),
    ("give me a summary", "summary"),
    ("summarise the traffic of the last 10 minutes", "summary | duration=600"),
    ("number of outbound connections in the past hour", "summary | duration=3600"),
    ("which process makes the most connections?", "summary"),
    ("who is talking the most?", "talkers"),
    ("top 5 talkers", "talkers | max_events=5"),
    ("busiest processes today", "summary | duration=50820"),
    ("how many connections did nginx make in the last 90s", "summary | duration=90 process_name=nginx"),
    ("network stats", "summary"),
    ("is curl connecting to anything", "summary | process_name=curl"),
    ("curl made 5 connections in 60 seconds", "summary | duration=60 process_name=curl"),
    ("what is curl doing?", "summary list | duration=300 process_name=curl"),
    ("whats nginx up to", "summary list | duration=300 process_name=nginx"),
]

LISTS = [
    ("show me the last 5 connections of curl", "list | max_events=5 process_name=curl"),
    ("list connections", "list"),
    ("list all connections", "list | max_events=100"),
    ("show all my connections", "list | max_events=100"),
    ("latest connections please", "list"),
    ("recent connection events", "list"),
    ("last three connections by pid 4242", "list | max_events=3 pid=4242"),
    ("show me connections of process 4242", "list | pid=4242"),
    ("show connections for process sshd in the last half hour", "list | duration=1800 process_name=sshd"),
    ('what did "my server" connect to?', "list | process_name=my server"),
    ("where is curl connecting to", "list | process_name=curl"),
    ("who is `redis-server` talking to in the last 2 hours?", "list | duration=7200 process_name=redis-server"),
    ("which hosts does checkout talk to?", "list | process_name=checkout"),
    ("show connections to 10.0.0.1", "failures list | destination=10.0.0.1"),
    ("list connections to port 443", "failures list | port=443"),
    ("any traffic to db.internal:5432 since 14:00?", "failures list | destination=db.internal:5432 duration=420"),
    ("display the 20 newest attempts", "list | max_events=20"),
    ("print connections from curl, last 15 min", "list | duration=900 process_name=curl"),
    ("show me curl's connections", "list | process_name=curl"),
    ("show me the last connection", "list | max_events=1"),
    ("connections of pid=77 over the last 1h30m", "list | duration=5400 pid=77"),
    ("list connections including local sockets", "list | include_local=True"),
    ("show connections --process nginx --max-events 7 --duration 120",
     "list | duration=120 max_events=7 process_name=nginx"),
    ("show me connections and drops", "list droplist | duration=300"),
    ("which connections did Curl open since 2pm?", "list | duration=420 process_name=curl"),
    ("connections curl", "list | process_name=curl"),
    ("is it dns", "dns"),
    ("who's hammering 10.0.0.1", "failures list | destination=10.0.0.1"),
    ("list the last 3 connections made by java", "list | max_events=3 process_name=java"),
    ("connections from the checkout service to db.internal",
     "failures list | destination=db.internal process_name=checkout"),
]  # fmt: skip

DROPS = [
    ("are there any packet drops?", "dropsummary"),
    ("how many packets were dropped in the last hour?", "dropsummary | duration=3600"),
    ("packet loss?", "dropsummary"),
    ("are we losing packets", "dropsummary"),
    ("why are packets being dropped?", "dropsummary"),
    ("drop reasons for nginx", "dropsummary | process_name=nginx"),
    ("top 3 drop reasons", "dropsummary | max_events=3"),
    ("which process drops the most skbs", "dropsummary"),
    ("list drops", "droplist"),
    ("show me the last 10 drops", "droplist | max_events=10"),
    ("show dropped packets of curl in the last 5 minutes", "droplist | duration=300 process_name=curl"),
    ("most recent packet drops of process 99", "droplist | pid=99"),
    ("drop details", "droplist"),
    ("show me a drop summary", "dropsummary"),
    ("is the kernel dropping anything for pid 1", "dropsummary | pid=1"),
    ("are connections getting dropped?", "failures dropsummary | duration=300"),
    ("Are there any packet drops or connection issues?", "failures dropsummary | duration=300"),
]

PATTERNS = [
    ("analyze patterns", "analyze"),
    ("Analyze the network behavior of process nginx", "analyze | process_name=nginx"),
    ("How is curl behaving?", "analyze | process_name=curl"),
    ("any unusual behaviour in the last day?", "analyze | duration=86400"),
    ("is something beaconing?", "analyze"),
    ("is anything scanning ports?", "analyze"),
    ("new destinations since yesterday", "analyze | duration=137220"),
    ("top 5 destinations", "analyze | max_events=5"),
    ("does python3 call home periodically", "analyze | process_name=python3"),
    ("bursts today?", "analyze | duration=50820"),
    ("anything suspicious?", "analyze"),
    ("is checkout calling something every 30 seconds", "analyze | process_name=checkout"),
]

FAILURES = [
    ("which processes had failed connections in the last 10 minutes?", "failures | duration=600"),
    ("failed connections", "failures | duration=300"),
    ("show me all failed connections", "failures | duration=300 max_events=100"),
    ("connection failures for curl", "failures | duration=300 process_name=curl"),
    ("curl failures", "failures | duration=300 process_name=curl"),
    ("connection refused", "failures | duration=300 max_events=50"),
    ("who gets connection refused?", "failures | duration=300 max_events=50"),
    ("timeouts", "failures | duration=300 max_events=50"),
    ("any timeouts in the past hour", "failures | duration=3600 max_events=50"),
    ("ECONNREFUSED from curl", "failures | duration=300 max_events=50 process_name=curl"),
    ("is nginx failing", "failures | duration=300 process_name=nginx"),
    ("is nginx failing?", "failures | duration=300 process_name=nginx"),
    ("which hosts are unreachable", "failures | duration=300 max_events=50"),
    ("top 3 failing destinations", "failures | duration=300 max_events=3"),
    ("all my system connections are failing", "failures | duration=300"),
    ("connection errors since 13:00", "failures | duration=4020"),
    ("who is resetting our connections", "health failures | duration=300 max_events=50"),
    ("is port 443 failing for me", "failures | duration=300 port=443"),
    ("how many connections failed?", "failures summary | duration=300"),
    ("what percentage of connections fail for checkout", "failures summary | duration=300 process_name=checkout"),
    ("show me failures by process", "failures | duration=300"),
    ("postgres-7 connection errors, last 30 minutes", "failures | duration=1800 process_name=postgres-7"),
    ("is there a pattern in the failures", "failures analyze | duration=300"),
    ("is dns broken?", "dns failures | duration=300"),
    (
        "did anything fail to connect last night",
        "failures | duration=72420 since=2026-11-22T18:00:00Z until=2026-11-23T06:00:00Z",
    ),
]

CAUSES = [
    ("why is curl failing", f"{WHY} | duration=300 process_name=curl"),
    ("why is checkout failing?", f"{WHY} | duration=300 process_name=checkout"),
    ("why's checkout failing?!", f"{WHY} | duration=300 process_name=checkout"),
    ("Why is 'web content' failing?", f"{WHY} | duration=300 process_name=web content"),
    ("why can't curl reach 10.0.0.1", f"{REACH} | destination=10.0.0.1 duration=300 process_name=curl"),
    ("why can\u2019t curl reach 10.0.0.1?", f"{REACH} | destination=10.0.0.1 duration=300 process_name=curl"),
    ("curl cannot reach db.internal:5432, why",
     f"{REACH} | destination=db.internal:5432 duration=300 process_name=curl"),
    ("why can't I connect to [fd00::7]:443", f"{REACH} | destination=[fd00::7]:443 duration=300"),
    ("can nginx reach 10.2.0.9:6379?", f"{REACH} | destination=10.2.0.9:6379 duration=300 process_name=nginx"),
    ("why does the payments service time out", f"{WHY} | duration=300 max_events=50 process_name=payments"),
    ("checkout keeps failing, what is the reason", f"{WHY} | duration=300 process_name=checkout"),
    ("what's wrong with nginx?", f"{TROUBLE} | duration=300 process_name=nginx"),
    ("connect hangs", f"{HANGS} | duration=300 max_events=50"),
    ("is the remote down?", f"{WHY} | duration=300"),
    ("pid 4242 can't connect", f"{WHY} | duration=300 pid=4242"),
    ("why do connections fail", f"{WHY} | duration=300"),
    ("is the firewall blocking curl", f"{WHY} | duration=300 process_name=curl"),
    ("my ssh hangs", f"{HANGS} | duration=300 max_events=50 process_name=ssh"),
    ("is checkout-api reachable", f"{REACH} | destination=checkout-api duration=300"),
    ("can't reach redis", f"{REACH} | destination=redis duration=300"),
    ("help me debug checkout", f"{WHY} | duration=300 process_name=checkout"),
    ("did the deploy break anything since 13:45", "compare failures | duration=1320"),
    ("is the network slow", f"{SLOW} | duration=300 max_events=50"),
    ("is the network slow?", f"{SLOW} | duration=300 max_events=50"),
    ("why exactly 1 s slow?", f"{SLOW} | duration=300 max_events=50"),
    ("why is checkout so slow since 14:00", f"{SLOW} | duration=420 max_events=50 process_name=checkout"),
    ("high latency on port 443", f"{SLOW} | duration=300 max_events=50 port=443"),
    ("checkout is slow", f"{SLOW} | duration=300 max_events=50 process_name=checkout"),
    ("are there any problems with redis-server in the last 20 minutes",
     f"{TROUBLE} | duration=1200 process_name=redis-server"),
]  # fmt: skip

SYSTEMS = [
    ("Analyze my system", f"{SYSTEM} | duration=300 max_events=5"),
    ("analyze my system", f"{SYSTEM} | duration=300 max_events=5"),
    ("analyse the network", f"{SYSTEM} | duration=300 max_events=5"),
    ("Analyze my network activity", f"{SYSTEM} | duration=300 max_events=5"),
    ("analyze curl", f"{SYSTEM} | duration=300 max_events=5 process_name=curl"),
    ("check everything", f"{SYSTEM} | duration=300 max_events=5"),
    ("is everything ok?", f"{SYSTEM} | duration=300 max_events=5"),
    ("is the system healthy", f"{SYSTEM} | duration=300 max_events=5"),
    ("give me a full report for the last hour", f"{SYSTEM} | duration=3600 max_events=5"),
    ("anything wrong?", f"{SYSTEM} | duration=300 max_events=5"),
    ("any issues in the last 10 minutes", f"{SYSTEM} | duration=600 max_events=5"),
    ("health check", f"{SYSTEM} | duration=300 max_events=5"),
    ("what's the status of the network?", f"{SYSTEM} | duration=300 max_events=5"),
    ("investigate process sshd", f"{SYSTEM} | duration=300 max_events=5 process_name=sshd"),
]

GUESSED_NAMES = [
    ("failures of billing", "failures | duration=300 process_name=billing"),
    ("checkout failures last hour", "failures | duration=3600 process_name=checkout"),
    ("nc failures now", "failures | duration=300 process_name=nc"),
    ("redis failures last hour", "failures | duration=3600 process_name=redis"),
    ("show checkout connections", "list | process_name=checkout"),
    ("droplist of swapper", "droplist | process_name=swapper"),
    ("droplist of swapper/1 in the last minute", "droplist | duration=60 process_name=swapper/1"),
]

NO_NAMES = [
    ("ipv6 failures", "failures | duration=300"),
    ("intermittent failures", "failures | duration=300"),
    ("is eth0 ok", f"{SYSTEM} | duration=300 max_events=5"),
    ("failures through wlp2s0", "failures | duration=300"),
    ("reset by peer", "health failures | duration=300 max_events=50"),
    ("exit now", NOTHING),
    ("what changed in the last 10 minutes", "compare | duration=600"),
]

CODES = [
    ("what does QDISC_DROP mean", "dropreason dropsummary | duration=300 reason=QDISC_DROP"),
    ("how many NO_SOCKET drops", "dropsummary | reason=NO_SOCKET"),
    ("show `NETFILTER_DROP`", "dropsummary | reason=NETFILTER_DROP"),
    ("SKB_DROP_REASON_NO_SOCKET in the last hour", "dropsummary | duration=3600 reason=NO_SOCKET"),
    ("is the firewall dropping something", "dropsummary | reason=NETFILTER_DROP"),
    ("why EACCES", f"{WHY} | duration=300 max_events=50"),
    ("what is EHOSTUNREACH", "failures | duration=300 max_events=50"),
]

NUMBERS = [
    ("top 3 processes by failures", "failures summary | duration=300 max_events=50"),
    ("how many connections to 10.99.0.77", "failures list | destination=10.99.0.77"),
    ("how many failed connections to 10.99.0.77", "failures | destination=10.99.0.77 duration=300"),
    ("who is talking to 10.99.0.77", "failures list | destination=10.99.0.77"),
    ("has curl ever connected successfully", "summary | duration=3600 process_name=curl"),
    ("list connections last -5 minutes", "list"),
    ("top 0 failures", "failures | duration=300"),
    ("is this live data?", "source"),
    ("are these real numbers", "source"),
    ("test data transfers are failing", "failures | duration=300"),
    ("which one fails most", "failures summary | duration=300 max_events=50"),
]

TYPOS = [
    ("how many conections", "summary"),
    ("wich proceses had faild conections in the last 10 minuts?", "failures | duration=600"),
    ("pakcet drops", "dropsummary"),
    ("sumary please", "summary"),
    ("analyze paterns", "analyze"),
    ("ANALYZE MY SYSTEM!!!", f"{SYSTEM} | duration=300 max_events=5"),
    ("analize my sistem", f"{SYSTEM} | duration=300 max_events=5"),
    ("CURL FAILURES", "failures | duration=300 process_name=curl"),
    ("  show   me\nthe last 5\tconnections of “curl” ", "list | max_events=5 process_name=curl"),
]

NO_PROCESS = [
    ("why is the connection failing?", f"{WHY} | duration=300"),
    ("why is my connection failing", f"{WHY} | duration=300"),
    ("why is everything failing", f"{WHY} | duration=300"),
    ("why is it failing", f"{WHY} | duration=300"),
    ("why are all connections failing", f"{WHY} | duration=300"),
    ("show connections for me", "list"),
    ("connections for all processes", "list"),
    ("connections by process", "summary"),
    ("show connections in the last minute", "list | duration=60"),
    ("show connections of the system", "list"),
    ("users can't connect", f"{WHY} | duration=300"),
    ("the site is down", f"{WHY} | duration=300"),
    ("our database is timing out", f"{WHY} | duration=300 max_events=50"),
    ("failures for debugging", "failures | duration=300"),
    ("connections of interest for the payments team", "list"),
    ("failed connections except curl", "failures | duration=300"),
    ("list connections for today", "list | duration=50820"),
    ("what failed?", "failures | duration=300"),
    ("who can't connect", f"{WHY} | duration=300"),
    ("is latency normal", f"{SLOW} | duration=300 max_events=50"),
    ("which process is failing", "failures | duration=300"),
    ("list connections by time", "list"),
]

USUAL = "unless the question names a time"
USUAL_WINDOWS = [
    (f"what failed? (in the last 60 seconds {USUAL})", "failures | duration=60"),
    (f"what failed in the last 10 minutes? (in the last 60 seconds {USUAL})", "failures | duration=600"),
    (f"what failed today? (in the last 60 seconds {USUAL})", "failures | duration=50820"),
    (f"any failures this hour (in the last 60 seconds {USUAL})", "failures | duration=3600"),
    (f"list connections, 90s (in the last 60 seconds {USUAL})", "list | duration=90"),
    (f"what failed? (process 'curl', in the last 60 seconds {USUAL})", "failures | duration=60 process_name=curl"),
    (f"nginx (in the last 60 seconds {USUAL})", NOTHING),
]
"""Questions of `contextual_analysis` that came without a duration."""

DESTINATIONS = [
    ("is 10.99.0.2:8453 up?", f"{REACH} | destination=10.99.0.2:8453 duration=300"),
    ("is dns ok?", "dns"),
    ("anything wrong with port 443?", f"{REACH} | duration=300 port=443"),
]

UNKNOWN = [
    "hello",
    "thanks!",
    "what's the weather like?",
    "tell me a joke",
    "asdf qwer zxcv",
    "?",
    "what can you do",
    "who are you",
    "write a poem about nginx",
    "nginx",
    "restart nginx",
    "top 3",
    "and for nginx?",
    "more",
    "...",
    "`",
    "what time is it",
]

SPEEDS = [
    ("whats the latency to 10.2.0.14:5432", f"{SLOW} | destination=10.2.0.14:5432 duration=300 max_events=50"),
    ("handshake times by process", f"{SLOW} | by=process duration=300 max_events=50"),
    ("p99 latency per port pls", f"{SLOW} | by=port duration=300 max_events=50"),
    ("login slow", f"{SLOW} | duration=300 max_events=50 process_name=login"),
    ("db slow??", f"{SLOW} | duration=300 max_events=50"),
    ("is redis slow or is it the network", f"{SLOW} | duration=300 max_events=50 process_name=redis"),
]

TALKING = [
    ("who sends the most data", "talkers"),
    ("bandwidth hogs", "talkers"),
    ("top talkers", "talkers"),
    ("top 5 talkers by bytes in the last 10 min", "talkers | duration=600 max_events=5"),
    ("which host gets the most traffic", "talkers | by=address"),
    ("how much data does nginx send", "talkers | process_name=nginx"),
    ("where does the traffic of curl go", "talkers | by=destination process_name=curl"),
    ("who talks to whom", "talkers | by=pair"),
    ("throughput by port", "talkers | by=port"),
    ("busiest pods by bytes", "talkers | by=pod"),
    ("top talkers by connections", "talkers | measure=connections"),
    ("are the top talkers failing", "failures | duration=300"),
]

NAMES = [
    ("nxdomain", "dns"),
    ("dns slow?", "dns"),
    ("does api.internal resolve", "dns | lookup=api.internal"),
    ("can't resolve db.internal", "dns failures | duration=300 lookup=db.internal"),
    ("why does name resolution fail for curl", "dns failures | duration=300 process_name=curl"),
    ("lookups of *.internal in the last hour", "dns | duration=3600 lookup=*.internal"),
    ("why does asker wait for names?", "dns failures | duration=300 process_name=asker"),
    ("does 10.0.0.53 answer dns", "dns | destination=10.0.0.53"),
]

SEGMENTS = [
    ("retransmits", "health dropsummary | duration=300"),
    ("tcp health", "health dropsummary | duration=300"),
    ("any RSTs from nginx", "health failures | duration=300 max_events=50 process_name=nginx"),
    ("resets since 14:00", "health failures | duration=420 max_events=50"),
    ("who resets webhook?", "health failures | duration=300 max_events=50 process_name=webhook"),
    ("is curl losing packets to 10.0.0.1",
     "health dropsummary | destination=10.0.0.1 duration=300 process_name=curl"),
    ("packet loss on the connection to 10.0.0.1:443", "health dropsummary | destination=10.0.0.1:443 duration=300"),
]  # fmt: skip

CHANGES = [
    ("what changed", "compare"),
    ("what changed since the deploy", "compare"),
    ("did that help", "compare"),
    ("any changes in the last hour", "compare | duration=3600"),
    ("compare now with yesterday", "compare | earlier=86100"),
    ("compare this hour with yesterday", "compare | duration=3600 earlier=82800"),
    ("is it worse than an hour ago", "compare | earlier=3300"),
    ("before and after 14:00", "compare | duration=420"),
    ("did it get better since 13:00", "compare | duration=4020"),
    ("did the rollout break checkout", "compare failures | duration=300"),
]

TRENDS = [
    ("when did checkout start failing", "trend failures | process_name=checkout"),
    ("since when does dns fail", "trend failures | by=rcode kind=dns"),
    ("connections per minute", "trend | slot=60"),
    ("connections per second in the last day", "trend | duration=86400"),
    ("drops over time", "trend | by=reason kind=drop"),
    ("failures trend for nginx", "trend failures | process_name=nginx"),
    ("spikes?", "trend"),
    ("graph of resets per minute in the last 10 minutes", "trend | by=process duration=600 kind=reset slot=60"),
    ("how long has checkout been failing", "trend failures | process_name=checkout"),
]

OPEN_SOCKETS = [
    ("what's listening", "sockets | state=LISTEN"),
    ("who listens on :8080", "sockets | port=8080 state=LISTEN"),
    ("which ports are open", "sockets | state=LISTEN"),
    ("accept queue of nginx full?", "sockets | process_name=nginx"),
    ("open sockets of postgres", "sockets | process_name=postgres"),
    ("show TIME_WAIT sockets", "sockets | state=TIME_WAIT"),
    ("kiosk stuck?", f"{HANGS} | duration=300 process_name=kiosk"),
    ("checkout hangs", f"{HANGS} | duration=300 max_events=50 process_name=checkout"),
    ("stuck connections", "sockets failures | duration=300"),
    ("why does billing hang connecting to 10.99.0.2:8443?",
     f"{HANGS} | destination=10.99.0.2:8443 duration=300 max_events=50 port=8443 process_name=billing"),
    ("half-open connections", "sockets | state=SYN_RECV"),
    ("is somebody flooding port 8454?", "sockets | state=SYN_RECV"),
    ("why does kiosk wait for 10.99.0.2:8453?",
     f"{HANGS} | destination=10.99.0.2:8453 duration=300 port=8453 process_name=kiosk"),
]  # fmt: skip

SOURCES = [
    ("what does NO_SOCKET mean", "dropreason dropsummary | duration=300 reason=NO_SOCKET"),
    ("explain TCP_ABORT_ON_CLOSE", "dropreason dropsummary | duration=300 reason=TCP_ABORT_ON_CLOSE"),
    ("is it live", "source"),
    ("are you recording", "source"),
    ("what do you record", "source"),
    ("what is connected", "source"),
    ("did you lose events", "source"),
    ("where does this data come from", "source"),
]

LIMITS = [
    ("failures of user 33", "failures | duration=300 uid=33"),
    ("failures of user root", "failures | duration=300 uid=0"),
    ("failed udp connections", "failures | duration=300 protocol=UDP"),
    ("failures in pod checkout-7f9c", "failures | duration=300 pod=checkout-7f9c"),
    ("drops in namespace payments", "dropsummary | namespace=payments"),
    ("failures of container 'web'", "failures | container=web duration=300"),
    ("list connections of node web-1", "list | node=web-1"),
    ("failures of php-*", "failures | duration=300 process_name=php-*"),
    ("who connects to us", "list | direction=in"),
    ("how many incoming connections did nginx get", "list | direction=in process_name=nginx"),
    ("failures to 10.0.0.0/8", "failures | destination=10.0.0.0/8 duration=300"),
    ("failures to 10.1.2.3/8", "failures | destination=10.0.0.0/8 duration=300"),
    ("drops to 10.0.0.1:443", "dropsummary | destination=10.0.0.1:443"),
    ("what happened at 13:30",
     "summary failures dropsummary | duration=2520 max_events=5 since=2026-11-23T13:25:00Z until=2026-11-23T13:35:00Z"),
]  # fmt: skip

OTHER_MEANINGS = [
    ("trend micro agent", NOTHING),
    ("reset my question", NOTHING),
    ("reset the conversation please", NOTHING),
    ("resolve this ticket", NOTHING),
    ("open the pod bay doors", NOTHING),
    ("what is the meaning of life", NOTHING),
    ("look up my order", NOTHING),
    ("plot twist", NOTHING),
    ("wait, what?", NOTHING),
    ("you are live on air", NOTHING),
    ("change my password", NOTHING),
    ("top of the morning to you", NOTHING),
    ("restart the dns server", NOTHING),
    ("listen, why is curl failing", f"{WHY} | duration=300 process_name=curl"),
    ("graph database is down", f"{WHY} | duration=300"),
    ("why is trend-agent failing", f"{WHY} | duration=300 process_name=trend-agent"),
    ("download failed", "failures | duration=300"),
]
"""Words of the new topics that mean something else."""

CORPUS = [
    *SPEEDS,
    *TALKING,
    *NAMES,
    *SEGMENTS,
    *CHANGES,
    *TRENDS,
    *OPEN_SOCKETS,
    *SOURCES,
    *LIMITS,
    *OTHER_MEANINGS,
    *SUMMARIES,
    *LISTS,
    *DROPS,
    *PATTERNS,
    *FAILURES,
    *CAUSES,
    *SYSTEMS,
    *GUESSED_NAMES,
    *NO_NAMES,
    *CODES,
    *NUMBERS,
    *TYPOS,
    *NO_PROCESS,
    *USUAL_WINDOWS,
    *DESTINATIONS,
    *((question, NOTHING) for question in UNKNOWN),
]


@pytest.mark.parametrize(("question", "expected"), CORPUS, ids=[question[:60] for question, _ in CORPUS])
def test_question_becomes_calls(question: str, expected: str) -> None:
    assert written(understand(question, (), now=NOW, zone=UTC)) == expected


TIMES = [
    ("last minute", 60),
    ("in the past hour", 3600),
    ("over the last 90 seconds", 90),
    ("last 90s", 90),
    ("last 10m", 600),
    ("in the last ten minutes", 600),
    ("in the last half hour", 1800),
    ("in the last half an hour", 1800),
    ("last hour and a half", 5400),
    ("last 1.5 hours", 5400),
    ("last 2h", 7200),
    ("last couple of hours", 7200),
    ("last few minutes", 300),
    ("within 5 min", 300),
    ("15 minutes ago", 900),
    ("since 20 minutes", 1200),
    ("last quarter of an hour", 900),
    ("this week", 50820),
    ("last week", 7 * 86400),
    ("in the last month", 7 * 86400),
    ("today", 50820),
    ("this morning", 50820),
    ("since midnight", 50820),
    ("since noon", 7620),
    ("since 14:00", 420),
    ("since 14:00:30", 390),
    ("since 2pm", 420),
    ("since 2:05 pm", 120),
    ("since 15:00", 83220),
    ("since 14:00 yesterday", 86820),
    ("since yesterday 14:00", 86820),
    ("since yesterday at 2 pm", 86820),
    ("after 13:00", 4020),
    ("since 14:00 UTC", 420),
    ("since 2026-11-23T14:00:00Z", 420),
    ("since 2026-11-23 13:00", 4020),
]


@pytest.mark.parametrize(("phrase", "duration_s"), TIMES)
def test_time_becomes_duration(phrase: str, duration_s: int) -> None:
    plan = understand(f"list connections {phrase}", (), now=NOW, zone=UTC)
    assert written(plan) == f"list | duration={duration_s}"


def test_since_is_read_on_the_clock_of_the_zone() -> None:
    berlin = timezone(timedelta(hours=1))
    assert written(understand("list connections since 15:00", (), now=NOW, zone=berlin)) == "list | duration=420"
    assert written(understand("list connections today", (), now=NOW, zone=berlin)) == "list | duration=54420"


def test_since_this_very_minute_still_looks_back_a_second() -> None:
    now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    assert written(understand("list connections since 14:00", (), now=now, zone=UTC)) == "list | duration=1"


SPANS = [
    ("between 13:00 and 13:30", "2026-11-23T13:00:00Z", "2026-11-23T13:30:00Z"),
    ("from 13:00 to 1:30 pm", "2026-11-23T13:00:00Z", "2026-11-23T13:30:00Z"),
    ("between 23:30 and 0:15", "2026-11-22T23:30:00Z", "2026-11-23T00:15:00Z"),
    ("since 13:00 until 13:30", "2026-11-23T13:00:00Z", "2026-11-23T13:30:00Z"),
    ("between 2026-11-23T12:00:00Z and 2026-11-23T12:30:00Z", "2026-11-23T12:00:00Z", "2026-11-23T12:30:00Z"),
    ("at 14:00", "2026-11-23T13:55:00Z", "2026-11-23T14:05:00Z"),
    ("around noon", "2026-11-23T11:55:00Z", "2026-11-23T12:05:00Z"),
    ("yesterday", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
    ("on saturday", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
    ("last night", "2026-11-22T18:00:00Z", "2026-11-23T06:00:00Z"),
]


@pytest.mark.parametrize(("phrase", "since", "until"), SPANS)
def test_span_that_does_not_end_now_has_both_ends(phrase: str, since: str, until: str) -> None:
    (call,) = understand(f"list connections {phrase}", (), now=NOW, zone=UTC).calls
    assert (call.arguments["since"], call.arguments["until"]) == (since, until)


@pytest.mark.parametrize(
    "phrase", ["between 13:00 and 15:00", "around 14:06", "since yesterday", "between 13:00 and 25:00"]
)
def test_span_that_reaches_until_now_has_no_end(phrase: str) -> None:
    (call,) = understand(f"list connections {phrase}", (), now=NOW, zone=UTC).calls
    assert "until" not in call.arguments
    assert call.arguments["duration"]


@pytest.mark.parametrize(
    ("question", "bad"),
    [
        ("list connections last -5 minutes", "“-5 minutes”"),
        ("failures in the last 0 hours", "“0 hours”"),
        ("top 0 failures", "“0”"),
        ("show -3 connections", "“-3”"),
        ("failures of pid -7", "“pid -7”"),
        ("failures --duration -60", "“-60 seconds”"),
    ],
)
def test_time_or_count_that_cannot_be_is_named(question: str, bad: str) -> None:
    assert any(note.startswith(bad) for note in understand(question, (), now=NOW, zone=UTC).notes)


@pytest.mark.parametrize("question", ["failures of pid 0", "failures since 0:30", "list connections to 10.0.0.1"])
def test_zero_that_is_no_amount_is_not_complained_about(question: str) -> None:
    assert understand(question, (), now=NOW, zone=UTC).notes == ()


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("is the internet up", "internet"),
        ("which node has failures", "node"),
        ("has curl ever connected", "the last hour"),
    ],
)
def test_what_no_data_tells_is_told(question: str, told: str) -> None:
    assert any(told in note for note in understand(question, (), now=NOW, zone=UTC).notes)


def test_start_that_is_not_a_time_is_told() -> None:
    plan = understand("failed connections since the deploy", (), now=NOW, zone=UTC)
    assert any("the deploy" in note for note in plan.notes)


def test_start_that_is_not_a_time_is_told_next_to_the_usual_window() -> None:
    plan = understand(f"failed connections since the deploy (in the last 60 seconds {USUAL})", (), now=NOW, zone=UTC)
    assert written(plan) == "compare failures | duration=60"
    assert any("the deploy" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("question", "behaviours"),
    [
        ("is something beaconing?", {"Periodic calls"}),
        ("is anything scanning ports?", {"Fan-out"}),
        ("any bursts or new destinations?", {"Bursts", "New destinations"}),
        ("top 5 destinations", {"Repeated destinations"}),
        ("anything suspicious?", set()),
        ("failed connections", set()),
    ],
)
def test_behaviour_that_is_asked_for_is_remembered(question: str, behaviours: set[str]) -> None:
    assert understand(question, (), now=NOW, zone=UTC).focus.behaviours == behaviours


def test_exception_that_no_tool_can_make_is_told() -> None:
    plan = understand("failed connections except curl", (), now=NOW, zone=UTC)
    assert any("leave out" in note for note in plan.notes)


@pytest.mark.parametrize("question", ["drops on eth0", "failed ipv6 connections"])
def test_limit_that_no_tool_has_is_told(question: str) -> None:
    plan = understand(question, (), now=NOW, zone=UTC)
    assert any("can be limited to" in note for note in plan.notes)
    assert all("process_name" not in call.arguments for call in plan.calls)


def test_process_named_twice_is_one_process() -> None:
    question = "Analyze the behavior of process 'nginx' (process 'nginx', pid 7, in the last 60 seconds)"
    plan = understand(question, (), now=NOW, zone=UTC)
    assert written(plan) == "analyze | duration=60 pid=7 process_name=nginx"
    assert plan.notes == ()


def test_long_name_is_cut_as_the_kernel_cuts_it() -> None:
    plan = understand("why does systemd-resolved fail", (), now=NOW, zone=UTC)
    assert written(plan) == f"{WHY} | duration=300 process_name=systemd-resolve"


def test_second_process_is_told_to_be_left_out() -> None:
    plan = understand("failures of curl and wget", (), now=NOW, zone=UTC)
    assert written(plan) == "failures | duration=300 process_name=curl"
    assert any("wget" in note for note in plan.notes)


@pytest.mark.parametrize(
    "question", ["list connections " * 2000, "'" * 20_000, "1" * 20_000, "a:" * 10_000, "since " * 4000]
)
def test_monstrous_question_is_read_without_harm(question: str) -> None:
    understand(question, (), now=NOW, zone=UTC)


def test_a_text_to_explain_gets_the_events_and_says_that_only_a_model_explains() -> None:
    question = "What does this mean, and what should be checked next?\n\ncurl made 5 connections in 60 seconds"
    plan = understand(question, (), now=NOW, zone=UTC)
    assert written(plan) == "summary | duration=60 process_name=curl"
    assert any("without a language model" in note for note in plan.notes)
