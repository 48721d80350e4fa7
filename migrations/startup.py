"""Before a process serves: keys that were given, roles that see no more than theirs, the newest schema."""

import asyncio
import sys
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from migrations.run import current, head
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.engine import Database, role_password
from tenants.logging import summary
from tenants.secrets import is_generated
from tenants.settings import Settings

EXIT_CODE = 3
_SECRET_LENGTH = 32

_POWERS = text(
    """
    WITH RECURSIVE memberships AS (
      SELECT oid AS audience, oid AS role FROM pg_roles WHERE rolname = ANY (:roles)
      UNION
      SELECT m.audience, p.roleid FROM memberships m JOIN pg_auth_members p ON p.member = m.role
    )
    SELECT a.rolname, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole,
      EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')
        AND c.relpersistence <> 't')
    FROM memberships m JOIN pg_roles a ON a.oid = m.audience JOIN pg_roles r ON r.oid = m.role
    ORDER BY 1, 2
    """
)
"""Each audience role with every role it is a member of, itself included, and what that role could do to the data."""


class StartupRefused(Exception):
    """The process must not serve; one line per reason."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


async def check(settings: Settings, database: Database) -> list[str]:
    """Raises StartupRefused in production; elsewhere the reasons are returned, to be logged."""
    reasons = await _about_database(database)
    if settings.production:
        reasons = [*_about_secrets(settings), *_about_webhooks(settings), *reasons]
    if reasons and settings.production:
        raise StartupRefused(reasons)
    return reasons


def check_or_exit(settings: Settings) -> None:
    """In production, before an event loop runs: prints the reasons and ends the process with EXIT_CODE."""
    if not settings.production:
        return
    try:
        asyncio.run(_check_alone(settings))
    except StartupRefused as refused:
        sys.stderr.writelines(f"chargecars: {reason}\n" for reason in refused.reasons)
        sys.exit(EXIT_CODE)


async def schema_lag(session: AsyncSession) -> str:
    """'' where the schema is this code's, else how they differ; the session is the system's."""
    connection: AsyncConnection = await session.connection()
    found = await current(connection)
    return "" if found == head() else f"the schema is at {found or 'nothing'}, this code needs {head()}"


async def role_faults(session: AsyncSession) -> list[str]:
    """What the audience roles could do to the data past row-level security."""
    rows = await session.execute(_POWERS, {"roles": [audience.database_role for audience in Audience]})
    reasons = []
    for audience, role, superuser, bypasses, creates, owns in rows:
        powers = {"is a superuser": superuser, "bypasses row-level security": bypasses, "owns tables": owns}
        powers["may change roles"] = creates
        through = "" if role == audience else f" as a member of {role}"
        reasons += [f"Role {audience} {power}{through}: it must not" for power, has in powers.items() if has]
    return reasons


async def _check_alone(settings: Settings) -> None:
    database = Database(settings.database_url, role_password(settings), pool_size=1)
    try:
        await check(settings, database)
    finally:
        await database.close()


def _about_secrets(settings: Settings) -> Iterator[str]:
    if len(settings.secret_key.get_secret_value()) < _SECRET_LENGTH:
        yield f"SECRET_KEY: at least {_SECRET_LENGTH} characters are needed in production"
    elif is_generated(settings, "secret_key"):
        yield "SECRET_KEY: this is the key generated for development; give one of your own"
    if not settings.signing_key.get_secret_value():
        yield "SIGNING_KEY: the Ed25519 private key of document signatures (PEM) is missing"
    elif is_generated(settings, "signing_key"):
        yield "SIGNING_KEY: this is the key generated for development; give one of your own"


def _about_webhooks(settings: Settings) -> Iterator[str]:
    if settings.webhook_local_targets:
        yield "WEBHOOK_LOCAL_TARGETS: webhooks must not reach this machine in production"


async def _about_database(database: Database) -> list[str]:
    try:
        async with database.session(SYSTEM) as session:
            return [*await role_faults(session), *await _about_schema(session)]
    except (SQLAlchemyError, OSError) as error:
        return [f"DATABASE_URL: the database does not answer as {Audience.SYSTEM.database_role}: {summary(error)}"]


async def _about_schema(session: AsyncSession) -> list[str]:
    lag = await schema_lag(session)
    return [f"{lag[0].upper()}{lag[1:]}: run `migrate` first"] if lag else []
