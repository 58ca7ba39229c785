"""What this process remembers of controllers between readings."""

import time

from cmlfleet.application.ports.sources import CMLTarget
from cmlfleet.domain.facts import CMLSystemInformation
from cmlfleet.domain.identifiers import LabId, WorkerId
from cmlfleet.integration.services.address_policy import AddressPolicy, CheckedEndpoint
from cmlfleet.integration.services.certificate_trust import CertificateTrust, TLSContexts, TLSMode
from cmlfleet.integration.services.sign_in import Clock, SignIn

_ADDRESS_KEPT_SECONDS = 60.0  # a name is looked up once an interval at most; the connection goes to what was checked


class Controller:
    """Endpoint, certificate, token, and the last answers that seldom change.

    `tiles_not_before` is when `populate_lab_tiles` may be tried again, on the clock.
    """

    def __init__(self, *, tls_mode: TLSMode, contexts: TLSContexts, clock: Clock) -> None:
        self.clock = clock
        self._tls_mode = tls_mode
        self._contexts = contexts
        self._endpoint_text: str | None = None
        self._endpoint: CheckedEndpoint | None = None
        self._ec2_addresses: frozenset[str] = frozenset()
        self._checked_at = 0.0
        self.trust = CertificateTrust(mode=tls_mode, contexts=contexts)
        self.sign_in = SignIn(clock=clock)
        self.tiles_not_before = 0.0
        self.last_system_information: tuple[bytes, CMLSystemInformation] | None = None
        self.last_lab_ids: tuple[bytes, frozenset[LabId]] | None = None

    @property
    def endpoint(self) -> CheckedEndpoint:
        """Where to connect. Raises `RuntimeError` before `locate`."""
        if self._endpoint is None:
            raise RuntimeError("the endpoint was not checked")
        return self._endpoint

    async def locate(self, target: CMLTarget, *, policy: AddressPolicy) -> None:
        """Check the endpoint's address anew where it may have changed. Raises `CMLCallError`."""
        if self.trust.follow_record(target.pinned_certificate):
            self.sign_in.drop_token()
        if (
            self._endpoint is not None
            and self._endpoint_text == target.endpoint
            and self._ec2_addresses == target.ec2_addresses
            and (self._endpoint.is_literal or self.clock() - self._checked_at < _ADDRESS_KEPT_SECONDS)
        ):
            return
        found = await policy.check(target.endpoint, ec2_addresses=target.ec2_addresses)
        if self._endpoint is not None and found != self._endpoint:
            self._move()
        self._endpoint = found
        self._endpoint_text = target.endpoint
        self._ec2_addresses = target.ec2_addresses
        self._checked_at = self.clock()

    def look_up_again(self) -> None:
        """Nobody answered at the address: the name may lead elsewhere by now."""
        self._checked_at = -_ADDRESS_KEPT_SECONDS

    def _move(self) -> None:
        """A new address: only a pinned certificate proves that the same machine is behind it."""
        self.last_system_information = None
        self.last_lab_ids = None
        if self._tls_mode is not TLSMode.PIN:
            self.trust = CertificateTrust(mode=self._tls_mode, contexts=self._contexts)
            self.sign_in.drop_token()


class Controllers:
    """Every controller that this process has met. `clock` counts seconds and never goes back; it times tokens and
    back-offs."""

    def __init__(
        self, *, tls_mode: TLSMode, contexts: TLSContexts | None = None, clock: Clock = time.monotonic
    ) -> None:
        self.contexts = contexts or TLSContexts()
        self._clock = clock
        self._tls_mode = tls_mode
        self._by_worker = dict[WorkerId, Controller]()

    def of(self, worker_id: WorkerId) -> Controller:
        """The worker's controller, remembered from now on."""
        controller = self._by_worker.get(worker_id)
        if controller is None:
            controller = Controller(tls_mode=self._tls_mode, contexts=self.contexts, clock=self._clock)
            self._by_worker[worker_id] = controller
        return controller

    def forget(self, worker_id: WorkerId) -> None:
        """Drop token, accepted certificate and back-off; idle connections are never used again and run out."""
        self._by_worker.pop(worker_id, None)
