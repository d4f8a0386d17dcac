"""A whole bot as a process of its own, with the loopback platform in the place of a real one.

`python -m tests.loopback.bot_process --platform HOST:PORT --database URL [--model URL]` says `ready PID` once it
answers; SIGTERM ends it in an orderly way. It stands in for `bot/app.py`: opens store, answering and manager alike.
"""

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from bot.app import open_answering
from bot.conversation.manager import Manager, open_manager
from bot.conversation.parts import Parts
from bot.domain.network import Outcome
from bot.ebpf.scoped import scoped
from bot.settings import Settings
from bot.storage import open_store
from tests.fakes import FakeEbpf, connection
from tests.loopback.openai_peer import KEY
from tests.loopback.platform_adapter import LoopbackAdapter

FAILURES = 60
"""Failed attempts, each of another process: a table of several pages."""


@dataclass(frozen=True, slots=True)
class Options:
    platform: str
    database: str
    model: str | None
    lease_s: float
    deadline_s: float


def parse(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(description="A bot process on the loopback platform.")
    parser.add_argument("--platform", required=True, help="HOST:PORT of a LoopbackPlatform")
    parser.add_argument("--database", required=True, help="URL of the store")
    parser.add_argument("--model", help="base URL of an OpenAI-compatible server; without it the planner answers")
    parser.add_argument("--lease-s", type=float, default=1.0)
    parser.add_argument("--deadline-s", type=float, default=30.0)
    return Options(**vars(parser.parse_args(arguments)))


def failures() -> FakeEbpf:
    """Refused connects of the last minute."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    events = [
        replace(connection(f"client-{number:02}", outcome=Outcome.REFUSED, errno="ECONNREFUSED", pid=number), time=at)
        for number in range(1, FAILURES + 1)
    ]
    return FakeEbpf(events)


@asynccontextmanager
async def open_bot(options: Options, adapter: LoopbackAdapter) -> AsyncGenerator[Manager, None]:
    given = {"NETSPY_DATABASE_URL": options.database}
    if options.model:
        given |= {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": options.model, "NETSPY_LLM_API": "chat"}
    source = failures()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(options.database))
        answering = await stack.enter_async_context(open_answering(Settings.model_validate(given), source))
        parts = Parts(
            store=store,
            leases=store.leases,
            sources=partial(scoped, source),
            answering=answering,
            outlet=adapter.outlet,
            lease_s=options.lease_s,
            turn_deadline_s=options.deadline_s,
        )
        yield await stack.enter_async_context(open_manager(parts))


async def serve(options: Options) -> None:
    asked_to_end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_end.set)
    adapter = LoopbackAdapter(options.platform)
    async with open_bot(options, adapter) as desk:
        serving = asyncio.create_task(adapter.run(desk))
        ending = asyncio.create_task(asked_to_end.wait())
        announcing = asyncio.create_task(_announce(adapter))
        done, running = await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (*running, announcing):
            task.cancel()
        await asyncio.gather(*running, announcing, return_exceptions=True)
        if serving in done:
            serving.result()


async def _announce(adapter: LoopbackAdapter) -> None:
    await adapter.adopted.wait()
    print(f"ready {os.getpid()}", flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d %(name)s %(message)s")
    asyncio.run(serve(parse()))
