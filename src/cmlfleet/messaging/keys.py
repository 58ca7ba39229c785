"""The names of everything that is kept in Redis."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """All of one installation's; another installation may use the same Redis.

    Everything here can be rebuilt from the database: see `docs/architecture/cluster.md`.
    """

    installation: str

    def __call__(self, *names: str) -> str:
        """The key with that name."""
        return ":".join(("cmlfleet", self.installation, *names))

    @property
    def leader(self) -> str:
        """The token of who leads; it lapses."""
        return self("leader")

    @property
    def fence(self) -> str:
        """The highest fencing number that has fired."""
        return self("fence")

    @property
    def groups(self) -> str:
        """A hash from each monitoring group to its members."""
        return self("groups")

    @property
    def jobs(self) -> str:
        """APScheduler's jobs, one a group."""
        return self("jobs")

    @property
    def run_times(self) -> str:
        """APScheduler's sorted set of when each job is due: seconds since 1970."""
        return self("run_times")

    @property
    def fires(self) -> str:
        """A hash from each group to the slot of its latest fire: milliseconds since 1970."""
        return self("fires")

    @property
    def queue(self) -> str:
        """The stream of groups to be refreshed. The number is the format's: no version reads another's messages."""
        return self("queue", "1")

    @property
    def changes(self) -> str:
        """The stream of what was saved. The number is the format's."""
        return self("changes", "1")

    @property
    def changes_epoch(self) -> str:
        """A word that changes when the stream began anew."""
        return self("changes", "1", "epoch")

    def running(self, group_id: str) -> str:
        """The slot and the process of a group's run; it lapses."""
        return self("running", group_id)
