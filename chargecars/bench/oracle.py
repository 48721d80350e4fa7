"""What a root list has to hold: the same rows by plain SQL, as the same database role under the same settings."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from chargecars.bench.documents import CONDITIONS, PAGE, TABLES
from tenants.actor import Actor
from tenants.engine import connect_args, role_password
from tenants.settings import Settings


@dataclass(frozen=True)
class Expected:
    """The newest rows of a list, newest first, and how many there are."""

    count: int
    ids: list[UUID]


async def expected(settings: Settings, actor: Actor, name: str) -> Expected:
    """What the actor has to get; nothing where its role has no right to the table."""
    table, condition = TABLES[name], CONDITIONS.get(name, "true")
    role = actor.audience.database_role
    connection = await asyncpg.connect(**connect_args(settings.database_url, role, role_password(settings)))
    try:
        async with connection.transaction():
            for setting, value in actor.settings().items():
                await connection.execute("SELECT set_config($1, $2, true)", setting, value)
            count = await connection.fetchval(f'SELECT count(*) FROM "{table}" WHERE {condition}')  # noqa: S608  # a table of ours
            newest = f'SELECT id FROM "{table}" WHERE {condition} ORDER BY created_at DESC, id DESC LIMIT {PAGE}'  # noqa: S608  # a table of ours
            return Expected(count, [row[0] for row in await connection.fetch(newest)])
    except asyncpg.InsufficientPrivilegeError:
        return Expected(0, [])
    finally:
        await connection.close()
