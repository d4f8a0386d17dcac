"""The Helm chart: Kubernetes takes it, the bot may do nothing, the collector five things, and no secret is a value."""

import json

import pytest
from pydantic import SecretStr

from bot.settings import Settings
from tests.deploy.chart import (
    CHART,
    NEWEST,
    OLDEST,
    Manifest,
    Refused,
    container_of,
    environment_of,
    faults,
    kinds,
    one,
    pod_of,
    render,
)
from tests.deploy.tools import BOT_UID, GRACE_S, RIGHTS, program, run

SHARED = {"bot.replicas": 3, "database.existingSecret": "netspy-database"}
ALL = {
    **SHARED,
    "bot.files": {"policy.toml": "[channels]\n", "workflows.toml": "[a]\n", "mcp.json": '{"mcpServers": {}}'},
    "bot.settings": {"NETSPY_MODELS": "gpt-6-luna", "NETSPY_RETENTION_DAYS": "90"},
    "bot.priorityClassName": "high",
    "bot.tolerations": [{"operator": "Exists"}],
    "bot.nodeSelector": {"pool": "tools"},
    "bot.podAnnotations": {"a/b": "c"},
    "collector.openSockets": True,
    "collector.extraCapabilities": ["SYS_RESOURCE"],
    "collector.seLinuxOptions": {"type": "spc_t"},
    "collector.nodeSelector": {"pool": "all"},
    "collector.podAnnotations": {"a/b": "c"},
    "collector.priorityClassName": "system-node-critical",
    "imagePullSecrets": [{"name": "registry"}],
    "ingress": {"enabled": True, "host": "bot.example.com", "className": "nginx", "tlsSecret": "tls"},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "networkPolicy.clients": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
    "networkPolicy.database.to": [{"ipBlock": {"cidr": "10.0.0.5/32"}}],
    "networkPolicy.egress": [{"ports": [{"port": 4318}]}],
}
WITHOUT_COLLECTOR = {"collector.enabled": False, "bot.settings": {"NETSPY_EBPF_URL": "http://aggregator:8081"}}


def test_helm_finds_nothing_to_blame() -> None:
    done = run([program("helm"), "lint", "--strict", "--quiet", str(CHART)])
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("values", [{}, SHARED, ALL, WITHOUT_COLLECTOR], ids=["plain", "shared", "all", "remote"])
def test_kubernetes_takes_all_of_it(values: dict[str, object]) -> None:
    manifests = [each for each in render(values) if each["kind"] != "ServiceMonitor"]  # not Kubernetes' own
    found = [fault for version in (OLDEST, NEWEST) for each in manifests for fault in faults(each, version)]
    assert found == []


def test_a_field_that_kubernetes_does_not_know_would_be_found() -> None:
    wrong = render()[0]
    wrong["spec"] = {"podSelectr": {}}
    assert any("podSelectr" in each for each in faults(wrong, NEWEST))


def test_everything_in_it_by_kind() -> None:
    collector = "netspy-collector"
    assert kinds(render(SHARED)) == [
        ("ConfigMap", "netspy"),
        ("DaemonSet", collector),
        ("Deployment", "netspy"),
        ("NetworkPolicy", "netspy"),
        ("NetworkPolicy", collector),
        ("PodDisruptionBudget", "netspy"),
        ("Service", "netspy"),
        ("Service", collector),
        ("ServiceAccount", "netspy"),
        ("ServiceAccount", collector),
    ]


def test_two_replicas_without_postgresql_are_refused_in_words() -> None:
    with pytest.raises(Refused, match=r"bot.replicas is 2.*Set database.existingSecret to a Secret"):
        render({"bot.replicas": 2})


def test_no_source_to_answer_from_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="there would be nothing to answer from"):
        render({"collector.enabled": False})


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("bot.settings.SLACK_BOT_TOKEN", "xoxb-1", "'SLACK_BOT_TOKEN' not allowed"),
        ("bot.settings.NETSPY_MODELZ", "gpt", "'NETSPY_MODELZ' not allowed"),
        ("bot.replica", 3, "'replica' not allowed"),
        ("bot.existingSecret", "", "minLength"),
        ("collector.extraCapabilities", ["ALL"], "'not' failed"),
        ("collector.privileged", True, "'privileged' not allowed"),
    ],
)
def test_a_value_that_is_wrong_or_secret_is_refused(name: str, value: object, told: str) -> None:
    with pytest.raises(Refused) as refused:
        render({name: value})
    assert told in str(refused.value)


def test_settings_that_can_be_values_are_those_that_are_neither_secret_nor_the_charts_own() -> None:
    own = {
        "NETSPY_LISTEN",
        "NETSPY_GRACE_S",
        "NETSPY_POLICY",
        "NETSPY_WORKFLOWS",
        "NETSPY_MCP_CONFIG",
        "NETSPY_DATABASE_URL",
        "NETSPY_NODE",
        "NETSPY_HOST_ROOT",
    }
    fields = Settings.model_fields.values()
    secret = {str(each.validation_alias) for each in fields if SecretStr.__name__ in str(each.annotation)}
    schema = json.loads((CHART / "values.schema.json").read_text())
    named = schema["properties"]["bot"]["properties"]["settings"]["properties"]
    assert "SLACK_BOT_TOKEN" in secret
    assert set(named) == {str(each.validation_alias) for each in fields} - secret - own


def test_every_secret_is_a_reference() -> None:
    environment = environment_of(one(render(SHARED), "Deployment"))
    assert environment["NETSPY_DATABASE_URL"]["secretKeyRef"] == {
        "name": "netspy-database",
        "key": "NETSPY_DATABASE_URL",
    }
    assert environment["NETSPY_EBPF_TOKEN"]["secretKeyRef"]["name"] == "netspy-collector"
    assert container_of(one(render(), "Deployment"))["envFrom"] == [{"secretRef": {"name": "netspy"}}]


def test_the_collector_gets_its_own_secret_and_no_other() -> None:
    daemon = one(render(SHARED), "DaemonSet", "netspy-collector")
    assert "envFrom" not in container_of(daemon)
    assert set(environment_of(daemon)) == {"NETSPY_EBPF_TOKEN", "NETSPY_NODE", "NETSPY_HOST_ROOT"}


def test_the_bot_is_what_the_restricted_standard_asks_for() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    pod, container = pod_of(one(render(ALL), "Deployment")), container_of(one(render(ALL), "Deployment"))
    assert not {"hostPID", "hostNetwork", "hostIPC"} & pod.keys()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == BOT_UID
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not any("hostPath" in volume for volume in pod["volumes"])


def test_the_collector_has_five_capabilities_and_reads_three_folders() -> None:
    daemon = one(render(), "DaemonSet", "netspy-collector")
    pod, context = pod_of(daemon), container_of(daemon)["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": list(RIGHTS)}
    assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
    assert "privileged" not in context
    assert "hostNetwork" not in pod
    assert pod["hostPID"] is True
    assert all(mount["readOnly"] for mount in container_of(daemon)["volumeMounts"])
    paths = sorted(volume["hostPath"]["path"] for volume in pod["volumes"])
    assert paths == ["/sys/fs/cgroup", "/sys/kernel/tracing", "/var/log/containers"]


def test_open_sockets_cost_one_capability_more() -> None:
    daemon = one(render({"collector.openSockets": True}), "DaemonSet", "netspy-collector")
    assert container_of(daemon)["securityContext"]["capabilities"]["add"] == [*RIGHTS, "SYS_ADMIN"]


def test_one_replica_keeps_its_threads_on_a_volume_that_no_second_one_opens() -> None:
    manifests = render()
    deployment = one(manifests, "Deployment")
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "netspy"}} in pod_of(deployment)["volumes"]
    assert one(manifests, "PersistentVolumeClaim")["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert ("PodDisruptionBudget", "netspy") not in kinds(manifests)


def test_several_replicas_are_spread_and_never_all_gone() -> None:
    manifests = render(SHARED)
    deployment = one(manifests, "Deployment")
    assert deployment["spec"]["replicas"] == 3
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert one(manifests, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    spread = {each["topologyKey"] for each in pod_of(deployment)["topologySpreadConstraints"]}
    assert spread == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    assert ("PersistentVolumeClaim", "netspy") not in kinds(manifests)


def test_kubernetes_waits_longer_than_netspy_for_answers_under_way() -> None:
    assert Settings.model_fields["grace_s"].default == GRACE_S
    deployment = one(render({"bot.graceSeconds": 60}), "Deployment")
    assert environment_of(deployment)["NETSPY_GRACE_S"] == "60"
    assert pod_of(deployment)["terminationGracePeriodSeconds"] == 80
    assert environment_of(one(render(), "Deployment"))["NETSPY_GRACE_S"] == str(GRACE_S)


def test_a_changed_policy_starts_new_pods_and_is_where_its_setting_says() -> None:
    def with_policy(text: str) -> list[Manifest]:
        return render({"bot.files": {"policy.toml": text}})

    def checksum(manifests: list[Manifest]) -> str:
        told = one(manifests, "Deployment")["spec"]["template"]["metadata"]["annotations"]["checksum/files"]
        return str(told)

    one_policy, another = with_policy("a = 1\n"), with_policy("a = 2\n")
    assert checksum(one_policy) != checksum(another)
    assert one(another, "ConfigMap")["data"] == {"policy.toml": "a = 2\n"}
    environment = environment_of(one(another, "Deployment"))
    assert environment["NETSPY_POLICY"] == "/etc/netspy/policy.toml"
    assert "NETSPY_WORKFLOWS" not in environment


def test_the_bot_asks_all_collectors_by_the_name_of_their_headless_service() -> None:
    manifests = render(release="prod")
    assert environment_of(one(manifests, "Deployment", "prod"))["NETSPY_EBPF_URL"] == "*=http://prod-collector:8080"
    service = one(manifests, "Service", "prod-collector")["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)


def test_selectors_never_depend_on_the_version() -> None:
    for each in render(SHARED):
        if each["kind"] in {"Deployment", "DaemonSet"}:
            assert set(each["spec"]["selector"]["matchLabels"]) == {
                "app.kubernetes.io/name",
                "app.kubernetes.io/instance",
                "app.kubernetes.io/component",
            }


def test_nobody_reaches_the_bot_unless_named_and_only_the_bot_reaches_collectors() -> None:
    manifests = render()
    assert one(manifests, "NetworkPolicy")["spec"]["ingress"] == []
    collector = one(manifests, "NetworkPolicy", "netspy-collector")["spec"]
    assert collector["egress"] == []
    (rule,) = collector["ingress"]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "bot"


def test_the_bot_reaches_dns_the_world_by_https_collectors_and_its_database() -> None:
    egress = one(render(SHARED), "NetworkPolicy")["spec"]["egress"]
    assert [sorted({port["port"] for port in rule["ports"]}) for rule in egress] == [[53], [443], [8080], [5432]]
    assert "169.254.0.0/16" in egress[1]["to"][0]["ipBlock"]["except"]


def test_the_world_reaches_slacks_events_and_nothing_else() -> None:
    (rule,) = one(render(ALL), "Ingress")["spec"]["rules"]
    assert [(path["path"], path["pathType"]) for path in rule["http"]["paths"]] == [("/slack/events", "Exact")]
