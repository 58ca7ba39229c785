"""DescribeInstances, DescribeInstanceStatus and DescribeRegions."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud import filters, instance_xml, page_token
from cmlfleet.simulator.cloud.api_call import ApiCall
from cmlfleet.simulator.cloud.errors import AwsError, instances_not_found
from cmlfleet.simulator.cloud.instance import CheckStatus, CloudInstance, InstanceState
from cmlfleet.simulator.cloud.query import Filter
from cmlfleet.simulator.cloud.region import CloudRegion
from cmlfleet.simulator.cloud.regions import ENABLED_REGIONS, OPT_IN_REGIONS
from cmlfleet.simulator.faults import FaultBoard, FaultName

LARGEST_PAGE = 1000
SMALLEST_PAGE = 5
STATUS_IDS_LIMIT = 100
DESCRIBE_IDS_LIMIT = 1000
_RETIREMENT_DAYS = "5"  # from when the fault is first seen: the date that AWS announces does not move

Keep = Callable[[CloudInstance], bool]


class Ec2Reads:
    """What faults hide or change is looked up per instance only while such a fault is on."""

    def __init__(self, *, faults: FaultBoard, clock: SimulationClock) -> None:
        self._faults = faults
        self._clock = clock
        self._retires_at: dict[tuple[str, str], datetime] = {}

    def describe_instances(self, call: ApiCall, region: CloudRegion) -> bytes:
        page, next_token = self._select(call, region, ids_limit=DESCRIBE_IDS_LIMIT, keep=None)
        render = self._renderer()
        parts: list[bytes] = [b"<reservationSet>"]
        for reservation_id, members in groupby(page, key=lambda instance: instance.reservation_id):
            parts.append(
                f"<item><reservationId>{reservation_id}</reservationId><ownerId>{region.account_id}</ownerId>"
                "<groupSet/><instancesSet>".encode()
            )
            parts.extend(map(render, members))
            parts.append(b"</instancesSet></item>")
        parts.append(b"</reservationSet>")
        parts.append(_token_xml(next_token))
        return b"".join(parts)

    def describe_instance_status(self, call: ApiCall, region: CloudRegion) -> bytes:
        """Running instances only, unless asked for all of them."""
        keep = None if call.parameters.flag("IncludeAllInstances") else _is_running
        page, next_token = self._select(call, region, ids_limit=STATUS_IDS_LIMIT, keep=keep)
        items = b"".join(map(self._status_renderer(), page))
        return b"<instanceStatusSet>" + items + b"</instanceStatusSet>" + _token_xml(next_token)

    def describe_regions(self, call: ApiCall, region: CloudRegion) -> str:
        wanted = set(call.parameters.texts("RegionName"))
        listed = [(name, "opt-in-not-required") for name in ENABLED_REGIONS]
        if call.parameters.flag("AllRegions"):
            listed += [(name, "not-opted-in") for name in OPT_IN_REGIONS]
        unknown = wanted - {name for name, _ in listed}
        if unknown:
            raise AwsError("InvalidParameterValue", f"Invalid region names: [{', '.join(sorted(unknown))}]")
        items = "".join(
            f"<item><regionName>{name}</regionName><regionEndpoint>ec2.{name}.amazonaws.com</regionEndpoint>"
            f"<optInStatus>{opt_in}</optInStatus></item>"
            for name, opt_in in listed
            if not wanted or name in wanted
        )
        return f"<regionInfo>{items}</regionInfo>"

    def _select(
        self, call: ApiCall, region: CloudRegion, *, ids_limit: int, keep: Keep | None
    ) -> tuple[list[CloudInstance], str | None]:
        """The instances of this page, and the token of the next."""
        parameters = call.parameters
        instance_ids = parameters.texts("InstanceId")
        size = parameters.number("MaxResults", low=SMALLEST_PAGE, high=LARGEST_PAGE)
        token = parameters.text("NextToken")
        asked = parameters.filters()
        matches = filters.all_of(asked)
        if instance_ids and (size is not None or token):
            raise AwsError(
                "InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults",
            )
        if len(instance_ids) > ids_limit:
            raise AwsError(
                "InvalidParameterValue",
                f"{len(instance_ids)} exceeds the maximum number of instance IDs that can be specificied "
                f"({ids_limit})",
            )
        vanished = self._struck(FaultName.VANISHED, region)
        hidden = set[str]() if parameters.flag("IncludeManagedResources") else self._struck(FaultName.MANAGED, region)
        unknown = [instance_id for instance_id in instance_ids if instance_id in vanished]
        if unknown:
            raise instances_not_found(unknown)
        self._fail_for_zone(call, region, instance_ids=instance_ids, asked=asked)
        if instance_ids:
            found: Iterable[CloudInstance] = region.named(instance_ids, skip_foreign=True)
        else:
            found = region.page(after_sequence=page_token.decode(token)[0])
            if size is not None and region.instances and self._is_purging(call):
                raise instances_not_found([region.ids.instance_id()])
        limit = size or LARGEST_PAGE if token or size else None
        page: list[CloudInstance] = []
        for instance in found:
            if instance.instance_id in vanished or instance.instance_id in hidden:
                continue
            if (keep is not None and not keep(instance)) or (matches is not None and not matches(instance)):
                continue
            if limit is not None and len(page) == limit:
                return page, page_token.encode(page[-1].sequence)
            page.append(instance)
        return page, None

    def _struck(self, name: FaultName, region: CloudRegion) -> set[str]:
        """The instances that have the fault."""
        if not self._faults.is_set(name):
            return set()
        return {instance.instance_id for instance in region.instances.values() if self._is_on(name, instance)}

    def _fail_for_zone(
        self, call: ApiCall, region: CloudRegion, *, instance_ids: Sequence[str], asked: Sequence[Filter]
    ) -> None:
        """In an outage of a zone a list fails as a whole, unless it names instances or zones that are well."""
        fault = self._faults.active(
            FaultName.AZ_OUTAGE, account=call.account_id, region=call.region, operation=call.operation
        )
        if fault is None:
            return
        bad_zone = fault.text("zone", f"{call.region}a")
        named_zones = {value for each in asked if each.name == "availability-zone" for value in each.values}
        if instance_ids:
            named_zones |= {instance.availability_zone for instance in region.named(instance_ids, skip_foreign=True)}
        if not named_zones or bad_zone in named_zones:
            raise AwsError("InternalError", "An internal error has occurred", status=500)

    def _is_purging(self, call: ApiCall) -> bool:
        name, scope = FaultName.PURGED_BETWEEN_PAGES, {"account": call.account_id, "region": call.region}
        return self._faults.active(name, operation=call.operation, **scope) is not None

    def _is_on(self, name: FaultName, instance: CloudInstance) -> bool:
        return (
            self._faults.active(
                name,
                worker=self._faults.worker_of(instance.instance_id),
                account=instance.account_id,
                region=instance.region,
            )
            is not None
        )

    def _renderer(self) -> Callable[[CloudInstance], bytes]:
        if not self._faults.is_set(FaultName.TAGS_MISSING):
            return instance_xml.described

        def render(instance: CloudInstance) -> bytes:
            if self._is_on(FaultName.TAGS_MISSING, instance):
                return instance_xml.described_without_tags(instance)
            return instance_xml.described(instance)

        return render

    def _status_renderer(self) -> Callable[[CloudInstance], bytes]:
        names = (FaultName.CHECKS_IMPAIRED, FaultName.SCHEDULED_RETIREMENT)
        if not any(map(self._faults.is_set, names)):
            return instance_xml.status
        return self._status_under_faults

    def _status_under_faults(self, instance: CloudInstance) -> bytes:
        checks = instance.checks
        if checks is CheckStatus.OK and self._is_on(FaultName.CHECKS_IMPAIRED, instance):
            checks = CheckStatus.IMPAIRED
        event = ""
        retirement = self._faults.active(
            FaultName.SCHEDULED_RETIREMENT,
            worker=self._faults.worker_of(instance.instance_id),
            account=instance.account_id,
            region=instance.region,
        )
        if retirement is not None:
            days = retirement.text("days", _RETIREMENT_DAYS)
            event = instance_xml.event_item(
                event_id=f"instance-event-{instance.instance_id[2:]}",
                code="instance-retirement",
                description="The instance is running on degraded hardware",
                not_before_at=self._retires_at.setdefault(
                    (instance.instance_id, days), self._clock.now() + timedelta(days=float(days))
                ),
            )
        return instance_xml.render_status(instance, checks=checks, events=event)


def _is_running(instance: CloudInstance) -> bool:
    return instance.state is InstanceState.RUNNING


def _token_xml(token: str | None) -> bytes:
    return b"" if token is None else f"<nextToken>{token}</nextToken>".encode()
