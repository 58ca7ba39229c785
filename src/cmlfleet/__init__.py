"""cmlfleet: the control plane for fleets of Cisco Modeling Labs workers on AWS EC2."""

from importlib.metadata import version

__version__ = version("cmlfleet")
