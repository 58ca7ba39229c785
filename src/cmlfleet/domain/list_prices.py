"""On-demand list prices: what a running worker costs before any discount.

Linux, shared tenancy, us-east-1, US dollars an hour, from AWS's public price list. Other regions differ by up to a
third and have no figures here: a price that is not known is None, never a guess from another region or size (metal
carries a premium over the same-size virtual machine in some families and none in others).
"""

from datetime import date

PRICES_AS_OF = date(2026, 7, 20)
PRICES_REGION = "us-east-1"
GETMETRICDATA_USD_A_METRIC = 0.01 / 1000
"""For each metric requested, however many calls carry them; the same in every commercial region."""
HOURS_A_MONTH = 730
"""As AWS's own calculator has it."""

_USD_PER_HOUR = {
    "c5.metal": 4.08,
    "c5d.metal": 4.608,
    "c5n.metal": 3.888,
    "c6i.metal": 5.44,
    "c7i.metal-24xl": 4.7124,
    "c7i.metal-48xl": 8.568,
    "c8i.2xlarge": 0.37484,
    "c8i.4xlarge": 0.74968,
    "c8i.8xlarge": 1.49936,
    "c8i.metal-48xl": 9.89578,
    "c8i.metal-96xl": 17.99232,
    "i3.metal": 4.992,
    "i3en.metal": 10.848,
    "i4i.metal": 10.982,
    "m5.metal": 4.608,
    "m5d.metal": 5.424,
    "m5n.metal": 5.712,
    "m5zn.metal": 4.3605,
    "m6i.metal": 6.144,
    "m7i.metal-24xl": 5.32224,
    "m7i.metal-48xl": 9.6768,
    "m8i-flex.2xlarge": 0.4022,
    "m8i-flex.8xlarge": 1.6088,
    "m8i.2xlarge": 0.42336,
    "m8i.4xlarge": 0.84672,
    "m8i.8xlarge": 1.69344,
    "m8i.12xlarge": 2.54016,
    "m8i.metal-48xl": 10.16064,
    "m8i.metal-96xl": 20.32128,
    "r5.metal": 6.048,
    "r6i.metal": 8.064,
    "r8i.2xlarge": 0.55568,
    "r8i.8xlarge": 2.22272,
    "z1d.metal": 4.464,
}


def cost_per_hour_usd(instance_type: str | None) -> float | None:
    """US dollars an hour for a running instance of this type; None where no list price is shipped."""
    return None if instance_type is None else _USD_PER_HOUR.get(instance_type)
