"""One call of an AWS API, as its handlers see it."""

from collections.abc import Callable
from dataclasses import dataclass

from cmlfleet.simulator.cloud.credentials import Credentials
from cmlfleet.simulator.cloud.query import QueryParameters
from cmlfleet.simulator.cloud.region import CloudRegion


@dataclass(frozen=True, kw_only=True)
class ApiCall:
    """A call of the query protocol: who calls what, where."""

    service: str
    operation: str
    account_id: str
    region: str
    credentials: Credentials
    parameters: QueryParameters
    request_id: str


Ec2Operation = Callable[[ApiCall, CloudRegion], str | bytes]
