"""compose.yaml, as docker compose itself reads it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.tools import DEPLOY, GRACE_S, RIGHTS, program, run

SECRETS = {"POSTGRES_PASSWORD": "pw0", "NETSPY_EBPF_TOKEN": "tok0"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of its own: somebody's .env may lie beside the real one."""
    shutil.copy(DEPLOY / "compose.yaml", tmp_path)
    shutil.copy(DEPLOY.parent / ".env.example", tmp_path / ".env")
    return tmp_path


def services(folder: Path, *words: str) -> dict[str, Any]:
    compose = [program("docker-compose"), "--file", str(folder / "compose.yaml"), *words]
    done = run([*compose, "config", "--format", "json"], **SECRETS)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    read: dict[str, Any] = json.loads(done.stdout)["services"]
    return read


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def test_it_runs_with_the_examples_settings(folder: Path) -> None:
    assert set(services(folder)) == {"bot", "collector", "postgres"}
    assert set(services(folder, "--profile", "local-model")) == {"bot", "collector", "postgres", "local-model"}


def test_a_missing_password_is_told_in_words(folder: Path) -> None:
    done = run([program("docker-compose"), "--file", str(folder / "compose.yaml"), "config", "--quiet"])
    assert done.returncode != 0
    assert "POSTGRES_PASSWORD is missing a value: set it in .env" in done.stderr


def test_nothing_may_do_more_than_it_has_to(folder: Path) -> None:
    all_of_them = services(folder, "--profile", "local-model")
    for name, service in all_of_them.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
    assert {name: service.get("cap_add") for name, service in all_of_them.items() if "cap_add" in service} == {
        "collector": list(RIGHTS)
    }


def test_ports_are_published_on_loopback_only(folder: Path) -> None:
    published = {
        name: [port["host_ip"] for port in service["ports"]]
        for name, service in services(folder, "--profile", "local-model").items()
        if "ports" in service
    }
    assert published == {"bot": ["127.0.0.1"]}


def test_the_collector_knows_one_token_and_reaches_nobody(folder: Path) -> None:
    collector = services(folder)["collector"]
    assert collector["environment"] == {"NETSPY_EBPF_TOKEN": "tok0", "NETSPY_HOST_ROOT": "/host"}
    assert set(collector["networks"]) == {"kernel"}
    assert all(volume["read_only"] for volume in collector["volumes"])
    assert (collector["pid"], collector["cgroup"], collector["uts"]) == ("host", "host", "host")


def test_the_bot_starts_when_its_database_answers_and_has_time_to_end(folder: Path) -> None:
    bot = services(folder)["bot"]
    assert bot["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert bot["depends_on"]["collector"]["required"] is False
    assert bot["environment"]["NETSPY_DATABASE_URL"] == "postgresql://netspy:pw0@postgres/netspy"
    assert seconds(bot["stop_grace_period"]) > GRACE_S + 10
