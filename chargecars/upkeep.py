"""Commands for those who run the platform: import postcodes, read the mail that was not sent."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from chargecars.bootstrap import create_tenant, described
from chargecars.database import require_migrated
from domain.geo.postcodes import Imported, import_file
from domain.mail.service import Mail
from domain.mail.show import latest
from tenants.engine import Database, role_password
from tenants.settings import Settings

T = TypeVar("T")


def import_postcodes(settings: Settings, path: Path) -> Imported:
    """Replace the PC4 table by the file. Raises: DomainError that names the lines at fault."""
    return _with_database(settings, lambda database: import_file(database, path))


def latest_mail(settings: Settings, limit: int, to: str | None) -> list[Mail]:
    """The newest mail, newest first."""
    return _with_database(settings, lambda database: latest(database, limit, to))


def make_tenant(settings: Settings, description: bytes, password: str) -> str:
    """The first entity, its portal and a platform administrator; answers the portal's host. Raises: DomainErrors."""
    entity, brand, admin = described(description)
    return _with_database(settings, lambda database: create_tenant(database, entity, brand, admin, password))


def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    require_migrated(settings)

    async def run() -> T:
        database = Database(settings.database_url, role_password(settings))
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
