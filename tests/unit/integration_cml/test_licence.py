"""The licence: raw words, zoneless times, and how many nodes may run."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from cmlfleet.integration.models.cml_license_info_dto import decode_licence, decode_licensed_quota

BASE = "regid.2019-10.com.cisco.CML_ENT_BASE,1.0_15d3393c-846c-4e00-a54e-1ea90f2b2160"
EXPANSION = "regid.2019-10.com.cisco.CML_NODE_COUNT,1.0_2607650b-6ca8-46d5-81e5-e6688b7383c4"

RECORDED_2_9_1: dict[str, Any] = {
    "registration": {
        "status": "COMPLETED",
        "smart_account": "Demo Smart Account",
        "virtual_account": "Lic Test",
        "expires": "2026-08-20 17:25:30",
        "register_time": {
            "succeeded": None,
            "attempted": "2023-08-11 19:33:12",
            "failure": "OK",
            "success": "SUCCESS",
        },
        "renew_time": {"scheduled": "2026-02-16 17:30:31", "status": None, "failure": None, "success": "SUCCESS"},
    },
    "authorization": {
        "status": "IN_COMPLIANCE",
        "expires": "2026-02-20 15:13:31",
        "renew_time": {"scheduled": "2025-12-22 15:18:32", "status": "SUCCEEDED", "success": "SUCCESS"},
    },
    "features": [
        {
            "id": BASE,
            "name": "CML - Enterprise License",
            "description": "Cisco Modeling Labs - Enterprise License with 20 nodes capacity included",
            "in_use": 1,
            "status": "IN_COMPLIANCE",
            "version": "1.0",
            "min": 0,
            "max": 1,
        },
        {
            "id": EXPANSION,
            "name": "CML - Expansion Node License",
            "description": "Cisco Modeling Labs - Expansion node capacity for CML Enterprise Servers",
            "in_use": 200,
            "status": "IN_COMPLIANCE",
            "version": "1.0",
            "min": 0,
            "max": 500,
        },
    ],
    "reservation_mode": False,
    "udi": {"hostname": "cml-controller", "product_uuid": "5e0e49e2-689d-4a2d-866e-9ba337fb2e8f"},
    "product_license": {"active": "CML_Enterprise", "is_enterprise": True},
}


def licence(changes: dict[str, Any] | None = None, *, quota: int | None = None):
    return decode_licence(msgspec.json.encode({**RECORDED_2_9_1, **(changes or {})})).to_fact(quota=quota)


def test_the_recorded_licence_of_2_9_1():
    fact = licence()

    assert (fact.registration_status, fact.authorization_status) == ("COMPLETED", "IN_COMPLIANCE")
    assert (fact.product, fact.is_enterprise) == ("CML_Enterprise", True)
    assert (fact.smart_account, fact.virtual_account) == ("Demo Smart Account", "Lic Test")
    assert fact.registration_expires_at == datetime(2026, 8, 20, 17, 25, 30, tzinfo=UTC)
    assert fact.authorization_expires_at == datetime(2026, 2, 20, 15, 13, 31, tzinfo=UTC)
    assert fact.renew_at == datetime(2025, 12, 22, 15, 18, 32, tzinfo=UTC)
    assert fact.renew_failed is False
    assert [(one.in_use, one.maximum) for one in fact.features] == [(1, 1), (200, 500)]


def test_the_node_limit_is_the_quota_where_there_is_one():
    assert licence(quota=60).nodes_limit == 60


def test_else_the_nodes_included_and_those_claimed_of_the_expansion():
    assert licence().nodes_limit == 220


@pytest.mark.parametrize(
    ("product", "limit"),
    [("CML_Personal", 20), ("CML_Personal40", 40), ("CML_Enterprise", 20), ("CML_Education", None), (None, None)],
)
def test_without_features_the_product_tells(product: str | None, limit: int | None):
    assert licence({"features": [], "product_license": {"active": product}}).nodes_limit == limit


def test_a_failed_renewal_shows():
    failed = {"status": "OUT_OF_COMPLIANCE", "renew_time": {"success": "FAILED", "failure": "no route"}}

    fact = licence({"authorization": failed})

    assert fact.renew_failed is True
    assert fact.authorization_status == "OUT_OF_COMPLIANCE"


def test_a_licence_that_was_never_registered():
    fact = licence(
        {
            "registration": {"status": "NOT_REGISTERED", "expires": None, "renew_time": {"success": None}},
            "authorization": {"status": "INIT", "renew_time": {"status": "NOT STARTED"}},
            "udi": "a bare string",
        }
    )

    assert (fact.registration_status, fact.authorization_status) == ("NOT_REGISTERED", "INIT")
    assert (fact.registration_expires_at, fact.renew_at, fact.renew_failed) == (None, None, None)


def test_every_key_may_be_missing():
    fact = decode_licence(b"{}").to_fact(quota=None)

    assert (fact.registration_status, fact.product, fact.nodes_limit, fact.features) == (None, None, None, ())


@pytest.mark.parametrize("expires", ["soon", "20.08.2026", "2026-13-01 00:00:00"])
def test_a_time_that_cannot_be_read_is_refused(expires: str):
    with pytest.raises(ValueError, match=r".+"):
        licence({"registration": {"status": "COMPLETED", "expires": expires}})


def test_the_quota_is_not_the_users():
    assert decode_licensed_quota(b'{"quota":20,"started":3,"user_quota":1,"user_started":0}') == 20
    assert decode_licensed_quota(b'{"quota":null,"user_quota":1}') is None
