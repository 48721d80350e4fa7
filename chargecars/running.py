"""What every command needs before its work: servers that answer, and settings that know them."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import asyncpg
import redis.asyncio
from redis.exceptions import RedisError

from chargecars.stack import Stack, StackError
from tenants.audience import Audience
from tenants.engine import connect_args
from tenants.settings import Settings, settings

_OLDEST_POSTGRES = 18
_OLDEST_REDIS = 7
_PATIENCE_SECONDS = 5


@contextmanager
def servers() -> Iterator[Settings]:
    """Settings whose servers run, started here when nobody else runs them. Raises: StackError."""
    check_given(settings())
    with Stack(settings()) as stack:
        yield adopt(stack)


def adopt(stack: Stack) -> Settings:
    """Let this process, and its children, use the stack's addresses and keys."""
    os.environ.update(stack.environment)
    settings.cache_clear()
    return settings()


def await_word(descriptor: int) -> None:
    """Wait for the parent to say where the servers are (see `give_word`); leave when it ends without a word."""
    with os.fdopen(descriptor) as pipe:
        word = pipe.read()
    if not word:
        sys.exit(1)
    os.environ.update(json.loads(word))
    settings.cache_clear()


def give_word(descriptor: int, stack: Stack) -> None:
    """Tell a child that has loaded its code where the servers are and which keys to use."""
    with suppress(BrokenPipeError), os.fdopen(descriptor, "w") as pipe:
        json.dump(stack.environment, pipe)


def check_given(given: Settings) -> None:
    """Try the servers that are given by URL. Raises: StackError."""
    if given.database_url:
        asyncio.run(_check_database(given.database_url))
    if given.redis_url:
        asyncio.run(_check_redis(given.redis_url))


def is_empty(settings: Settings) -> bool:
    """Whether a migrated database has no business entity yet."""
    return asyncio.run(_is_empty(settings.database_url))


async def _is_empty(url: str) -> bool:
    connection = await asyncpg.connect(**connect_args(url))
    try:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM business_entity)")
    finally:
        await connection.close()


async def _check_database(url: str) -> None:
    try:
        args = connect_args(url)
        place = f"{args['user']}@{args['host']}:{args['port']}/{args['database']}"
        connection = await asyncpg.connect(**args, timeout=_PATIENCE_SECONDS)
    except TimeoutError:
        raise StackError(f"DATABASE_URL: {place} does not answer within {_PATIENCE_SECONDS} s") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise StackError(f"DATABASE_URL: {_host(url)} cannot be used: {_reason(error)}") from None
    try:
        await _check_rights(connection, place)
    finally:
        await connection.close()


async def _check_rights(connection: "asyncpg.Connection[asyncpg.Record]", place: str) -> None:
    version = connection.get_server_version()
    if version.major < _OLDEST_POSTGRES:
        raise StackError(f"DATABASE_URL: {place} is PostgreSQL {version.major}, at least {_OLDEST_POSTGRES} is needed")
    roles = [audience.database_role for audience in Audience]
    able = await connection.fetchval(
        "SELECT (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)"
        " OR (SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)) = $2",
        roles,
        len(roles),
    )
    if not able:
        raise StackError(
            f"DATABASE_URL: {place} may not create roles: ALTER ROLE … CREATEROLE, or create {', '.join(roles)}"
        )


async def _check_redis(url: str) -> None:
    try:
        limits = {"socket_connect_timeout": _PATIENCE_SECONDS, "socket_timeout": _PATIENCE_SECONDS}
        client = redis.asyncio.from_url(url, **limits)  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        try:
            version = str((await client.info("server"))["redis_version"])
        finally:
            await client.aclose()
    except (OSError, RedisError, ValueError) as error:
        raise StackError(f"REDIS_URL: {_host(url)} cannot be used: {_reason(error)}") from None
    if int(version.split(".")[0]) < _OLDEST_REDIS:
        raise StackError(f"REDIS_URL: {_host(url)} is Redis {version}, at least {_OLDEST_REDIS} is needed")


def _host(url: str) -> str:
    """The address without its password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or parts.path or 'the address'}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "the address"


def _reason(error: BaseException) -> str:
    """One line, without the numbers of the operating system."""
    text = str(error).strip() or type(error).__name__
    if "Connect call failed" in text or isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return text.splitlines()[0]
