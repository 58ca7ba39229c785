"""What the processes of one installation have in common: its name, and numbers that only grow."""

from sqlalchemy import select, update

from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database


class SqlInstallation:
    """The one row that the migration made. Implements `Fences`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def name(self) -> str:
        """Tells this installation from others that use the same Redis. Raises StorageUnavailable."""
        async with self._database.reading() as connection:
            return (await connection.execute(select(tables.installation.c.name))).scalar_one()

    async def next_fence(self) -> int:
        """Greater than every number before, whoever drew it. Raises StorageUnavailable."""
        fence = tables.installation.c.fence
        async with self._database.writing() as connection:
            drawn = await connection.execute(update(tables.installation).values(fence=fence + 1).returning(fence))
            return drawn.scalar_one()
