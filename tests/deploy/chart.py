"""The Helm chart, rendered by helm itself and held against Kubernetes' own schemas."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it ships no types
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it ships no types; it comes with mcp
from referencing import Registry
from referencing.jsonschema import DRAFT7

from tests.deploy.tools import DEPLOY, TOOLS, program, run, skip_or_fail

CHART = DEPLOY / "helm"
OLDEST, NEWEST = "1.30", "1.37"
_SCHEMAS = TOOLS / "kubernetes_validate" / "kubernetes-json-schema"

Manifest = dict[str, Any]


class Refused(Exception):
    """helm's own words."""


def render(values: Mapping[str, object] | None = None, *, release: str = "netspy") -> list[Manifest]:
    """What would be installed. Raises: Refused."""
    words = [program("helm"), "template", release, str(CHART)]
    for name, value in (values or {}).items():
        words += ["--set-json", f"{name}={json.dumps(value)}"]
    done = run(words)
    if done.returncode:
        raise Refused(done.stderr)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def one(manifests: list[Manifest], kind: str, name: str = "netspy") -> Manifest:
    (found,) = (each for each in manifests if each["kind"] == kind and each["metadata"]["name"] == name)
    return found


def kinds(manifests: list[Manifest]) -> list[tuple[str, str]]:
    return sorted((each["kind"], each["metadata"]["name"]) for each in manifests)


def pod_of(workload: Manifest) -> Manifest:
    spec: Manifest = workload["spec"]["template"]["spec"]
    return spec


def container_of(workload: Manifest) -> Manifest:
    (found,) = pod_of(workload)["containers"]
    container: Manifest = found
    return container


def environment_of(workload: Manifest) -> dict[str, Any]:
    """Values, or where they come from."""
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container_of(workload)["env"]}


def faults(manifest: Manifest, version: str) -> Iterator[str]:
    """What that version of Kubernetes would not take, unknown fields among it."""
    for error in _validator(manifest["apiVersion"], manifest["kind"], version).iter_errors(manifest):
        yield f"{manifest['kind']} {manifest['metadata']['name']}: {'.'.join(map(str, error.path))}: {error.message}"


@cache
def _validator(api: str, kind: str, version: str) -> Draft7Validator:
    group, _, edition = api.rpartition("/")
    name = "-".join(filter(None, (kind.lower(), group.partition(".")[0], edition)))
    folder = _SCHEMAS / f"v{version}.0-local-strict"
    if not folder.is_dir():
        skip_or_fail("Kubernetes' schemas are not installed (make tools)")
    return Draft7Validator(_read(folder / f"{name}.json"), registry=_definitions(folder))


@cache
def _definitions(folder: Path) -> "Registry[Any]":
    resource = DRAFT7.create_resource(_read(folder / "_definitions.json"))
    found: Registry[Any] = Registry().with_resource("_definitions.json", resource)
    return found


def _read(file: Path) -> Any:
    return json.loads(file.read_text())
