"""How long a controller may take to come up before that counts as trouble.

Bare metal may need twenty minutes from `running` until it can be reached at all (EC2 user guide), and a first boot
installs CML and ends in a reboot of its own; a virtual machine with nested virtualisation needs minutes.
"""

from collections.abc import Mapping

BOOT_BUDGET_TAG = "cmlfleet:boot-budget"

_MINUTE = 60
FIRST_BOOT_METAL_SECONDS = 45 * _MINUTE
FIRST_BOOT_SECONDS = 20 * _MINUTE
LATER_BOOT_METAL_SECONDS = 25 * _MINUTE
LATER_BOOT_SECONDS = 10 * _MINUTE


def is_bare_metal(instance_type: str | None) -> bool:
    """EC2 names bare metal sizes `metal` or `metal-…`."""
    return instance_type is not None and instance_type.partition(".")[2].startswith("metal")


def boot_budget_seconds(
    *, instance_type: str | None, tags: Mapping[str, str], first_boot: bool, configured_seconds: int | None
) -> int:
    """Seconds that a boot may take: the instance's own tag, else the configuration, else by type and kind of boot."""
    tagged = tags.get(BOOT_BUDGET_TAG, "").strip()
    if tagged.isascii() and tagged.isdigit() and int(tagged) > 0:
        return int(tagged)
    if configured_seconds is not None:
        return configured_seconds
    if is_bare_metal(instance_type):
        return FIRST_BOOT_METAL_SECONDS if first_boot else LATER_BOOT_METAL_SECONDS
    return FIRST_BOOT_SECONDS if first_boot else LATER_BOOT_SECONDS
