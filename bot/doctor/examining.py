"""Asks every configured part how it is. Each is opened for itself, so that one that cannot be hides none of the others.

It knows parts by their `check()`. What a fault may come from besides, the other files of this package find out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.app import check_foreign, check_policy, check_workflows
from bot.checking import Asking, checked
from bot.doctor.certificates import with_certificate
from bot.doctor.contradictions import contradictions
from bot.doctor.files import check_audit, check_storage
from bot.doctor.http import check_http
from bot.doctor.models import check_models
from bot.doctor.source import check_source
from bot.domain.errors import InvalidSettings
from bot.domain.ports import Adapter, Check
from bot.platforms import PLATFORMS, WHAT_TURNS_ON, BuildAdapter
from bot.settings import Settings

DEADLINE_S = 15.0
"""Longer than any part's own patience: it says best itself what it waited for."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`off`: parts that are not configured, each with the variables that would turn it on."""

    parts: tuple[Check, ...]
    off: Mapping[str, str]

    @property
    def has_fault(self) -> bool:
        return any(check.state == "fault" for check in self.parts)


async def examine(
    settings: Settings,
    *,
    server: str | None = None,
    deadline_s: float = DEADLINE_S,
    wrong: Sequence[InvalidSettings] = (),
    unknown: Sequence[str] = (),
) -> Diagnosis:
    """Settings that are wrong or at odds; then source, model, storage, files, HTTP and chat platforms, asked at once.

    `wrong` are settings that could not be read, `unknown` sentences about variables that are none.
    """
    asked, off = _asked(settings, server)
    said = await checked(asked, deadline_s=deadline_s)
    return Diagnosis((*_of_settings(settings, wrong, unknown), *said), off)


def _of_settings(settings: Settings, wrong: Sequence[InvalidSettings], unknown: Sequence[str]) -> tuple[Check, ...]:
    strangers = (Check("settings", "warning", told, finding="unknown-setting") for told in unknown)
    return (*(Check.of("settings", error) for error in wrong), *strangers, *contradictions(settings))


def _asked(settings: Settings, server: str | None) -> tuple[dict[str, Asking], dict[str, str]]:
    """How each part is asked, in the order of the report, and what is off."""
    adapters = {name: _built(build, settings) for name, build in PLATFORMS.items()}
    is_served = any(adapter is not None for adapter in adapters.values())
    known: dict[str, Asking | None] = {
        "source": partial(check_source, settings, server, without="server" if is_served else "collector"),
        "model": partial(check_models, settings) if settings.wants_model and settings.model_data != "none" else None,
        "storage": partial(check_storage, settings),
        "mcp": partial(check_foreign, settings) if settings.mcp_config else None,
        "workflows": partial(check_workflows, settings) if settings.workflows else None,
        "policy": partial(check_policy, settings) if settings.policy else None,
        "audit": partial(check_audit, settings.audit_file) if settings.audit_file else None,
        "http": partial(check_http, settings) if is_served else None,
        **{name: partial(_platform, adapter, settings) if adapter else None for name, adapter in adapters.items()},
    }
    off = {name: by for name, by in WHAT_TURNS_ON.items() if known[name] is None}
    if settings.model_data == "none":
        off["model"] = "NETSPY_MODEL_DATA to full or masked"
    return {name: ask for name, ask in known.items() if ask}, off


def _built(build: BuildAdapter, settings: Settings) -> Adapter | InvalidSettings | None:
    """Wrong credentials are this platform's fault, and no other part's."""
    try:
        return build(settings)
    except InvalidSettings as error:
        return error


async def _platform(adapter: Adapter | InvalidSettings, settings: Settings) -> tuple[Check, ...]:
    if isinstance(adapter, InvalidSettings):
        raise adapter
    urls = {"slack": settings.slack_url, "discord": settings.discord_api_url or ""}
    return await with_certificate(await adapter.check(), urls.get(adapter.name, ""))
