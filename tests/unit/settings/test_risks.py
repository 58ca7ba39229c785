"""Which configurations are insecure, and that each has a flag of its own."""

from pathlib import Path

import pytest

from cmlfleet.risks import FLAGS, InsecureConfiguration, readable_passwords, refuse_risks, risks, variable
from cmlfleet.settings import Settings, load_settings

TOKEN = "hunter2"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(**variables: str) -> Settings:
    return load_settings(environ={f"CMLFLEET_{name.upper()}": value for name, value in variables.items()})


def flags_of(**variables: str) -> list[str]:
    return [risk.flag for risk in risks(settings(**variables))]


def key_file(folder: Path, mode: int) -> str:
    path = folder / "a-key"
    path.write_text("k" * 40)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_loopback_needs_no_tls(host: str) -> None:
    assert flags_of(host=host) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "cmlfleet.example.com"])
def test_beyond_loopback_plain_http_is_a_risk_and_tls_is_none(host: str) -> None:
    assert flags_of(host=host) == ["allow_plain_http"]
    assert flags_of(host=host, tls_cert="/c.pem", tls_key="/k.pem") == []


def test_not_looking_at_controllers_certificates_is_a_risk_unless_all_is_loopback() -> None:
    assert flags_of(cml_tls="insecure") == ["allow_insecure_cml_tls"]
    assert flags_of(cml_tls="insecure", cml_allowed_networks="127.0.0.0/8,10.0.0.0/8") == ["allow_insecure_cml_tls"]
    assert flags_of(cml_tls="insecure", cml_allowed_networks="127.0.0.0/8,::1/128") == []


def test_a_short_token_is_a_risk_and_is_not_shown() -> None:
    (risk,) = risks(settings(bootstrap_token=TOKEN))
    assert risk.flag == "allow_short_token"
    assert "at least 32 characters" in risk.fix
    assert TOKEN not in str(risk)
    assert flags_of(bootstrap_token="t" * 32) == []


def test_a_secret_key_that_everybody_can_read_is_a_risk(tmp_path: Path) -> None:
    assert flags_of(secret_key_file=key_file(tmp_path, 0o644)) == ["allow_world_readable_key_file"]
    assert flags_of(secret_key_file=key_file(tmp_path, 0o640)) == []
    generated = tmp_path / "data" / "secret.key"
    generated.parent.mkdir()
    generated.touch(0o644)
    assert flags_of(data_dir=str(generated.parent)) == ["allow_world_readable_key_file"]


def test_a_certificate_s_key_that_everybody_can_read_is_a_risk_beyond_loopback(tmp_path: Path) -> None:
    key = key_file(tmp_path, 0o644)
    assert flags_of(host="0.0.0.0", tls_cert="/c.pem", tls_key=key) == ["allow_world_readable_key_file"]
    assert flags_of(tls_cert="/c.pem", tls_key=key) == []


def test_each_risk_is_accepted_by_its_own_flag_and_by_no_other(tmp_path: Path) -> None:
    insecure = {
        "host": "0.0.0.0",
        "cml_tls": "insecure",
        "bootstrap_token": TOKEN,
        "secret_key_file": key_file(tmp_path, 0o644),
    }
    assert set(flags_of(**insecure)) == set(FLAGS)
    for flag in FLAGS:
        others = {other: "true" for other in FLAGS if other != flag}
        with pytest.raises(InsecureConfiguration) as raised:
            refuse_risks(settings(**insecure, **others))
        (line,) = str(raised.value).splitlines()
        assert line.endswith(f"or accept it with {variable(flag)}=true")
        assert TOKEN not in line
    refuse_risks(settings(**insecure, **dict.fromkeys(FLAGS, "true")))


def test_every_risk_is_told_at_once() -> None:
    with pytest.raises(InsecureConfiguration) as raised:
        refuse_risks(settings(host="0.0.0.0", bootstrap_token=TOKEN))
    assert len(str(raised.value).splitlines()) == 2


def test_files_with_passwords_that_everybody_can_read_are_named(tmp_path: Path) -> None:
    password, config = tmp_path / "password", tmp_path / "cmlfleet.toml"
    password.touch(0o644)
    config.write_text(f'[[credentials]]\nusername = "x"\npassword_file = "{password}"\n')
    config.chmod(0o644)
    assert readable_passwords(settings()) == [password]
    config.write_text('[[credentials]]\nusername = "x"\npassword = "p"\n')
    assert readable_passwords(settings()) == [Path("cmlfleet.toml")]
    config.chmod(0o600)
    assert readable_passwords(settings()) == []
