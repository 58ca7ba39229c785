"""`GET /licensing` and `GET /diagnostics/licensing`, administrators only."""

import re

import msgspec

from cmlfleet.domain.facts import CMLLicense, CMLLicenseFeature
from cmlfleet.integration.models.cml_values import Number, parse_time, whole

_EXPANSION_FEATURE = ".CML_NODE_COUNT,"
_INCLUDED_NODES = re.compile(r"(\d{1,6}) nodes? capacity included")
_NODES_BY_PRODUCT = {"CML_Personal": 20, "CML_Personal40": 40, "CML_Enterprise": 20}  # without expansions
_FAILED = "FAILED"


class CMLRenewalDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When a registration or authorization is renewed. `success` is `SUCCESS`, `FAILED` or null."""

    scheduled: str | None = None
    success: str | None = None


class CMLRegistrationDTO(msgspec.Struct, frozen=True, kw_only=True):
    status: str | None = None
    smart_account: str | None = None
    virtual_account: str | None = None
    expires: str | None = None
    renew_time: CMLRenewalDTO | None = None


class CMLAuthorizationDTO(msgspec.Struct, frozen=True, kw_only=True):
    status: str | None = None
    expires: str | None = None
    renew_time: CMLRenewalDTO | None = None


class CMLLicenseFeatureDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`in_use` is what this controller requests; `max` only the ceiling of what it may request."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    status: str | None = None
    in_use: Number | None = None
    min: Number | None = None
    max: Number | None = None

    def to_fact(self) -> CMLLicenseFeature:
        return CMLLicenseFeature(
            feature_id=self.id or "",
            name=self.name or "",
            status=self.status or "",
            in_use=whole(self.in_use),
            minimum=whole(self.min),
            maximum=whole(self.max),
        )


class CMLProductLicenseDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    active: str | None = None
    is_enterprise: bool | None = None


class CMLLicenseInfoDTO(msgspec.Struct, frozen=True, kw_only=True):
    """Every key is optional, every status an open word, every time zoneless and read as UTC."""

    registration: CMLRegistrationDTO | None = None
    authorization: CMLAuthorizationDTO | None = None
    features: list[CMLLicenseFeatureDTO] | None = None
    product_license: CMLProductLicenseDTO | None = None

    def to_fact(self, *, quota: int | None) -> CMLLicense:
        """The fact. `quota` is the node limit that the diagnostics name, None where they do not.

        Raises `ValueError` for a time that cannot be read.
        """
        registration = self.registration or CMLRegistrationDTO()
        authorization = self.authorization or CMLAuthorizationDTO()
        product = self.product_license or CMLProductLicenseDTO()
        renewals = [renewal for renewal in (registration.renew_time, authorization.renew_time) if renewal is not None]
        scheduled = [at for renewal in renewals if (at := parse_time(renewal.scheduled)) is not None]
        results = [renewal.success for renewal in renewals if renewal.success]
        return CMLLicense(
            registration_status=registration.status,
            authorization_status=authorization.status,
            product=product.active,
            is_enterprise=product.is_enterprise,
            smart_account=registration.smart_account,
            virtual_account=registration.virtual_account,
            registration_expires_at=parse_time(registration.expires),
            authorization_expires_at=parse_time(authorization.expires),
            renew_at=min(scheduled, default=None),
            renew_failed=_FAILED in results if results else None,
            features=tuple(feature.to_fact() for feature in self.features or ()),
            nodes_limit=self._licensed_nodes() if quota is None else quota,
        )

    def _licensed_nodes(self) -> int | None:
        """Nodes included in the base licence and those claimed of the expansion licence."""
        included: int | None = None
        expansion = 0
        for feature in self.features or ():
            if _EXPANSION_FEATURE in (feature.id or ""):
                expansion += whole(feature.in_use) or 0
            elif told := _INCLUDED_NODES.search(feature.description or ""):
                included = int(told[1])
        if included is None and self.product_license is not None:
            included = _NODES_BY_PRODUCT.get(self.product_license.active or "")
        return None if included is None else included + expansion


class CMLLicensingDiagnosticsDTO(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """From 2.9 on. `quota` is the number of nodes allowed, null where there is none or it is not known."""

    quota: Number | None = None


_licence = msgspec.json.Decoder(CMLLicenseInfoDTO)
_diagnostics = msgspec.json.Decoder(CMLLicensingDiagnosticsDTO)


def decode_licence(body: bytes) -> CMLLicenseInfoDTO:
    """Raises `msgspec.DecodeError` for what is not a licence answer."""
    return _licence.decode(body)


def decode_licensed_quota(body: bytes) -> int | None:
    """Raises `msgspec.DecodeError` for what is not the diagnostics of licensing."""
    return whole(_diagnostics.decode(body).quota)
