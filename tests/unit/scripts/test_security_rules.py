"""The security linter of `make check` watches over what is shipped."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
DANGERS = {
    "S301": "import pickle\n\npickle.loads(b'')\n",
    "S307": "eval(input())\n",
    "S324": "import hashlib\n\nhashlib.md5(b'')\n",
    "S501": "import httpx\n\nhttpx.get('https://x', verify=False)\n",
    "S506": "import yaml\n\nyaml.load('', Loader=yaml.Loader)\n",
    "S602": "import subprocess\n\nsubprocess.run(input(), shell=True, check=False)\n",
    "S608": "def find(name: str) -> str:\n    return f\"SELECT * FROM users WHERE name = '{name}'\"\n",
}


@pytest.mark.parametrize("rule", DANGERS)
@pytest.mark.parametrize("file", ["src/cmlfleet/serve.py", "src/cmlfleet/simulator/server.py"])
def test_a_dangerous_call_does_not_pass(rule: str, file: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "--stdin-filename", file, "-"]
    done = subprocess.run(command, cwd=PROJECT, input=DANGERS[rule], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f" {rule} " in done.stdout
