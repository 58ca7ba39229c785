"""The idle connections to one controller."""

from cmlfleet.integration.services.cml_transport import Lane
from cmlfleet.integration.services.controller_connection import ControllerConnection


def lane(*used_at: float) -> Lane:
    kept = Lane()
    for seconds in used_at:
        connection = ControllerConnection()
        connection.used_at = seconds
        kept.idle.append(connection)
    return kept


def test_what_a_hurry_took_beyond_one_connection_is_closed_before_the_last():
    kept = lane(80.0, 85.0, 90.0)

    kept.close_unused(spare_since=91.0, last_since=30.0)

    assert [connection.used_at for connection in kept.idle] == [90.0]


def test_connections_in_use_are_kept():
    kept = lane(80.0, 95.0)

    kept.close_unused(spare_since=75.0, last_since=30.0)

    assert len(kept.idle) == 2


def test_the_last_one_is_closed_when_no_refresh_comes_any_more():
    kept = lane(20.0, 29.0)

    kept.close_unused(spare_since=91.0, last_since=30.0)

    assert kept.is_empty
