"""The step between an empty server and one that the platform can use."""

import asyncio

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from chargecars.stack import StackError
from migrations.run import current, head, upgrade
from tenants.engine import role_password, sqlalchemy_url
from tenants.settings import Settings


def migrate(settings: Settings) -> None:
    """Bring the schema to this code's revision; safe to repeat. Raises: StackError, nothing is half-migrated."""
    try:
        asyncio.run(upgrade(settings.database_url, role_password(settings)))
    except DBAPIError as error:
        raise StackError(f"The migrations failed and changed nothing: {str(error.orig).splitlines()[0]}") from error


def require_migrated(settings: Settings) -> None:
    """Raises: StackError when the database has another schema than this code."""
    if asyncio.run(_current(settings.database_url)) != head():
        raise StackError("The database does not have the schema of this code: run ./dev migrate first")


async def _current(url: str) -> str:
    engine = create_async_engine(sqlalchemy_url(url))
    try:
        async with engine.connect() as connection:
            return await current(connection)
    finally:
        await engine.dispose()
