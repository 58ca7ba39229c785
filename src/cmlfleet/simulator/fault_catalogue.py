"""Every fault the simulator can play, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FaultScope(StrEnum):
    """Who plays the fault: the AWS endpoint, one instance as AWS shows it, or one CML controller."""

    CLOUD = "cloud"
    INSTANCE = "instance"
    CONTROLLER = "controller"


class FaultName(StrEnum):
    THROTTLING = "throttling"
    DENIED = "denied"
    EXPIRED_CREDENTIALS = "expired-credentials"
    OPT_IN_REQUIRED = "opt-in-required"
    DEAD_REGION = "dead-region"
    HANGING_REGION = "hanging-region"
    SLOW_REGION = "slow-region"
    CLOUD_INTERNAL_ERROR = "cloud-internal-error"
    CLOUD_UNAVAILABLE = "cloud-unavailable"
    CLOUD_BROKEN_XML = "cloud-broken-xml"
    CLOUD_HTML = "cloud-html"
    AZ_OUTAGE = "az-outage"
    PURGED_BETWEEN_PAGES = "purged-between-pages"
    METRICS_PARTIAL = "metrics-partial"
    METRICS_INTERNAL_ERROR = "metrics-internal-error"

    TAGS_MISSING = "tags-missing"
    NO_DATAPOINTS = "no-datapoints"
    CHECKS_IMPAIRED = "checks-impaired"
    SCHEDULED_RETIREMENT = "scheduled-retirement"
    VANISHED = "vanished"
    MANAGED = "managed"
    INSUFFICIENT_CAPACITY = "insufficient-capacity"

    REFUSED = "refused"
    HANGING = "hanging"
    HALF_OPEN = "half-open"
    BAD_GATEWAY = "bad-gateway"
    SERVICE_UNAVAILABLE = "service-unavailable"
    GATEWAY_TIMEOUT = "gateway-timeout"
    NOT_READY = "not-ready"
    WRONG_PASSWORD = "wrong-password"
    TOKEN_EXPIRED = "token-expired"
    LOGIN_RATE_LIMITED = "login-rate-limited"
    HTML = "html"
    CUT_OFF_JSON = "cut-off-json"
    HUGE_BODY = "huge-body"
    ENDLESS_BODY = "endless-body"
    REDIRECT = "redirect"
    SLOW = "slow"
    SLOW_DRIP = "slow-drip"
    CERTIFICATE_CHANGED = "certificate-changed"
    TLS_FAILURE = "tls-failure"
    INTERNAL_ERROR = "internal-error"
    MAINTENANCE = "maintenance"
    NOT_ADMIN = "not-admin"
    LICENSE_DENIED = "license-denied"
    UNLICENSED = "unlicensed"
    OUT_OF_COMPLIANCE = "out-of-compliance"
    LICENSE_EXPIRING = "license-expiring"
    HEALTH_FAILED = "health-failed"
    HEALTH_UNKNOWN = "health-unknown"
    COMPUTE_LOST = "compute-lost"
    ORPHANS = "orphans"
    DISK_FULL = "disk-full"
    UNKNOWN_FIELDS = "unknown-fields"
    MISSING_FIELDS = "missing-fields"
    CLOSED_EARLY = "closed-early"
    PART_FAILING = "part-failing"


@dataclass(frozen=True, kw_only=True)
class FaultKind:
    """What a fault does, and the parameters it reads besides `rate` and `times`, with their meaning."""

    scope: FaultScope
    description: str
    parameters: Mapping[str, str]


def _cloud(description: str, **parameters: str) -> FaultKind:
    return FaultKind(scope=FaultScope.CLOUD, description=description, parameters=parameters)


def _instance(description: str, **parameters: str) -> FaultKind:
    return FaultKind(scope=FaultScope.INSTANCE, description=description, parameters=parameters)


def _controller(description: str, **parameters: str) -> FaultKind:
    return FaultKind(scope=FaultScope.CONTROLLER, description=description, parameters=parameters)


CATALOGUE: Mapping[FaultName, FaultKind] = {
    FaultName.THROTTLING: _cloud("EC2 says RequestLimitExceeded (503), CloudWatch and STS Throttling (400)"),
    FaultName.DENIED: _cloud("the call is refused, naming the permission that lacks"),
    FaultName.EXPIRED_CREDENTIALS: _cloud("the credentials have expired"),
    FaultName.OPT_IN_REQUIRED: _cloud("the region is not enabled for the account"),
    FaultName.DEAD_REGION: _cloud("connections are closed without an answer"),
    FaultName.HANGING_REGION: _cloud("requests are accepted and never answered"),
    FaultName.SLOW_REGION: _cloud("each answer waits", seconds="the wait (5)"),
    FaultName.CLOUD_INTERNAL_ERROR: _cloud("500 InternalError"),
    FaultName.CLOUD_UNAVAILABLE: _cloud("503 Unavailable"),
    FaultName.CLOUD_BROKEN_XML: _cloud("the answer is cut off in the middle"),
    FaultName.CLOUD_HTML: _cloud("an HTML page instead of the answer, status 200"),
    FaultName.AZ_OUTAGE: _cloud("lists fail unless they name only healthy zones", zone="the bad zone (first)"),
    FaultName.PURGED_BETWEEN_PAGES: _cloud("a paged list names an instance that was purged meanwhile"),
    FaultName.METRICS_PARTIAL: _cloud("GetMetricData: status PartialData for each series"),
    FaultName.METRICS_INTERNAL_ERROR: _cloud("GetMetricData: status InternalError, without points"),
    FaultName.TAGS_MISSING: _instance("the instance is described without its tags"),
    FaultName.NO_DATAPOINTS: _instance("CloudWatch has no datapoint of the instance"),
    FaultName.CHECKS_IMPAIRED: _instance("the instance status check is impaired"),
    FaultName.SCHEDULED_RETIREMENT: _instance("AWS retires the host", days="days from now (5)"),
    FaultName.VANISHED: _instance("EC2 no longer knows the instance"),
    FaultName.MANAGED: _instance("a service of AWS manages it: hidden unless IncludeManagedResources is true"),
    FaultName.INSUFFICIENT_CAPACITY: _instance("a start fails: InsufficientInstanceCapacity"),
    FaultName.REFUSED: _controller("connections are refused"),
    FaultName.HANGING: _controller("connections are accepted, requests never answered"),
    FaultName.HALF_OPEN: _controller("connections go silent without being closed"),
    FaultName.BAD_GATEWAY: _controller("502, nginx's HTML page"),
    FaultName.SERVICE_UNAVAILABLE: _controller("503, nginx's HTML page"),
    FaultName.GATEWAY_TIMEOUT: _controller("504, nginx's HTML page"),
    FaultName.NOT_READY: _controller("system_information says ready: false"),
    FaultName.WRONG_PASSWORD: _controller("the sign-in is refused with 403"),
    FaultName.TOKEN_EXPIRED: _controller("every token is refused with 401; times=1: once"),
    FaultName.LOGIN_RATE_LIMITED: _controller("the sign-in is answered 429, an HTML page"),
    FaultName.HTML: _controller("an HTML page with status 200 instead of JSON"),
    FaultName.CUT_OFF_JSON: _controller("the JSON ends in the middle"),
    FaultName.HUGE_BODY: _controller("a valid answer of many megabytes", megabytes="its size (64)"),
    FaultName.ENDLESS_BODY: _controller("an answer that never ends"),
    FaultName.REDIRECT: _controller("302 to another host", location="where to"),
    FaultName.SLOW: _controller("each answer waits", seconds="the wait (5)"),
    FaultName.SLOW_DRIP: _controller("the answer comes byte by byte", seconds="between bytes (0.5)"),
    FaultName.CERTIFICATE_CHANGED: _controller("another self-signed certificate is presented"),
    FaultName.TLS_FAILURE: _controller("no TLS is spoken on the port"),
    FaultName.INTERNAL_ERROR: _controller("500 from the API process"),
    FaultName.MAINTENANCE: _controller("maintenance mode is on", notice="its text"),
    FaultName.NOT_ADMIN: _controller("the account is not an administrator"),
    FaultName.LICENSE_DENIED: _controller("403 on the licensing routes"),
    FaultName.UNLICENSED: _controller("no licence is registered"),
    FaultName.OUT_OF_COMPLIANCE: _controller("the licence is out of compliance"),
    FaultName.LICENSE_EXPIRING: _controller("the registration ends soon", days="days left (9)"),
    FaultName.HEALTH_FAILED: _controller("a health check is false", check="which one (libvirt)"),
    FaultName.COMPUTE_LOST: _controller("a compute of the cluster is disconnected", hostname="which (the last)"),
    FaultName.HEALTH_UNKNOWN: _controller("the health checks are null: not known yet"),
    FaultName.ORPHANS: _controller("domains run that belong to no lab", running="how many (3)"),
    FaultName.DISK_FULL: _controller("the disk is nearly full", percent="how full (94)"),
    FaultName.UNKNOWN_FIELDS: _controller("answers bring fields nobody has documented"),
    FaultName.MISSING_FIELDS: _controller("optional fields are left out"),
    FaultName.CLOSED_EARLY: _controller("the connection is closed before a status line"),
    FaultName.PART_FAILING: _controller("one route answers 500", route="a part of its path (/labs)"),
}
