"""Who is told of the work of `serve`, and of which: metrics always, traces where somebody takes them.

The composition root of `bot/telemetry`. OpenTelemetry is imported only where it is on.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.domain.observing import UNOBSERVED, ModelWork, Observer, Observers
from bot.domain.ports import ChatModel, EbpfSource
from bot.model_settings import PlacedModel
from bot.secret_settings import secrets_of
from bot.settings import Settings
from bot.telemetry.wrapping import ObservedModel

if TYPE_CHECKING:
    from bot.conversation.manager import Manager
    from bot.supervision import Supervised
    from bot.telemetry.health import Health
    from bot.telemetry.metrics import PrometheusObserver

_AZURE = (".openai.azure.com", ".services.ai.azure.com")


def open_metrics(settings: Settings) -> "PrometheusObserver":
    """Raises: InvalidSettings."""
    from bot.telemetry.metrics import PrometheusObserver
    from bot.telemetry.model_metrics import Price

    prices = {model: Price(*each) for model, each in settings.prices_of_models.items()}
    return PrometheusObserver(version=version("netspy"), prices=prices)


@asynccontextmanager
async def open_observer(settings: Settings, metrics: Observer) -> AsyncGenerator[Observer, None]:
    """`metrics`, and traces where they are on. Leaving sends the last ones. Raises: InvalidSettings."""
    url = settings.traces_url
    if url is None:
        yield Observers([metrics])
        return
    from bot.telemetry.exporting import open_traces

    async with open_traces(url, version=version("netspy"), hidden=secrets_of(settings).hidden_in) as traces:
        yield Observers([metrics, traces])


def health_of(
    metrics: "PrometheusObserver", source: EbpfSource, desk: "Manager", adapters: Sequence["Supervised"]
) -> "Health":
    from bot.telemetry.health import Health, Parts

    parts = Parts(
        source=source.status,
        storage=desk.storage,
        waiting=desk.waiting,
        adapters=[adapter.check for adapter in adapters],
    )
    return Health(metrics, parts)


def observed_model(model: ChatModel, placed: PlacedModel, observer: Observer) -> ChatModel:
    """The provider is who made the API that the server speaks, as OpenTelemetry has it."""
    server = urlsplit(placed.base_url)
    host = server.hostname or ""
    provider = "azure.ai.openai" if f".{host}".endswith(_AZURE) else "openai"
    port = server.port or (443 if server.scheme == "https" else 80)
    return _observed(model, ModelWork(placed.name, placed.model, provider, host, port), observer)


def observed_planner(planner: ChatModel, observer: Observer) -> ChatModel:
    return _observed(planner, ModelWork(planner.name, planner.name, "netspy"), observer)


def _observed(model: ChatModel, work: ModelWork, observer: Observer) -> ChatModel:
    if observer is UNOBSERVED:
        return model
    return ObservedModel(model, observer, work)
