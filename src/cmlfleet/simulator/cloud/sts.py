"""STS: who am I, and the credentials of another account's role."""

from xml.sax.saxutils import escape

from cmlfleet.simulator.cloud.api_call import ApiCall
from cmlfleet.simulator.cloud.credentials import CredentialStore
from cmlfleet.simulator.cloud.instance_xml import timestamp

_SHORTEST_SESSION_SECONDS = 900
_LONGEST_SESSION_SECONDS = 43_200
_DEFAULT_SESSION_SECONDS = 3600


class Sts:
    def __init__(self, *, store: CredentialStore) -> None:
        self._store = store

    def get_caller_identity(self, call: ApiCall) -> str:
        who = call.credentials
        user_id = "AIDA" + who.access_key_id[4:]
        return f"<Arn>{who.principal_arn}</Arn><UserId>{user_id}</UserId><Account>{who.account_id}</Account>"

    def assume_role(self, call: ApiCall) -> str:
        seconds = call.parameters.number(
            "DurationSeconds", low=_SHORTEST_SESSION_SECONDS, high=_LONGEST_SESSION_SECONDS
        )
        granted = self._store.assume(
            caller=call.credentials,
            role_arn=call.parameters.required("RoleArn"),
            session_name=call.parameters.required("RoleSessionName"),
            external_id=call.parameters.text("ExternalId"),
            seconds=seconds or _DEFAULT_SESSION_SECONDS,
        )
        if granted.expires_at is None:
            raise ValueError("a role's credentials always expire")
        role_id = "AROA" + granted.access_key_id[4:]
        session = granted.principal_arn.rpartition("/")[2]
        return (
            f"<Credentials><AccessKeyId>{granted.access_key_id}</AccessKeyId>"
            f"<SecretAccessKey>{granted.secret_access_key}</SecretAccessKey>"
            f"<SessionToken>{granted.session_token}</SessionToken>"
            f"<Expiration>{timestamp(granted.expires_at)}</Expiration></Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>{role_id}:{escape(session)}</AssumedRoleId>"
            f"<Arn>{escape(granted.principal_arn)}</Arn></AssumedRoleUser>"
        )
