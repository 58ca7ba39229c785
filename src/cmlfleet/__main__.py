"""The command `cmlfleet`."""

from cmlfleet.cli.app import run


def main() -> None:
    """Runs the command line and exits with its status."""
    run()


if __name__ == "__main__":
    main()
