"""`netspy serve` with Slack and Discord: how long until both hear, and what it holds in memory while nobody asks."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.bench.pairs import measure_async
from tests.loopback.waiting import until
from tests.wire.discord_stage import DiscordStage, open_discord_stage
from tests.wire.serving import Serving
from tests.wire.slack_stage import SlackStage, open_slack_stage

LIBRARIES = "import alembic, discord, mcp, openai, slack_bolt, sqlalchemy.ext.asyncio, starlette, uvicorn"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def resident_mb(pid: int) -> float:
    """What a process holds in memory (https://docs.kernel.org/filesystems/proc.html, VmRSS)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) / 1024


async def start(slack: SlackStage, discord: DiscordStage) -> Serving:
    """Returns once both platforms have its connection."""
    connections, sessions = len(slack.slack.connections), len(discord.discord.gateway.live)
    bot = await slack.begin(
        SLACK_APP_TOKEN=slack.slack.app_token,
        DISCORD_TOKEN=discord.discord.token,
        DISCORD_API_URL=discord.discord.api_url,
        DISCORD_GATEWAY_URL=discord.discord.gateway_url,
    )
    await until(
        lambda: len(slack.slack.connections) > connections and len(discord.discord.gateway.live) > sessions,
        lambda: bot.said,
    )
    return bot


async def import_libraries() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LIBRARIES, env=ENVIRONMENT)
    assert await process.wait() == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory of another process is read from /proc")
async def test_start_and_idle_memory_with_both_platforms(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    (tmp_path / "discord").mkdir()
    async with open_slack_stage(tmp_path) as slack, open_discord_stage(tmp_path / "discord") as discord:
        held: list[float] = []

        async def start_and_end() -> None:
            bot = await start(slack, discord)
            await bot.logged("serve.part part=storage")
            held.append(resident_mb(bot.pid))
            assert await bot.end() == 0

        rounds = min(pytestconfig.getoption("--bench-rounds"), 5)
        ratio = await measure_async(start_and_end, import_libraries, rounds=rounds)
        print("\n" + ratio.line("serve, until Slack and Discord hear, and its end : import of its libraries", 3))
        print(f"  idle with both platforms: {sorted(held)[len(held) // 2]:.0f} MB resident (aim 200)")
