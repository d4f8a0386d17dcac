"""The nodes behind one name: every address that it has just now, as a headless service of Kubernetes gives them."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace

from bot.domain.errors import SourceUnreachable
from bot.domain.ports import EbpfSource
from bot.ebpf.remote.address import ServerAddress

log = logging.getLogger("netspy.ebpf")

RESOLVE_S = 2.0

Opener = Callable[[str], AbstractAsyncContextManager[EbpfSource]]


class Resolved:
    """A `Nodes`, named by their addresses. Those that are gone are kept open until it is closed, and not asked."""

    def __init__(self, address: ServerAddress, opened: Opener, stack: AsyncExitStack) -> None:
        self._address = address
        self._opened = opened
        self._stack = stack
        self._known: dict[str, EbpfSource] = {}
        self._last: list[str] = []
        self._one_by_one = asyncio.Lock()

    async def current(self) -> Mapping[str, EbpfSource]:
        """Where the name cannot be resolved just now, the addresses of before. Raises: SourceUnreachable."""
        async with self._one_by_one:
            try:
                self._last = await self._addresses()
            except (OSError, TimeoutError) as error:
                if not self._last:
                    got = f"the name {self._address.host} cannot be resolved ({type(error).__name__})"
                    raise SourceUnreachable("asking the nodes", got, "check the address") from error
                log.warning("source.not_resolved", extra={"host": self._address.host, "cause": repr(error)})
            for host in self._last:
                if host not in self._known:
                    url = replace(self._address, host=host).url
                    self._known[host] = await self._stack.enter_async_context(self._opened(url))
            return {host: self._known[host] for host in self._last}

    async def _addresses(self) -> list[str]:
        """One kind only: a node that has IPv4 and IPv6 would be asked twice."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(RESOLVE_S):
            found = await loop.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM)
        first = found[0][0]
        return sorted({str(place[0]) for family, *_, place in found if family == first})
