"""`netspy collect`: listens to this machine's kernel and answers about it over HTTP, until SIGTERM or Ctrl-C.

The only process that needs rights over the kernel, and it holds no token of a chat platform and no key of a model.
"""

import platform
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bot.access import is_loopback
from bot.domain.errors import InvalidSettings
from bot.domain.source_status import SourceStatus
from bot.ebpf.agent.application import application
from bot.ebpf.agent.parts import Parts
from bot.ebpf.collecting import Collector, open_collector
from bot.ebpf.programs import running
from bot.ending import asked_to_end
from bot.setting_values import bearer_token, listen_address
from bot.settings import Settings
from bot.web import serving

DEFAULT_LISTEN = "127.0.0.1:8080"
"""Where ebpf-server is, and where netspy looks by itself."""
_TOKEN_ADVICE = "set NETSPY_EBPF_TOKEN here and where netspy asks, or listen on 127.0.0.1"  # noqa: S105 (a sentence)


async def collect(settings: Settings, *, listen: str | None = None) -> None:
    """Raises: InvalidSettings, CannotCollect."""
    host, port = listen_address(listen or DEFAULT_LISTEN, name="--listen")
    token = bearer_token("NETSPY_EBPF_TOKEN", settings.ebpf_token)
    if token is None and not is_loopback(host):
        got = "whoever reaches this machine could ask it, since there is no token"
        raise InvalidSettings(f"--listen {listen}", got, _TOKEN_ADVICE)
    node, host_root = settings.node or platform.node() or None, _existing(settings.host_root)
    with asked_to_end() as ending:
        async with open_collector(node=node, host_root=host_root) as collector:
            async with serving(application(_parts(collector, token)), host, port, chosen_by="--listen") as url:
                _say(collector, url)
                await ending.wait()
            _say_the_end(await collector.source.status())


def _existing(host_root: Path) -> Path:
    if not host_root.is_dir():
        raise InvalidSettings("NETSPY_HOST_ROOT", f"there is no folder {host_root}", "mount the machine's root there")
    return host_root


def _parts(collector: Collector, token: str | None) -> Parts:
    return Parts(
        source=collector.source,
        version=version("netspy"),
        token=token,
        reason_codes=collector.reason_codes,
    )


def _say(collector: Collector, url: str) -> None:
    """On stderr, like everything that is not an answer."""
    listening = collector.listening()
    tell = partial(print, file=sys.stderr, flush=True)
    tell(f"live: {running(listening.programs, listening.missing)}, kernel {platform.release()}, {url}")
    for name, why in listening.missing.items():
        tell(f"without {name}: {why}")


def _say_the_end(status: SourceStatus) -> None:
    told = ", ".join(f"{kind} {each.seen or 0:,} ({each.lost or 0:,} lost)" for kind, each in status.kinds.items())
    print(f"seen: {told}", file=sys.stderr)
