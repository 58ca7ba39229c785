"""Labs in the shapes of several versions."""

from datetime import UTC, datetime

import msgspec
import pytest

from cmlfleet.domain.identifiers import LabId
from cmlfleet.integration.models.cml_lab_dto import (
    decode_lab,
    decode_lab_ids,
    decode_lab_tiles,
    decode_nodes_running,
)

LAB_ID = LabId("a6a334de-b497-47ae-bbff-44a83f890114")
RECORDED_2_9_1 = (
    b'{"id":"a6a334de-b497-47ae-bbff-44a83f890114","created":"2025-12-06T11:11:28+00:00",'
    b'"modified":"2025-12-06T11:11:28+00:00","lab_description":"d","lab_notes":"n","lab_title":"MCP Test Lab",'
    b'"owner":"4cfc3696-4df0-49a3-a0dd-7bbd9271fe67","owner_username":"admin","owner_fullname":"",'
    b'"state":"DEFINED_ON_CORE","node_count":0,"link_count":0,"groups":[],"effective_permissions":["lab_view"]}'
)


def test_the_recorded_lab_of_2_9_1():
    fact = decode_lab(RECORDED_2_9_1).to_fact(lab_id=LAB_ID)

    at = datetime(2025, 12, 6, 11, 11, 28, tzinfo=UTC)
    assert (fact.title, fact.owner, fact.state) == ("MCP Test Lab", "admin", "DEFINED_ON_CORE")
    assert (fact.node_count, fact.nodes_running) == (0, 0)
    assert (fact.created_at, fact.modified_at) == (at, at)


def test_a_lab_of_an_older_version():
    fact = decode_lab(
        b'{"id":"5f0d96","lab_title":"Old","owner":"someone","state":"STOPPED","node_count":2.0,'
        b'"created":"2020-07-21 09:10:39","modified":null}'
    ).to_fact(lab_id=LabId("5f0d96"))

    assert (fact.owner, fact.node_count) == ("someone", 2)
    assert fact.created_at == datetime(2020, 7, 21, 9, 10, 39, tzinfo=UTC)
    assert fact.modified_at is None


@pytest.mark.parametrize(
    ("nodes", "running"),
    [
        ('[{"state":"BOOTED"},{"state":"STARTED"},{"state":"STARTING"},{"state":"QUEUED"},{"state":"STOPPED"}]', 2),
        ('[{"state":"DISCONNECTED"}]', 0),
        ("[]", 0),
        ('[{"state":"BOOTED"},{"id":"a"}]', None),
        ("null", None),
    ],
)
def test_running_nodes_are_those_started_or_booted(nodes: str, running: int | None):
    body = f'{{"lab_tiles":{{"a":{{"lab_title":"A","state":"STARTED","topology":{{"nodes":{nodes}}}}},"b":null}}}}'

    tiles = decode_lab_tiles(body.encode())

    assert tiles.keys() == {"a"}
    assert tiles[LabId("a")].nodes_running == running


def test_a_state_nobody_knows_is_kept_and_its_nodes_are_counted():
    lab = decode_lab(b'{"lab_title":"A","state":"QUEUED","topology":{"nodes":[{"state":"BOOTED"}]}}')

    assert lab.nodes_running == 1
    assert lab.to_fact(lab_id=LAB_ID).state == "QUEUED"


def test_ids_come_as_text_or_within_objects():
    assert decode_lab_ids(b'["a","b"]') == {"a", "b"}
    assert decode_lab_ids(b'[{"id":"a","lab_title":"A"},"b"]') == {"a", "b"}
    assert decode_lab_ids(b"[]") == frozenset()


def test_element_states():
    assert decode_nodes_running(b'{"nodes":{"a":"BOOTED","b":"STARTED","c":"QUEUED","d":null},"links":{}}') == 2
    assert decode_nodes_running(b"{}") == 0


def test_what_is_no_lab_is_refused():
    for body in (b"{}", b"[]", b'{"lab_title":1}'):
        with pytest.raises((msgspec.DecodeError, ValueError)):
            decode_lab(body)
    with pytest.raises(msgspec.DecodeError):
        decode_lab_ids(b'{"labs":[]}')
    with pytest.raises(msgspec.DecodeError):
        decode_lab_tiles(b"{}")
    with pytest.raises(ValueError, match="yesterday"):
        decode_lab(b'{"lab_title":"A","created":"yesterday"}').to_fact(lab_id=LAB_ID)
