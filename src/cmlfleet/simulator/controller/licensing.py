"""Smart Licensing of one controller: registered slowly, as in life."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cmlfleet.simulator.controller.agenda import Agenda
from cmlfleet.simulator.controller.exchange import ApiError
from cmlfleet.simulator.controller.journal import Journal

DEFAULT_SSMS = "https://smartreceiver.cisco.com/licservice/license"
BASE_FEATURE = "regid.2019-10.com.cisco.CML_ENT_BASE,1.0_15d3393c-846c-4e00-a54e-1ea90f2b2160"
NODE_FEATURE = "regid.2019-10.com.cisco.CML_NODE_COUNT,1.0_2607650b-6ca8-46d5-81e5-e6688b7383c4"
BASE_NODES = 20
EXPANSION_LIMIT = 500

REGISTRATION_SECONDS = 3.0
AUTHORIZATION_SECONDS = 4.0
RENEWAL_SECONDS = 5.0
DEREGISTRATION_SECONDS = 12.0
_REGISTRATION_DAYS = 365
_AUTHORIZATION_DAYS = 90
_RENEWAL_DAYS = 30

_BAD_TOKENS = ("bad", "invalid", "expired")  # a token that begins so is refused by the Smart Account


@dataclass(frozen=True, kw_only=True)
class ProductLicense:
    nodes: int | None
    is_enterprise: bool
    has_expansion: bool = False


PRODUCT_LICENSES = {
    "CML_Enterprise": ProductLicense(nodes=BASE_NODES, is_enterprise=True, has_expansion=True),
    "CML_Education": ProductLicense(nodes=BASE_NODES, is_enterprise=True, has_expansion=True),
    "CML_Personal": ProductLicense(nodes=20, is_enterprise=False),
    "CML_Personal40": ProductLicense(nodes=40, is_enterprise=False),
    "CML_Internal": ProductLicense(nodes=None, is_enterprise=True),
    "CML_NotForResale": ProductLicense(nodes=None, is_enterprise=True),
}


@dataclass(slots=True, kw_only=True)
class CommunicationTimes:
    """One of the time blocks of `GET /licensing`."""

    succeeded: datetime | None = None
    attempted: datetime | None = None
    scheduled: datetime | None = None
    status: str | None = None
    failure: str | None = None
    success: str | None = None


@dataclass(slots=True, kw_only=True)
class Licensing:
    """The states are the service's own words and free strings, so a scenario may set any of them."""

    agenda: Agenda
    journal: Journal
    product_license: str = "CML_Enterprise"
    registration_status: str = "NOT_REGISTERED"
    authorization_status: str = "INIT"
    registration_expires_at: datetime | None = None
    authorization_expires_at: datetime | None = None
    expansion_in_use: int = 0
    quota_override: int | None = None
    reservation_mode: bool = False
    ssms: str = DEFAULT_SSMS
    proxy_server: str | None = None
    proxy_port: int | None = None
    is_busy: bool = False
    deregistration_is_partial: bool = False
    register_times: CommunicationTimes = field(default_factory=CommunicationTimes)
    registration_renewal: CommunicationTimes = field(default_factory=CommunicationTimes)
    authorization_renewal: CommunicationTimes = field(
        default_factory=lambda: CommunicationTimes(status="NOT STARTED")
    )

    @property
    def product(self) -> ProductLicense:
        return PRODUCT_LICENSES[self.product_license]

    @property
    def is_registered(self) -> bool:
        return self.registration_status == "COMPLETED"

    @property
    def is_licensed(self) -> bool:
        return self.authorization_status in {"IN_COMPLIANCE", "EVAL"}

    @property
    def node_quota(self) -> int | None:
        """How many nodes may run at once, or None for no limit."""
        if self.quota_override is not None:
            return self.quota_override
        if self.product.nodes is None:
            return None
        return self.product.nodes + (self.expansion_in_use if self.product.has_expansion else 0)

    def begin_registered(self, now: datetime) -> None:
        """A controller that was registered long ago."""
        self.registration_status = "COMPLETED"
        self.authorization_status = "IN_COMPLIANCE"
        self.registration_expires_at = now + timedelta(days=270)
        self.authorization_expires_at = now + timedelta(days=80)
        self.register_times = CommunicationTimes(attempted=now - timedelta(days=95), failure="OK", success="SUCCESS")
        self.registration_renewal = CommunicationTimes(
            attempted=now - timedelta(days=95), scheduled=now + timedelta(days=88), success="SUCCESS"
        )
        self.authorization_renewal = CommunicationTimes(
            attempted=now - timedelta(days=10),
            scheduled=now + timedelta(days=20),
            status="SUCCEEDED",
            success="SUCCESS",
        )

    def set_product_license(self, name: str) -> None:
        """Raises `ApiError` 400 for an unknown or the active one, or while registered."""
        if name not in PRODUCT_LICENSES:
            raise ApiError(400, f"Product license {name} is not valid.")
        if name == self.product_license:
            raise ApiError(400, f"Product license {name} is already active.")
        if self.is_registered:
            raise ApiError(400, "Product license cannot be changed while the product is registered.")
        self.product_license = name
        self.journal.touch()

    def set_transport(self, *, ssms: str | None, proxy_server: str | None, proxy_port: int | None) -> None:
        if self.is_registered:
            raise ApiError(400, "Transport cannot be changed while the product is registered.")
        self.ssms = ssms or DEFAULT_SSMS
        self.proxy_server = proxy_server
        self.proxy_port = proxy_port
        self.journal.touch()

    def register(self, token: str, *, reregister: bool, at: float) -> None:
        """Accepted at once, decided later. Raises `ApiError` 409 when registered already or busy."""
        self._refuse_when_busy()
        if self.is_registered and not reregister:
            raise ApiError(409, "The product is already registered.")
        self.is_busy = True
        self.registration_status = "IN_PROGRESS"
        self.authorization_status = "EVAL"
        self.register_times = CommunicationTimes(attempted=self.journal.moment(at))
        self.journal.touch()
        is_good = not token.lower().startswith(_BAD_TOKENS)
        self.agenda.add(
            at + REGISTRATION_SECONDS,
            self._registered if is_good else lambda moment: self._failed(token, moment),
        )

    def renew_registration(self, *, at: float) -> None:
        """Raises `ApiError` 400 when not registered, 409 when busy; so does `renew_authorization`."""
        self._refuse_when_busy()
        self._refuse_when_not_registered()
        self.agenda.add(at + RENEWAL_SECONDS, self._registration_renewed)

    def renew_authorization(self, *, at: float) -> None:
        self._refuse_when_busy()
        self._refuse_when_not_registered()
        self.agenda.add(at + RENEWAL_SECONDS, self._authorized)

    def set_feature_count(self, feature_id: str, count: int) -> None:
        """Raises `ApiError` 400 above the limit, and for a licence without that feature."""
        if feature_id == BASE_FEATURE:
            if count > 1:
                raise ApiError(400, f"Requested count {count} is above the maximum 1 of {feature_id}")
            return
        if feature_id != NODE_FEATURE or not self.product.has_expansion:
            raise ApiError(400, f"{self.product_license} has no feature {feature_id}")
        if not 0 <= count <= EXPANSION_LIMIT:
            raise ApiError(400, f"Requested count {count} is above the maximum {EXPANSION_LIMIT} of {feature_id}")
        self.expansion_in_use = count
        self.journal.touch()

    def deregister(self) -> bool:
        """Whether the Smart Account heard of it. Raises `ApiError` 400 when not registered, 409 when busy."""
        self._refuse_when_busy()
        self._refuse_when_not_registered()
        self.registration_status = "NOT_REGISTERED"
        self.authorization_status = "INIT"
        self.registration_expires_at = self.authorization_expires_at = None
        self.expansion_in_use = 0
        self.register_times = CommunicationTimes()
        self.registration_renewal = CommunicationTimes()
        self.authorization_renewal = CommunicationTimes(status="NOT STARTED")
        self.journal.touch()
        return not self.deregistration_is_partial

    def _refuse_when_busy(self) -> None:
        if self.is_busy:
            raise ApiError(409, "Another licensing request is in progress.")

    def _refuse_when_not_registered(self) -> None:
        if not self.is_registered:
            raise ApiError(400, "The product is not registered.")

    def _registered(self, at: float) -> None:
        moment = self.journal.moment(at)
        self.registration_status = "COMPLETED"
        self.registration_expires_at = moment + timedelta(days=_REGISTRATION_DAYS)
        self.register_times = CommunicationTimes(attempted=moment, failure="OK", success="SUCCESS")
        self.journal.touch()
        self.agenda.add(at + AUTHORIZATION_SECONDS, self._authorized)

    def _authorized(self, at: float) -> None:
        moment = self.journal.moment(at)
        self.is_busy = False
        self.authorization_status = "IN_COMPLIANCE"
        self.authorization_expires_at = moment + timedelta(days=_AUTHORIZATION_DAYS)
        self.authorization_renewal = CommunicationTimes(
            attempted=moment,
            scheduled=moment + timedelta(days=_RENEWAL_DAYS),
            status="SUCCEEDED",
            success="SUCCESS",
        )
        self.journal.touch()

    def _registration_renewed(self, at: float) -> None:
        moment = self.journal.moment(at)
        self.registration_expires_at = moment + timedelta(days=_REGISTRATION_DAYS)
        self.registration_renewal = CommunicationTimes(
            attempted=moment, scheduled=moment + timedelta(days=_REGISTRATION_DAYS // 2), success="SUCCESS"
        )
        self.journal.touch()

    def _failed(self, token: str, at: float) -> None:
        self.is_busy = False
        self.registration_status = "FAILED"
        self.register_times = CommunicationTimes(
            attempted=self.journal.moment(at),
            failure=f"Token '{token}' is not valid",
            success="FAILED",
        )
        self.journal.touch()
