"""No secret is told where it is written in a wrong way: the sentence names the setting, never the value."""

from pathlib import Path

import pytest

from bot.cli import run
from tests.canaries.given import found_in

CANARY = "cnry14"
WRONG = {
    "OPENAI_API_KEY": f"{CANARY}\u00e9",
    "OPENAI_BASE_URL": f"http://u:{CANARY}@127.0.0.1:9/v1",
    "NETSPY_MODELS": f"m@http://u:{CANARY}@127.0.0.1:9/v1",
    "NETSPY_MODEL_KEYS": f'{{"http://127.0.0.1:9/v1": "{CANARY}"}}',
    "NETSPY_EBPF_URL": f"ftp://u:{CANARY}@127.0.0.1:9",
    "NETSPY_EBPF_TOKEN": f"{CANARY} blank",
    "NETSPY_DATABASE_URL": f"mysql://u:{CANARY}@127.0.0.1/x",
    "SLACK_BOT_TOKEN": f"xoxp-{CANARY}",
    "SLACK_APP_TOKEN": CANARY,
    "SLACK_SIGNING_SECRET": f"xoxb-{CANARY}",
    "SLACK_API_URL": f"ftp://u:{CANARY}@x/",
    "DISCORD_TOKEN": f"{CANARY}\u00e9 x",
}
MORE = {
    "NETSPY_DATABASE_URL": (
        f"postgresql://u:{CANARY}@127.0.0.1:port/x",
        f"postgresql://u@127.0.0.1:9/x?password={CANARY}",
        f"postgresql+nothing://u:{CANARY}@127.0.0.1:9/x",
        f"sqlite://u:{CANARY}@/x",
        f"://{CANARY}",
    ),
    "NETSPY_EBPF_URL": (f"http://u:{CANARY}@127.0.0.1:port", f"http://u:{CANARY}@", f"u:{CANARY}@127.0.0.1:9"),
    "NETSPY_MODEL_KEYS": (
        CANARY,
        f"[{CANARY}]",
        f'{{"{CANARY}": "X"}}',
        f'{{"http://127.0.0.1:9/v1": "sk-{CANARY}"}}',
    ),
    "NETSPY_MODELS": (f"m@{CANARY}@http://x", f"m@http://127.0.0.1:9/?key={CANARY}"),
    "SLACK_API_URL": (f"http://u:{CANARY}@[::1/",),
}

NOWHERE = {
    "NETSPY_EBPF_URL": "recording",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "SLACK_API_URL": "http://127.0.0.1:9/",
    "DISCORD_API_URL": "http://127.0.0.1:9/v10",
}
"""What is not wrong is not asked either."""


def cases() -> list[tuple[str, str]]:
    return [*WRONG.items(), *((name, text) for name, texts in MORE.items() for text in texts)]


def test_no_wrong_value_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    for name, value in cases():
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            run(["doctor", "--verbose"])
        told = capfd.readouterr()
        assert told.out + told.err
        assert CANARY not in (told.out + told.err).lower(), (name, value)
        assert found_in(told.out) == set()
