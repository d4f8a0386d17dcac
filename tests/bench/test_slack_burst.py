"""A burst of events from Slack: how soon they are acknowledged, when something is to be seen, and what it costs us.

The loopback Slack, the model and netspy share this machine: the times hold all three, our CPU is the process's alone.
"""

import asyncio
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.loopback.waiting import until
from tests.wire.slack_stage import DANA, MENTION, SlackStage, open_slack_stage

EVENTS, THREADS = 200, 50
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """What a process has used so far, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def line(what: str, values: Sequence[float], aim_ms: int) -> str:
    median, p99 = (1000 * percentile(values, percent) for percent in (50, 99))
    return f"{what}: median {median:.0f} ms, p99 {p99:.0f} ms (aim {aim_ms})"


async def burst(stage: SlackStage) -> dict[str, float]:
    """Questions in threads of channels of their own, all at once. Returns when each was asked, by its ts."""
    now, asked = asyncio.get_running_loop().time, {}
    channels = [stage.slack.space.add_channel(f"incident{number}") for number in range(THREADS)]
    roots: dict[str, str] = {}
    for number in range(EVENTS):
        channel = channels[number % THREADS]
        text = f"{MENTION} question {number}"
        at = now()
        ts = stage.slack.say(DANA, channel, text, thread=roots.get(channel))
        roots.setdefault(channel, ts)
        asked[ts] = at
    await until(lambda: sum(len(stage.finals(root, channel=channel)) for channel, root in roots.items()) == EVENTS)
    return {root: asked[root] for root in roots.values()}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="CPU of another process is read from /proc")
async def test_200_events_over_50_threads(tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path) as stage:
        bot = await stage.start()
        stage.slack.rate_limit = None
        warm = stage.ask("warm up")
        await stage.answered(warm)
        before, began = cpu_s(bot.pid), asyncio.get_running_loop().time()
        asked = await burst(stage)
        total_s = asyncio.get_running_loop().time() - began
        used_s = cpu_s(bot.pid) - before

        acks = list(stage.slack.acks.values())
        visible: dict[str, float] = {}
        for call in stage.slack.calls:
            thread = str(call.arguments.get("thread_ts", ""))
            if thread in asked and call.method.startswith(("assistant.", "chat.")):
                visible.setdefault(thread, call.at_s - asked[thread])
        print(f"\n{EVENTS} events in a burst over {THREADS} threads, answered in {total_s:.1f} s")
        print(line("  acknowledged", acks, 100))
        print(line("  first visible status", list(visible.values()), 300))
        print(f"  our CPU per answered event: {1000 * used_s / EVENTS:.1f} ms")
        assert len(visible) == THREADS
        assert not stage.slack.refused
