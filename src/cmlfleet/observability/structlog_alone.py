"""structlog without rich."""

import sys
from importlib import import_module
from types import ModuleType
from typing import cast


def import_structlog_alone() -> None:
    """structlog would import rich for tracebacks in colour: 5 MB that a service never uses, as it prints plain ones.
    Called before anything is imported that logs."""
    if "rich" in sys.modules:
        return
    sys.modules["rich"] = cast("ModuleType", None)  # what stands for "cannot be imported"
    try:
        import_module("structlog")
    finally:
        del sys.modules["rich"]
