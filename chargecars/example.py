"""Demo data for the commands: loaded once, its refusal in one line."""

import asyncio
from collections.abc import Callable

import asyncpg

from chargecars.demo import DemoRefused, Loaded, Login, load, logins
from chargecars.stack import StackError
from tenants.engine import connect_args
from tenants.settings import Settings


def known_logins(settings: Settings) -> list[Login]:
    """The demo's logins that exist in this database."""
    emails = asyncio.run(_known(settings.database_url, [login.email for login in logins()]))
    return [login for login in logins() if login.email in emails]


async def _known(url: str, emails: list[str]) -> set[str]:
    connection = await asyncpg.connect(**connect_args(url))
    try:
        return {
            row[0] for row in await connection.fetch("SELECT email FROM user_account WHERE email = ANY ($1)", emails)
        }
    finally:
        await connection.close()


def load_demo(settings: Settings, scale: int, progress: Callable[[str, float], None]) -> Loaded:
    """Load the demo in one transaction, or find it there. Raises: StackError when other data is there."""
    try:
        return asyncio.run(load(settings.database_url, scale=scale, progress=progress, settings=settings))
    except DemoRefused as refused:
        raise StackError(str(refused)) from refused
