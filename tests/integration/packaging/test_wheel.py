"""The wheel that is built from a set-up folder has the console inside."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

PROJECT = Path(__file__).parents[3]


def test_the_wheel_holds_the_built_console_and_none_of_its_sources(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "cmlfleet/console/index.html" in names
    scripts = {name for name in names if name.startswith("cmlfleet/console/assets/index-") and ".js" in name}
    assert {Path(name).suffix for name in scripts} == {".js", ".br", ".gz"}
    assert not [name for name in names if name.endswith((".tsx", ".ts"))]


def test_the_first_page_s_scripts_are_at_most_400_kb_compressed() -> None:
    built = PROJECT / "src/cmlfleet/console"
    scripts = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', (built / "index.html").read_text())
    assert scripts
    compressed = [path if (path := built / f"{name}.gz").is_file() else built / name for name in scripts]
    assert sum(path.stat().st_size for path in compressed) <= 400_000
