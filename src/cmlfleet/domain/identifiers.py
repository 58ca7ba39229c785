"""The names by which things are known."""

from typing import NewType

WorkerId = NewType("WorkerId", str)
"""Opaque text, ours alone: a worker keeps it when its addresses and tags change."""

AccountId = NewType("AccountId", str)
"""The twelve digits of an AWS account."""

Region = NewType("Region", str)
"""An AWS region's code, such as `us-east-1`."""

InstanceId = NewType("InstanceId", str)
"""EC2's id of an instance, `i-` and 8 or 17 hexadecimal digits; unique within its account and region."""

LabId = NewType("LabId", str)
"""CML's id of a lab: a UUID since 2.3, short text before."""

EventId = NewType("EventId", str)
"""The id of one domain event; handlers are idempotent by it."""
