"""Commands for the machine of the service: tokens, doctor, migrate, configuration, sign-in, help, completion."""

import inspect
import json
import stat
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from tests.integration.cli.conftest import Fleet
from tests.support.product import TOKEN, run_cli

from cmlfleet.cli.app import COMMANDS, app
from cmlfleet.risks import FLAGS, variable

NOWHERE = "http://127.0.0.1:1"


def _here(folder: Path, *arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return run_cli(*arguments, url=NOWHERE, token=None, stdin=stdin, home=folder, **variables)


def test_tokens_are_made_listed_and_revoked(tmp_path: Path) -> None:
    empty = _here(tmp_path, "token", "list")
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "cmlfleet token create" in empty.stderr
    header = _here(tmp_path, "token", "list", "-o", "csv").stdout
    made = _here(tmp_path, "token", "create", "--role", "operator", "--name", "me", "--expires", "30d")
    token = made.stdout.strip()
    assert (made.returncode, len(made.stdout.split())) == (0, 1)
    assert token not in made.stderr
    (listed,) = json.loads(_here(tmp_path, "token", "list", "-o", "json").stdout)
    assert (listed["name"], listed["role"]) == ("me", "operator")
    assert header.strip().split(",") == list(listed)
    assert listed["expires_at"] is not None
    table = _here(tmp_path, "token", "list").stdout
    assert token not in table
    assert listed["id"] in table
    assert _here(tmp_path, "token", "revoke", listed["id"]).returncode == 0
    again = _here(tmp_path, "token", "revoke", listed["id"])
    assert (again.returncode, again.stdout) == (3, "")
    assert listed["id"] in again.stderr
    assert "cmlfleet token list" in again.stderr
    assert _here(tmp_path, "token", "create", "--role", "king", "--name", "me").returncode == 2


def test_a_token_is_revoked_by_its_name_and_its_name_is_its_own(tmp_path: Path) -> None:
    create = ("token", "create", "--role", "viewer", "--name", "ci")
    assert _here(tmp_path, *create).returncode == 0
    twice = _here(tmp_path, *create)
    assert (twice.returncode, twice.stdout) == (1, "")
    assert "'ci' already" in twice.stderr
    unknown = _here(tmp_path, "token", "revoke", "cj")
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert "'cj'" in unknown.stderr
    assert "cmlfleet token list" in unknown.stderr
    revoked = _here(tmp_path, "token", "revoke", "ci")
    assert (revoked.returncode, revoked.stdout) == (0, "")
    assert "revoked ci (t-" in revoked.stderr
    assert _here(tmp_path, *create).returncode == 0


def test_a_token_made_here_signs_in_and_login_keeps_it_for_its_owner_alone(fleet: Fleet, tmp_path: Path) -> None:
    made = _here(
        tmp_path,
        *("token", "create", "--role", "viewer", "--name", "me"),
        CMLFLEET_DATA_DIR=str(fleet.folder / "data"),
    )
    signed_in = run_cli("login", url=fleet.service.url, token=None, stdin=made.stdout, home=tmp_path)
    assert (signed_in.returncode, signed_in.stdout) == (0, "")
    assert "as me (viewer)" in signed_in.stderr
    (kept,) = (tmp_path / ".config" / "cmlfleet").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert run_cli("workers", "list", url=fleet.service.url, token=None, home=tmp_path).returncode == 0
    elsewhere = run_cli("workers", "list", url=NOWHERE, token=None, home=tmp_path)
    assert elsewhere.returncode == 4


@pytest.mark.parametrize(("stdin", "status"), [("wrong\n", 4), ("", 2), ("nö\n", 2)])
def test_a_token_that_does_not_work_is_not_kept(fleet: Fleet, tmp_path: Path, stdin: str, status: int) -> None:
    done = run_cli("login", url=fleet.service.url, token=None, stdin=stdin, home=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert not (tmp_path / ".config").exists()


def test_doctor_finds_all_well(fleet: Fleet) -> None:
    variables = {**fleet.cloud.environment, "CMLFLEET_DATA_DIR": str(fleet.folder / "data")}
    done = _here(fleet.folder, "doctor", "-o", "json", **variables)
    findings = json.loads(done.stdout)
    assert done.returncode == 0, findings
    assert {finding["state"] for finding in findings} <= {"ok", "warning"}
    checks = {finding["check"] for finding in findings}
    assert checks >= {"configuration", "database", "schema", "CML", "AWS identity"}
    assert "4 of 4 running workers reached" in done.stdout
    assert any(finding["check"].endswith("ec2:DescribeInstances") for finding in findings)
    lines = _here(fleet.folder, "doctor", **variables).stdout.splitlines()
    assert all(line.startswith(("ok ", "warning ", "  ")) for line in lines)


def test_doctor_names_what_failed_with_its_fix(fleet: Fleet) -> None:
    variables = {**fleet.cloud.environment, "CMLFLEET_DATA_DIR": str(fleet.folder / "data")}
    fleet.cloud.control.call("POST", "/faults", {"name": "denied", "operation": "GetMetricData"})
    try:
        done = _here(fleet.folder, "doctor", "-o", "json", **variables)
    finally:
        fleet.cloud.mend()
    failed = [finding for finding in json.loads(done.stdout) if finding["state"] == "failed"]
    assert done.returncode == 1
    assert [finding["check"].split()[-1] for finding in failed] == ["cloudwatch:GetMetricData"]
    assert "docs/iam-policy.json" in failed[0]["fix"]


def test_doctor_tells_a_wrong_region_from_a_policy_that_lacks(fleet: Fleet) -> None:
    variables = {
        **fleet.cloud.environment,
        "CMLFLEET_DATA_DIR": str(fleet.folder / "data"),
        "CMLFLEET_REGIONS": "mars",
    }
    done = _here(fleet.folder, "doctor", "-o", "json", **variables)
    failed = [finding for finding in json.loads(done.stdout) if finding["state"] == "failed"]
    assert done.returncode == 1
    assert failed
    assert all(" mars " in finding["check"] and "CMLFLEET_REGIONS" in finding["fix"] for finding in failed)
    assert not [finding for finding in failed if "iam-policy" in finding["fix"]]


def test_doctor_without_aws_or_a_database(tmp_path: Path) -> None:
    done = _here(
        tmp_path,
        "doctor",
        CMLFLEET_DATABASE_URL="postgresql+asyncpg://nobody@127.0.0.1:1/none",
        CMLFLEET_REGIONS="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
    )
    assert done.returncode == 1
    failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("failed")]
    assert failed == ["database:", "AWS"]
    assert done.stdout.count("fix: ") >= 2


def _risky(folder: Path) -> dict[str, str]:
    """A setting for each of the risks."""
    key = folder / "key"
    key.write_text("k" * 40)
    key.chmod(0o644)
    return {
        "CMLFLEET_HOST": "0.0.0.0",
        "CMLFLEET_CML_TLS": "insecure",
        "CMLFLEET_BOOTSTRAP_TOKEN": "short",
        "CMLFLEET_SECRET_KEY_FILE": str(key),
    }


def test_an_insecure_service_does_not_start_and_says_all_that_is_insecure(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = _here(tmp_path, "serve", "--port", "0", CMLFLEET_DATA_DIR=str(data), **_risky(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    for flag in FLAGS:
        assert f"accept it with {variable(flag)}=true" in done.stderr
    assert not data.exists()


def test_doctor_lists_each_risk_that_was_accepted(tmp_path: Path) -> None:
    risky, accepted = _risky(tmp_path), {variable(flag): "true" for flag in FLAGS}

    def of_security(**variables: str) -> list[dict[str, str]]:
        done = _here(tmp_path, "doctor", "-o", "json", CMLFLEET_REGIONS="us-east-1", **variables)
        return [finding for finding in json.loads(done.stdout) if finding["check"] == "security"]

    in_force = of_security(**risky, **accepted)
    assert {finding["state"] for finding in in_force} == {"warning"}
    assert all(any(name in finding["text"] for finding in in_force) for name in accepted)
    assert all(finding["fix"] for finding in in_force)
    refused = of_security(**risky)
    assert [finding["state"] for finding in refused] == ["failed"] * len(FLAGS)
    for_nothing = of_security(CMLFLEET_ALLOW_PLAIN_HTTP="true")
    assert ["CMLFLEET_ALLOW_PLAIN_HTTP=true" in finding["text"] for finding in for_nothing] == [True]


def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    first, second = _here(tmp_path, "migrate"), _here(tmp_path, "migrate")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "was brought up to date" in first.stderr
    assert "is up to date" in second.stderr


def test_the_configuration_in_force_is_printed_with_its_sources_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "cmlfleet.toml").write_text('refresh_interval = 30\ncml_password = "secret-of-the-file"\n')
    done = _here(
        tmp_path, "serve", "--print-config", "--port", "9", CMLFLEET_BOOTSTRAP_TOKEN=TOKEN, CMLFLEET_CML_USERNAME="a"
    )
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if not line.startswith("#"))
    assert lines["refresh_interval"].startswith("30 ")
    assert "file" in lines["refresh_interval"]
    assert lines["port"].startswith("9 ")
    assert "CMLFLEET_CML_USERNAME" in lines["cml_username"] or "environment" in lines["cml_username"]
    assert lines["host"].endswith("# default")
    for secret in ("secret-of-the-file", TOKEN):
        assert secret not in done.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("refresh_intervall = 3", ["refresh_intervall", "refresh_interval"]),
        ("refresh_interval = 0", ["refresh_interval", "0", "86400"]),
    ],
)
def test_a_wrong_configuration_is_exit_2_with_key_value_and_fix(tmp_path: Path, text: str, told: list[str]) -> None:
    (tmp_path / "cmlfleet.toml").write_text(text + "\n")
    for command in (("serve", "--print-config"), ("migrate",), ("doctor",), ("token", "list")):
        done = _here(tmp_path, *command)
        assert (done.returncode, done.stdout) == (2, "")
        for words in told:
            assert words in done.stderr


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_data_directory_that_is_none_is_exit_2_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    folder = str(tmp_path / name)
    for command in (("serve", "--port", "0"), ("migrate",), ("token", "list"), ("secrets", "rotate")):
        done = _here(tmp_path, *command, CMLFLEET_DATA_DIR=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"the data directory {folder} cannot be used: {folder} is, or lies in, a file" in done.stderr
        assert "CMLFLEET_DATA_DIR" in done.stderr
    done = _here(tmp_path, "doctor", "-o", "json", CMLFLEET_DATA_DIR=folder, CMLFLEET_REGIONS="us-east-1")
    failed = {finding["check"]: finding for finding in json.loads(done.stdout) if finding["state"] == "failed"}
    assert done.returncode == 1
    assert folder in failed["data directory"]["text"]


def test_every_command_has_its_line_in_the_help(tmp_path: Path) -> None:
    text = _here(tmp_path, "--help").stdout
    for name in (*COMMANDS, "demo", "simulate"):
        line = next(line for line in text.splitlines() if line.split()[1:2] == [name])
        assert len(line.split()) > 4, line
    workers = _here(tmp_path, "workers", "--help").stdout
    for name in ("list", "get", "refresh", "watch", "import", "diagnose", "set-credentials", "trust", "forget"):
        line = next(line for line in workers.splitlines() if line.split()[1:2] == [name])
        assert len(line.split()) > 4, line


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_help_is_what_the_command_says_of_itself(name: str) -> None:
    place, _, line = COMMANDS[name]
    module, _, attribute = place.partition(":")
    target = getattr(import_module(f"cmlfleet.cli.{module}"), attribute)
    own = inspect.getdoc(target) if inspect.isfunction(target) else target.help
    assert own is not None
    assert line.rstrip(".") in " ".join(own.split())


def test_the_help_imports_none_of_the_commands() -> None:
    code = (
        "import atexit, sys; from cmlfleet.cli.app import app\n"
        "slow = {'sqlalchemy', 'fastapi', 'boto3', 'httpx2', 'uvloop'}\n"
        "atexit.register(lambda: print(sorted(slow & {name.partition('.')[0] for name in sys.modules})))\n"
        "app(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_completion_completes_commands_and_choices(tmp_path: Path) -> None:
    script = _here(tmp_path, "completion", "bash")
    assert script.returncode == 0, script.stderr
    (tmp_path / "completion").write_text(script.stdout)
    asked = """
        source ./completion
        complete -p cmlfleet >/dev/null
        try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cmlfleet; echo "${COMPREPLY[@]}"; }
        try cmlfleet workers diag
        try cmlfleet workers list -o ''
        try cmlfleet lo
    """
    done = subprocess.run(["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["diagnose", "table wide json yaml csv name", "login"]
    unknown = _here(tmp_path, "completion", SHELL="/bin/sh")
    assert unknown.returncode == 2
    assert "bash, zsh, fish" in unknown.stderr


def test_the_version(tmp_path: Path) -> None:
    assert _here(tmp_path, "--version").stdout.strip()
    assert app.name[0] == "cmlfleet"
