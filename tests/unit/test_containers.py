"""Who runs in a cgroup, by its path and by a node's files; some of them are made to deceive."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.domain.workload import Workload
from bot.ebpf.machine.cgroup_paths import Boundary, path_of, place_of
from bot.ebpf.machine.container_files import ContainerFiles, Names
from bot.ebpf.machine.containers import Containers

ID, OTHER = "0123456789abcdef" * 4, "f" * 64
UID = "11112222-3333-4444-5555-666677778888"
UID_IN_SLICE = UID.replace("-", "_")
STATIC_UID = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("path", "runtime", "pod_uid"),
    [
        (f"/docker/{ID}", "docker", None),
        (f"/system.slice/docker-{ID}.scope", "docker", None),
        (f"/system.slice/docker-{ID}.scope (deleted)", "docker", None),
        (f"/../../system.slice/docker-{ID}.scope", "docker", None),
        (f"/ecs/5f0/{ID}", None, None),
        (f"/default/{ID}", "containerd", None),
        (f"/system.slice/nerdctl-{ID}.scope", "containerd", None),
        (f"/machine.slice/libpod-{ID}.scope/container", "podman", None),
        (f"/libpod_parent/libpod-{ID}", "podman", None),
        (f"/machine.slice/machine-libpod_pod_{OTHER}.slice/libpod-{ID}.scope", "podman", None),
        (f"/kubepods/burstable/pod{UID}/{ID}", None, UID),
        (f"/kubepods/pod{UID}/crio-{ID}", "cri-o", UID),
        (
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID_IN_SLICE}.slice/cri-containerd-{ID}.scope",
            "containerd",
            UID,
        ),
        (f"/kubepods.slice/kubepods-pod{UID_IN_SLICE}.slice/crio-{ID}.scope", "cri-o", UID),
        (f"/kubepods.slice/kubepods-pod{STATIC_UID}.slice/docker-{ID}.scope", "docker", STATIC_UID),
        (f"/kubepods-besteffort-pod{UID_IN_SLICE}.slice:cri-containerd:{ID}", "containerd", UID),
        (f"/system.slice/containerd.service/kubepods-pod{UID_IN_SLICE}.slice:cri-containerd:{ID}", "containerd", UID),
    ],
)
def test_a_container_is_known_by_its_path_in_every_layout(path: str, runtime: Any, pod_uid: str | None) -> None:
    place = place_of(path)
    assert place.vouched == Boundary(runtime, id=ID, pod_uid=pod_uid)
    assert place.claimed is None


@pytest.mark.parametrize(
    ("path", "runtime", "name"),
    [
        ("/lxc.payload.web-1/system.slice/x.service", "lxc", "web-1"),
        ("/lxc/web-1/init.scope", "lxc", "web-1"),
        ("/machine.slice/systemd-nspawn@deb.service/payload/init.scope", "nspawn", "deb"),
        (r"/machine.slice/machine-deb\x2d12.scope/init.scope", "nspawn", "deb-12"),
    ],
)
def test_containers_without_an_id_have_a_name(path: str, runtime: Any, name: str) -> None:
    assert place_of(path).vouched == Boundary(runtime, name=name)
    assert Containers().of_path(path) == Workload(runtime=runtime, container=name)


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/system.slice/nginx.service", "nginx.service"),
        ("/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service"),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.service", "user@1000.service"),
        (r"/machine.slice/machine-qemu\x2d1\x2dvm.scope", r"machine-qemu\x2d1\x2dvm.scope"),
        (f"/machine.slice/libpod-conmon-{ID}.scope", f"libpod-conmon-{ID}.scope"),
    ],
)
def test_where_no_container_is_the_service_is_told(path: str, unit: str) -> None:
    assert (place_of(path).containers, place_of(path).unit) == ((), unit)
    assert Containers(node="node-a").of_path(path) == Workload(unit=unit, node="node-a")


@pytest.mark.parametrize(
    "path",
    ["", "/", "/system.slice", "/lxc", "/kubepods/burstable", f"/docker/{ID[:-1]}", f"/docker/{ID}0",
     f"/docker/{ID.upper()}", f"/x/evil-{ID}", "/<!channel>.service", "/lxc/@everyone",
     "/" + "a/" * 3000 + f"docker/{ID}"],
)  # fmt: skip
def test_paths_that_name_nobody_are_nobody(path: str) -> None:
    assert Containers().of_path(path) is None


def test_a_service_of_podmans_is_told_with_its_container() -> None:
    place = place_of(f"/system.slice/web.service/libpod-payload-{ID}")
    assert (place.unit, place.vouched) == ("web.service", Boundary("podman", id=ID))


def test_the_outermost_container_is_told_and_the_innermost_as_its_claim() -> None:
    path = f"/docker/{ID}/kubelet.slice/kubelet-kubepods-pod{UID_IN_SLICE}.slice/cri-containerd-{OTHER}.scope"
    assert Containers().of_path(path) == Workload(
        container_id=ID,
        runtime="docker",
        nested=Workload(container_id=OTHER, runtime="containerd", pod_uid=UID),
    )


def test_a_container_inside_a_pods_container_does_not_claim_the_pod() -> None:
    place = place_of(f"/kubepods/pod{UID}/{ID}/docker/{OTHER}")
    assert (place.vouched, place.claimed) == (Boundary(None, id=ID, pod_uid=UID), Boundary("docker", id=OTHER))


def test_what_a_user_runs_is_a_claim_only(tmp_path: Path) -> None:
    docker_file(tmp_path, Name="/victim")
    path = f"/user.slice/user-1000.slice/user@1000.service/kubepods/pod{UID}/docker-{ID}.scope"
    assert Containers(ContainerFiles(tmp_path)).of_path(path) == Workload(
        unit="user@1000.service", nested=Workload(container_id=ID, runtime="docker", pod_uid=UID)
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f"0::/docker/{ID}\n", f"/docker/{ID}"),
        (f"12:memory:/docker/{ID}\n1:name=systemd:/\n0::/\n", f"/docker/{ID}"),
        ("12:memory:/a\n1:name=systemd:/system.slice/x.service\n0::/\n", "/system.slice/x.service"),
        (f"3:cpu,cpuacct:/docker/{OTHER}\n0::/docker/{ID}\n", f"/docker/{ID}"),
        ("1:cpu:/a:b\n0::/c:d\n", "/c:d"),
        ("1:cpu:/a\n0::/\n", "/"),
        ("", "/"),
        ("nonsense\n:\n", "/"),
    ],
)
def test_the_most_telling_path_of_a_process_is_taken(text: str, path: str) -> None:
    assert path_of(text) == path


def write(file: Path, document: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(document if isinstance(document, str) else json.dumps(document))


def docker_file(root: Path, **fields: object) -> None:
    write(root / f"var/lib/docker/containers/{ID}/config.v2.json", fields)


IN_POD = Names(container="web", pod="shop-7d9", pod_namespace="prod")


def containerd(root: Path) -> None:
    names = {"container-name": "web", "sandbox-name": "shop-7d9", "sandbox-namespace": "prod"}
    annotations = {f"io.kubernetes.cri.{key}": name for key, name in names.items()}
    write(
        root / f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json",
        {"annotations": annotations, "process": {"env": ["SECRET=1"]}},
    )


def crio(root: Path) -> None:
    names = {"container.name": "web", "pod.name": "shop-7d9", "pod.namespace": "prod"}
    annotations = {f"io.kubernetes.{key}": name for key, name in names.items()}
    file = f"run/containers/storage/overlay-containers/{ID}/userdata/config.json"
    write(root / file, {"annotations": annotations})


def docker(root: Path) -> None:
    names = {"container.name": "web", "pod.name": "shop-7d9", "pod.namespace": "prod"}
    labels = {f"io.kubernetes.{key}": name for key, name in names.items()}
    docker_file(root, Name="/k8s_web_shop", Config={"Labels": labels})


def kubelet(root: Path) -> None:
    write(root / f"var/log/containers/shop-7d9_prod_web-{ID}.log", "")
    write(root / f"var/log/containers/other_prod_web-{OTHER}.log", "")


@pytest.mark.parametrize("files", [containerd, crio, docker, kubelet])
def test_a_pods_container_is_named_by_the_files_of_every_runtime(tmp_path: Path, files: Any) -> None:
    files(tmp_path)
    assert ContainerFiles(tmp_path).names(ID, None) == IN_POD
    assert ContainerFiles(tmp_path).names("e" * 64, None) == Names()


def test_a_container_of_docker_or_podman_has_its_own_name(tmp_path: Path) -> None:
    docker_file(tmp_path, Name="/shop_web_1", Config={"Labels": None})
    listed = [{"id": OTHER, "names": ["cache"]}, {"id": "e" * 64, "names": ["k8s_POD_x"]}]
    write(tmp_path / "var/lib/containers/storage/overlay-containers/containers.json", listed)
    files = ContainerFiles(tmp_path)
    assert files.names(ID, None) == Names(container="shop_web_1")
    assert files.names(OTHER, None) == Names(container="cache")
    assert files.names("e" * 64, None) == Names()


def test_a_pod_is_named_by_its_uid_and_its_only_container_with_it(tmp_path: Path) -> None:
    (tmp_path / f"var/log/pods/prod_shop-7d9_{UID}/web").mkdir(parents=True)
    (tmp_path / f"var/log/pods/prod_other_{OTHER}/web").mkdir(parents=True)
    assert ContainerFiles(tmp_path).names(ID, UID) == IN_POD
    (tmp_path / f"var/log/pods/prod_shop-7d9_{UID}/sidecar").mkdir()
    assert ContainerFiles(tmp_path).names(ID, UID) == Names(pod="shop-7d9", pod_namespace="prod")
    (tmp_path / f"var/lib/kubelet/pods/{STATIC_UID}/containers/etcd").mkdir(parents=True)
    assert ContainerFiles(tmp_path).names(ID, STATIC_UID) == Names(container="etcd")


def test_a_pods_sandbox_is_not_taken_for_its_only_container(tmp_path: Path) -> None:
    sandbox = {"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-name": "shop-7d9"}
    write(tmp_path / f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json", {"annotations": sandbox})
    (tmp_path / f"var/log/pods/prod_shop-7d9_{UID}/web").mkdir(parents=True)
    assert ContainerFiles(tmp_path).names(ID, UID) == Names(pod="shop-7d9", pod_namespace="prod")


@pytest.mark.parametrize(
    "document",
    ["", "{", "[" * 100_000, "[]", "null", "[7, null, {}]", f'[{{"id": "{ID}", "names": "abc"}}]',
     '{"Name": 5}', '{"Name": "/<!channel>"}', '{"Name": "/a\\n"}',
     '{"Config": {"Labels": {"io.kubernetes.pod.name": "@everyone"}}}', '{"Config": 7, "Name": null}',
     '{"Name": "/' + "a" * 2_000_000 + '"}', '{"Name": "/' + "a" * 129 + '"}', '{"x": ' + "9" * 5000 + "}"],
)  # fmt: skip
def test_files_that_make_no_sense_tell_nothing(tmp_path: Path, document: str) -> None:
    write(tmp_path / f"var/lib/docker/containers/{ID}/config.v2.json", document)
    write(tmp_path / "var/lib/containers/storage/overlay-containers/containers.json", document)
    write(tmp_path / f"run/containers/storage/overlay-containers/{ID}/userdata/config.json", document)
    assert ContainerFiles(tmp_path).names(ID, None) == Names()


@pytest.mark.parametrize("name", ["", "_", "web", "a_b_c_d"])
def test_logs_with_other_names_tell_nothing_of_their_pod(tmp_path: Path, name: str) -> None:
    write(tmp_path / f"var/log/containers/{name}-{ID}.log", "")
    (tmp_path / f"var/log/pods/{name}_{UID}").mkdir(parents=True)
    assert ContainerFiles(tmp_path).names(ID, UID) == Names()


def test_names_that_kubernetes_does_not_allow_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / f"var/log/containers/A@_prod_we b-{ID}.log", "")
    assert ContainerFiles(tmp_path).names(ID, None) == Names(pod_namespace="prod")


def test_links_pipes_and_ids_that_lead_elsewhere_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/docker/containers" / ID
    folder.mkdir(parents=True)
    write(tmp_path / "secret", {"Name": "/secret"})
    (folder / "config.v2.json").symlink_to(tmp_path / "secret")
    assert ContainerFiles(tmp_path).names(ID, None) == Names()
    (folder / "config.v2.json").unlink()
    os.mkfifo(folder / "config.v2.json")
    assert ContainerFiles(tmp_path).names(ID, None) == Names()
    with (folder / "config.v2.json").open("r+b", buffering=0) as pipe:
        pipe.write(b'{"Name": "/pipe"}')
        assert ContainerFiles(tmp_path).names(ID, None) == Names()
    write(tmp_path / "var/lib/docker/config.v2.json", {"Name": "/up"})
    (tmp_path / "var/lib/kubelet/containers/up").mkdir(parents=True)
    (tmp_path / "var/lib/kubelet/pods").mkdir()
    assert ContainerFiles(tmp_path).names("..", "..") == Names()


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_name_that_comes_late_is_found_and_then_kept_for_a_while(tmp_path: Path) -> None:
    clock = Clock()
    containers = Containers(ContainerFiles(tmp_path), node="node-a", now_s=clock)

    def name() -> str | None:
        found = containers.of_path(f"/docker/{ID}")
        assert found is not None
        assert (found.container_id, found.node) == (ID, "node-a")
        return found.container

    assert name() is None
    docker_file(tmp_path, Name="/web")
    assert name() is None
    clock.now_s += 6
    assert name() == "web"
    docker_file(tmp_path, Name="/renamed")
    clock.now_s += 60
    assert name() == "web"
    clock.now_s += 300
    assert name() == "renamed"


def test_what_was_asked_least_lately_is_forgotten_first(tmp_path: Path) -> None:
    containers = Containers(ContainerFiles(tmp_path), max_known=2, now_s=Clock())
    for path in ("/a.service", "/b.service", "/a.service", "/c.service"):
        containers.of_path(path)
    assert list(containers._known) == ["/a.service", "/c.service"]
    assert {each.until_s for each in containers._known.values()} == {1300.0}


def test_a_process_is_found_by_its_own_cgroup(tmp_path: Path) -> None:
    write(tmp_path / "7/cgroup", f"5:pids:/docker/{ID}\n0::/\n")
    containers = Containers(ContainerFiles(tmp_path), proc=tmp_path)
    assert containers.of_process(7) == Workload(container_id=ID, runtime="docker")
    assert containers.of_process(8) is None
