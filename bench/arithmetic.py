"""How many calls the design's arithmetic allows: pages of 1,000, and the series with a new point, 500 a call."""

import asyncio
from collections.abc import Sequence
from math import ceil
from typing import Any

from bench import floor
from bench.simulated_cloud import SimulatedCloud

PAGE = 1000
QUERIES = 500
BASIC_MINUTES = 5  # between two points of basic monitoring; of detailed it is one


def calls_a_minute(cloud: SimulatedCloud) -> float:
    """For all accounts and regions of the cloud."""
    return asyncio.run(_calls_a_minute(cloud))


def calls_for(*, workers: int, basic_series: int, detailed_series: int) -> float:
    """Of one account and region, a minute: its pages twice, and the due series."""
    series = ceil(basic_series / QUERIES) / BASIC_MINUTES + ceil(detailed_series / QUERIES)
    return 2 * ceil(workers / PAGE) + series


async def _calls_a_minute(cloud: SimulatedCloud) -> float:
    host = cloud.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
    return sum([await _calls_of(scope, host) for scope in cloud.scopes()])


async def _calls_of(scope: dict[str, str], host: str) -> float:
    aws = await floor.connect_aws(scope, host)
    instances = await floor.instances_of(aws)
    agents = await floor.agents_of(aws)
    running: Sequence[dict[str, Any]] = [
        fields for fields in instances.values() if fields["instanceState"]["name"] == "running"
    ]
    basic = detailed = 0
    for fields in running:
        series = len(floor.series_of(fields, agents))
        if fields["monitoring"]["state"] == "enabled":
            detailed += series
        else:
            basic += series
    return calls_for(workers=len(instances), basic_series=basic, detailed_series=detailed)
