"""The schema of an empty embedded database, made in one step from the tables of the code.

All migrations, one after the other, come to the same (a test compares them), but Alembic takes half a second and,
for as long as the service then runs, 10 MB.
"""

from uuid import uuid4

from sqlalchemy import insert, text

from cmlfleet.persistence import tables
from cmlfleet.persistence.database import Database

_VERSION_TABLE = """CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)"""


async def create_schema(database: Database, *, revision: str) -> bool:
    """In one transaction, as that revision. False where there is any table already, for instance because another
    process was quicker. Raises StorageUnavailable."""
    async with database.writing() as connection:
        if (await connection.execute(text("SELECT count(*) FROM sqlite_master"))).scalar_one():
            return False
        await connection.run_sync(tables.metadata.create_all, checkfirst=False)
        await connection.execute(insert(tables.installation).values(name=uuid4().hex[:12], fence=0))
        await connection.execute(text(_VERSION_TABLE))
        await connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    return True
