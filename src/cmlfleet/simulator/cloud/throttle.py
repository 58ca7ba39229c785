"""AWS's request buckets, one set for each account and region."""

from dataclasses import dataclass

from cmlfleet.simulator.clock import SimulationClock


@dataclass(frozen=True, kw_only=True)
class BucketSize:
    capacity: float
    refill_per_second: float


_LISTED = BucketSize(capacity=100, refill_per_second=20)
_UNPAGED = BucketSize(capacity=50, refill_per_second=10)
_LAUNCHING = BucketSize(capacity=5, refill_per_second=2)
_MUTATING = BucketSize(capacity=50, refill_per_second=5)
_TAGGING = BucketSize(capacity=100, refill_per_second=10)
_SECOND_OF_METRIC_READS = BucketSize(capacity=500, refill_per_second=500)
_SECOND_OF_METRIC_LISTS = BucketSize(capacity=25, refill_per_second=25)
_SECOND_OF_STS = BucketSize(capacity=600, refill_per_second=600)

UNPAGED_SUFFIX = "/unpaged"
DATAPOINTS = "GetMetricData/datapoints"

REQUEST_BUCKETS = {
    "DescribeInstances": _LISTED,
    "DescribeInstances/unpaged": _UNPAGED,
    "DescribeInstanceStatus": _LISTED,
    "DescribeInstanceStatus/unpaged": _UNPAGED,
    "DescribeRegions": _LISTED,
    "StartInstances": _LAUNCHING,
    "RunInstances": _LAUNCHING,
    "StopInstances": _MUTATING,
    "TerminateInstances": BucketSize(capacity=100, refill_per_second=5),
    "RebootInstances": _MUTATING,
    "MonitorInstances": _MUTATING,
    "UnmonitorInstances": _MUTATING,
    "CreateTags": _TAGGING,
    "DeleteTags": _TAGGING,
    "GetMetricData": _SECOND_OF_METRIC_READS,
    "PutMetricData": _SECOND_OF_METRIC_READS,
    "ListMetrics": _SECOND_OF_METRIC_LISTS,
    "GetCallerIdentity": _SECOND_OF_STS,
    "AssumeRole": _SECOND_OF_STS,
    DATAPOINTS: BucketSize(capacity=180_000, refill_per_second=180_000),
}

RESOURCE_BUCKETS = {
    "StartInstances": BucketSize(capacity=1000, refill_per_second=2),
    "RunInstances": BucketSize(capacity=1000, refill_per_second=2),
    "StopInstances": BucketSize(capacity=1000, refill_per_second=20),
    "TerminateInstances": BucketSize(capacity=1000, refill_per_second=20),
}


class TokenBucket:
    def __init__(self, *, size: BucketSize, now: float) -> None:
        self._size = size
        self._tokens = size.capacity
        self._filled_at = now

    def take(self, tokens: float, *, now: float) -> bool:
        """Whether there were enough; when not, none is taken."""
        gained = (now - self._filled_at) * self._size.refill_per_second
        self._tokens = min(self._size.capacity, self._tokens + gained)
        self._filled_at = now
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True


class Throttle:
    """The sizes are those of "Request throttling for the Amazon EC2 API" and CloudWatch's quotas."""

    def __init__(self, *, clock: SimulationClock, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def admits(self, *, account_id: str, region: str, bucket: str, resources: int = 0) -> bool:
        """Whether both the request's bucket and the resources' one have enough."""
        if not self.enabled:
            return True
        sizes = [(f"request:{bucket}", REQUEST_BUCKETS.get(bucket), 1)]
        if resources:
            sizes.append((f"resource:{bucket}", RESOURCE_BUCKETS.get(bucket), resources))
        return all(
            self._take(account_id, region, name, size, tokens) for name, size, tokens in sizes if size is not None
        )

    def admits_datapoints(self, *, account_id: str, region: str, datapoints: int) -> bool:
        """Whether CloudWatch reads that many points now: it counts what may exist, not what does."""
        if not self.enabled:
            return True
        return self._take(account_id, region, DATAPOINTS, REQUEST_BUCKETS[DATAPOINTS], datapoints)

    def _take(self, account_id: str, region: str, name: str, size: BucketSize, tokens: int) -> bool:
        now = self._clock.monotonic()
        key = (account_id, region, name)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(size=size, now=now)
        return bucket.take(tokens, now=now)
