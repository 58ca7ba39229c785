"""The names of everything that is kept in Redis."""

CONSUMERS = "workers"
"""The consumer group of the queue's stream."""


class Keys:
    """All of one installation's; another installation may use the same Redis.

    Everything here can be rebuilt from the database: see `docs/architecture/cluster.md`. The installation's name is
    in the database and given later than everything else that is wired.
    """

    def __init__(self, installation: str | None = None) -> None:
        self.installation = installation

    def __call__(self, *names: str) -> str:
        """The key with that name."""
        if self.installation is None:
            raise RuntimeError("the installation's name is not known yet")
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
    def groups_version(self) -> str:
        """A number that grows whenever `groups` is written."""
        return self("groups", "version")

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

    @property
    def processes(self) -> str:
        """The set of processes that have said that they live; some may have died since."""
        return self("processes")

    def process(self, process_id: str) -> str:
        """What the process says of itself; it lapses."""
        return self("process", process_id)

    @property
    def standings(self) -> str:
        """What EC2 last answered for each account and region, as the leader knows it."""
        return self("standings")

    def refresh(self, worker_id: str) -> str:
        """Whose run of a person's refresh is under way; it lapses."""
        return self("refresh", worker_id)

    def refresh_result(self, token: str) -> str:
        """A stream of one entry, the run's result; it lapses."""
        return self("refresh", "result", token)
