"""What PostgreSQL itself refuses: held against every table that exists, declared or not."""

import re

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

import domain.tables  # noqa: F401  # completes the registries
from tenants.audience import Audience
from tenants.base import Base
from tenants.engine import Database, connect_args, role_password, sqlalchemy_url
from tenants.rls import REGISTRY
from tenants.settings import Settings

OF_ALEMBIC = {"alembic_version", "schema_state"}
"""What migrations keep about themselves; holds no data of anybody."""

PARTITION = re.compile(
    r"(event|telemetry_(reading|minute|hour))_(\d{4}_\d{2}|earlier|later)|request_log_\d{4}_\d{2}_\d{2}"
)

AUDIENCES = list(Audience)


async def tables(owner: asyncpg.Connection) -> set[str]:
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
        "AND NOT relispartition"
    )
    return {row["relname"] for row in rows} - OF_ALEMBIC


async def test_every_table_is_declared(owner: asyncpg.Connection) -> None:
    assert await tables(owner) == set(REGISTRY)


async def test_every_table_forces_row_level_security(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
        "AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert {row["relname"] for row in rows} == OF_ALEMBIC


async def test_a_partition_is_read_through_its_table_alone(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch(
        "SELECT c.relname, r.rolname FROM pg_class c CROSS JOIN pg_roles r WHERE c.relispartition "
        "AND c.relkind IN ('r', 'p') AND r.rolname = ANY ($1::text[]) "
        "AND has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')",
        [audience.database_role for audience in AUDIENCES],
    )
    assert rows == []
    assert await owner.fetchval("SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'") > 6


async def test_the_migrations_build_what_the_models_say(settings: Settings) -> None:
    engine = create_async_engine(sqlalchemy_url(settings.database_url))
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"compare_server_default": False, "include_object": _ours}),
                Base.metadata,
            )
        )
    await engine.dispose()
    assert differences == []


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (kind == "table" and (name in OF_ALEMBIC or PARTITION.fullmatch(name or "")))


@pytest.mark.parametrize("audience", AUDIENCES)
async def test_no_audience_role_has_power_of_its_own(owner: asyncpg.Connection, audience: Audience) -> None:
    row = await owner.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, "
        "EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid AND c.relpersistence <> 't') AS owns, "
        "EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid AND (m.inherit_option OR m.admin_option "
        "OR r.rolname <> 'chargecars_system' OR m.roleid::regrole::text NOT LIKE 'chargecars\\_%')) AS is_member "
        "FROM pg_roles r WHERE rolname = $1",
        audience.database_role,
    )
    assert row is not None
    assert not any(row.values())


@pytest.mark.parametrize("audience", AUDIENCES)
async def test_without_settings_no_row_is_seen(
    settings: Settings, owner: asyncpg.Connection, audience: Audience
) -> None:
    args = connect_args(settings.database_url, audience.database_role, role_password(settings))
    connection = await asyncpg.connect(**args)
    try:
        for table in sorted(await tables(owner)):
            columns = await _granted(owner, audience, table)
            if columns:
                assert await connection.fetch(f'SELECT {columns[0]} FROM "{table}" LIMIT 1') == [], table
    finally:
        await connection.close()


@pytest.mark.parametrize("audience", [a for a in AUDIENCES if a is not Audience.SYSTEM])
async def test_a_context_that_names_nobody_sees_reference_data_only(
    settings: Settings, owner: asyncpg.Connection, audience: Audience
) -> None:
    """An actor of no entity, organization, contact, team or user: the settings are there and empty."""
    args = connect_args(settings.database_url, audience.database_role, role_password(settings))
    connection = await asyncpg.connect(**args)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT set_config('chargecars.audience', '{audience.value}', true)")
            for table in sorted(await tables(owner)):
                columns = await _granted(owner, audience, table)
                if columns and "current_setting('chargecars.audience'" not in REGISTRY[table].rules[audience].condition:
                    assert await connection.fetch(f'SELECT {columns[0]} FROM "{table}" LIMIT 1') == [], table
    finally:
        await connection.close()


@pytest.mark.parametrize("audience", [a for a in AUDIENCES if a is not Audience.SYSTEM])
async def test_hidden_columns_are_refused_by_the_database(
    settings: Settings, owner: asyncpg.Connection, audience: Audience
) -> None:
    for name, protected in REGISTRY.items():
        rule = protected.rules.get(audience)
        granted = set(await _granted(owner, audience, name))
        expected = {f'"{c.name}"' for c in protected.table.columns if rule and c.name not in rule.unread}
        assert granted == (expected if rule and "SELECT" in rule.may else set()), name


async def test_costs_are_never_granted_to_a_party(owner: asyncpg.Connection) -> None:
    """A column that is named after a cost, margin, hash or secret is read by staff or the system at most."""
    rows = await owner.fetch(
        "SELECT grantee, table_name, column_name FROM information_schema.column_privileges "
        "WHERE privilege_type = 'SELECT' "
        "AND column_name ~ '(cost|margin|password|secret|token_hash|private)' "
        "AND grantee = ANY ($1::text[])",
        [a.database_role for a in (Audience.PARTNER, Audience.CUSTOMER, Audience.TECHNICIAN)],
    )
    assert [tuple(row) for row in rows] == []


async def test_a_session_without_an_actor_cannot_be_opened(database: Database) -> None:
    with pytest.raises(AttributeError):
        async with database.session(None):  # type: ignore[arg-type]  # that is the point
            pass


async def _granted(owner: asyncpg.Connection, audience: Audience, table: str) -> list[str]:
    rows = await owner.fetch(
        "SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = ('\"' || $2 || '\"')::regclass "
        "AND attnum > 0 AND NOT attisdropped AND has_column_privilege($1, attrelid, attnum, 'SELECT')",
        audience.database_role,
        table,
    )
    return [row["name"] if row["name"].startswith('"') else f'"{row["name"]}"' for row in rows]
