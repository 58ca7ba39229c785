"""`system_stats`, as recorded and as older versions gave it."""

from typing import Any

import msgspec
import pytest

from cmlfleet.integration.models.cml_statistics_dto import decode_statistics

GIB = 1024**3

RECORDED_2_9_1: dict[str, Any] = {
    "computes": {
        "17e91b4e-865a-4627-a6bb-50e3dfa988ab": {
            "hostname": "cml-controller",
            "is_controller": True,
            "stats": {
                "cpu": {
                    "count": 6,
                    "percent": 4.166666666666667,
                    "model": "Intel(R) Core(TM) i7-5960X CPU @ 3.00GHz",
                    "hyperthreading": False,
                    "predicted": 43,
                    "load": [0.1875, 0.21728515625, 0.18359375],
                },
                "memory": {"used": 2791538688, "free": 13624754176, "total": 16748994560},
                "disk": {"used": 82798108672, "free": 37041123328, "total": 119839232000},
                "dominfo": {
                    "total_nodes": 182,
                    "total_orphans": 50,
                    "running_nodes": 8,
                    "running_orphans": 0,
                    "allocated_cpus": 7,
                    "allocated_memory": 6291456,
                },
            },
        }
    },
    "all": {
        "cpu": {"count": 6, "percent": 4.166666666666667},
        "memory": {"used": 2791538688, "free": 13624754176, "total": 16748994560},
        "disk": {"used": 82798108672, "free": 37041123328, "total": 119839232000},
    },
    "controller": {"disk": {"used": 77848326144, "free": 37041123328, "total": 119839232000}},
}

OLD_2_3: dict[str, Any] = {
    "clusters": {
        "cluster_1": {
            "high_level_drivers": {
                "compute_1": {
                    "cpu": {"count": 8, "percent": 12, "load": [1, 2, 3]},
                    "memory": {"used": 4 * GIB, "free": 11 * GIB, "total": 16 * GIB},
                    "disk": {"used": 10 * GIB, "free": 30 * GIB, "total": 40 * GIB},
                    "dominfo": {
                        "allocated_cpus": 4,
                        "allocated_memory": 12582912,
                        "total_vms": 9,
                        "running_vms": 3,
                    },
                }
            }
        }
    }
}


def test_the_recorded_answer_of_2_9_1():
    fact = decode_statistics(msgspec.json.encode(RECORDED_2_9_1))

    assert fact.cpu_percent == pytest.approx(4.1667, abs=1e-3)
    assert fact.memory_percent == pytest.approx(100 * 2791538688 / 16748994560)
    assert fact.disk_percent == pytest.approx(69.09, abs=0.01)
    assert (fact.running_nodes, fact.total_nodes) == (8, 182)
    (compute,) = fact.computes
    assert (compute.hostname, compute.is_controller, compute.cpu_count) == ("cml-controller", True, 6)
    assert compute.allocated_memory_bytes == 6 * GIB
    assert (compute.total_orphans, compute.running_orphans) == (50, 0)
    assert compute.load == (0.1875, 0.21728515625, 0.18359375)


def test_the_older_shape_tells_the_same():
    fact = decode_statistics(msgspec.json.encode(OLD_2_3))

    assert (fact.cpu_percent, fact.memory_percent, fact.disk_percent) == (12.0, 25.0, 25.0)
    assert (fact.running_nodes, fact.total_nodes) == (3, 9)
    assert fact.computes[0].allocated_memory_bytes == 12 * GIB


def test_without_all_the_computes_are_added_up():
    one = {
        "cpu": {"count": 2, "percent": 90.0},
        "memory": {"used": 1, "total": 4},
        "disk": {"used": 3, "total": 4},
        "dominfo": {"running_nodes": 2, "total_nodes": None},
    }
    other = {"cpu": {"count": 6, "percent": 10}, "memory": {"used": 0, "total": 4}, "disk": None, "dominfo": None}

    fact = decode_statistics(
        msgspec.json.encode({"computes": {"a": {"stats": one}, "b": {"stats": other}, "c": {"stats": None}}})
    )

    assert (fact.cpu_percent, fact.memory_percent, fact.disk_percent) == (30.0, 12.5, 75.0)
    assert (fact.running_nodes, fact.total_nodes) == (2, None)


@pytest.mark.parametrize(
    ("allocated", "expected"),
    [(6291456, 6 * GIB), (20 * 1024**2, 20 * GIB), (6 * GIB, 6 * GIB), (6291456.0, 6 * GIB), (None, None)],
    ids=["KiB", "more than the host has", "bytes", "float", "null"],
)
def test_allocated_memory_is_in_kib_unless_that_is_absurd(allocated: float | None, expected: int | None):
    stats = {"memory": {"used": 1, "total": 16 * GIB}, "dominfo": {"allocated_memory": allocated}}

    fact = decode_statistics(msgspec.json.encode({"computes": {"a": {"stats": stats}}}))

    assert fact.computes[0].allocated_memory_bytes == expected


@pytest.mark.parametrize("body", [b"{}", b'{"computes":{}}', b'{"computes":null,"all":null}', b'{"all":{"cpu":{}}}'])
def test_a_system_that_says_nothing_yet_is_unknown_and_not_nought(body: bytes):
    fact = decode_statistics(body)

    assert (fact.cpu_percent, fact.memory_percent, fact.disk_percent) == (None, None, None)
    assert (fact.running_nodes, fact.total_nodes) == (None, None)


def test_percentages_stay_within_their_bounds():
    fact = decode_statistics(
        b'{"all":{"cpu":{"percent":100.0001},"memory":{"used":5,"total":0},"disk":{"used":9,"total":3}}}'
    )

    assert (fact.cpu_percent, fact.memory_percent, fact.disk_percent) == (100.0, None, 100.0)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b'{"computes":[]}', b'{"all":{"cpu":{"percent":"4 %"}}}'])
def test_what_is_no_statistics_is_refused(body: bytes):
    with pytest.raises(msgspec.DecodeError):
        decode_statistics(body)
