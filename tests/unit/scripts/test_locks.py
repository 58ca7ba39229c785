"""Whatever is installed is locked with its hash."""

import json
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
SETUP = [(PROJECT / "scripts" / name).read_text() for name in ("setup.sh", "setup_console.sh", "test_tools.sh")]


def test_each_python_package_has_hashes() -> None:
    entries = re.split(r"^(?=[a-z0-9])", (PROJECT / "requirements.lock").read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) > 100
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry or "==" not in entry] == []


@pytest.mark.parametrize("folder", ["console", "tests/support/openid_provider"])
def test_each_javascript_package_has_a_hash(folder: str) -> None:
    packages = json.loads((PROJECT / folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 10
    assert [
        path for path, told in packages.items() if path and not told.get("integrity", "").startswith("sha512-")
    ] == []


def test_set_up_installs_what_is_locked_alone() -> None:
    commands = [
        line.strip()
        for text in SETUP
        for line in text.splitlines()
        if re.search(r"\b(pip install|pip sync|npm (ci|install|i))\b", line) and not line.strip().startswith("#")
    ]
    installed = [line for line in commands if "echo" not in line]
    assert installed
    for line in installed:
        assert "--require-hashes" in line or "npm ci" in line or "--no-deps --no-build-isolation -e ." in line, line
