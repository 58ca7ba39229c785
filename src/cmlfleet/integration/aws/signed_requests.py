"""Signing calls as AWS wants them (SigV4). Imported late, as botocore is slow to import."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from cmlfleet.domain.identifiers import Region
from cmlfleet.integration.aws.service_call import AwsService, ServiceCall

_SIGNING_NAMES = {AwsService.EC2: "ec2", AwsService.CLOUDWATCH: "monitoring"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """What is sent: a POST of `body` with these headers."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSigner:
    """Signs for one service in one region with one set of credentials."""

    url: str
    region: Region
    credentials: ReadOnlyCredentials

    @property
    def address(self) -> str:
        """The host, for traces."""
        return urlsplit(self.url).hostname or ""

    def sign(self, call: ServiceCall) -> SignedRequest:
        url = self.url if urlsplit(self.url).path else f"{self.url}/"
        request = AWSRequest(method="POST", url=url, data=call.body, headers=dict(call.headers))
        SigV4Auth(self.credentials, _SIGNING_NAMES[call.service], self.region).add_auth(request)
        headers = {str(name): str(value) for name, value in request.headers.items()}
        return SignedRequest(url=url, headers=headers, body=call.body)
