"""`[[credentials]]` in the file: what a rule may say, and what a mistake is told."""

from pathlib import Path

import pytest

from cmlfleet.settings import ConfigurationError, CredentialsSettings, load_settings
from cmlfleet.settings_shown import shown

WORD = "a-password-nobody-may-see"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cml/team-AbCdEf"


def rules(folder: Path, text: str) -> tuple[CredentialsSettings, ...]:
    file = folder / "fleet.toml"
    file.write_text(text)
    return load_settings(config=file, environ={}).credentials


def problem(folder: Path, *lines: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        rules(folder, "\n".join(["[[credentials]]", *lines]))
    assert WORD not in str(caught.value)
    return str(caught.value)


def test_rules_are_kept_in_their_order(tmp_path: Path) -> None:
    text = f"""
        [[credentials]]
        account_id = "111122223333"
        region = "eu-west-1"
        label = "team=blue"
        username = "blue"
        password = "{WORD}"
        [[credentials]]
        label = "lent"
        username = "lent"
        password_file = "/run/secrets/lent"
        [[credentials]]
        username = "by-arn"
        secret_arn = "{ARN}"
        [[credentials]]
        username = "by-name"
        ssm_parameter = "/cml/password"
    """
    first, second, third, fourth = rules(tmp_path, text)
    assert (first.account_id, first.region, first.label) == ("111122223333", "eu-west-1", "team=blue")
    assert (first.username, first.password) == ("blue", WORD)
    assert second.password_file == Path("/run/secrets/lent")
    assert (third.secret_arn, fourth.ssm_parameter) == (ARN, "/cml/password")


def test_no_password_of_a_rule_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(f'[[credentials]]\nusername = "blue"\npassword = "{WORD}"\n')
    settings = load_settings(config=file, environ={})
    assert 'username = "blue"' in shown(settings)
    assert WORD not in shown(settings) + repr(settings)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([f'password = "{WORD}"'], "username is missing"),
        (['username = "x"'], "exactly one of password, password_file, secret_arn, ssm_parameter, not none"),
        (['username = "x"', f'password = "{WORD}"', 'password_file = "/x"'], "not password, password_file"),
        (['username = ""', f'password = "{WORD}"'], "username: '' is not allowed; allowed: text that is not empty"),
        (['username = "x"', "password = 12345678"], "password: ******** is not allowed"),
        (['username = "x"', f'passwort = "{WORD}"'], "unknown key 'passwort'; known are: account_id"),
        (['username = "x"', 'account_id = "1234"', f'password = "{WORD}"'], "account_id: '1234'"),
        (["account_id = 111122223333"], "the 12 digits of an AWS account"),
        (['username = "x"', 'secret_arn = "arn:aws:s3:::bucket"'], "the ARN of a secret in Secrets Manager"),
        (['username = "x"', 'ssm_parameter = "has space"'], "a parameter's name, such as /cml/password"),
        (['username = "x"', "password_file = 3"], "password_file: 3 is not allowed"),
    ],
)
def test_a_mistake_names_the_rule_the_key_and_the_fix(tmp_path: Path, lines: list[str], told: str) -> None:
    text = problem(tmp_path, *lines)
    assert text.startswith("[[credentials]] number 1: ")
    assert told in text


def test_an_external_id_that_is_wrong_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text("[[accounts]]\nexternal_id = 987654321\n")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(config=file, environ={})
    assert "external_id: ********" in str(caught.value)


def test_credentials_that_are_no_table_are_told(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(f'credentials = "{WORD}"\n')
    with pytest.raises(ConfigurationError, match=r"\[\[credentials\]\] number 1: must be a table"):
        load_settings(config=file, environ={})
