"""The configuration, for commands that run where the service runs."""

from pathlib import Path
from typing import Any

from cmlfleet.cli.exit_codes import USAGE, CommandFailed
from cmlfleet.settings import ConfigurationError, Settings, load_settings


def configured(config: Path | None = None, **overrides: Any) -> Settings:
    """Raises CommandFailed naming every key that is wrong."""
    try:
        return load_settings(config=config, overrides=overrides)
    except ConfigurationError as error:
        raise CommandFailed(f"configuration: {error}", status=USAGE) from None
