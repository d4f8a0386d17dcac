"""The composition root: opens every resource and wires it. Nothing else opens anything.

Heavy parts are imported where they are opened, so that a light command pays only for what it uses.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.errors import StorageError
from bot.domain.observing import UNOBSERVED, Observer
from bot.domain.ports import ChatModel, Check, EbpfSource, ToolHost
from bot.domain.query import EVERYTHING, Scope
from bot.domain.stores import Ledger
from bot.model_settings import PlacedModel
from bot.moments import local_zone
from bot.observers import observed_model, observed_planner
from bot.settings import Settings, data_dir
from bot.ways import Ways

if TYPE_CHECKING:
    from bot.conversation.answering import Answering
    from bot.conversation.forgetful import ForgetfulStore
    from bot.conversation.manager import Manager
    from bot.policy_book import PolicyBook
    from bot.storage import SqlThreadStore

log = logging.getLogger("netspy.app")

FOREIGN_CHECK_S = 10.0
"""How long a check waits for other MCP servers: less than whoever asks for the check."""
ANALYSIS_DEADLINE_S = 180.0
"""How long a whole answer may take when it is asked for as one tool call."""


@asynccontextmanager
async def open_model(
    settings: Settings, source: EbpfSource | None = None, observer: Observer = UNOBSERVED
) -> AsyncGenerator[ChatModel, None]:
    """The language models in their order of preference, and behind them the planner, which always answers.

    `source` knows names that are masked before any result has named them. Raises: InvalidSettings.
    """
    from bot.llm.offline import Planner

    if not settings.wants_model:
        yield observed_planner(Planner(reason="OPENAI_API_KEY is not set", zone=local_zone()), observer)
        return
    if not settings.asks_model:
        yield Planner(reason="NETSPY_MODEL_DATA is none", zone=local_zone(), is_wanted=True)
        return
    from bot.llm.chain import chained

    async with AsyncExitStack() as stack:
        placed = settings.language_models
        opened = [await stack.enter_async_context(open_placed(each, settings)) for each in placed]
        told = opened if settings.model_data == "full" else _masked(opened, source)
        models = [observed_model(model, each, observer) for model, each in zip(told, placed, strict=True)]
        yield chained(models, observed_planner(Planner(zone=local_zone()), observer), observer=observer)


def _masked(models: Sequence[ChatModel], source: EbpfSource | None) -> Sequence[ChatModel]:
    from bot.llm.masking.known import KnownNames
    from bot.llm.masking.model import masked

    return masked(models, KnownNames(source)) if source else masked(models)


def budgeted(model: ChatModel, settings: Settings, ledger: Ledger, observer: Observer = UNOBSERVED) -> ChatModel:
    """The model while there are tokens left, where there is a budget. `ledger` knows what was spent."""
    from bot.llm.budget import BudgetModel, Budgets
    from bot.llm.offline import Planner

    budgets = Budgets(of_all=settings.tokens_per_day, of_author=settings.tokens_per_day_and_user)
    if not (budgets and settings.asks_model):
        return model
    planner = observed_planner(Planner(zone=local_zone()), observer)
    return BudgetModel(model, planner, ledger=ledger, budgets=budgets)


def open_placed(placed: PlacedModel, settings: Settings) -> AbstractAsyncContextManager[ChatModel]:
    from bot.llm.endpoint import Patience, Server
    from bot.llm.opening import open_chat_model

    server = Server(
        base_url=placed.base_url,
        api_key=placed.key.get_secret_value(),
        key_setting=placed.key_setting,
        url_setting=placed.url_setting,
    )
    patience = Patience(first_s=settings.model_patience_s)
    return open_chat_model(placed.model, api=placed.api, server=server, patience=patience, name=placed.name)


@asynccontextmanager
async def open_answering(
    settings: Settings, source: EbpfSource, observer: Observer = UNOBSERVED
) -> AsyncGenerator["Answering", None]:
    """Model and tools, ready to answer. The tools' AI half stands on the planner, so that no model calls a model.

    Raises: InvalidSettings.
    """
    from bot.conversation.analyst import LoopAnalyst
    from bot.conversation.answering import Answering
    from bot.conversation.loop import ToolLoop
    from bot.conversation.window import Window
    from bot.ebpf.scoped import scoped
    from bot.llm.offline import Planner
    from bot.tools.by_scope import by_scope
    from bot.tools.cache import CachingHost
    from bot.tools.direct import DirectHost
    from bot.tools.host import open_tool_host
    from bot.tools.insights import question_of
    from bot.tools.registry import TOOLS
    from bot.tools.server import Grounds
    from bot.tools.workflows.host import WorkflowHost
    from bot.workflow_files import workflows_of

    workflows = workflows_of(settings)
    for problem in workflows.problems:
        log.warning("workflows.left_out", extra={"cause": str(problem)})

    def within(scope: Scope) -> Grounds:
        seen = scoped(source, scope)
        return Grounds(seen, LoopAnalyst(ToolLoop(Planner(zone=local_zone()), DirectHost(seen))))

    everything = within(EVERYTHING)
    async with (
        open_model(settings, everything.source, observer) as model,
        open_tool_host(everything.source, everything.analyst, within=within) as own,
        open_foreign(settings) as with_foreign,
    ):
        hosts = by_scope(lambda scope: CachingHost(with_foreign(WorkflowHost(own.within(scope), workflows))))
        yield Answering(
            loop=ToolLoop(model, hosts(EVERYTHING), Window(settings.context_tokens)),
            hosts=hosts,
            planner=Planner(zone=local_zone()),
            observer=observer,
            tools=(*TOOLS, *workflows.tools),
            question_of=lambda command: question_of(command) or workflows.question_of(command),
            nodes=settings.nodes_of_channels,
        )


@asynccontextmanager
async def open_foreign(settings: Settings) -> AsyncGenerator[Callable[[ToolHost], ToolHost], None]:
    """What adds the tools of other MCP servers to given ones, where any are named. Raises: InvalidSettings."""
    if settings.mcp_config is None:
        yield lambda own: own
        return
    from bot.mcp_json import servers_of
    from bot.tools.foreign.all_tools import AllTools
    from bot.tools.foreign.opening import open_links

    async with open_links(servers_of(settings)) as links:
        yield lambda own: AllTools(own, links)


async def check_foreign(settings: Settings) -> tuple[Check, ...]:
    """The state of each other MCP server, given some time to answer. Raises: InvalidSettings."""
    from bot.mcp_json import servers_of
    from bot.tools.foreign.opening import open_links

    async with open_links(servers_of(settings), start_s=FOREIGN_CHECK_S) as links:
        return tuple(link.check() for link in links)


@asynccontextmanager
async def open_tools(settings: Settings, source: EbpfSource, answering: "Answering") -> AsyncGenerator[ToolHost, None]:
    """The same tools for callers outside the loop: their AI half is the loop itself."""
    from bot.conversation.analyst import LoopAnalyst
    from bot.tools.host import open_tool_host
    from bot.tools.workflows.host import WorkflowHost
    from bot.workflow_files import workflows_of

    async with open_tool_host(source, LoopAnalyst(answering.loop), deadline_s=ANALYSIS_DEADLINE_S) as host:
        yield WorkflowHost(host, workflows_of(settings))


async def check_workflows(settings: Settings) -> tuple[Check, ...]:
    from bot.tools.workflows.host import check_of
    from bot.workflow_files import workflows_of

    return check_of(workflows_of(settings))


async def check_policy(settings: Settings) -> Check:
    """Raises: InvalidSettings for a file that would be refused."""
    from bot.policy_book import check_policy, policy_book
    from bot.tools.registry import TOOLS
    from bot.workflow_files import workflows_of

    return check_policy(
        policy_book(settings).current(),
        tools=[tool.name for tool in (*TOOLS, *workflows_of(settings).tools)],
        models=[placed.name for placed in settings.language_models] if settings.wants_model else [],
        has_others=settings.mcp_config is not None,
    )


@asynccontextmanager
async def open_desk(
    settings: Settings,
    source: EbpfSource,
    answering: "Answering",
    ways: Ways,
    *,
    store: "SqlThreadStore | ForgetfulStore",
    policy: "PolicyBook | None" = None,
) -> AsyncGenerator["Manager", None]:
    """The conversation manager over a store of threads.

    `policy` is given by who reads it again; else it is what the file says now. Raises: InvalidSettings.
    """
    from bot.audit_log import open_audit
    from bot.conversation.manager import open_manager
    from bot.conversation.parts import Parts
    from bot.ebpf.scoped import scoped
    from bot.policy_book import policy_book

    model = budgeted(answering.loop.model, settings, store, answering.observer)
    async with AsyncExitStack() as stack:
        parts = Parts(
            store=store,
            leases=store.leases,
            sources=partial(scoped, source),
            policy=(policy or policy_book(settings)).current,
            directory=ways.directory,
            audit=await stack.enter_async_context(open_audit(settings.audit_file, store)),
            answering=replace(answering, loop=replace(answering.loop, model=model)),
            outlet=ways.outlet,
            files=ways.files,
            thread_replies=settings.thread_replies,
            retention_days=settings.retention_days,
        )
        yield await stack.enter_async_context(open_manager(parts))


@asynccontextmanager
async def open_threads(settings: Settings) -> "AsyncGenerator[SqlThreadStore | ForgetfulStore, None]":
    """The threads' database, or a memory that says why there is none: that costs the memory, not the answers.

    Raises: InvalidSettings.
    """
    from bot.storage import open_store

    url = settings.database_url or f"sqlite+aiosqlite:///{data_dir() / 'netspy.db'}"
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(open_store(url))
        except StorageError as error:
            from bot.conversation.forgetful import ForgetfulStore

            yield ForgetfulStore(error)
        else:
            yield store
