"""What an idle service holds in memory for nothing."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.processes_environment import python_environment

# 10 MB, 5 MB, 2 MB and so on, which nothing that a service on the embedded database does by default needs.
NEEDLESS = (
    "alembic",
    "rich",
    "boto3",
    "authlib",
    "httpx2",
    "redis",
    "taskiq",
    "asyncpg",
    "sqlalchemy.dialects.postgresql",
)
SERVE_AND_TELL = f"""
import atexit, json, sys
from cmlfleet.__main__ import main
atexit.register(lambda: print(json.dumps([name for name in {NEEDLESS!r} if name in sys.modules])))
sys.argv[1:] = ["serve", "--port", "0"]
main()
"""


def test_a_service_on_a_new_embedded_database_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    kept = {name: value for name, value in python_environment().items() if not name.startswith(("CMLFLEET_", "AWS_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE_AND_TELL],
        env=kept
        | {
            "CMLFLEET_DATA_DIR": str(tmp_path),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "cmlfleet serves" in line:
            process.terminate()
            break
    said, _ = process.communicate()
    assert json.loads(said) == []
