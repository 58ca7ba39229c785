"""`system_health`, `compute_hosts` and maintenance by version."""

from typing import Any

import msgspec
import pytest

from cmlfleet.integration.models.cml_compute_host_dto import decode_compute_hosts
from cmlfleet.integration.models.cml_health_dto import decode_health
from cmlfleet.integration.models.cml_maintenance_dto import decode_maintenance

COMPUTE_ID = "17e91b4e-865a-4627-a6bb-50e3dfa988ab"
RECORDED_2_9_1: dict[str, Any] = {
    "valid": True,
    "computes": {
        COMPUTE_ID: {
            "kvm_vmx_enabled": True,
            "enough_cpus": True,
            "lld_connected": True,
            "lld_synced": True,
            "libvirt": True,
            "fabric": True,
            "device_mux": True,
            "refplat_images_available": True,
            "docker_shim": True,
            "valid": True,
            "admission_state": "READY",
            "is_controller": True,
            "hostname": "cml-controller",
        }
    },
    "is_licensed": True,
    "is_enterprise": True,
    "controller": {"core_connected": True, "nodes_loaded": True, "images_loaded": True, "valid": True},
}


def test_the_recorded_answer_of_2_9_1():
    fact = decode_health(msgspec.json.encode(RECORDED_2_9_1))

    assert (fact.valid, fact.is_licensed, fact.is_enterprise) == (True, True, True)
    assert len(fact.checks) == 12
    assert fact.checks["controller.core_connected"] is True
    assert fact.checks["computes.cml-controller.kvm_vmx_enabled"] is True
    (host,) = fact.compute_hosts
    assert (host.compute_id, host.hostname, host.is_controller, host.admission_state) == (
        COMPUTE_ID,
        "cml-controller",
        True,
        "READY",
    )


def test_null_is_unknown_absent_is_no_check_and_false_is_false():
    fact = decode_health(
        b'{"valid":null,"is_licensed":null,"computes":{"c1":{"kvm_vmx_enabled":null,"libvirt":false}},'
        b'"controller":{"core_connected":null}}'
    )

    assert (fact.valid, fact.is_licensed, fact.is_enterprise) == (None, None, None)
    assert fact.checks == {
        "controller.core_connected": None,
        "computes.c1.kvm_vmx_enabled": None,
        "computes.c1.libvirt": False,
    }


def test_an_overload_of_2_10_is_a_failed_check():
    fact = decode_health(
        b'{"computes":{"c1":{"cpu_overload":true,"memory_overload":false,"disk_overload":null}},'
        b'"controller":{"airhandler":false}}'
    )

    assert fact.checks == {
        "controller.airhandler": False,
        "computes.c1.cpu_not_overloaded": False,
        "computes.c1.memory_not_overloaded": True,
        "computes.c1.disk_not_overloaded": None,
    }


def test_two_computes_of_one_name_hide_nothing():
    fact = decode_health(
        b'{"computes":{"c1":{"hostname":"h","libvirt":true},"c2":{"hostname":"h","libvirt":false},"c3":null}}'
    )

    assert fact.checks == {"computes.h.libvirt": True, "computes.c2.libvirt": False}


@pytest.mark.parametrize(
    "extra", ['"nodes":["6d583887-a109-4df2-b7fe-45c27379a49d"]', '"node_counts":{"total_nodes":1}', '"new":1']
)
def test_compute_hosts_of_2_9_and_2_10(extra: str):
    body = (
        '[{"id":"c1","server_address":"fd00::1","hostname":"cml-controller","is_simulator":true,"is_connector":true,'
        f'"admission_state":"READY","is_connected":true,"is_synced":false,{extra}}}]'
    )

    (host,) = decode_compute_hosts(body.encode())

    fact = host.to_fact(controller_ids=frozenset({"c1"}))
    assert (fact.hostname, fact.server_address, fact.is_controller) == ("cml-controller", "fd00::1", True)
    assert (fact.is_connected, fact.is_synced) == (True, False)


@pytest.mark.parametrize(
    ("body", "is_on", "text"),
    [
        (b'{"maintenance_mode":false,"notice":null,"resolved_notice":null}', False, None),
        (
            b'{"maintenance_mode":true,"notice":"n","resolved_notice":{"label":"L","content":"Tonight"}}',
            True,
            "Tonight",
        ),
        (b'{"maintenance_mode":true,"notice":"n","resolved_notice":{"label":"L","content":""}}', True, "L"),
        (b"{}", None, None),
    ],
)
def test_maintenance(body: bytes, is_on: bool | None, text: str | None):
    maintenance = decode_maintenance(body)

    assert (maintenance.maintenance_mode, maintenance.notice_text) == (is_on, text)
