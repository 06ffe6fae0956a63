import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from novita_mcp.api import wire_instances
from novita_mcp.domain.models import MARKER_ENV, Instance
from novita_mcp.errors import ApiError
from tests.api.scripted import fixture

SINGLE = [
    "running",
    "running-jupyter",
    "pulling",
    "exited",
    "failed",
    "spot-notified",
    "spot-terminated",
    "monthly",
]
PASSWORD = "EXAMPLE-NOT-A-REAL-PASSWORD"
MARKER = "a1b2c3d4e5f6"


def single(state: str) -> dict[str, Any]:
    return fixture(f"get-instance-{state}")["response"]


def parsed(**changes: object) -> Instance:
    return wire_instances.instance(single("running") | changes)


@pytest.mark.parametrize("state", SINGLE)
def test_each_stored_answer_is_read(state: str) -> None:
    body = single(state)
    instance = wire_instances.instance(body)
    assert (instance.instance_id, instance.status, instance.kind) == (body["id"], body["status"], "gpu")
    assert (instance.gpu_num, instance.rootfs_gb, instance.max_rootfs_gb) == (1, 60, 6144)
    assert (instance.free_rootfs_gb, instance.keep_data_days) == (60, 7)


def test_a_running_instance_says_how_to_get_in() -> None:
    instance = wire_instances.instance(single("running"))
    assert instance.ssh is not None
    assert instance.ssh.running
    assert instance.ssh.command == "ssh -p 32787 root@proxy.us-ca-6.gpu-instance.novita.ai"
    assert instance.ssh.password.get_secret_value() == PASSWORD
    assert instance.ssh_password.get_secret_value() == PASSWORD
    [port] = instance.ports
    assert (port.port, port.type, port.endpoint.startswith("https://")) == (8888, "http", True)
    assert instance.system_log_url.endswith(instance.instance_id)
    assert instance.created_at == datetime.fromtimestamp(1785780950, UTC)
    assert (instance.last_stopped_at, instance.ends_at, instance.spot_reclaim_at) == (None, None, None)


def test_a_failure_shows_in_the_status_error() -> None:
    assert wire_instances.instance(single("failed")).status_error == "ImagePullFailed: failed to pull image"


def test_a_reclaimed_spot_instance_keeps_its_reclaim_time() -> None:
    instance = wire_instances.instance(single("spot-terminated"))
    assert (instance.billing_mode, instance.spot_status) == ("spot", "terminated")
    assert instance.spot_reclaim_at == datetime.fromtimestamp(1785795000, UTC)


def test_a_subscription_has_an_end() -> None:
    instance = wire_instances.instance(single("monthly"))
    assert instance.billing_mode == "monthly"
    assert instance.ends_at is not None


@pytest.mark.parametrize("state", SINGLE)
def test_no_secret_shows_in_any_form(state: str) -> None:
    body = single(state) | {"envs": [{"key": "HF_TOKEN", "value": "hf_secret"}]}
    instance = wire_instances.instance(body)
    shown = f"{instance!r} {instance} {instance.model_dump()} {instance.model_dump_json()}"
    assert PASSWORD not in shown
    assert "hf_secret" not in shown
    assert instance.env_names == ("HF_TOKEN",)


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"gpuNum": 4}, "gpu_num", 4),
        ({"gpuNum": "4"}, "gpu_num", 4),
        ({"gpuNum": ""}, "gpu_num", 0),
        ({"gpuNum": None}, "gpu_num", 0),
        ({"gpuNum": "-1"}, "gpu_num", 0),
        ({"gpuNum": True}, "gpu_num", 0),
        ({"gpuNum": 2.0}, "gpu_num", 2),
        ({"rootfsSize": "80"}, "rootfs_gb", 80),
        ({"rootfsSize": "9" * 5000}, "rootfs_gb", 0),
        ({"billingMode": ""}, "billing_mode", "onDemand"),
        ({"billingMode": None}, "billing_mode", "onDemand"),
        ({"billingMode": "ONDEMAND"}, "billing_mode", "onDemand"),
        ({"billingMode": "barter"}, "billing_mode", "onDemand"),
        ({"billingMode": "", "endTime": "1788459354"}, "billing_mode", "monthly"),
        ({"status": "meditating"}, "status", "meditating"),
        ({"status": ""}, "status", "unknown"),
        ({"kind": ""}, "kind", "gpu"),
        ({"kind": "cpu"}, "kind", "cpu"),
        ({"node": {"maxRootfsSize": 100}}, "max_rootfs_gb", 100),
        ({"node": [{"maxRootfsSize": "100"}]}, "max_rootfs_gb", 100),
        ({"node": []}, "max_rootfs_gb", None),
        ({"node": None}, "max_rootfs_gb", None),
        ({"spotStatus": None}, "spot_status", ""),
        ({"statusError": "broken"}, "status_error", "broken"),
        ({"statusError": None}, "status_error", ""),
        ({"createdAt": 1785780950}, "created_at", datetime.fromtimestamp(1785780950, UTC)),
        ({"createdAt": "1785780950000"}, "created_at", None),
        ({"createdAt": "soon"}, "created_at", None),
        ({"name": "lone \ud800 surrogate"}, "name", "lone ? surrogate"),
        ({"envs": None}, "env_names", ()),
        ({"envs": [{"value": "x"}, "garbage", None]}, "env_names", ()),
        ({"connectComponentSSH": None}, "ssh", None),
        ({"connectComponentJupyter": "none"}, "jupyter", None),
    ],
)
def test_quirks_of_the_wire_end_here(changes: dict[str, object], field: str, expected: object) -> None:
    assert getattr(parsed(**changes), field) == expected


@pytest.mark.parametrize("size", [100, "100", 100.0])
def test_a_volumes_size_is_a_number_in_either_form(size: object) -> None:
    mounts = [{"type": "network", "size": size, "id": "v1", "mountPath": "/network"}]
    [volume] = parsed(volumeMounts=mounts).volumes
    assert (volume.volume_id, volume.size_gb, volume.mount_path) == ("v1", 100, "/network")


def test_garbage_among_ports_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    mappings = ["x", {"port": "http"}, {"port": "8080", "type": "tcp"}, {"type": "secret-looking"}]
    with caplog.at_level(logging.WARNING):
        [port] = parsed(portMappings=mappings).ports
    assert port.port == 8080
    assert len(caplog.records) == 3
    assert "secret-looking" not in caplog.text


@pytest.mark.parametrize(
    ("name", "envs", "marker"),
    [
        ("any", [{"key": MARKER_ENV, "value": MARKER}], MARKER),
        ("novita-mcp-ffffffffffff", [{"key": MARKER_ENV, "value": MARKER}], MARKER),
        ("any", [{"key": MARKER_ENV, "value": "not a marker"}], None),
        ("novita-mcp-" + MARKER, [], MARKER),
        ("my job-nm-" + MARKER, [], MARKER),
        ("my job-nm-" + MARKER + "\n", [], None),
        ("my job-nm-" + MARKER + "-2", [], None),
        ("x-novita-mcp-" + MARKER, [], None),
        ("novita-mcp-" + MARKER.upper(), [], None),
        ("any", [{"key": "OTHER", "value": MARKER}], None),
        ("any", None, None),
    ],
)
def test_the_marker_is_found_in_the_environment_or_the_name(name: str, envs: object, marker: str | None) -> None:
    assert parsed(name=name, envs=envs).marker == marker


@pytest.mark.parametrize("wrap", [lambda body: [body], lambda body: {"instance": body}, lambda body: {"data": [body]}])
def test_an_instance_is_found_bare_wrapped_or_in_a_list_of_one(wrap: Any) -> None:
    assert wire_instances.instance(wrap(single("running"))).status == "running"


@pytest.mark.parametrize("payload", [{}, [], None, "running", 7, {"id": ""}, {"id": None}, {"instance": {}}])
def test_an_answer_without_an_instance_is_an_error(payload: object) -> None:
    with pytest.raises(ApiError, match="instance cannot be read"):
        wire_instances.instance(payload)
