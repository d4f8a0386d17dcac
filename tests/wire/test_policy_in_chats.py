"""A policy under `netspy serve`: a scoped channel, a refusal that one person sees, and SIGHUP."""

import json
import signal
from pathlib import Path

from tests.wire.slack_stage import PAYMENTS, open_slack_stage

SCOPED = f"""
[[rules]]
name = "payments"
channels = ["{PAYMENTS}"]
[rules.scope]
processes = ["check*"]
"""
HIDDEN = "outside this channel's scope: hidden"


async def test_a_channel_sees_its_scope_a_guest_nothing_and_the_file_is_read_again(tmp_path: Path) -> None:
    policy, audit = tmp_path / "policy.toml", tmp_path / "audit.jsonl"
    policy.write_text(SCOPED)
    async with open_slack_stage(tmp_path, processes=("checkout", "secretd")) as stage:
        bot = await stage.start(NETSPY_POLICY=str(policy), NETSPY_AUDIT_FILE=str(audit))
        scoped = await stage.answered(stage.ask("who connects?"))
        guest = stage.slack.space.add_user("eve", is_restricted=True)
        stage.slack.invite(PAYMENTS, guest)
        stage.ask("list", user=guest)
        await stage.slack.until(lambda: stage.whispers(guest))
        policy.write_text("[[rules]]\nchanels = ['C1']\n")
        bot.send(signal.SIGHUP)
        await bot.logged("there is no key 'chanels'. Did you mean channels?")
        policy.write_text("[[rules]]\n")
        bot.send(signal.SIGHUP)
        await bot.logged("policy.loaded")
        whole = await stage.answered(stage.ask("and who else?"))
        assert await bot.end() == 0
    shown, since = ("\n".join(answer.shown for answer in answers) for answers in (scoped, whole))
    assert "checkout" in shown
    assert "secretd" not in shown
    assert HIDDEN in shown
    assert "secretd" in since
    assert HIDDEN not in since
    assert "guests are not answered here" in stage.whispers(guest)[0].shown
    entries = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [entry["decision"] for entry in entries if entry["author_name"] == "eve"] == ["refused"]
    assert {entry["act"] for entry in entries if entry["kind"] == "tool"} == {"list_connections"}
