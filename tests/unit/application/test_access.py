"""The table of access has a row for every message there is, and for nothing else."""

import importlib
import inspect
import pkgutil

import cmlfleet.application
from cmlfleet.application.access import ACCESS
from cmlfleet.application.mediator import Message


def test_every_message_has_its_row() -> None:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(cmlfleet.application.__path__, "cmlfleet.application.")
    ]
    messages = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Message) and kind is not Message
    }
    assert messages == set(ACCESS)
