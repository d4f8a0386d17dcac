"""What an app reads back from the loopback Slack."""

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_workspace import BOT, DANA, DIRECT, LEE, OTHER_TEAM, PAYMENTS, ChannelKind
from tests.wire.slack_app import METADATA, error_of, web_client

HIDDEN: tuple[tuple[str, ChannelKind], ...] = (("away", "channel"), ("secret", "group"))
"""Channels that the app is not in."""


async def test_metadata_comes_back_only_when_it_is_asked_for() -> None:
    async with LoopbackSlack() as slack:
        client, ts = web_client(slack), slack.say(DANA, PAYMENTS, "why?")
        await client.chat_postMessage(channel=PAYMENTS, thread_ts=ts, text="because", metadata=METADATA)
        plain = await client.conversations_replies(channel=PAYMENTS, ts=ts)
        whole = await client.conversations_replies(channel=PAYMENTS, ts=ts, include_all_metadata=True)
        assert [message.get("metadata") for message in plain["messages"]] == [None, None]
        assert [message.get("metadata") for message in whole["messages"]] == [None, METADATA]


async def test_replies_come_in_pages() -> None:
    async with LoopbackSlack() as slack:
        client, ts = web_client(slack), slack.say(DANA, PAYMENTS, "0")
        for number in range(1, 5):
            slack.say(LEE, PAYMENTS, str(number), thread=ts)
        pages = [
            page["messages"] async for page in await client.conversations_replies(channel=PAYMENTS, ts=ts, limit=2)
        ]
        assert [[message["text"] for message in page] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]
        assert await error_of(client.conversations_replies(channel=PAYMENTS, ts=ts, cursor="?")) == "invalid_cursor"


async def test_conversations_and_people_are_described() -> None:
    async with LoopbackSlack() as slack:
        client, guest = web_client(slack), slack.space.add_user("guest", team=OTHER_TEAM)
        restricted = slack.space.add_user("rita", is_ultra_restricted=True)
        slack.scopes.discard("channels:read")
        assert await error_of(client.conversations_info(channel=PAYMENTS)) == "missing_scope"
        slack.scopes |= {"channels:read", "im:read"}
        assert (await client.conversations_info(channel=PAYMENTS))["channel"]["name"] == "payments"
        assert (await client.conversations_info(channel=DIRECT))["channel"]["user"] == DANA
        assert (await client.conversations_members(channel=PAYMENTS))["members"] == [DANA, LEE, BOT]
        assert (await client.conversations_open(users=LEE))["channel"]["is_im"]
        assert (await client.users_info(user=guest))["user"]["is_stranger"]
        assert (await client.users_info(user=restricted))["user"]["is_ultra_restricted"]


async def test_a_bot_is_told_of_private_channels_that_it_shares_with_a_person_and_of_all_public_ones() -> None:
    async with LoopbackSlack() as slack:
        client, space = web_client(slack), slack.space
        away, secret = (space.add_channel(name, members=(DANA,), kind=kind) for name, kind in HIDDEN)
        shared = space.add_channel("shared", kind="group", members=(BOT, DANA))
        types = "public_channel,private_channel"
        pages = [
            [each["id"] for each in page["channels"]]
            async for page in await client.users_conversations(user=DANA, types=types, limit=2)
        ]
        assert pages == [[PAYMENTS, away], [shared]]
        assert secret not in str(pages)
        slack.scopes.add("im:read")
        assert (await client.users_conversations(types="im"))["channels"][0]["id"] == DIRECT
        slack.scopes.discard("groups:read")
        assert await error_of(client.users_conversations(user=DANA, types=types)) == "missing_scope"
        assert await error_of(client.users_conversations(types="secret")) == "invalid_types"
        assert await error_of(client.users_conversations(user="U0NOBODY")) == "user_not_found"
        assert await error_of(client.users_conversations(limit=1000)) == "invalid_limit"


async def test_user_groups_are_told_with_those_in_them_unless_the_plan_has_none() -> None:
    async with LoopbackSlack() as slack:
        client, oncall = web_client(slack), slack.space.add_group("oncall", DANA, LEE)
        assert (await client.usergroups_list(include_users=True))["usergroups"][0]["users"] == [DANA, LEE]
        assert "users" not in (await client.usergroups_list())["usergroups"][0]
        assert slack.space.groups
        slack.space.groups[oncall].is_disabled = True
        assert (await client.usergroups_list())["usergroups"] == []
        slack.space.groups = None
        assert await error_of(client.usergroups_list()) == "plan_upgrade_required"


async def test_a_message_has_an_address_and_reactions() -> None:
    async with LoopbackSlack() as slack:
        client, ts = web_client(slack), slack.say(DANA, PAYMENTS, "why?")
        reply = slack.say(LEE, PAYMENTS, "because", thread=ts)
        link = (await client.chat_getPermalink(channel=PAYMENTS, message_ts=reply))["permalink"]
        assert link.endswith(f"/p{reply.replace('.', '')}?thread_ts={ts}&cid={PAYMENTS}")
        await client.reactions_add(channel=PAYMENTS, timestamp=ts, name="eyes")
        assert slack.space.message(PAYMENTS, ts).reactions == ["eyes"]
        assert await error_of(client.reactions_add(channel=PAYMENTS, timestamp=ts, name="eyes")) == "already_reacted"


async def test_history_is_newest_first_without_threads() -> None:
    async with LoopbackSlack() as slack:
        client, first = web_client(slack), slack.say(DANA, PAYMENTS, "1")
        slack.say(LEE, PAYMENTS, "a reply", thread=first)
        slack.say(DANA, PAYMENTS, "2")
        whole = await client.conversations_history(channel=PAYMENTS)
        later = await client.conversations_history(channel=PAYMENTS, oldest=first)
        assert [[message["text"] for message in answer["messages"]] for answer in (whole, later)] == [["2", "1"], ["2"]]
