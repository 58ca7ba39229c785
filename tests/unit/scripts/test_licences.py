"""Licences are read from the locks, and what would bind the product is not shipped."""

import pytest
from scripts.licences import Package, may_ship, node_packages, python_packages

LOCK = """\
far-away==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:00
    # via near
near==2.1.0 \\
    --hash=sha256:00
    # via
    #   cmlfleet (pyproject.toml)
    #   tool
tool[extra]==3 \\
    --hash=sha256:00
    # via cmlfleet (pyproject.toml:dev)
used-by-tool==4 \\
    --hash=sha256:00
    # via tool
"""


def test_what_the_service_needs_directly_or_not_is_shipped() -> None:
    known = {"far-away": "MIT"}
    assert python_packages(LOCK, known) == [
        Package("far-away", "MIT", True),
        Package("near", "not told", True),
        Package("tool", "not told", False),
        Package("used-by-tool", "not told", False),
    ]


def test_an_installed_package_speaks_for_itself() -> None:
    (package,) = python_packages("starlette==1.0 \\\n    # via cmlfleet (pyproject.toml)\n", {"starlette": "WTFPL"})
    assert package == Package("starlette", "BSD-3-Clause", True)


def test_a_name_that_is_there_twice_is_shipped_when_one_is() -> None:
    packages = {
        "": {"name": "console"},
        "node_modules/@scope/a": {"license": "MIT"},
        "node_modules/b": {"license": "ISC"},
        "node_modules/c/node_modules/b": {"license": "ISC", "dev": True},
    }
    assert node_packages({"packages": packages}) == [Package("@scope/a", "MIT", True), Package("b", "ISC", True)]


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("LGPL-3.0-or-later", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0", False),
        ("GNU Affero General Public License v3", False),
        ("SSPL-1.0", False),
        ("not told", False),
    ],
)
def test_terms_that_would_bind_the_product_are_not_shipped(licence: str, expected: bool) -> None:
    assert may_ship(Package("x", licence, True)) is expected
    assert may_ship(Package("x", licence, False))
