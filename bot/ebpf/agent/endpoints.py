"""Every endpoint with its parameters: the routes, and what /openapi.json describes, are made of this table. Pure."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bot.ebpf.agent import parameters
from bot.ebpf.agent.given import AnyParameter

Answer: TypeAlias = Literal["Events", "Groups", "OpenSockets", "CounterDeltas", "SourceStatus"]

GET: Final = ("GET",)
ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
"""What ebpf-server takes: whatever comes."""
NDJSON: Final = "application/x-ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`answer` is the schema of an answer of our own API; `by_body`: a POST gives the parameters as a JSON object."""

    path: str
    summary: str
    parameters: tuple[AnyParameter, ...] = ()
    methods: tuple[str, ...] = ANY
    answer: Answer | None = None
    by_body: bool = False
    as_lines: bool = False

    @property
    def is_own(self) -> bool:
        return self.path.startswith("/api/v1/")


ENDPOINTS: Final = (
    Endpoint(path="/", summary="What this is"),
    Endpoint(path="/health", summary="Whether it lives; needs no token"),
    Endpoint(path="/api/programs", summary="eBPF programs, and why some do not run"),
    Endpoint(
        path="/api/events",
        summary="Events as ebpf-server writes them, newest first",
        parameters=parameters.REFERENCE_EVENTS,
    ),
    Endpoint(
        path="/api/connection-summary",
        summary="How many connection attempts there were",
        parameters=parameters.SUMMARY,
        by_body=True,
    ),
    Endpoint(
        path="/api/packet-drop-summary",
        summary="How many drops there were",
        parameters=parameters.SUMMARY,
        by_body=True,
    ),
    Endpoint(path="/api/list-connections", summary="The newest 100 connection attempts of the last hour, by pid"),
    Endpoint(path="/api/list-packet-drops", summary="The newest 100 drops of the last hour, by pid"),
    Endpoint(
        path="/api/v1/events",
        summary=f"Events, newest first; with Accept: {NDJSON} one a line, and their coverage in the last",
        parameters=parameters.EVENTS,
        methods=GET,
        answer="Events",
        as_lines=True,
    ),
    Endpoint(
        path="/api/v1/aggregate",
        summary="Counts and figures of groups of events, the largest first",
        parameters=parameters.AGGREGATE,
        methods=GET,
        answer="Groups",
    ),
    Endpoint(
        path="/api/v1/sockets",
        summary="TCP and UDP sockets that are open now, in all network namespaces, with who holds them",
        parameters=parameters.SOCKETS,
        methods=GET,
        answer="OpenSockets",
    ),
    Endpoint(
        path="/api/v1/counters",
        summary="What each network namespace counted meanwhile, such as overflows and errors; read every few seconds",
        parameters=parameters.COUNTERS,
        methods=GET,
        answer="CounterDeltas",
    ),
    Endpoint(
        path="/api/v1/status", summary="What runs, what is held, what was lost", methods=GET, answer="SourceStatus"
    ),
    Endpoint(path="/openapi.json", summary="This description", methods=GET),
)
