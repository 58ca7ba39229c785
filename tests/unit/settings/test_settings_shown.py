"""What `serve --print-config` shows is TOML that says the same again."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from cmlfleet.settings import Settings, load_settings
from cmlfleet.settings_shown import shown

EVERYTHING = """
data_dir = "some where"
database_url = "postgresql+asyncpg://127.0.0.1/fleet"
roles = ["api", "scheduler", "worker"]
regions = ["eu-west-1", "us-east-1"]
discovery_tags = {"cmlfleet:managed" = "true", "team" = "a \\"b\\" = c"}
refresh_interval = 30
boot_budget = 900
prefer_private_ip = true
metrics_public = false
cml_timeout = 7.5
cml_allowed_networks = ["10.0.0.0/8", "fd00::/8"]
trusted_proxies = "127.0.0.1/32"
tls_cert = "/etc/cert.pem"
tls_key = "/etc/key.pem"
oidc_role_map = {"admins" = "admin"}

[[accounts]]
id = "111122223333"
role_arn = "arn:aws:iam::111122223333:role/read"
regions = ["eu-west-1"]
prefer_private_ip = false

[[credentials]]
label = "team=blue"
username = "blue"
password_file = "/run/secrets/blue"
"""


def _loaded(folder: Path, text: str) -> Settings:
    file = folder / "fleet.toml"
    file.write_text(text)
    return replace(load_settings(config=file, environ={}), sources={})


@pytest.mark.parametrize("text", ["", EVERYTHING])
def test_what_is_shown_configures_the_same(tmp_path: Path, text: str) -> None:
    settings = _loaded(tmp_path, text)
    assert _loaded(tmp_path, shown(settings)) == settings


def test_nothing_is_shown_as_python_writes_it(tmp_path: Path) -> None:
    text = shown(_loaded(tmp_path, EVERYTHING))
    for word in ("True", "False", "None", "Path(", "Settings(", "'"):
        assert word not in text
    assert "# boot_budget is not set" in shown(_loaded(tmp_path, ""))


def test_secrets_of_tables_are_masked(tmp_path: Path) -> None:
    text = shown(
        _loaded(
            tmp_path,
            '[[accounts]]\nid = "111122223333"\nexternal_id = "hunter2"\n'
            '[[credentials]]\nusername = "a"\npassword = "hunter2"\n',
        )
    )
    assert "hunter2" not in text
    assert tomllib.loads(text)["accounts"] == [{"id": "111122223333", "external_id": "********"}]


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://127.0.0.1/0", "redis://127.0.0.1/0"),
        ("redis://:hunter2@127.0.0.1:6379/0", "redis://:********@127.0.0.1:6379/0"),
        ("rediss://me:hunter/2@host@127.0.0.1/0", "rediss://me:********@127.0.0.1/0"),
        ("redis://127.0.0.1/0?password=hunter2&db=1", "redis://127.0.0.1/0?password=********&db=1"),
    ],
)
def test_of_an_address_the_password_alone_is_masked(url: str, masked: str) -> None:
    settings = replace(load_settings(environ={}), redis_url=url)
    assert tomllib.loads(shown(settings))["redis_url"] == masked
