"""Connections: one database role per audience, the row-level security context set when a transaction begins."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from sqlalchemy import URL, QueuePool, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from tenants.actor import SETTINGS, Actor
from tenants.audience import Audience
from tenants.ready_pool import ReadyPool
from tenants.settings import Settings

_SET_CONTEXT = text("SELECT " + ", ".join(f"set_config('{name}', :s{i}, true)" for i, name in enumerate(SETTINGS)))

_CLOSING_SECONDS = 4.0
_ALONE_SECONDS = 10.0


class ReadConnection(asyncpg.Connection):
    """Nothing is ever set at session level, so nothing needs to be reset."""

    def get_reset_query(self) -> str:
        """The least of statements. Who stops between asyncpg's Parse and Bind has sent no Sync: the server would stay
        in that transaction, with its locks, until the connection is used again.
        """
        return "SELECT"


def role_password(settings: Settings) -> str:
    """The audience roles' password: set, or derived from the secret key."""
    if given := settings.database_role_password.get_secret_value():
        return given
    return hmac.new(settings.secret_key.get_secret_value().encode(), b"database roles", hashlib.sha256).hexdigest()


def connect_args(url: str, user: str | None = None, password: str | None = None) -> dict[str, Any]:
    """asyncpg's keyword arguments for a libpq URL, with another login where one is given."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    args: dict[str, Any] = {
        "host": query.pop("host", None) or parts.hostname or "localhost",
        "port": int(query.pop("port", 0) or parts.port or 5432),
        "database": unquote(parts.path.lstrip("/")) or "chargecars",
        "user": user or unquote(parts.username or ""),
        "password": password or unquote(parts.password or ""),
    }
    if "sslmode" in query:
        args["ssl"] = query["sslmode"]
    return args


def sqlalchemy_url(url: str, user: str | None = None, password: str | None = None) -> URL:
    """The same address for SQLAlchemy's asyncpg dialect."""
    args = connect_args(url, user, password)
    query = {"host": args["host"]} if args["host"].startswith("/") else {}
    return URL.create(
        "postgresql+asyncpg",
        args["user"],
        args["password"],
        None if query else args["host"],
        args["port"],
        args["database"],
        query | ({"ssl": args["ssl"]} if "ssl" in args else {}),
    )


class Database:
    """One process's connections to one database, opened per audience when first needed."""

    def __init__(self, url: str, password: str, pool_size: int = 4, statement_timeout_ms: int = 10_000) -> None:
        self.url = url
        self._password = password
        self._size = pool_size
        self._server_settings = {
            "statement_timeout": str(statement_timeout_ms),
            "idle_in_transaction_session_timeout": "60000",
            "timezone": "UTC",
            "application_name": "chargecars",
            "jit": "off",
        }
        self._engines: dict[Audience, AsyncEngine] = {}
        self._pools: dict[Audience, ReadyPool] = {}
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def session(self, actor: Actor) -> AsyncIterator[AsyncSession]:
        """One transaction as `actor`: committed on leaving, rolled back on an exception."""
        engine = self._engine(actor.audience)
        async with AsyncSession(engine, expire_on_commit=False, info={"actor": actor}) as session, session.begin():
            yield session

    async def pool(self, audience: Audience) -> ReadyPool:
        """The reading lane of an audience; each statement brings its own context."""
        if audience not in self._pools:
            async with self._opening:
                if audience not in self._pools:
                    self._pools[audience] = await self._open_pool(audience)
        return self._pools[audience]

    async def connection(self, audience: Audience, name: str) -> "asyncpg.Connection[Any]":
        """A connection outside of the pools, to LISTEN on; whoever asks terminates it. It notices a lost server."""
        made: asyncpg.Connection[Any] = await asyncpg.connect(
            **connect_args(self.url, audience.database_role, self._password),
            timeout=_ALONE_SECONDS,
            command_timeout=_ALONE_SECONDS,
            server_settings={
                "application_name": name,
                "chargecars.audience": audience.value,
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "3",
            },
        )
        return made

    def usage(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Connections in use and idle, by audience and lane (`write`, `read`)."""
        counts: dict[tuple[str, str], tuple[int, int]] = {}
        for audience, engine in self._engines.items():
            pool = cast(QueuePool, engine.pool)
            counts[audience.value, "write"] = (pool.checkedout(), pool.checkedin())
        for audience, lane in self._pools.items():
            counts[audience.value, "read"] = (lane.get_size() - lane.get_idle_size(), lane.get_idle_size())
        return counts

    async def close(self) -> None:
        """Give every connection back; what a server does not let go of in time is dropped."""
        await asyncio.gather(*map(_close, self._pools.values()))
        await asyncio.gather(*(engine.dispose() for engine in self._engines.values()))
        self._pools.clear()
        self._engines.clear()

    def _engine(self, audience: Audience) -> AsyncEngine:
        if audience not in self._engines:
            self._engines[audience] = create_async_engine(
                sqlalchemy_url(self.url, audience.database_role, self._password),
                pool_size=self._size,
                max_overflow=0,
                pool_timeout=10,
                pool_pre_ping=False,
                hide_parameters=True,
                connect_args={"server_settings": self._server_settings},
            )
        return self._engines[audience]

    async def _open_pool(self, audience: Audience) -> ReadyPool:
        return await ReadyPool.open(
            self._size,
            **connect_args(self.url, audience.database_role, self._password),
            connection_class=ReadConnection,
            server_settings=self._server_settings,
            command_timeout=30,
            statement_cache_size=256,
            max_cacheable_statement_size=65_536,
        )


async def _close(pool: "asyncpg.Pool[Any]") -> None:
    """asyncpg drops the connections of a pool whose closing is cancelled."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSING_SECONDS):
            await pool.close()


@event.listens_for(Session, "after_begin")
def set_context(session: Session, _transaction: object, connection: Any) -> None:
    """Tell PostgreSQL who is asking; a session without an actor sees nothing."""
    if actor := session.info.get("actor"):
        connection.execute(_SET_CONTEXT, {f"s{i}": value for i, value in enumerate(actor.settings().values())})
