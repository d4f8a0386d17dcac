"""The layers of the design, and who alone may import what."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = {
    "bot.domain": 0,
    "bot.access": 1,
    "bot.checking": 1,
    "bot.bodies": 1,
    "bot.codec": 1,
    "bot.commands": 1,
    "bot.markdown": 1,
    "bot.moments": 1,
    "bot.pictures": 1,
    "bot.redaction": 1,
    "bot.placeholders": 1,
    "bot.policy": 1,
    "bot.targets": 1,
    "bot.scope_text": 1,
    "bot.tables": 1,
    "bot.telemetry": 1,
    "adapters.attached": 2,
    "adapters.background": 1,
    "adapters.bounded": 1,
    "adapters.downloads": 2,
    "adapters.remembered": 2,
    "bot.conversation": 2,
    "bot.llm": 2,
    "bot.tools": 2,
    "bot.ebpf": 2,
    "bot.storage": 2,
    "adapters.terminal": 3,
    "adapters.slack": 3,
    "adapters.discord": 3,
    "bot.web": 3,
    "bot.alerts": 3,
    "bot.settings": 4,
    "bot.secret_settings": 4,
    "bot.setting_values": 4,
    "bot.model_settings": 4,
    "bot.serve": 4,
    "bot.ways": 4,
    "bot.platforms": 4,
    "bot.observers": 4,
    "bot.supervision": 4,
    "bot.doctor": 4,
    "bot.event_source": 4,
    "bot.collect": 4,
    "bot.mcp": 4,
    "bot.ending": 4,
    "bot.usage": 4,
    "bot.record_usage": 4,
    "bot.record": 4,
    "bot.record_report": 4,
    "bot.app": 4,
    "bot.mcp_json": 4,
    "bot.policy_book": 4,
    "bot.policy_file": 4,
    "bot.policy_form": 4,
    "bot.audit_log": 4,
    "bot.workflow_files": 4,
    "bot.api": 4,
    "bot.modes": 4,
    "bot.privacy": 4,
    "bot.cli": 4,
}
MCP = (
    "bot.tools.host",
    "bot.tools.server",
    "bot.tools.serving",
    *(f"bot.tools.foreign.{part}" for part in ("program", "reading", "session", "transport")),
)
ONLY_IMPORTED_BY = {
    "openai": ["bot.llm"],
    "mcp": [*MCP],
    "mcp_types": [*MCP],
    "httpx2": ["bot.tools.foreign.http"],
    "anyio": ["bot.tools.foreign.program", "bot.tools.serving.stdio"],
    "httpx": ["bot.ebpf.remote.client"],
    "ctypes": ["bot.ebpf.collector.libbpf"],
    "sqlalchemy": ["bot.storage"],
    "alembic": ["bot.storage"],
    "rich": ["adapters.terminal"],
    "prompt_toolkit": ["adapters.terminal"],
    "slack_bolt": ["adapters.slack"],
    "slack_sdk": ["adapters.slack"],
    "discord": ["adapters.discord"],
    "aiohttp": ["adapters.downloads", "adapters.slack", "adapters.discord"],
    "yarl": ["adapters.downloads", "adapters.discord"],
    "starlette": [
        "bot.alerts.endpoint",
        "bot.bodies",
        "bot.web",
        "bot.ebpf.agent.application",
        "bot.tools.serving.http",
        "adapters.slack",
    ],
    "uvicorn": ["bot.web"],
    "pydantic_settings": ["bot.settings"],
    "structlog": ["bot.telemetry.json_lines"],
    "prometheus_client": ["bot.telemetry"],
    "opentelemetry": ["bot.telemetry.traces", "bot.telemetry.exporting"],
}
FILES = sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")])


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: Path) -> Iterator[str]:
    """Every imported name in full, also those imported inside functions."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide the layers"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(module: str) -> str | None:
    """The unit of the layer table that a module belongs to."""
    return next((part for part in LAYERS if module == part or module.startswith(part + ".")), None)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def test_every_module_has_a_layer() -> None:
    homeless = [module_of(file) for file in FILES if part_of(module_of(file)) is None]
    assert [name for name in homeless if name not in {"bot", "adapters"}] == []


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_a_file_imports_only_from_smaller_layers_and_its_own_package(file: Path) -> None:
    own = part_of(module_of(file))
    for name in imports_of(file):
        part = part_of(name)
        if own is None or part is None or part == own:
            continue
        if LAYERS[own] == LAYERS[part] == 4:
            continue  # the top is one command, cut into files
        assert LAYERS[part] < LAYERS[own], f"{own} [{LAYERS[own]}] imports {name} [{LAYERS[part]}]"


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_adapters_know_only_values_and_pure_functions(file: Path) -> None:
    module = module_of(file)
    if within(module, "adapters"):
        inner = [name for name in imports_of(file) if within(name, "bot") and LAYERS.get(part_of(name) or "") == 2]
        assert inner == []


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_an_sdk_has_one_owner(file: Path) -> None:
    module = module_of(file)
    for name in imports_of(file):
        owners = ONLY_IMPORTED_BY.get(name.split(".")[0])
        assert owners is None or any(within(module, owner) for owner in owners), f"{module} imports {name}"


@pytest.mark.parametrize("file", [f for f in FILES if within(module_of(f), "bot.domain")], ids=module_of)
def test_the_domain_needs_the_standard_library_only(file: Path) -> None:
    for name in imports_of(file):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or within(name, "bot.domain"), name


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_only_settings_read_the_environment(file: Path) -> None:
    if module_of(file) != "bot.settings":
        names = {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & {"environ", "getenv"}
