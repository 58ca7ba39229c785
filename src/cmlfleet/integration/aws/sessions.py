"""The process's own botocore session: profile, configuration file, environment.

Imported late, since botocore takes a third of a second to import. Everything here blocks: call it in a thread.
"""

import os
import threading
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import get_cert_path

from cmlfleet.domain.identifiers import Region
from cmlfleet.integration.aws.endpoint_models import EndpointModelLoader
from cmlfleet.integration.aws.service_call import AwsService
from cmlfleet.integration.aws.settings import AwsLimits

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

_ATTEMPTS = 2


class SharedSession:
    """One session and one data loader for all accounts: each session with a loader of its own costs 24 MB.

    Every method may raise `BotoCoreError`: a profile that does not exist, credentials that cannot be had.
    """

    def __init__(self, *, limits: AwsLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()  # using a client is thread-safe, making one is not
        self._loader: EndpointModelLoader | None = None
        self._session = self._new_session()

    def region(self) -> Region | None:
        """The default region of the environment or the profile. `AWS_REGION` is first, as in AWS's other SDKs:
        botocore itself knows only `AWS_DEFAULT_REGION`."""
        region: str | None = os.environ.get("AWS_REGION") or self._session.get_config_variable("region")
        return Region(region) if region else None

    def endpoint_url(self, service: AwsService, region: Region) -> str:
        """Where the service is: partition, FIPS, dual stack and `AWS_ENDPOINT_URL…` as botocore resolves them."""
        with self._lock:
            client = self._session.create_client(
                service.value,  # pyright: ignore[reportArgumentType] - the stubs want a literal
                region_name=region,
                config=Config(signature_version=UNSIGNED),
            )
        return client.meta.endpoint_url

    def certificate_authorities(self) -> str:
        """The file that botocore would trust."""
        configured: str | None = self._session.get_config_variable("ca_bundle")
        return configured or cast("str", get_cert_path(True))

    def credentials(self) -> Credentials:
        """Those of the default chain."""
        with self._lock:
            found = self._session.get_credentials()
        if found is None:
            raise NoCredentialsError
        return found

    def forget_credentials(self) -> None:
        """Look for credentials anew the next time."""
        fresh = self._new_session()
        with self._lock:
            self._session = fresh

    def sts(self, region: Region, credentials: ReadOnlyCredentials | None = None) -> "STSClient":
        """STS of that region, asked with the process's own credentials or with those given."""
        return cast("STSClient", self._client("sts", region, credentials))

    def secretsmanager(self, region: Region, credentials: ReadOnlyCredentials) -> "SecretsManagerClient":
        """Secrets Manager of that region."""
        return cast("SecretsManagerClient", self._client("secretsmanager", region, credentials))

    def ssm(self, region: Region, credentials: ReadOnlyCredentials) -> "SSMClient":
        """Systems Manager of that region, with its Parameter Store."""
        return cast("SSMClient", self._client("ssm", region, credentials))

    def _client(self, service: str, region: Region, credentials: ReadOnlyCredentials | None) -> Any:
        config = Config(
            connect_timeout=self._limits.connect_seconds,
            read_timeout=self._limits.call_seconds / _ATTEMPTS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        with self._lock:
            return self._session.create_client(
                service,  # pyright: ignore[reportArgumentType] - the stubs want a literal
                region_name=region,
                config=config,
                aws_access_key_id=credentials.access_key if credentials else None,
                aws_secret_access_key=credentials.secret_key if credentials else None,
                aws_session_token=credentials.token if credentials else None,
            )

    def _new_session(self) -> botocore.session.Session:
        session = botocore.session.Session()
        if self._loader is None:
            paths: str | None = session.get_config_variable("data_path")
            self._loader = EndpointModelLoader(paths.split(os.pathsep) if paths else None)
        session.register_component("data_loader", self._loader)
        return session
