"""The configuration: what is read from where, and what a mistake is told."""

from pathlib import Path

import pytest

from cmlfleet.settings import ConfigurationError, load_settings
from cmlfleet.settings_shown import shown

SECRET = "s" * 32


def problem(environ: dict[str, str], *, config: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ=environ, config=config)
    return str(caught.value)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_set_gives_the_documented_defaults() -> None:
    settings = load_settings(environ={})
    assert settings.data_dir == Path(".cmlfleet")
    assert settings.database_url.startswith("sqlite+aiosqlite:////")
    assert settings.database_url.endswith("/.cmlfleet/cmlfleet.db")
    assert (settings.host, settings.port, settings.refresh_interval) == ("127.0.0.1", 8080, 60)
    assert settings.roles == ("api", "scheduler", "worker")
    assert dict(settings.discovery_tags) == {"cmlfleet:managed": "true"}
    assert (settings.retention_samples_days, settings.retention_events_days) == (30, 365)
    assert (settings.cml_tls, settings.cml_timeout) == ("pin", 20.0)


def test_the_environment_goes_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text('port = 1000\nrefresh_interval = 30\nregions = ["eu-west-1"]\n')
    settings = load_settings(config=file, environ={"CMLFLEET_PORT": "2000"}, overrides={"port": 3000})
    assert (settings.port, settings.refresh_interval, settings.regions) == (3000, 30, ("eu-west-1",))
    assert settings.sources["port"] == "--port"
    assert settings.sources["refresh_interval"] == "file"


def test_the_file_in_the_folder_is_read_without_being_named(tmp_path: Path) -> None:
    (tmp_path / "cmlfleet.toml").write_text("port = 1234\n")
    assert load_settings(environ={}).port == 1234


def test_accounts_are_tables_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(
        '[[accounts]]\nid = "111122223333"\nrole_arn = "arn:aws:iam::111122223333:role/cmlfleet"\n'
        'external_id = "shared-word"\nregions = ["us-east-1", "us-west-2"]\nprefer_private_ip = true\n'
    )
    (account,) = load_settings(config=file, environ={}).accounts
    assert account.account_id == "111122223333"
    assert account.regions == ("us-east-1", "us-west-2")
    assert account.prefer_private_ip is True


def test_discovery_is_switched_off_by_an_empty_value() -> None:
    assert load_settings(environ={"CMLFLEET_DISCOVERY_TAGS": ""}).discovery_tags == {}


def test_another_empty_variable_is_as_if_it_were_not_set() -> None:
    assert load_settings(environ={"CMLFLEET_PORT": ""}).port == 8080


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("CMLFLEET_PORT", "eighty", "a whole number from 0 to 65535"),
        ("CMLFLEET_REFRESH_INTERVAL", "0", "a whole number from 1 to 86400"),
        ("CMLFLEET_REFRESH_INTERVAL", "٣", "a whole number from 1 to 86400"),
        ("CMLFLEET_ROLES", "api,cook", "some of api,scheduler,worker"),
        ("CMLFLEET_CML_TLS", "none", "pin or verify or insecure"),
        ("CMLFLEET_CML_TIMEOUT", "nan", "seconds from 1 to 600"),
        ("CMLFLEET_PREFER_PRIVATE_IP", "maybe", "true or false"),
        ("CMLFLEET_CML_ALLOWED_NETWORKS", "10.0.0.0/99", "networks as CIDRs"),
        ("CMLFLEET_TRUSTED_PROXIES", "10.0.0.1,0.0.0.0/0", "the networks of your own proxies"),
        ("CMLFLEET_TRUSTED_PROXIES", "*", "networks as CIDRs"),
        ("CMLFLEET_DISCOVERY_TAGS", "managed", "key=value pairs"),
        ("CMLFLEET_DATABASE_URL", "mysql://db", "********"),
        ("CMLFLEET_REDIS_URL", "localhost:6379", "redis://[:password@]host:port/number"),
        ("CMLFLEET_DATABASE_URL", "postgresql+asyncpg://u:pass/word@db/fleet", "with % codes"),
        ("CMLFLEET_DATABASE_URL", "postgresql+asyncpg://u:word@db:port/fleet", "with % codes"),
    ],
)
def test_a_wrong_value_is_told_with_its_key_and_what_is_allowed(variable: str, value: str, allowed: str) -> None:
    text = problem({variable: value})
    assert variable in text
    assert allowed in text


def test_every_mistake_is_told_at_once() -> None:
    text = problem({"CMLFLEET_PORT": "x", "CMLFLEET_ROLES": "y"})
    assert len(text.splitlines()) == 2


def test_a_slip_of_the_pen_is_told_the_right_name() -> None:
    assert "did you mean CMLFLEET_REFRESH_INTERVAL?" in problem({"CMLFLEET_REFRESH_INTERVALL": "60"})


def test_an_unknown_key_of_the_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text("refresh_intervall = 60\n")
    assert "did you mean refresh_interval?" in problem({}, config=file)


def test_a_file_that_cannot_be_read_or_understood_is_named(tmp_path: Path) -> None:
    missing, broken = tmp_path / "missing.toml", tmp_path / "broken.toml"
    broken.write_text("port = = 1")
    assert f"{missing} cannot be read" in problem({}, config=missing)
    assert f"{broken} is not TOML" in problem({}, config=broken)


def test_an_account_that_is_wrong_is_numbered(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text('[[accounts]]\nid = "111122223333"\n[[accounts]]\nrole = "x"\n')
    text = problem({}, config=file)
    assert "[[accounts]] number 2" in text
    assert "role_arn" in text


def test_a_short_secret_is_refused_and_never_shown() -> None:
    text = problem({"CMLFLEET_SECRET_KEY": "hunter2"})
    assert "CMLFLEET_SECRET_KEY" in text
    assert "at least 32 characters" in text
    assert "hunter2" not in text


def test_a_user_name_without_its_password_is_refused() -> None:
    assert "belong together" in problem({"CMLFLEET_CML_USERNAME": "admin"})


def test_no_secret_is_in_what_settings_print() -> None:
    settings = load_settings(
        environ={
            "CMLFLEET_BOOTSTRAP_TOKEN": "bootstrap-" + SECRET,
            "CMLFLEET_SECRET_KEY": "key-" + SECRET,
            "CMLFLEET_CML_USERNAME": "admin",
            "CMLFLEET_CML_PASSWORD": "cml-password",
            "CMLFLEET_DATABASE_URL": "postgresql+asyncpg://u:db-password@127.0.0.1/fleet",
            "CMLFLEET_OIDC_CLIENT_SECRET": "oidc-secret",
        }
    )
    text = shown(settings)
    for secret in ("bootstrap-", "key-s", "cml-password", "db-password", "oidc-secret"):
        assert secret not in text
    assert 'bootstrap_token = "********"  # CMLFLEET_BOOTSTRAP_TOKEN' in text
    assert 'database_url = "postgresql+asyncpg://u:********@127.0.0.1/fleet"  # CMLFLEET_DATABASE_URL' in text
    assert "port = 8080  # default" in text


def test_the_representation_of_settings_shows_no_secret_either() -> None:
    database = "postgresql+asyncpg://u:db-password@127.0.0.1/fleet"
    settings = load_settings(
        environ={"CMLFLEET_BOOTSTRAP_TOKEN": "bootstrap-" + SECRET, "CMLFLEET_DATABASE_URL": database}
    )
    assert SECRET not in repr(settings)
    assert "db-password" not in repr(settings)


def test_the_client_s_own_variables_are_not_the_service_s() -> None:
    settings = load_settings(environ={"CMLFLEET_URL": "http://127.0.0.1:1", "CMLFLEET_TOKEN": "x"})
    assert "token" not in settings.sources


def test_a_secret_key_comes_from_one_place() -> None:
    two = {"CMLFLEET_SECRET_KEY": SECRET, "CMLFLEET_SECRET_KEY_FILE": "/run/secrets/key"}
    assert "set only one of secret_key, secret_key_file" in problem(two)
    assert "secret_key_previous belongs to secret_key" in problem({"CMLFLEET_SECRET_KEY_PREVIOUS": SECRET})
    settings = load_settings(environ={"CMLFLEET_SECRET_KEY_COMMAND": "vault read -token=hunter2 key"})
    assert "hunter2" not in shown(settings) + repr(settings)


def test_a_certificate_needs_its_key() -> None:
    assert "CMLFLEET_TLS_CERT and CMLFLEET_TLS_KEY belong together" in problem({"CMLFLEET_TLS_CERT": "/x.pem"})


CLUSTER = {
    "CMLFLEET_REDIS_URL": "redis://:redis-password@127.0.0.1/0",
    "CMLFLEET_DATABASE_URL": "postgresql+asyncpg://u:db-password@127.0.0.1/fleet",
    "CMLFLEET_SECRET_KEY": "key-" + SECRET,
}


def test_a_cluster_has_roles_a_database_redis_and_a_secret_key() -> None:
    settings = load_settings(environ={**CLUSTER, "CMLFLEET_ROLES": "worker"})
    assert (settings.roles, settings.redis_url) == (("worker",), CLUSTER["CMLFLEET_REDIS_URL"])
    assert "redis-password" not in shown(settings)
    assert "redis-password" not in repr(settings)


@pytest.mark.parametrize(
    ("missing", "fix"),
    [
        ("CMLFLEET_DATABASE_URL", "set CMLFLEET_DATABASE_URL=postgresql+asyncpg://…"),
        ("CMLFLEET_SECRET_KEY", "set CMLFLEET_SECRET_KEY, any text of at least 32 characters"),
    ],
)
def test_a_cluster_without_what_its_processes_must_share_is_refused(missing: str, fix: str) -> None:
    assert fix in problem({name: value for name, value in CLUSTER.items() if name != missing})


def test_everything_that_a_cluster_lacks_is_told_at_once() -> None:
    assert len(problem({"CMLFLEET_REDIS_URL": CLUSTER["CMLFLEET_REDIS_URL"]}).splitlines()) == 2


@pytest.mark.parametrize("roles", ["api", "scheduler,worker"])
def test_roles_that_need_other_processes_are_refused_without_redis(roles: str) -> None:
    text = problem({"CMLFLEET_ROLES": roles})
    assert roles in text
    assert "set CMLFLEET_REDIS_URL" in text


def test_all_roles_in_any_order_are_one_process() -> None:
    assert load_settings(environ={"CMLFLEET_ROLES": "worker,api,scheduler"}).redis_url is None
