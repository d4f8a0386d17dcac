"""Two replicas of `netspy serve` on one PostgreSQL and one Slack; one is asked to end while 100 turns run."""

import asyncio
from pathlib import Path

from tests.loopback.waiting import until
from tests.wire.slack_stage import DANA, MENTION, SlackStage, open_slack_stage

TURNS = 100
LATE = 6
"""Questions that come while it ends: some of them still to it."""


def finals(stage: SlackStage, roots: dict[str, str]) -> list[int]:
    return [len(stage.finals(root, channel=channel)) for channel, root in roots.items()]


async def test_sigterm_during_100_turns_loses_and_doubles_nothing(postgres_url: str, tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path, database=postgres_url) as stage:
        stage.slack.rate_limit = None
        leaving = await stage.start(NETSPY_GRACE_S="2")
        stage.model.hanging |= {f"question {number}" for number in range(TURNS)}
        channels = [stage.slack.space.add_channel(f"incident{number}") for number in range(TURNS)]
        roots = {
            channel: stage.slack.say(DANA, channel, f"{MENTION} question {number}")
            for number, channel in enumerate(channels)
        }
        await until(lambda: len(stage.model.questions) == TURNS, lambda: leaving.said[-3000:])
        staying = await stage.start()
        stage.model.hanging.clear()
        ending = asyncio.create_task(leaving.end())
        await leaving.logged("serve.ending")
        for number in range(TURNS, TURNS + LATE):
            late = stage.slack.space.add_channel(f"late{number}")
            roots[late] = stage.slack.say(DANA, late, f"{MENTION} question {number}")
        status = await ending
        await until(lambda: all(finals(stage, roots)), lambda: f"{finals(stage, roots)}\n{staying.said[-3000:]}")

        counts = finals(stage, roots)
        print(f"{counts.count(1)} answered, {sum(count > 1 for count in counts)} doubled, {counts.count(0)} lost")
        assert status == 0
        assert counts == [1] * (TURNS + LATE)
        assert "Traceback" not in leaving.said + staying.said
