"""An alert that comes to `netspy serve`: its thread, what is found, a follow-up below, and what has changed since."""

from pathlib import Path

import httpx

from tests.alert_groups import alert, notification
from tests.loopback.discord_ids import PAYMENTS as IN_DISCORD
from tests.wire.discord_stage import open_discord_stage
from tests.wire.slack_stage import PAYMENTS, open_slack_stage

TOKEN = "an-alert-token"
LABELS = {"alertname": "CheckoutErrors", "process": "curl"}


async def post(url: str, *alerts: dict[str, object]) -> tuple[int, str]:
    body = notification(*alerts, commonLabels=LABELS)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{url}/alerts", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    return answer.status_code, str(answer.json().get("state"))


def settings(platform: str, channel: str) -> dict[str, str]:
    return {"NETSPY_ALERTS_TOKEN": TOKEN, "NETSPY_ALERT_CHANNELS": f"payments-oncall={platform}/{channel}"}


async def test_in_slack_an_alert_has_a_thread_that_people_talk_in(tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path) as stage:
        bot = await stage.start(**settings("slack", PAYMENTS))
        url = await bot.listening()
        assert await post(url) == (200, "asked")
        (root,) = [message for message in stage.slack.messages(PAYMENTS) if "fires" in message.shown]
        found = "\n".join(message.shown for message in await stage.answered(root.ts))
        stage.say("and since when?", thread=root.ts)
        await stage.answered(root.ts, 2)
        assert await post(url, alert(status="resolved")) == (200, "compared")
        since = "\n".join(message.shown for message in await stage.answered(root.ts, 3))
        assert await post(url, alert(status="resolved")) == (200, "known")
        async with httpx.AsyncClient(trust_env=False) as client:
            metrics = (await client.get(f"{url}/metrics")).text
        assert await bot.end() == 0
    assert root.shown.startswith("`CheckoutErrors` fires (1 alert) since 2026-11-23 14:02 UTC: process `curl`.")
    assert "summary --process curl" in found
    assert "Connection attempts by process: nothing changed, 1 as before." in since
    assert 'netspy_alerts_total{outcome="asked"} 1.0' in metrics


async def test_in_discord_an_alert_has_a_thread(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage:
        bot = await stage.start(**settings("discord", IN_DISCORD))
        assert await post(await bot.listening()) == (200, "asked")
        (root,) = [message for message in stage.discord.messages(IN_DISCORD) if "fires" in message.shown]
        found = "\n".join(message.shown for message in await stage.answered(root.id))
        assert await bot.end() == 0
    assert "curl" in found
