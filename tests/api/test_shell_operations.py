"""Health, readiness, metrics, the page of a portal, languages, and what production refuses."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from api.app import create_app
from migrations.startup import EXIT_CODE, StartupRefused, check, role_faults
from tenants.actor import SYSTEM
from tenants.engine import Database, connect_args, role_password, sqlalchemy_url
from tenants.rate import LimiterDown, take
from tenants.secrets import with_secrets
from tenants.settings import Settings
from tests import factories
from tests.api.shell import client_of, small_schema

NOWHERE = "redis://127.0.0.1:1/0"


def a_signing_key() -> SecretStr:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SecretStr(pem.decode())


def in_production(settings: Settings, **changes: object) -> Settings:
    """Settings that production accepts, but for the changes."""
    keys = {
        "environment": "production",
        "database_role_password": SecretStr(role_password(settings)),
        "secret_key": SecretStr("k" * 40),
        "signing_key": a_signing_key(),
    }
    return settings.model_copy(update=keys | changes)


# --- health -------------------------------------------------------------------------------------------------------


async def test_it_is_ready_when_everything_answers(settings: Settings) -> None:
    async with client_of(settings) as client:
        assert (await client.http.get("/healthz")).json()["status"] == "ok"
        ready = await client.http.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": "ok", "schema": "ok", "redis": "ok"})


async def test_it_lives_but_is_not_ready_without_redis(settings: Settings) -> None:
    async with client_of(settings, redis_url=NOWHERE) as client:
        assert (await client.http.get("/healthz")).status_code == 200
        ready = await client.http.get("/readyz")
        assert await client.data("{ echo }") == {"echo": "hello"}
    assert (ready.status_code, ready.json()["checks"]["redis"]) == (503, "ConnectionError")


async def test_it_is_not_ready_behind_the_schema(
    settings: Settings, fresh_database: Callable[[], Awaitable[str]]
) -> None:
    url = await fresh_database()
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE schema_state SET fingerprint = 'of another version'")
    await connection.close()
    async with client_of(settings, database_url=url) as client:
        ready = await client.http.get("/readyz")
    assert ready.status_code == 503
    assert "this code needs" in ready.json()["checks"]["schema"]
    assert ready.json()["checks"]["database"] == "ok"


# --- metrics ------------------------------------------------------------------------------------------------------


async def test_operations_are_counted_by_type_name_and_outcome(settings: Settings) -> None:
    async with client_of(settings) as client:
        for query in ("query Fine { echo }", "query Fine { bug }", "query Fine { nothing }"):
            await client.post(query)
        named = {"query": "query Fine { echo }", "operationName": "Fine"}
        await client.http.post("/graphql", json=named)
        await client.http.post("/graphql", json={**named, "operationName": "x" * 90})
        text = (await client.http.get("/metrics")).text
    assert 'chargecars_graphql_operations_total{name="Fine",outcome="ok",type="query"} 1.0' in text
    assert 'outcome="invalid"' in text
    assert "x" * 90 not in text
    assert 'chargecars_http_requests_total{method="POST",route="/graphql",status="200"}' in text
    assert "chargecars_database_connections{" in text
    assert "chargecars_build_info{" in text


async def test_metrics_are_for_who_may_see_them(settings: Settings) -> None:
    token = {"metrics_token": SecretStr("m" * 20)}
    async with client_of(settings, **token) as client:
        assert (await client.http.get("/metrics")).status_code == 404
        allowed = await client.http.get("/metrics", headers={"authorization": "Bearer " + "m" * 20})
        assert allowed.status_code == 200
    closed = in_production(settings)
    async with client_of(closed) as far, client_of(closed, address="127.0.0.1") as near:
        assert (await far.http.get("/metrics")).status_code == 404
        assert (await near.http.get("/metrics")).status_code == 200


# --- portals ------------------------------------------------------------------------------------------------------


async def test_a_portals_address_shows_whose_it_is(settings: Settings, database: Database) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        brand = await factories.brand(session, entity, name="Laders & <Zonen>", locale="en-GB")
    async with client_of(settings, host=f"{brand.host.upper()}:8000") as client:
        page = await client.http.get("/")
        assert page.status_code == 200
        assert "Laders &amp; &lt;Zonen&gt;" in page.text
        assert "/graphql" in page.text
        assert await client.data("{ brandName language }") == {"brandName": brand.name, "language": "en"}
        assert await client.data("{ language }", {"accept-language": "fr, nl;q=0.5"}) == {"language": "nl"}
    async with client_of(settings) as client:
        assert (await client.http.get("/")).status_code == 404
        assert await client.data("{ brandName language }") == {"brandName": None, "language": "nl"}


# --- start --------------------------------------------------------------------------------------------------------


async def test_production_starts_with_everything_in_order(settings: Settings) -> None:
    async with client_of(in_production(settings)) as client:
        assert await client.data("{ echo }") == {"echo": "hello"}


async def refused(settings: Settings) -> list[str]:
    database = Database(settings.database_url, role_password(settings))
    try:
        with pytest.raises(StartupRefused) as caught:
            await check(settings, database)
    finally:
        await database.close()
    assert all("\n" not in reason for reason in caught.value.reasons)
    return caught.value.reasons


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"secret_key": SecretStr("short")}, "SECRET_KEY: at least 32 characters"),
        (
            {"signing_key": SecretStr("")},
            "SIGNING_KEY: the Ed25519 private key of document signatures (PEM) is missing",
        ),
        ({"database_role_password": SecretStr("wrong")}, "DATABASE_URL: the database does not answer"),
    ],
)
async def test_production_refuses(settings: Settings, changes: dict[str, object], reason: str) -> None:
    [found] = await refused(in_production(settings, **changes))
    assert found.startswith(reason)


async def test_production_refuses_the_keys_made_for_development(settings: Settings) -> None:
    without = {"secret_key": SecretStr(""), "signing_key": SecretStr("")}
    made = with_secrets(settings.model_copy(update=without))
    keys = {"secret_key": made.secret_key, "signing_key": made.signing_key}
    reasons = await refused(in_production(settings, **keys))
    assert [reason.split(":")[0] for reason in reasons] == ["SECRET_KEY", "SIGNING_KEY"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("ALTER TABLE cron_slot OWNER TO chargecars_staff", "Role chargecars_staff owns tables: it must not"),
        (
            "CREATE ROLE keeper; ALTER TABLE cron_slot OWNER TO keeper; GRANT keeper TO chargecars_partner",
            "Role chargecars_partner owns tables as a member of keeper: it must not",
        ),
        (
            "ALTER ROLE chargecars_customer BYPASSRLS",
            "Role chargecars_customer bypasses row-level security: it must not",
        ),
        ("ALTER ROLE chargecars_technician SUPERUSER", "Role chargecars_technician is a superuser: it must not"),
        ("ALTER ROLE chargecars_system CREATEROLE", "Role chargecars_system may change roles: it must not"),
    ],
)
async def test_production_refuses_roles_that_see_too_much(
    settings: Settings, test_run: dict[str, str], change: str, fault: str
) -> None:
    """Roles belong to the whole server: the change is seen by its own transaction only, and undone."""
    url = sqlalchemy_url(test_run["super"]).set(database=connect_args(settings.database_url)["database"])
    engine = create_async_engine(url)
    async with AsyncSession(engine) as session:
        assert await role_faults(session) == []
        for statement in change.split("; "):
            await session.execute(text(statement))
        assert fault in await role_faults(session)
        await session.rollback()
    await engine.dispose()


async def test_production_refuses_an_old_schema(
    settings: Settings, fresh_database: Callable[[], Awaitable[str]]
) -> None:
    url = await fresh_database()
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE alembic_version SET version_num = '0000'")
    await connection.close()
    [reason] = await refused(in_production(settings, database_url=url))
    assert reason.startswith("The schema is at 0000+")
    assert reason.endswith("run `migrate` first")


async def test_the_server_says_why_it_does_not_start(settings: Settings) -> None:
    app = create_app(in_production(settings, secret_key=SecretStr("short")), small_schema())
    messages: list[dict[str, str]] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: dict[str, str]) -> None:
        messages.append(message)

    with pytest.raises(StartupRefused):
        await app({"type": "lifespan", "state": {}}, receive, send)  # type: ignore[arg-type]  # plain dictionaries
    [message] = messages
    assert message["type"] == "lifespan.startup.failed"
    assert message["message"].startswith("SECRET_KEY: at least 32 characters")
    assert "Traceback" not in message["message"]


async def test_the_worker_exits_with_one_line_per_reason(settings: Settings) -> None:
    environment = {
        "ENVIRONMENT": "production",
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "DATABASE_ROLE_PASSWORD": role_password(settings),
        "DATA_DIR": str(settings.data_dir),
    }
    run = [sys.executable, "-c", "from workers.main import run; run()"]
    process = await asyncio.to_thread(subprocess.run, run, env=environment, capture_output=True, text=True, timeout=60)
    assert process.returncode == EXIT_CODE
    lines = process.stderr.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["SECRET_KEY", "SIGNING_KEY"]


# --- secrets, rates -----------------------------------------------------------------------------------------------


def test_generated_keys_are_kept_and_closed_to_others(settings: Settings, tmp_path: object) -> None:
    bare = settings.model_copy(update={"secret_key": SecretStr(""), "signing_key": SecretStr(""), "data_dir": tmp_path})
    first, second = with_secrets(bare), with_secrets(bare)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key.get_secret_value()) >= 32
    assert "PRIVATE KEY" in first.signing_key.get_secret_value()
    [file] = first.data_dir.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert with_secrets(bare.model_copy(update={"environment": "production"})).secret_key.get_secret_value() == ""


async def test_a_rate_counts_until_it_is_full(settings: Settings) -> None:
    redis = create_app(settings, small_schema()).state.redis
    name = factories.unique("rate")
    taken = [await take(redis, name, 3, 3600) for _ in range(5)]
    assert [one.allowed for one in taken] == [True] * 3 + [False] * 2
    assert 0 < taken[-1].retry_after <= 3600
    assert (await take(redis, factories.unique("rate"), 1, 3600)).allowed
    await redis.aclose()


async def test_without_redis_a_rate_is_open_or_closed_as_asked(settings: Settings) -> None:
    redis = create_app(settings.model_copy(update={"redis_url": NOWHERE}), small_schema()).state.redis
    assert (await take(redis, "x", 1, 60)).allowed
    with pytest.raises(LimiterDown):
        await take(redis, "x", 1, 60, closed=True)


async def test_unknown_paths_and_methods_are_json(settings: Settings) -> None:
    async with client_of(settings) as client:
        missing: httpx.Response = await client.http.get("/nothing")
        assert (missing.status_code, missing.json()) == (404, {"error": {"message": "Not Found", "code": "NOT_FOUND"}})
        assert "x-request-id" in missing.headers
