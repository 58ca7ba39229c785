"""Which addresses count as one."""

import pytest

from cmlfleet.application.attempt_limits import counted_as


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("what a proxy wrote", "what a proxy wrote"),
        (None, "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one(address: str | None, expected: str) -> None:
    assert counted_as(address) == expected
