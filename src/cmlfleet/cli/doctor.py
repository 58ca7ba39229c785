"""What is wrong with this installation, and how to mend it."""

import asyncio
import resource
from collections.abc import AsyncIterator

from cmlfleet.application.ports.sources import CredentialsUnavailable
from cmlfleet.application.ports.storage import DataDirectoryUnusable, StorageUnavailable
from cmlfleet.cli.doctor_cluster import cluster
from cmlfleet.cli.doctor_security import accepted_risks, roles_without_external_id, secret_key, served_certificate
from cmlfleet.cli.doctor_sources import failing_readings, throttling
from cmlfleet.composition import open_storage
from cmlfleet.composition.credentials import credential_rules
from cmlfleet.composition.sources import address_policy, monitored_accounts
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState, WorkerStatus
from cmlfleet.domain.finding import Finding, failed, ok, warning
from cmlfleet.domain.identifiers import AccountId, Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.adapters import AwsAccountSettings, AwsAdapters, AwsCallError
from cmlfleet.integration.services.address_policy import AddressPolicy
from cmlfleet.integration.services.call_failure import CMLCallError
from cmlfleet.persistence.migrate import HEAD_REVISION, current_revision
from cmlfleet.settings import Settings

CONNECT_SECONDS = 5.0
ENOUGH_OPEN_FILES = 4096  # a connection kept to each of some thousand controllers

_REGION_OR_CREDENTIALS = (
    "check CMLFLEET_REGIONS and AWS_REGION for a region that is none or is not enabled for the account, the "
    "credentials, this machine's clock, and the way to AWS"
)


async def examine(settings: Settings) -> list[Finding]:
    """Every check; one that fails stops no other."""
    findings = [ok("configuration", "understood")]
    findings += accepted_risks(settings)
    findings += roles_without_external_id(settings)
    findings += served_certificate(settings)
    findings.append(_open_files())
    findings += [finding async for finding in _database(settings)]
    findings += [finding async for finding in cluster(settings)]
    findings += [finding async for finding in _aws(settings)]
    return findings


def _open_files() -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # `serve` raises the soft limit to it
    allowed = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
    if hard == resource.RLIM_INFINITY or hard >= ENOUGH_OPEN_FILES:
        return ok("open files", f"{allowed} at once")
    return warning("open files", f"{allowed} at once", fix="raise the hard limit to 20000 (LimitNOFILE, ulimit -Hn)")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        storage = open_storage(settings)
    except DataDirectoryUnusable as error:
        yield failed("data directory", str(error), fix="check CMLFLEET_DATA_DIR and who may write there")
        return
    try:
        await storage.database.ping()
        yield ok("database", storage.database.dialect)
        revision = await current_revision(storage.database)
        if revision == HEAD_REVISION:
            yield ok("schema", revision)
        else:
            yield warning("schema", revision or "none yet", fix="run: cmlfleet migrate")
            return
        yield await secret_key(storage)
        states = [state for state in await storage.workers.all_states() if state.status is WorkerStatus.RUNNING]
        for finding in failing_readings(states):
            yield finding
        with_endpoint = [state for state in states if state.https_endpoint]
        policy = address_policy(settings)
        answers = await asyncio.gather(*(_reachable(state, policy) for state in with_endpoint))
        for state, problem in zip(with_endpoint, answers, strict=True):
            if problem is not None:
                yield warning(
                    f"CML of {state.name}",
                    f"{state.https_endpoint}: {problem}",
                    fix=f"cmlfleet workers diagnose {state.name} says where the way ends",
                )
        reached = sum(answer is None for answer in answers)
        yield ok("CML", f"{reached} of {len(states)} running workers reached")
    except StorageUnavailable as error:
        yield failed("database", str(error), fix="check CMLFLEET_DATABASE_URL and CMLFLEET_DATA_DIR")
    finally:
        await storage.close()


async def _reachable(state: CMLWorkerState, policy: AddressPolicy) -> str | None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            endpoint = await policy.check(state.https_endpoint or "", ec2_addresses=state.addresses)
            _, writer = await asyncio.open_connection(endpoint.address, endpoint.port)
    except CMLCallError as failure:
        return failure.detail
    except TimeoutError:
        return "no answer: a security group or route is in the way"
    except OSError as error:
        return error.strerror or str(error)
    writer.close()
    return None


async def _aws(settings: Settings) -> AsyncIterator[Finding]:
    accounts = monitored_accounts(settings)
    aws = AwsAdapters(
        [
            AwsAccountSettings(
                account_id=None if account.account_id is None else AccountId(account.account_id),
                regions=tuple(Region(region) for region in account.regions),
                role_arn=account.role_arn,
                external_id=account.external_id,
            )
            for account in accounts
        ]
    )
    try:
        for account in accounts:
            account_id = None if account.account_id is None else AccountId(account.account_id)
            async for finding in _account(aws, account_id, account.regions or settings.regions):
                yield finding
        async for finding in _rules(settings, aws):
            yield finding
        for finding in throttling(aws):
            yield finding
    finally:
        await aws.close()


async def _rules(settings: Settings, aws: AwsAdapters) -> AsyncIterator[Finding]:
    for number, rule in enumerate(credential_rules(settings, aws.passwords), start=1):
        about = f"[[credentials]] number {number}"
        try:
            await rule.credentials()
        except CredentialsUnavailable as failure:
            fix = "put a password there that this process may read; see docs/iam-policy-secrets.json"
            yield failed(about, str(failure), fix=fix)
        else:
            yield ok(about, f"{rule.where} can be read")


async def _account(
    aws: AwsAdapters, account_id: AccountId | None, regions: tuple[str, ...]
) -> AsyncIterator[Finding]:
    try:
        identity = await aws.identity(account_id)
    except AwsCallError as error:
        yield failed(
            f"AWS identity {account_id or ''}".strip(),
            str(error),
            fix="set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or role_arn and external_id",
        )
        return
    yield ok("AWS identity", identity.arn)
    if not regions:
        region = await aws.default_region()
        regions = () if region is None else (region,)
    if not regions:
        yield failed("AWS regions", "none is configured", fix="set CMLFLEET_REGIONS or AWS_REGION")
    for region in regions:
        for check in await aws.check_permissions(identity.account_id, Region(region)):
            about, action = f"{identity.account_id} {region} {check.permission.action}", check.permission.action
            if check.error_code is None:
                yield ok(about, "allowed")
            elif check.error_code is ErrorCode.THROTTLED:
                yield warning(about, check.detail or "throttled", fix="see what else calls AWS in that account")
            elif check.is_denied:
                fix = f"allow {action}; docs/iam-policy.json is the whole policy"
                yield failed(about, check.detail or "denied", fix=fix)
            else:
                yield failed(about, check.detail or "no answer", fix=_REGION_OR_CREDENTIALS)
