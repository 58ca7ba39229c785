"""`system_information` from 2.3 to 2.10."""

import msgspec
import pytest

from cmlfleet.integration.models.cml_system_info_dto import decode_system_information

SAMPLES = [
    (b'{"version":"2.3.0","ready":true}', "2.3.0", True),
    (b'{"version":"2.4.0.dev0+build.f904bdf8","ready":false}', "2.4.0.dev0+build.f904bdf8", False),
    (b'{"version":"2.7.2+build.26","ready":true,"allow_ssh_pubkey_auth":false}', "2.7.2+build.26", True),
    (
        b'{"version":"2.9.1+build.7","ready":true,"allow_ssh_pubkey_auth":false,"oui":"52:54:00:00:00:00"}',
        "2.9.1+build.7",
        True,
    ),
    (b'{"version":"2.10.0+build.5","ready":true,"oui":null,"timeout":10,"features":[]}', "2.10.0+build.5", True),
    (b'{"version":"2.11.0+sso","ready":null,"features":{"sso":true}}', "2.11.0+sso", False),
]


@pytest.mark.parametrize(("body", "version", "ready"), SAMPLES, ids=[sample[1] for sample in SAMPLES])
def test_every_version_is_read_and_kept_raw(body: bytes, version: str, ready: bool):
    fact = decode_system_information(body)

    assert (fact.version, fact.ready, fact.uptime_seconds) == (version, ready, None)
    assert fact.raw == msgspec.json.decode(body)


@pytest.mark.parametrize(
    ("uptime", "seconds"), [("86400", 86400), ("86400.9", 86400), ('"1 day"', None), ("null", None), ("true", None)]
)
def test_an_uptime_is_taken_where_a_version_has_one(uptime: str, seconds: int | None):
    fact = decode_system_information(f'{{"version":"2.12.0","ready":true,"uptime":{uptime}}}'.encode())

    assert fact.uptime_seconds == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"ready":true}',
        b'{"version":"","ready":true}',
        b'{"version":2.9,"ready":true}',
        b'["2.9.1"]',
        b"null",
    ],
)
def test_what_names_no_version_is_no_system_information(body: bytes):
    with pytest.raises((msgspec.DecodeError, ValueError)):
        decode_system_information(body)
