"""Hostile texts in requests to language models: the same messages in the same order, and each text in its own place."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.conversation.prompt import INSTRUCTIONS
from bot.domain.turn import Completion, ModelRequest, Round, Turn
from bot.llm.dialog import SUMMARY
from bot.llm.lenient import encodable
from bot.tools.foreign.names import Origin, function_names
from bot.tools.foreign.offers import MAX_DESCRIPTION, MAX_TITLE, usable_offers
from bot.tools.foreign.schemas import usable_schema
from bot.tools.foreign.servers import ForeignServer, Offer, Program
from tests.hostile.corpus import CORPUS, HARMLESS, SHORT
from tests.hostile.pieces import result_of
from tests.loopback.openai_peer import OpenAIPeer
from tests.loopback.openai_script import Say
from tests.wire.llm_requests import REQUEST, Api, ask, model_at, outputs, turn, written_arguments

AT_ONCE = 20
"""Texts of one request: each is a turn of its history, and a call of the turn at work."""
TEXTS = tuple(each.text for each in SHORT)
SILENCE = "(The person was shown the tables.)"
_VISIBLE = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b\ud800-\udfff]*")
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,64}")


def request_of(texts: Sequence[str]) -> ModelRequest:
    results = tuple(replace(result_of(text), call=_call(text, place)) for place, text in enumerate(texts))
    past = Round(Completion("", tuple(result.call for result in results), "m"), results)
    return replace(
        REQUEST,
        instructions=INSTRUCTIONS,
        history=tuple(map(_turn, range(len(texts)), texts)),
        summary=texts[0],
        question=texts[0],
        rounds=(past,),
    )


def _call(text: str, place: int) -> Any:
    return replace(result_of(text).call, id=f"call_{place}")


def _turn(number: int, text: str) -> Turn:
    asked = turn(number, text, answer=text)
    return replace(asked, results=(result_of(text, failed=number % 2 == 1),))


def written(text: str) -> str:
    """As any encoding can have it."""
    return text.encode(errors="replace").decode()


def asked(text: str) -> str:
    return f"{encodable(text)}\n\n(asked at 2026-11-23T14:07:00Z)"


async def bodies(api: Api, requests: Sequence[ModelRequest]) -> list[Mapping[str, Any]]:
    """What a server is sent."""
    async with OpenAIPeer([Say(text="Done.") for _ in requests]) as peer, model_at(peer, api) as model:
        for request in requests:
            await ask(model, request)
        return [request.body for request in peer.requests]


def shape(body: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Roles and kinds of all messages, in order."""
    listed = body.get("input") or body["messages"]
    calls = [str(len(item.get("tool_calls", ()))) for item in listed]
    return [(str(item.get("type")), str(item.get("role")), count) for item, count in zip(listed, calls, strict=True)]


def said(body: Mapping[str, Any], role: str) -> list[str]:
    """Whole messages of one role."""
    listed = body.get("input") or body["messages"]
    return [_text(item["content"]) for item in listed if item.get("role") == role and item.get("content")]


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def around(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """All of a request but what was said in it."""
    return {name: value for name, value in body.items() if name not in {"input", "messages"}}


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_each_text_stands_in_its_own_message_or_value_and_nothing_else_changes(api: Api) -> None:
    groups = [TEXTS[at : at + AT_ONCE] for at in range(0, len(TEXTS) - AT_ONCE, AT_ONCE)] + [TEXTS[-AT_ONCE:]]
    harmless, *sent = await bodies(api, [request_of([HARMLESS] * AT_ONCE), *map(request_of, groups)])
    for group, body in zip(groups, sent, strict=True):
        assert around(body) == around(harmless)
        assert shape(body) == shape(harmless), group
        assert said(body, "system") == said(harmless, "system")
        assert said(body, "user") == [f"{SUMMARY}\n\n{encodable(group[0])}", *map(asked, [*group, group[0]])]
        assert said(body, "assistant")[1:] == [encodable(text) or SILENCE for text in group]
        calls = [json.loads(each)["process_name"] for each in written_arguments(body)]
        assert calls == [*map(written, group)] * 2
        told = [json.loads(each)["summary"] for each in outputs(body)]
        assert told == [f"{written(text)} failed" for text in group] * 2


def test_what_a_foreign_server_says_of_its_tools_is_bounded_and_hides_nothing() -> None:
    server = ForeignServer(name="sky", place=Program("sky"), prefix="sky")
    offers = [Offer(each.text, each.text, each.text, {"type": "object"}, read_only=True) for each in CORPUS]
    usable, wrong = usable_offers(offers, server)
    assert len(usable) + len(wrong) == len(offers)
    for offer in usable:
        assert len(offer.description) <= MAX_DESCRIPTION
        assert len(offer.title) <= MAX_TITLE
        assert _VISIBLE.fullmatch(offer.description + offer.title)
    origins = [Origin("sky", offer.name) for offer in usable]
    names = function_names(origins, prefixes={"sky": "sky"}, reserved={"find_failures"})
    assert all(_FUNCTION.fullmatch(name) for name in names.values())
    assert len(set(names.values())) == len(usable)


def test_a_schema_can_be_sent_whatever_stands_in_it() -> None:
    values = [each.text for each in CORPUS if each.kind == "unicode"]
    schema = usable_schema({"type": "object", "properties": {"x": {"enum": values, "description": "\ud800"}}})
    assert schema is not None
    assert "enum" in json.dumps(schema, ensure_ascii=False).encode().decode()
