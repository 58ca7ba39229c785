"""Everything is made and wired here, a file for each part, in the order in which it depends on each other."""

from cmlfleet.composition.service import Service
from cmlfleet.composition.stores import open_storage

__all__ = ["Service", "open_storage"]
