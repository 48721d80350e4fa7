"""Brings a database to the schema of this code: roles, Alembic revisions, then policies, grants and triggers.

Policies, grants, triggers and functions are written from their registries whenever their fingerprint changed, so that
they cannot drift from the code. Everything happens in one transaction with a lock and a statement timeout.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

import domain.tables  # noqa: F401  # completes the registries
from domain.agreements import functions as agreements
from domain.days import triggers as days
from domain.events import partitions, positions, redaction, timeline
from domain.health import triggers as health
from domain.jobs import functions as jobs
from domain.ledger import guard as ledger
from domain.orders import guard
from domain.plans import functions as plans
from domain.previews import recording as previews
from domain.request_log import partitions as request_days
from domain.sandbox import guard as sandboxes
from domain.slots import asking as slot_facts
from domain.slots import guard as slots
from domain.teams import planning_days
from domain.telemetry import partitions as telemetry
from domain.visits import triggers as visits
from tenants import listing, rls
from tenants.audience import Audience
from tenants.engine import sqlalchemy_url

_ONE_AT_A_TIME = 0x6368_6172_6765  # an arbitrary constant: the advisory lock of migrations


async def upgrade(owner_url: str, role_password: str) -> None:
    """Migrate to the newest revision; safe to run again, and from several processes at once."""
    engine = create_async_engine(sqlalchemy_url(owner_url))
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            await connection.execute(text("SET LOCAL statement_timeout = '10min'"))
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
            await _create_roles(connection, role_password)
            await connection.run_sync(_run_alembic)
            await _apply_repeatable(connection)
            await connection.execute(text(partitions.make_ahead()))
            await connection.execute(text(telemetry.make_ahead()))
            await connection.execute(text(request_days.make_ahead()))
    finally:
        await engine.dispose()


def head() -> str:
    """What `current` answers for a database that is up to date: newest revision and fingerprint of the policies."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    return f"{revision}+{_fingerprint()[:12]}"


async def current(connection: AsyncConnection) -> str:
    """The revision and fingerprint of a database; '' where nothing was migrated yet."""
    if not (await connection.execute(text("SELECT to_regclass('schema_state')"))).scalar():
        return ""
    row = (
        await connection.execute(
            text("SELECT (SELECT version_num FROM alembic_version), fingerprint FROM schema_state")
        )
    ).first()
    return f"{row[0]}+{row[1][:12]}" if row else ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _run_alembic(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _create_roles(connection: AsyncConnection, password: str) -> None:
    """Audience roles are the server's, not the database's; the password is set anew when it changed."""
    mark = hashlib.sha256(b"audience roles" + password.encode()).hexdigest()[:16]
    for audience in Audience:
        role = audience.database_role
        comment = await connection.execute(
            text("SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = :role"), {"role": role}
        )
        known = comment.first()
        if known is not None and known[0] == mark:
            continue
        verb = "ALTER" if known else "CREATE"
        quoted = password.replace("'", "''")
        await connection.execute(text(f"{verb} ROLE {role} LOGIN PASSWORD '{quoted}'".replace(":", r"\:")))
        await connection.execute(text(f"COMMENT ON ROLE {role} IS '{mark}'"))


async def _apply_repeatable(connection: AsyncConnection) -> None:
    await connection.execute(text("CREATE TABLE IF NOT EXISTS schema_state (fingerprint text NOT NULL)"))
    applied = (await connection.execute(text("SELECT fingerprint FROM schema_state"))).scalar()
    if applied == _fingerprint():
        return
    for statement in _repeatable():
        await connection.exec_driver_sql(statement)
    await connection.execute(text("DELETE FROM schema_state"))
    await connection.execute(text("INSERT INTO schema_state VALUES (:fingerprint)"), {"fingerprint": _fingerprint()})


def _repeatable() -> Iterator[str]:
    roles = ", ".join(audience.database_role for audience in Audience)
    yield f"GRANT USAGE ON SCHEMA public TO {roles}"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"GRANT SELECT ON schema_state, alembic_version TO {Audience.SYSTEM.database_role}"
    for audience in Audience:
        if audience is not Audience.SYSTEM:  # see tenants/acting.py; nothing of theirs applies until SET ROLE
            yield f"GRANT {audience.database_role} TO {Audience.SYSTEM.database_role} WITH INHERIT FALSE, SET TRUE"
    yield from rls.statements()
    yield from listing.statements()
    yield from redaction.statements()
    yield from timeline.statements()
    yield from positions.statements()
    yield from partitions.statements()
    yield from agreements.statements()
    yield from guard.statements()
    yield from jobs.statements()
    yield from planning_days.statements()
    yield from visits.statements()
    yield from plans.statements()
    yield from slots.statements()
    yield from slot_facts.statements()
    yield from days.statements()
    yield from ledger.statements()
    yield from health.statements()
    yield from previews.statements()
    yield from telemetry.statements()
    yield from request_days.statements()
    yield from sandboxes.statements()


def _fingerprint() -> str:
    return hashlib.sha256("\n".join(_repeatable()).encode()).hexdigest()
