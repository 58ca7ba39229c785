"""What importing and making the adapters costs a process that starts."""

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "src"
PROGRAM = """
import asyncio, sys
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters

async def start():
    adapters = AwsAdapters([AwsAccountSettings(regions=["us-east-1"])])
    await adapters.close()

asyncio.run(start())
print(sorted(name for name in sys.modules if name in ("boto3", "botocore")))
"""


def test_botocore_is_not_imported_before_aws_is_asked():
    """It takes a third of a second, which a thread spends later."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=False
    )
    assert (ended.stdout.strip(), ended.stderr) == ("[]", "")
