"""A burst of messages from Discord: when something is to be seen, and what an answer costs us.

The loopback Discord, the model and netspy share this machine: the times hold all three, our CPU is the process's alone.
"""

import asyncio
from pathlib import Path

import pytest

from tests.bench.test_slack_burst import cpu_s, line
from tests.loopback.discord_ids import DANA, PAYMENTS
from tests.loopback.waiting import until
from tests.wire.discord_stage import MENTION, DiscordStage, open_discord_stage

MESSAGES, THREADS = 200, 50


async def burst(stage: DiscordStage) -> dict[str, float]:
    """Questions that begin threads, and three follow-ups in each. Returns when each thread was begun, by its id."""
    now = asyncio.get_running_loop().time
    begun: dict[str, float] = {}
    for number in range(THREADS):
        at = now()
        begun[stage.discord.say(DANA, PAYMENTS, f"{MENTION} question {number}")] = at
    await until(lambda: all(thread in stage.discord.space.channels for thread in begun))
    for number in range(MESSAGES - THREADS):
        stage.discord.say(DANA, list(begun)[number % THREADS], f"follow-up {number}")
    each = MESSAGES // THREADS
    await until(lambda: all(len(stage.finals(thread)) >= each for thread in begun), timeout_s=110)
    return begun


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="CPU of another process is read from /proc")
async def test_200_messages_over_50_threads(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage:
        bot = await stage.start()
        stage.discord.limits, stage.discord.global_limit = {}, None
        before, began = cpu_s(bot.pid), asyncio.get_running_loop().time()
        begun = await burst(stage)
        total_s = asyncio.get_running_loop().time() - began
        used_s = cpu_s(bot.pid) - before

        visible: dict[str, float] = {}
        for call in stage.discord.calls:
            thread = call.path.split("/channels/")[-1].split("/")[0]
            if thread in begun and call.name in {"trigger_typing", "create_message"}:
                visible.setdefault(thread, call.at_s - begun[thread])
        print(f"\n{MESSAGES} messages over {THREADS} threads of Discord, answered in {total_s:.1f} s")
        print(line("  first visible sign", list(visible.values()), 300))
        print(f"  our CPU per answered message: {1000 * used_s / MESSAGES:.1f} ms")
        assert len(visible) == THREADS
