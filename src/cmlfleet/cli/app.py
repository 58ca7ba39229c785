"""All commands in one tree. Each group's module is imported only when one of its commands is called."""

import sys
from io import TextIOWrapper

from cyclopts import App, CycloptsError, Group

from cmlfleet.cli.exit_codes import USAGE, CommandFailed
from cmlfleet.cli.layout import say

INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C ended


def _version() -> str:
    from cmlfleet import __version__  # noqa: PLC0415 - reading the package's metadata costs every other command time

    return __version__


app = App(
    name="cmlfleet",
    help="The control plane for fleets of Cisco Modeling Labs workers on AWS EC2.",
    version=_version,
)
_ANYWHERE = Group("Anywhere, over HTTP (CMLFLEET_URL, CMLFLEET_TOKEN)", sort_key=1)
_AT_HOME = Group("Where the service runs", sort_key=2)
_TRYING = Group("Trying it out", sort_key=3)

COMMANDS: dict[str, tuple[str, Group, str]] = {
    "workers": ("workers:app", _ANYWHERE, "List, refresh, watch, import and look after workers."),
    "labs": ("labs:app", _ANYWHERE, "Labs of the fleet."),
    "license": ("license:app", _ANYWHERE, "Licences of workers."),
    "fleet": ("fleet:fleet", _ANYWHERE, "Counts, cost, and what needs somebody now."),
    "events": ("events:events", _ANYWHERE, "What happened, the newest last; --follow goes on."),
    "login": ("login:login", _ANYWHERE, "Store a token for the service at CMLFLEET_URL, readable by you alone."),
    "completion": ("completion:completion", _ANYWHERE, "Print the shell's completion script."),
    "serve": ("server_side:serve", _AT_HOME, "Run the service until SIGTERM or Ctrl-C."),
    "migrate": ("server_side:migrate", _AT_HOME, "Bring the database's schema up to date."),
    "backup": ("backup_commands:backup", _AT_HOME, "Copy the embedded database to a file, while the service runs."),
    "restore": ("backup_commands:restore", _AT_HOME, "Put a backup in the place of the embedded database."),
    "doctor": ("server_side:doctor", _AT_HOME, "Check configuration, database, AWS permissions and controllers."),
    "secrets": ("secrets_commands:app", _AT_HOME, "The key of stored secrets."),
    "user": ("users:app", _AT_HOME, "People who sign in with a password: create, list, disable, enable."),
    "token": ("tokens:app", _AT_HOME, "Create, list and revoke API tokens."),
}
"""Each command's place, group, and line in the help: the module itself is not imported for them."""

for name, (place, group, line) in COMMANDS.items():
    app.command(f"cmlfleet.cli.{place}", name=name, group=group, help=line)
app.command("cmlfleet.demo:demo", name="demo", group=_TRYING, help="Simulator and service together, until Ctrl-C.")
app.command(
    "cmlfleet.simulator.command:app",
    name="simulate",
    group=_TRYING,
    help="A simulated AWS with CML controllers, for tests of any kind.",
)


def run() -> None:
    """Exit 0 done; 1 failed; 2 usage or configuration; 3 not found; 4 not allowed; 5 some of several failed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # what a terminal cannot show ends nothing
    try:
        app(exit_on_error=False, print_error=True)
    except CommandFailed as error:
        say(str(error))
        sys.exit(error.status)
    except CycloptsError:
        sys.exit(USAGE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
