"""A browser or program in front of the application, over HTTP without a socket."""

import base64
import hashlib
import html
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from redis.asyncio import Redis

from api.app import create_app
from domain.mail import show
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.shell import small_schema
from tests.tenants.auth.people import Portal


@dataclass
class Web:
    """One client of one portal."""

    http: httpx.AsyncClient
    database: Database

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.http.post(path, json=body)

    async def form(self, path: str, auth: tuple[str, str] | None = None, **fields: Any) -> httpx.Response:
        return await self.http.post(path, data=fields, auth=auth or httpx.USE_CLIENT_DEFAULT)

    async def mailed(self, to: str) -> str:
        """The text of the newest mail to an address."""
        return (await show.latest(self.database, 1, to))[0].body


@asynccontextmanager
async def web(database: Database, settings: Settings, portal: Portal) -> AsyncIterator[Web]:
    """A client with an address of its own, so that what it does counts against nobody else's limits."""
    app = create_app(settings, small_schema())
    app.state.database = database
    address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    transport = httpx.ASGITransport(app, client=(address, 1234))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{portal.host}:{settings.port}") as http:
        yield Web(http, database)
    redis: Redis = app.state.redis
    await redis.aclose()


def error_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


@dataclass(frozen=True)
class Pkce:
    verifier: str
    challenge: str


def pkce() -> Pkce:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return Pkce(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def csrf_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found.group(1))


def query_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
