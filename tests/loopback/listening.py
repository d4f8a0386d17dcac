"""A web application on 127.0.0.1, on a free port unless one is given."""

from typing import Self

from aiohttp import web

SHUTDOWN_S = 0.1
"""How long a request under way may take when the loopback ends."""


class Listening:
    """Whoever begins it ends it."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner

    @classmethod
    async def begin(cls, application: web.Application, port: int = 0) -> Self:
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return cls(runner)

    @property
    def base_url(self) -> str:
        """With a slash at its end."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def end(self) -> None:
        await self._runner.cleanup()
