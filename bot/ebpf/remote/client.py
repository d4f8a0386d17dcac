"""HTTP to ebpf-server, its aggregator and netspy collectors: connections, retries, and every error in plain words.

The only file that imports httpx. What to ask is for `server.py` and `agent_client.py`, what the JSON means `wire.py`'s;
`app.py` opens it.
"""

import asyncio
import logging
import random
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, TypeVar

import httpx

from bot.domain.correlation import headers
from bot.domain.errors import (
    InvalidSettings,
    SourceError,
    SourceMalformed,
    SourceRefused,
    SourceTimeout,
    SourceUnreachable,
)
from bot.domain.observing import UNOBSERVED, Observer, RequestWork, observed
from bot.domain.ports import EbpfSource
from bot.ebpf.excerpt import excerpt
from bot.ebpf.programs import LOAD
from bot.ebpf.remote import wire
from bot.ebpf.remote.address import ServerAddress, parse_address
from bot.ebpf.remote.any_server import AnyServer
from bot.ebpf.remote.server import Parameters
from bot.redaction import NO_SECRETS, Secrets

DEFAULT_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 2.0
PAUSES_S = (0.1, 0.4)
"""Before each further attempt, shortened at random by up to half so that many clients do not come back at once."""
RETRIED_STATUS = frozenset({502, 503, 504})
MAX_CONNECTIONS = 8
"""The server scans all its events for every query: more at once only makes each of them slower."""

MAX_SAID = 4000
"""Characters of a refusal that are read."""
LARGE_BYTES = 1_000_000
"""A larger answer takes tens of milliseconds to parse: that is done beside the event loop."""

START = "start netspy collect or ebpf-server there (or give another address with --server URL)"
ASK_LESS = "ask for less time or one process, or see whether the server is overloaded"
WRONG_PEER = "is that an ebpf-server? Give its address with --server URL"

Parsed = TypeVar("Parsed")
log = logging.getLogger("netspy.ebpf")


@asynccontextmanager
async def open_http_source(
    base_url: str,
    *,
    token: str | None = None,
    kind: wire.ServerKind = "server",
    timeout_s: float = DEFAULT_TIMEOUT_S,
    observer: Observer = UNOBSERVED,
) -> AsyncIterator[EbpfSource]:
    """The source at an address such as `localhost:8080`; nothing is sent until it is asked. Raises: InvalidSettings.

    `token` is what a collector may want; a login in the address is sent instead of it. `kind` is what is thought to
    answer there. `timeout_s` bounds each query with all its requests and their retries.
    """
    address = parse_address(base_url)
    async with _open(address, token, timeout_s) as client:
        yield AnyServer(JsonClient(client, address.url, timeout_s, _secrets(address, token), observer), kind)


class JsonClient:
    """Reads JSON objects from one server; the `Answers` of `server.py`."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        timeout_s: float,
        secrets: Secrets = NO_SECRETS,
        observer: Observer = UNOBSERVED,
    ) -> None:
        """`secrets`: what is sent there and must not be quoted, should the server repeat it."""
        self.url = url
        self._secrets = secrets
        self._client = client
        self._timeout_s = timeout_s
        self._observer = observer
        self._work = RequestWork("GET", client.base_url.host, client.base_url.port)

    @asynccontextmanager
    async def deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except TimeoutError as cause:
            raise SourceTimeout(
                f"asking {self.url}", f"no whole answer within {self._timeout_s:g} s", ASK_LESS
            ) from cause

    async def get(self, path: str, parameters: Parameters, parse: Callable[[Mapping[str, Any]], Parsed]) -> Parsed:
        asked = f"GET {self.url}{path}"
        try:
            response = await self._retried(path, parameters)
        except httpx.RequestError as cause:
            raise _translated(cause, asked) from cause
        if response.status_code != httpx.codes.OK:
            raise _refused(asked, response, self._secrets.hidden_in(response.text))
        try:
            if len(response.content) > LARGE_BYTES:
                return await asyncio.to_thread(lambda: parse(wire.parse_json(response.content)))
            return parse(wire.parse_json(response.content))
        except ValueError as cause:
            got = f"{cause}; the answer begins {excerpt(self._secrets.hidden_in(response.text))!r}"
            raise SourceMalformed(asked, got, WRONG_PEER) from cause

    async def _retried(self, path: str, parameters: Parameters) -> httpx.Response:
        """These are reads, so that asking again is always safe."""
        for pause_s in PAUSES_S:
            try:
                response = await self._once(path, parameters)
            except httpx.TransportError as error:
                log.debug("source.retry", extra={"url": self.url + path, "error": repr(error)})
            else:
                if response.status_code not in RETRIED_STATUS:
                    return response
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
        return await self._once(path, parameters)

    async def _once(self, path: str, parameters: Parameters) -> httpx.Response:
        begin = perf_counter()
        with observed(self._observer, self._work) as progress:
            response = await self._client.get(path, params=parameters, headers=headers())
            progress.status = response.status_code
        shown = {"url": str(response.url), "status": response.status_code}
        measured = {"ms": round(1000 * (perf_counter() - begin), 1), "bytes": len(response.content)}
        log.debug("source.request", extra={**shown, **measured})
        return response


def _open(address: ServerAddress, token: str | None, timeout_s: float) -> httpx.AsyncClient:
    """The environment's proxies and .netrc are not used: netspy's settings are the only place that says where to go.

    Silence for half the deadline ends an attempt, a connect takes a quarter at most: there is time for another.
    """
    return httpx.AsyncClient(
        base_url=address.url,
        auth=address.login,
        headers=_headers(token),
        timeout=httpx.Timeout(timeout_s / 2, connect=min(CONNECT_TIMEOUT_S, timeout_s / 4)),
        limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
        verify=_trust(address),
        trust_env=False,
    )


def _secrets(address: ServerAddress, token: str | None) -> Secrets:
    name, password = address.login or ("", "")
    found = (
        ("NETSPY_EBPF_TOKEN", token or ""),
        ("NETSPY_EBPF_URL", f"{name}:{password}"),
        ("NETSPY_EBPF_URL", password),
    )
    return Secrets(found)


def _headers(token: str | None) -> dict[str, str]:
    """Raises: InvalidSettings."""
    headers = {"Accept": f"application/json, {wire.POINTER_TYPE}"}
    if token is None:
        return headers
    if not re.fullmatch("[!-~]+", token):
        got = "it has other than visible ASCII characters, or none"
        raise InvalidSettings("NETSPY_EBPF_TOKEN", got, "write it as netspy collect has it", finding="token-malformed")
    return {**headers, "Authorization": f"Bearer {token}"}


def _trust(address: ServerAddress) -> ssl.SSLContext:
    """The system's certificates; for plain HTTP none, since loading them takes 30 ms and they are never needed."""
    if address.is_tls:
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _translated(error: httpx.RequestError, asked: str) -> SourceError:
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return _unreachable(asked, error)
        case httpx.TimeoutException():
            return SourceTimeout(asked, "no whole answer in time", ASK_LESS)
        case httpx.NetworkError():
            return SourceUnreachable(asked, "the connection broke before the answer was complete", START)
        case _:
            return SourceMalformed(asked, f"the answer is not proper HTTP ({excerpt(str(error))})", WRONG_PEER)


def _unreachable(asked: str, error: httpx.TransportError) -> SourceUnreachable:
    match cause := _root(error):
        case ConnectionRefusedError():
            return SourceUnreachable(
                asked, "connection refused, nothing listens there", START, finding="connection-refused"
            )
        case socket.gaierror():
            got = f"the host name cannot be resolved ({cause.strerror})"
            return SourceUnreachable(asked, got, "check the address", finding="name-unknown")
        case ssl.SSLError():
            remedy = "write http:// where the server has no TLS, or let this host trust its certificate"
            return SourceUnreachable(asked, f"no TLS connection ({excerpt(str(cause))})", remedy, finding="no-tls")
        case _ if isinstance(error, httpx.ConnectTimeout):
            return SourceUnreachable(asked, "no answer to the attempt to connect", START, finding="no-answer")
        case _:
            return SourceUnreachable(asked, f"no connection ({excerpt(str(cause))})", START)


def _root(error: BaseException) -> BaseException:
    """What the socket said, which comes wrapped several times; several addresses of one host fail together."""
    if isinstance(error, BaseExceptionGroup):
        return _root(error.exceptions[0])
    deeper = error.__cause__ or error.__context__
    return _root(deeper) if deeper else error


def _refused(asked: str, response: httpx.Response, text: str) -> SourceRefused:
    status = response.status_code
    said = excerpt(text)
    got = f"HTTP {status} {response.reason_phrase}".rstrip() + (f": {said!r}" if said else "")
    remedy, finding = _remedy_of(response)
    return SourceRefused(asked, got, remedy, status=status, said=text[:MAX_SAID], finding=finding)


def _remedy_of(response: httpx.Response) -> tuple[str, str]:
    """What to do, and the name of the case where it has one of its own."""
    if response.status_code in {401, 403}:
        remedy = "set NETSPY_EBPF_TOKEN for a collector, or write http://USER:PASSWORD@HOST:PORT as the address"
        return remedy, "permission-denied"
    if response.has_redirect_location:
        return f"it sends on to {excerpt(response.headers['location'])}: give that address with --server URL", ""
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE and "not initialized" in response.text:
        return LOAD, "programs-not-loaded"
    return ("see the server's log" if response.status_code >= 500 else WRONG_PEER), ""
