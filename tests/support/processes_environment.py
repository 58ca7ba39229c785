"""What a Python process of our own needs to find the product and the tests."""

import os
import sys


def python_environment() -> dict[str, str]:
    """This process's environment and import path."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
