"""The rules of `[[credentials]]`, wired to where their passwords are."""

from cmlfleet.domain.identifiers import Region
from cmlfleet.integration.aws.stored_passwords import StoredPasswords
from cmlfleet.integration.services.credential_rule import CredentialRule, PasswordSource, given_password
from cmlfleet.integration.services.password_file import password_in_file
from cmlfleet.settings import CredentialsSettings, Settings


def credential_rules(settings: Settings, passwords: StoredPasswords) -> list[CredentialRule]:
    """The rules of the file, in its order."""
    return [
        CredentialRule(
            username=rule.username,
            password=_password_source(rule, passwords, home=settings.regions),
            account_id=rule.account_id,
            region=rule.region,
            label=rule.label,
        )
        for rule in settings.credentials
    ]


def _password_source(
    rule: CredentialsSettings, passwords: StoredPasswords, *, home: tuple[str, ...]
) -> PasswordSource:
    if rule.password_file is not None:
        return password_in_file(rule.password_file)
    if rule.secret_arn is not None:
        return passwords.in_secret(rule.secret_arn)
    if rule.ssm_parameter is not None:
        return passwords.in_parameter(rule.ssm_parameter, region=Region(home[0]) if home else None)
    return given_password(rule.password or "")
