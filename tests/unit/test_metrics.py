"""Prometheus metrics: what is counted, by which labels, and whether the names are as Prometheus wants them."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.errors import ModelBusy, ModelError, ModelSilent, PlatformError, ToolHostError, Undeliverable
from bot.domain.message import Reply, Stop, ThreadKey, TurnId
from bot.domain.observing import (
    AdapterFailed,
    AlertTaken,
    BreakerTurned,
    FellBack,
    ModelWork,
    PlatformFailed,
    Refused,
    RequestWork,
    ToolWork,
    TurnWork,
    observed,
)
from bot.domain.turn import Completion, TextDelta, ToolCall, ToolSpec, Usage
from bot.llm.chain import chained
from bot.telemetry.labels import Bounded
from bot.telemetry.metrics import PrometheusObserver
from bot.telemetry.model_metrics import MAX_TOKENS, Price
from bot.telemetry.wrapping import ObservedHost, ObservedModel, ObservedOutlet
from tests.dialog.stage import Stage, called, message_of, press, says, stuck
from tests.fakes import NOW, FakeHost, RecordingOutlet, ScriptedModel, result
from tests.unit.llm_models import DOWN, FakeClock, Piece, PlayedModel
from tests.wire.llm_requests import REQUEST, ask, collect

BASE_UNITS = ("seconds", "bytes", "dollars", "info", "total")
COUNTED = ("up", "open", "nodes", "in_progress", "waiting", "fds")
"""Gauges that count things, or are 0 or 1, have no unit."""


def metrics() -> PrometheusObserver:
    return PrometheusObserver(version="1.2.3", prices={"gpt": Price(1.25, 10)})


def value(observer: PrometheusObserver, name: str, **labels: str) -> float | None:
    return observer.registry.get_sample_value(name, labels)


def everything() -> PrometheusObserver:
    """An observer that was told of every kind of work and fact."""
    observer = metrics()
    works = (
        TurnWork(TurnId("t"), ThreadKey("slack", "w", "c", "1")),
        ToolWork("c", "list_connections"),
        ModelWork("gpt", "gpt", "openai", "api.openai.com", 443),
        RequestWork("GET", "localhost", 8080),
    )
    for work in works:
        with observed(observer, work) as progress:
            progress.usage, progress.first_s, progress.status = Usage(100, 10), 0.5, 200
    for fact in (
        FellBack("gpt"),
        BreakerTurned("gpt", is_open=True),
        AdapterFailed("slack"),
        PlatformFailed("slack", "failed"),
        Refused("rate"),
        AlertTaken("asked"),
    ):
        observer.note(fact)
    return observer


def parsed(text: bytes) -> list[Metric]:
    return list(text_string_to_metric_families(text.decode()))


def test_names_help_and_units_are_as_prometheus_wants_them() -> None:
    text, media_type = everything().exposition()
    assert media_type.startswith("text/plain; version=0.0.4")
    families = [each for each in parsed(text) if not each.name.endswith("_created")]
    assert len(families) > 20
    for family in families:
        assert family.name.startswith(("netspy_", "process_")), family.name
        assert family.documentation, family.name
        assert not family.name.startswith("netspy_") or family.documentation.endswith("."), family.name
        names = {sample.name for sample in family.samples if not sample.name.endswith("_created")}
        if family.type == "counter":
            assert all(name.endswith("_total") for name in names), names
        elif family.type == "histogram":
            assert family.name.endswith("_seconds"), family.name
        else:
            assert family.type == "gauge", family
            assert family.name.endswith(COUNTED + tuple(f"_{unit}" for unit in BASE_UNITS)), family.name
            assert not family.name.endswith("_total"), family.name


def test_open_metrics_is_given_to_who_accepts_it() -> None:
    text, media_type = everything().exposition("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert media_type.startswith("application/openmetrics-text; version=1.0.0")
    families = openmetrics_families(text.decode())  # type: ignore[no-untyped-call]  # it ships half its types
    assert "netspy_turns" in {family.name for family in families}


def test_two_observers_have_nothing_in_common() -> None:
    first, second = everything(), metrics()
    assert value(first, "netspy_adapter_restarts_total", platform="slack") == 1
    assert value(second, "netspy_adapter_restarts_total", platform="slack") is None


async def test_a_turn_is_counted_by_its_state_and_while_it_runs() -> None:
    observer, host = metrics(), stuck()
    stage = Stage(ScriptedModel([says("", "stuck")]), host, observer=observer)
    async with stage.desk() as desk:
        message = message_of("what fails?")
        await desk.handle(message)
        await called(host, 1)
        assert value(observer, "netspy_turns_in_progress") == 1
        await desk.act(press(Stop(stage.turns[message.id])))
        await stage.reply_to(message.id)
        await stage.ask(desk, "help")
    assert value(observer, "netspy_turns_in_progress") == 0
    assert value(observer, "netspy_turns_total", platform="test", state="stopped") == 1
    assert value(observer, "netspy_turns_total", platform="test", state="answered") == 1
    assert value(observer, "netspy_turn_duration_seconds_count", platform="test") == 2
    assert value(observer, "netspy_tool_calls_total", tool="stuck", outcome="cancelled") == 1


@dataclass
class MixedHost(FakeHost):
    """Own tools and one of another server, which may be away."""

    is_away: bool = False

    async def tools(self) -> tuple[ToolSpec, ...]:
        if self.is_away:
            raise ToolHostError("tools/list", "gone")
        own = await super().tools()
        return tuple(replace(spec, server="sky" if spec.name.startswith("sky_") else "") for spec in own)


async def test_tools_are_counted_by_name_and_those_of_other_servers_by_server() -> None:
    observer = metrics()
    inner = MixedHost({name: result(name) for name in ("list", "sky_rain", "sky_sun", "made_up")})
    host = ObservedHost(inner, observer)
    inner.results["list"] = result("list", failed=True)
    for name in ("list", "sky_rain", "sky_sun"):
        await host.call(ToolCall("c", name), now=NOW)
    inner.is_away = True
    await host.call(ToolCall("c", "made_up"), now=NOW)
    assert value(observer, "netspy_tool_calls_total", tool="list", outcome="failed") == 1
    assert value(observer, "netspy_tool_calls_total", tool="mcp/sky", outcome="ok") == 2
    assert value(observer, "netspy_tool_calls_total", tool="other", outcome="ok") == 1
    assert value(observer, "netspy_tool_call_duration_seconds_count", tool="mcp/sky") == 2


def test_a_label_never_has_more_than_so_many_values() -> None:
    bounded = Bounded(most=2)
    assert [bounded(name) for name in ("a", "b", "c", "a", "")] == ["a", "b", "other", "a", "other"]


def observed_model(observer: PrometheusObserver, *script: list[Piece], name: str = "gpt") -> ObservedModel:
    return ObservedModel(PlayedModel(script, name), observer, ModelWork(name, name, "openai"))


async def test_tokens_and_their_cost_are_counted_and_the_time_to_the_first_word() -> None:
    observer = metrics()
    said = Completion("Fine.", (), "gpt", usage=Usage(1_000_000, 100_000))
    silent = Completion("", (ToolCall("1", "list"),), "gpt", usage=Usage(-5, 10**400))
    model = observed_model(observer, [TextDelta("Fi"), TextDelta("ne."), said], [silent], [replace(said, usage=None)])
    for _ in range(3):
        await collect(model.answer(REQUEST))
    assert value(observer, "netspy_model_tokens_total", model="gpt", type="input") == 1_000_000
    assert value(observer, "netspy_model_tokens_total", model="gpt", type="output") == 100_000 + MAX_TOKENS
    assert value(observer, "netspy_model_cost_dollars_total", model="gpt") == pytest.approx(1.25 + 1.0 + 10_000)
    assert value(observer, "netspy_model_time_to_first_token_seconds_count", model="gpt") == 1
    assert value(observer, "netspy_model_requests_total", model="gpt", outcome="ok") == 3


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DOWN, "unreachable"),
        (ModelSilent("a", "b"), "silent"),
        (ModelBusy("a", "b"), "busy"),
        (ModelError("a", "b"), "failed"),
        (asyncio.Event(), "cancelled"),
    ],
)
async def test_requests_to_a_model_are_counted_by_how_they_failed(error: Piece, outcome: str) -> None:
    observer = metrics()
    model = observed_model(observer, [TextDelta("So"), error])
    answering = asyncio.create_task(collect(model.answer(REQUEST)))
    for _ in range(10):
        await asyncio.sleep(0)
    answering.cancel()
    with pytest.raises((ModelError, asyncio.CancelledError)):
        await answering
    assert value(observer, "netspy_model_requests_total", model="gpt", outcome=outcome) == 1


async def test_a_fallback_and_a_breaker_that_opens_and_closes_are_told() -> None:
    observer = metrics()
    said = Completion("Fine.", (), "gpt")
    model = observed_model(observer, [ModelSilent("asking gpt", "silence")], [TextDelta("Fine."), said])
    planner = ScriptedModel([Completion("Planned.", (), "planner")], name="planner")
    clock = FakeClock()
    chain = chained([model], planner, sleep=clock.sleep, observer=observer)
    await ask(chain)
    assert value(observer, "netspy_model_fallbacks_total", model="gpt") == 1
    assert value(observer, "netspy_model_breaker_open", model="gpt") == 1


class Refusing(RecordingOutlet):
    error: PlatformError = PlatformError("a reply", "away")

    async def reply(self, reply: Reply) -> None:
        raise self.error

    async def delivered(self) -> bool:
        raise self.error


async def test_what_a_platform_does_not_take_is_counted_by_kind() -> None:
    observer, inner = metrics(), Refusing()
    outlet = ObservedOutlet(inner, observer, "slack")
    await outlet.prose("fine")
    with pytest.raises(PlatformError):
        await outlet.delivered()
    inner.error = Undeliverable("a reply", "the channel is gone")
    with pytest.raises(Undeliverable):
        await outlet.reply(Reply(TurnId("t"), ()))
    assert inner.said == "fine"
    assert value(observer, "netspy_platform_errors_total", platform="slack", kind="failed") == 1
    assert value(observer, "netspy_platform_errors_total", platform="slack", kind="undeliverable") == 1
