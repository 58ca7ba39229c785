"""The instance types that CML workers run on: size, and whether the host itself is rented."""

from dataclasses import dataclass

GIBIBYTE = 1 << 30


@dataclass(frozen=True, kw_only=True)
class InstanceType:
    name: str
    vcpus: int
    memory_bytes: int

    @property
    def is_metal(self) -> bool:
        return ".metal" in self.name

    @property
    def threads_per_core(self) -> int:
        return 2

    @property
    def can_nest_virtualization(self) -> bool:
        """Virtual machines of the eighth Intel generation, since February 2026."""
        return not self.is_metal and self.name.split(".")[0] in {"c8i", "m8i", "r8i", "m8i-flex", "c8i-flex"}


_SIZES = {
    "c5.metal": (96, 192),
    "c5n.metal": (72, 192),
    "c5.2xlarge": (8, 16),
    "m5.metal": (96, 384),
    "m5zn.metal": (48, 192),
    "i3.metal": (72, 512),
    "r5.metal": (96, 768),
    "c6i.metal": (128, 256),
    "m6i.metal": (128, 512),
    "m7i.metal-24xl": (96, 384),
    "m8i.metal-48xl": (192, 768),
    "c8i.2xlarge": (8, 16),
    "c8i.4xlarge": (16, 32),
    "c8i.8xlarge": (32, 64),
    "m8i.2xlarge": (8, 32),
    "m8i.4xlarge": (16, 64),
    "m8i.8xlarge": (32, 128),
    "m8i.12xlarge": (48, 192),
    "r8i.2xlarge": (8, 64),
}

_ORDINARY_SIZE = (8, 32)  # what a type that is not in the table is taken for


def instance_type(name: str) -> InstanceType:
    vcpus, gibibytes = _SIZES.get(name, _ORDINARY_SIZE)
    return InstanceType(name=name, vcpus=vcpus, memory_bytes=gibibytes * GIBIBYTE)
