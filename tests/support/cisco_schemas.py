"""Cisco's own response models, when they are at hand.

They come in the wheel of `cml-mcp` (2.10's, tolerant of 2.9's answers) under a proprietary licence, so they are
not kept here. Put the unpacked wheel into `.venv/cisco-schemas`, or name its folder in `CMLFLEET_CISCO_SCHEMAS`:

    pip download --no-deps --only-binary=:all: --python-version 3.12 cml-mcp==0.32.2
    unzip cml_mcp-0.32.2-py3-none-any.whl -d .venv/cisco-schemas
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

FOLDER = Path(os.environ.get("CMLFLEET_CISCO_SCHEMAS", Path(sys.prefix) / "cisco-schemas"))
_SCHEMAS = FOLDER / "cml_mcp" / "cml"
_PACKAGES = ("simple_common", "simple_webserver", "simple_core")
ARE_THERE = _SCHEMAS.is_dir()


class _Loader(importlib.machinery.SourceFileLoader):
    """The files ask for Python 3.12 by one `type` statement; without that word they run on 3.11."""

    def get_data(self, path: str) -> bytes:
        data = super().get_data(path)
        return data.replace(b"\ntype VersionExtra", b"\nVersionExtra") if path.endswith(".py") else data

    def path_stats(self, path: str) -> Any:
        raise OSError(f"no byte code is written next to {path}")


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname.split(".", maxsplit=1)[0] not in _PACKAGES:
            return None
        base = _SCHEMAS.joinpath(*fullname.split("."))
        if base.is_dir():
            location = base / "__init__.py"
            if not location.exists():
                return importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            return importlib.util.spec_from_file_location(
                fullname,
                location,
                loader=_Loader(fullname, str(location)),
                submodule_search_locations=[str(base)],
            )
        location = base.with_suffix(".py")
        if not location.exists():
            return None
        return importlib.util.spec_from_file_location(fullname, location, loader=_Loader(fullname, str(location)))


def _stand_in(name: str, **contents: Any) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(contents)
    sys.modules[name] = module


def _as_it_is(model: type, *_fields: str, **_options: bool) -> type:
    return model


@cache
def _install() -> None:
    """What the models import and the wheel does not bring is small, and none of it is of an answer."""
    sys.meta_path.insert(0, _Finder())
    _stand_in("cml_mcp", __path__=[])
    _stand_in("cml_mcp.border_style", BorderStyleLiteral=Literal["solid", "dotted", "dashed"])
    _stand_in("pydantic_strict_partial", create_partial_model=_as_it_is)
    importlib.import_module("simple_common")
    _stand_in("simple_common.models", DiagnosticsCategory=str)
    _stand_in("simple_core", __path__=[])
    _stand_in("simple_core.models", __path__=[])
    _stand_in("simple_core.models.type_hints", LabId=str, UserId=str)


def fits(module: str, model: str, answer: Any) -> None:
    """Raises pydantic's `ValidationError` when the answer is not what Cisco's model allows.

    `model` may be wrapped: `list[NodeResponse]`, `dict[str, LabResponse]`.
    """
    _install()
    loaded = importlib.import_module(f"simple_webserver.schemas.{module}")
    annotation = eval(model, {**vars(loaded)})  # the test's own words
    TypeAdapter(annotation).validate_python(answer)
