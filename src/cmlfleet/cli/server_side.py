"""`cmlfleet serve`, `migrate` and `doctor`: commands that run where the service runs."""

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from typing import Annotated, Literal

from cyclopts import Parameter

from cmlfleet.cli.configuration import configured
from cmlfleet.cli.exit_codes import FAILED, USAGE, CommandFailed, without_storage
from cmlfleet.cli.options import Config


def serve(
    *,
    config: Config = None,
    host: str | None = None,
    port: int | None = None,
    roles: str | None = None,
    print_config: Annotated[bool, Parameter(name="--print-config", negative=(), show_default=False)] = False,
) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    Parameters
    ----------
    host
        The address to listen on.
    port
        The port to listen on; 0 takes any free one.
    roles
        Some of api,scheduler,worker.
    print_config
        Only print what is in force and where each value came from, secrets masked.
    """
    settings = configured(config, host=host, port=port, roles=roles)
    if print_config:
        from cmlfleet.settings_shown import shown  # noqa: PLC0415 - what only this flag needs

        sys.stdout.write(shown(settings) + "\n")
        return
    import uvloop  # noqa: PLC0415 - what only serving needs

    from cmlfleet.observability.structlog_alone import import_structlog_alone  # noqa: PLC0415 - as above

    import_structlog_alone()
    from cmlfleet.application.ports.cluster import CannotJoin, CoordinationUnavailable  # noqa: PLC0415 - as above
    from cmlfleet.application.ports.storage import StorageUnavailable  # noqa: PLC0415 - as above
    from cmlfleet.observability.logs import configure_logs  # noqa: PLC0415 - as above
    from cmlfleet.observability.tracing import configure_tracing  # noqa: PLC0415 - as above
    from cmlfleet.persistence.migrate import SchemaMismatch  # noqa: PLC0415 - as above
    from cmlfleet.serve import PortTaken  # noqa: PLC0415 - as above
    from cmlfleet.serve import serve as run  # noqa: PLC0415 - as above
    from cmlfleet.served_certificate import CertificateUnusable  # noqa: PLC0415 - as above
    from cmlfleet.settings import ConfigurationError  # noqa: PLC0415 - as above

    configure_logs()
    configure_tracing()
    try:
        uvloop.run(run(settings))
    except StorageUnavailable as error:
        raise without_storage(error) from None
    except (SchemaMismatch, CannotJoin, CoordinationUnavailable) as error:
        raise CommandFailed(str(error)) from None
    except ConfigurationError as error:
        raise CommandFailed(f"configuration: {error}", status=USAGE) from None
    except CertificateUnusable as error:
        raise CommandFailed(f"CMLFLEET_TLS_CERT, CMLFLEET_TLS_KEY: {error}", status=USAGE) from None
    except PortTaken as error:
        raise CommandFailed(f"{error}; choose another with --port or CMLFLEET_PORT") from None


def migrate(*, config: Config = None) -> None:
    """Bring the database's schema up to date."""
    settings = configured(config)
    from cmlfleet.application.ports.storage import StorageUnavailable  # noqa: PLC0415 - slow to import
    from cmlfleet.composition import open_storage  # noqa: PLC0415 - as above
    from cmlfleet.persistence.migrate import SchemaMismatch, upgrade  # noqa: PLC0415 - as above

    async def run() -> bool:
        storage = open_storage(settings)
        try:
            return await upgrade(storage.database)
        finally:
            await storage.close()

    try:
        done = asyncio.run(run())
    except StorageUnavailable as error:
        raise without_storage(error) from None
    except SchemaMismatch as error:
        raise CommandFailed(str(error)) from None
    sys.stderr.write("the schema was brought up to date\n" if done else "the schema is up to date\n")


def doctor(
    *,
    config: Config = None,
    output: Annotated[Literal["table", "json"], Parameter(name=["-o", "--output"], help="How to print.")] = "table",
) -> None:
    """Check configuration, database, AWS permissions and controllers.

    A line for each: ok, warning, or failed with its fix. Exit status 1 when one failed.
    """
    settings = configured(config)
    from cmlfleet.cli.doctor import examine  # noqa: PLC0415 - slow to import
    from cmlfleet.cli.findings import print_findings  # noqa: PLC0415 - as above
    from cmlfleet.observability.logs import configure_logs  # noqa: PLC0415 - as above

    configure_logs(least=logging.ERROR)  # what AWS answers is a finding, not a line among them
    findings = [asdict(finding) for finding in asyncio.run(examine(settings))]
    if output == "json":
        sys.stdout.write(json.dumps(findings, indent=2) + "\n")
    else:
        print_findings(findings)
    if any(finding["state"] == "failed" for finding in findings):
        sys.exit(FAILED)
