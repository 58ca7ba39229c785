"""All commands in one tree. Each group's module is imported only when one of its commands is called."""

import sys

from cyclopts import App, CycloptsError

from cmlfleet.cli.exit_codes import USAGE, CommandFailed

INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


def _version() -> str:
    from cmlfleet import __version__  # noqa: PLC0415 - reading the package's metadata costs every other command time

    return __version__


app = App(
    name="cmlfleet",
    help="The control plane for fleets of Cisco Modeling Labs workers on AWS EC2.",
    version=_version,
)
_SERVER = "cmlfleet.cli.server_side"
for name in ("serve", "migrate", "doctor"):
    app.command(f"{_SERVER}:{name}", name=name)
app.command("cmlfleet.demo:demo", name="demo")
app.command("cmlfleet.simulator.command:app", name="simulate")
app.command("cmlfleet.cli.tokens:app", name="token")
app.command("cmlfleet.cli.secrets_commands:app", name="secrets")
app.command("cmlfleet.cli.workers:app", name="workers")
app.command("cmlfleet.cli.fleet:labs", name="labs")
app.command("cmlfleet.cli.fleet:license_", name="license")
app.command("cmlfleet.cli.fleet:fleet", name="fleet")
app.command("cmlfleet.cli.fleet:events", name="events")
app.command("cmlfleet.cli.login:login", name="login")
app.register_install_completion_command(name="completion")  # pyright: ignore[reportUnknownMemberType]


def run() -> None:
    """Exit 0 done; 1 failed; 2 usage or configuration; 3 not found; 4 not allowed; 5 some of several failed."""
    try:
        app(exit_on_error=False, print_error=True)
    except CommandFailed as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.status)
    except CycloptsError:
        sys.exit(USAGE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
