"""The simulator as a process of its own, so that its work is not counted as the product's."""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import psutil

from cmlfleet.simulator.control_client import ControlClient

_EXPORT = re.compile(r"export (\w+)='?([^']*?)'?")
_STOP_SECONDS = 30


@dataclass(frozen=True)
class SimulatedCloud:
    """The variables that point at it, what `cmlfleet.toml` needs for its other accounts, its control, and its process
    for CPU figures."""

    environment: dict[str, str]
    accounts: str
    control: ControlClient
    process: psutil.Process

    def calls(self) -> dict[str, int]:
        """Calls to AWS since the last `forget_calls`, by operation."""
        totals: Counter[str] = Counter()
        for entry in self.control.call("GET", "/calls")["calls"]:
            totals[entry["operation"]] += entry["count"]
        return dict(totals)

    def controller_requests(self) -> int:
        """Requests to all controllers since the last `forget_calls`."""
        return sum(entry["count"] for entry in self.control.call("GET", "/calls")["controllers"])

    def forget_calls(self) -> None:
        self.control.call("DELETE", "/calls")

    def cpu_seconds(self) -> float:
        used = self.process.cpu_times()
        return used.user + used.system

    def scopes(self) -> list[dict[str, str]]:
        """Every account and region that has workers, with credentials for it; other accounts' by their role."""
        found: dict[tuple[str, str], dict[str, str]] = {}
        credentials: dict[str, dict[str, str]] = {}
        for worker in self.control.call("GET", "/workers")["workers"]:
            account_id, region = worker["account_id"], worker["region"]
            if account_id not in credentials:
                credentials[account_id] = self._credentials(account_id)
            found[account_id, region] = {"account_id": account_id, "region": region, **credentials[account_id]}
        return list(found.values())

    def _credentials(self, account_id: str) -> dict[str, str]:
        own = {
            "access_key": self.environment["AWS_ACCESS_KEY_ID"],
            "secret_key": self.environment["AWS_SECRET_ACCESS_KEY"],
            "session_token": "",
        }
        sts = boto3.client(
            "sts",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=own["access_key"],
            aws_secret_access_key=own["secret_key"],
        )
        if sts.get_caller_identity()["Account"] == account_id:
            return own
        settings = next(each for each in tomllib.loads(self.accounts)["accounts"] if each["id"] == account_id)
        granted = sts.assume_role(
            RoleArn=settings["role_arn"], RoleSessionName="bench", ExternalId=settings["external_id"]
        )["Credentials"]
        return {
            "access_key": granted["AccessKeyId"],
            "secret_key": granted["SecretAccessKey"],
            "session_token": granted["SessionToken"],
        }


@contextmanager
def simulated_cloud(workers: int, *, scenario: str = "steady", module: str = "cmlfleet") -> Generator[SimulatedCloud]:
    """`cmlfleet simulate` with that many workers on free ports, terminated at the end."""
    command = [sys.executable, "-m", module, "simulate", "--workers", str(workers), "--scenario", scenario]
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(
            [*command, "--aws-port", "0", "--cml-port", "0"], stdout=subprocess.PIPE, stderr=words, text=True
        )
        try:
            assert process.stdout is not None
            environment: dict[str, str] = {}
            for line in process.stdout:
                if line.strip() == "ready":
                    break
                if found := _EXPORT.fullmatch(line.strip()):
                    environment[found[1]] = found[2]
            words.seek(0)
            accounts = "[[" + words.read().partition("[[")[2] if scenario == "multi" else ""
            control = ControlClient(aws_url=environment["AWS_ENDPOINT_URL"])
            yield SimulatedCloud(environment, accounts, control, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)
