"""Every way in which a provider can fail, over real HTTP, through the whole chain: who answers, and what it says."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace

import pytest

from bot.app import open_model
from bot.domain.ports import ChatModel
from bot.llm.calls import UNREADABLE
from bot.llm.chain import chained
from bot.llm.endpoint import PATIENCE, Patience, Server
from bot.llm.fallback import CUT
from bot.llm.limits import RESERVE_S, loop_time
from bot.llm.offline import Planner
from bot.llm.opening import open_chat_model
from bot.settings import Settings
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_script import Call, Fail, Say, Step
from tests.wire.llm_requests import REQUEST, SHORT, Api, after, ask, model_at

pytestmark = pytest.mark.parametrize("api", ["responses", "chat"])

NOBODY = "No language model answered, the planner did: asking gpt-6-luna at "


@dataclass
class Waits:
    """Sleeps not at all."""

    asked_for: list[float] = field(default_factory=list)

    async def __call__(self, duration_s: float) -> None:
        self.asked_for.append(duration_s)


@asynccontextmanager
async def chain_at(
    *peers: OpenAIPeer, api: Api, patience: Patience = PATIENCE, waits: Waits | None = None
) -> AsyncGenerator[ChatModel]:
    """The chain of gpt-6-luna at the first peer, mini at the second, and the planner."""
    async with AsyncExitStack() as stack:
        named = zip(("gpt-6-luna", "mini"), peers, strict=False)
        models = [await stack.enter_async_context(model_at(peer, api, patience, name)) for name, peer in named]
        yield chained(models, Planner(), sleep=waits or Waits())


@dataclass(frozen=True)
class Case:
    step: Step
    asked: int
    """How often the model is asked until the planner answers."""
    says: str


CASES = [
    Case(Fail(status=401, code="invalid_api_key"), 1, "refused the API key"),
    Case(Fail(status=404, code="model_not_found"), 1, "no such model"),
    Case(Fail(status=429, headers={"retry-after": "2"}), 3, "rate limit is reached, it asks to wait 2 s"),
    Case(Fail(status=429, headers={"retry-after": "21"}), 1, "rate limit is reached, it asks to wait 21 s"),
    Case(Fail(status=429, code="insufficient_quota"), 1, "credits are spent"),
    Case(Fail(status=500), 3, "failed with status 500"),
    Case(Say(fault="silent"), 1, "no answer began in time"),
    Case(Say(text="one two three", fault="hang", after=4), 1, "fell silent"),
    Case(Say(text="one two three", fault="disconnect", after=4), 3, "broke off in the middle"),
    Case(Say(text="one two three", fault="disconnect"), 3, "the connection broke"),
    Case(Say(text="one two three", fault="truncate", after=4), 3, "its end never came"),
    Case(Say(text="one two three", fault="truncate"), 3, "ended the answer before it began"),
    Case(Say(text="one two three", fault="corrupt", after=4), 3, "not what the API promises"),
    Case(Say(), 2, "empty"),
    Case(Say(text="So", finish="length"), 1, "output limit"),
    Case(Say(text="So", finish="content_filter"), 1, "content filter"),
    Case(Fail(status=400, code="content_filter"), 1, "content filter"),
    Case(Say(refusal="I can't help."), 1, "declined: I can't help."),
    Case(Say(text="So", failure=("insufficient_quota", "pay")), 1, "credits are spent"),
    Case(Say(text="So", failure=("server_error", "oops")), 3, "oops"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.step)[:60])
async def test_the_planner_answers_in_the_end_and_says_why_in_one_line(api: Api, case: Case) -> None:
    patience = SHORT if isinstance(case.step, Say) and case.step.fault in {"silent", "hang"} else PATIENCE
    async with OpenAIPeer([case.step] * case.asked) as peer, chain_at(peer, api=api, patience=patience) as model:
        heard = await ask(model)
    assert len(peer.requests) == case.asked
    assert len(heard.delays) == case.asked - 1
    assert all(case.says in reason for reason in heard.delays)
    assert heard.completion.model == "planner"
    assert heard.completion.calls != ()
    assert heard.completion.notice.startswith(NOBODY)
    assert case.says in heard.completion.notice
    assert "\n" not in heard.completion.notice


async def test_a_failure_that_passes_is_only_a_delay(api: Api) -> None:
    script: list[Step] = [Fail(status=500), Say(text="one two three", fault="truncate", after=4), Say(text="Here.")]
    async with OpenAIPeer(script) as peer, chain_at(peer, api=api) as model:
        heard = await ask(model)
    assert heard.completion.text.startswith("one two")
    assert heard.completion.text.endswith(f"{CUT}Here.")
    assert heard.completion.model == "gpt-6-luna"
    assert heard.completion.notice == ""
    assert heard.delays[0].startswith("gpt-6-luna: it failed with status 500: no; asked again in ")


async def test_the_wait_that_a_provider_asks_for_is_kept_to(api: Api) -> None:
    busy, waits = Fail(status=429, headers={"retry-after": "7", "retry-after-ms": "1500"}), Waits()
    async with OpenAIPeer([busy, Say(text="Here.")]) as peer, chain_at(peer, api=api, waits=waits) as model:
        heard = await ask(model)
    assert waits.asked_for == [1.5]
    assert heard.delays == [
        "gpt-6-luna: its rate limit is reached, it asks to wait 1.5 s; asked again in 2 s",
    ]


async def test_the_second_model_answers_when_the_first_does_not(api: Api) -> None:
    async with (
        OpenAIPeer([Fail(status=401)]) as first,
        OpenAIPeer([Say(text="Here.")]) as second,
        chain_at(first, second, api=api) as model,
    ):
        heard = await ask(model)
    assert (heard.completion.text, heard.completion.model) == ("Here.", "mini")
    assert heard.completion.notice.startswith("mini answered instead of gpt-6-luna: ")
    assert heard.delays == ["gpt-6-luna: it refused the API key (401); mini is asked instead"]


async def test_the_planner_names_what_failed_in_all_models(api: Api) -> None:
    async with (
        OpenAIPeer([Fail(status=401)]) as first,
        OpenAIPeer([Fail(status=429, code="insufficient_quota")]) as second,
        chain_at(first, second, api=api) as model,
    ):
        notice = (await ask(model)).completion.notice
    assert notice.startswith("No language model answered, the planner did: asking mini")
    assert "credits are spent" in notice
    assert "Before that, asking gpt-6-luna" in notice


@pytest.mark.parametrize(
    ("step", "patience", "tries"), [(Fail(status=500), PATIENCE, 3), (Say(fault="silent"), SHORT, 1)]
)
async def test_the_next_turn_does_not_ask_a_dead_provider(api: Api, step: Step, patience: Patience, tries: int) -> None:
    async with OpenAIPeer([step] * tries) as peer, chain_at(peer, api=api, patience=patience) as model:
        await ask(model)
        again = await ask(model)
    assert len(peer.requests) == tries
    assert again.delays == []
    assert "it is not asked again for 30 s, since " in again.completion.notice


async def test_a_model_that_does_not_end_leaves_time_for_the_planner(api: Api) -> None:
    async with OpenAIPeer([Say(text="one two three", fault="hang", after=4)]) as peer, chain_at(peer, api=api) as model:
        heard = await ask(model, replace(REQUEST, deadline=loop_time() + RESERVE_S + 0.3))
    assert heard.completion.model == "planner"
    assert "the time for this answer was up" in heard.completion.notice


async def test_a_connection_that_is_not_accepted_in_time_is_asked_for_once(api: Api) -> None:
    patience = Patience(connect_s=0.2)
    with deaf_server() as url:
        opened = open_chat_model("gpt-6-luna", api=api, server=Server(api_key=KEY, base_url=url), patience=patience)
        async with opened as model:
            heard = await ask(chained([model], Planner(), sleep=Waits()))
    assert heard.delays == []
    assert "no connection in time" in heard.completion.notice


async def test_calls_that_no_tool_can_answer_reach_the_tools_and_can_be_sent_back(api: Api) -> None:
    calls = (Call("no_such_tool", {"a": 1}), Call("no such tool!", {}), Call("find_failures", '{"pid": '))
    async with OpenAIPeer([Say(calls=calls), Say(text="Sorry.")]) as peer, chain_at(peer, api=api) as model:
        first = (await ask(model)).completion
        second = (await ask(model, after(REQUEST, first))).completion
    assert [(call.name, call.arguments) for call in first.calls] == [
        ("no_such_tool", {"a": 1}),
        ("no_such_tool_", {}),
        ("find_failures", {UNREADABLE: '{"pid": '}),
    ]
    assert (second.text, second.notice) == ("Sorry.", "")


async def test_the_chain_is_what_the_settings_ask_for(api: Api) -> None:
    async with OpenAIPeer([Say(fault="silent"), Say(text="Here.")]) as peer:
        settings = Settings(  # type: ignore[call-arg]  # set by their aliases
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=peer.base_url,
            NETSPY_MODELS="gpt-6-luna,mini",
            NETSPY_LLM_API=api,
            NETSPY_MODEL_PATIENCE_S=0.2,
        )
        async with asyncio.timeout(PATIENCE.first_s / 2), open_model(settings) as model:
            heard = await ask(model)
    assert [request.body["model"] for request in peer.requests] == ["gpt-6-luna", "mini"]
    assert "no answer began in time" in heard.completion.notice


@contextmanager
def deaf_server() -> Iterator[str]:
    """An address whose queue of connections is full, so that no further one comes about."""
    with socket.socket() as server, socket.socket() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting.connect(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
