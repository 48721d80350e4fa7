"""The steps of a story: people who open a portal, log in, ask and do, over HTTP and nothing else.

A story has a database of its own. Only two things in it happen without HTTP: the first tenant with its administrator,
which comes from the command line, and the passing of time (`Platform`). Mail is read from the database, as
`chargecars mail` does.
"""

import functools
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import graphql
import httpx
from starlette.applications import Starlette

from api.app import create_app
from api.reading.ids import parse_id
from api.schema import platform_schema
from chargecars.bootstrap import create_tenant
from domain.mail import show
from tenants.auth import standing
from tenants.engine import Database
from tenants.settings import Settings

PASSWORD = "een lang wachtwoord voor dit verhaal"
PLATFORM_ADMIN = "beheer@platform.example"
OUR_HOST = "beheer.localhost"
"""The portal at which the platform administrator logs in before there is any other."""


@functools.cache
def schema() -> graphql.GraphQLSchema:
    """What a client knows of the API: the printed schema."""
    return graphql.build_schema(platform_schema("").as_str())


class Refused(AssertionError):
    """A mutation that a story counts on answered with user errors."""


# --- the platform -------------------------------------------------------------------------------------------------


@dataclass
class Platform:
    """The application, its database, and a clock that a story may move."""

    app: Starlette
    settings: Settings
    database: Database

    def visitor(self, host: str) -> "Client":
        """A browser or program at a portal, with an internet address of its own, not logged in."""
        address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
        transport = httpx.ASGITransport(self.app, client=(address, 4000))
        base_url = f"http://{host}:{self.settings.port}"
        return Client(self, httpx.AsyncClient(transport=transport, base_url=base_url), host)

    async def administrator(self) -> "Client":
        """The platform's, logged in."""
        return await self.visitor(OUR_HOST).log_in(PLATFORM_ADMIN)

    async def mail_to(self, email: str) -> str:
        """The text of the newest mail to an address."""
        [newest] = await show.latest(self.database, 1, email)
        return newest.body

    def five_seconds_later(self) -> None:
        """Until then a process may go by what it knew of a login or key that was withdrawn."""
        standing.forget(self.database)

    async def expire(self, quote: str) -> None:
        """Let the time pass until a quote can no longer be signed."""
        connection = await asyncpg.connect(self.settings.database_url)
        try:
            done = await connection.execute(
                "UPDATE quote SET expires_at = now() - interval '1 second' WHERE id = $1", parse_id(quote, "id")[1]
            )
        finally:
            await connection.close()
        assert done == "UPDATE 1"


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Platform]:
    """The application over the database of `settings`, with its platform administrator."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        platform = Platform(app, settings, app.state.database)
        await _first_administrator(platform.database)
        yield platform


async def _first_administrator(database: Database) -> None:
    """What `chargecars tenant create` does on a new installation."""
    entity = {
        "code": "OURS",
        "invoice_prefix": "OURS",
        "name": "Platform",
        "legal_name": "Platform B.V.",
        "kvk_number": "12345678",
        "vat_number": "NL123456782B01",
        "iban": "NL91ABNA0417164300",
        "email": "info@platform.example",
        "phone": "0880000000",
        "street": "Laadplein",
        "house_number": "1",
        "postal_code": "3861 AA",
        "city": "Nijkerk",
    }
    brand = {"host": OUR_HOST, "name": "Platform", "sender_name": "Platform", "sender_email": "post@platform.example"}
    admin = {"email": PLATFORM_ADMIN, "name": "Platformbeheer"}
    await create_tenant(database, entity, brand, admin, PASSWORD)


# --- somebody at a portal -----------------------------------------------------------------------------------------


@dataclass
class Client:
    """Somebody, or some program, at one portal."""

    platform: Platform
    http: httpx.AsyncClient
    host: str
    refresh_token: str = ""

    # asking and doing

    async def query(self, field: str, selection: str = "", /, **arguments: Any) -> Any:
        """The value of a root field; any error fails the story."""
        return _data(await self._send("query", field, selection, arguments), field)

    async def mutate(self, field: str, selection: str, /, *, key: str | None = None, **arguments: Any) -> Any:
        """What a mutation returns, once it has done its work; the Idempotency-Key is a new one unless given."""
        payload = await self._payload(field, selection, key, arguments)
        if payload["userErrors"]:
            raise Refused(f"{field}: {payload['userErrors']}")
        return payload

    async def refusal(self, field: str, /, *, key: str | None = None, **arguments: Any) -> str:
        """Code and place of the only reason why a mutation changed nothing, as in `NOT_FOUND id`."""
        [error] = (await self._payload(field, "__typename", key, arguments))["userErrors"]
        assert error["message"]
        return " ".join((error["code"], *error["field"]))

    async def error(self, kind: str, field: str, selection: str = "", /, **arguments: Any) -> str:
        """Code of the only top-level error."""
        body = (await self._send(kind, field, selection, arguments)).json()
        [error] = body["errors"]
        assert not (body.get("data") or {}).get(field)
        return str(error["extensions"]["code"])

    async def answer(self, field: str, selection: str, /, *, key: str | None = None, **arguments: Any) -> Any:
        """What a mutation answers, with its user errors, whichever way it went."""
        return await self._payload(field, selection, key, arguments)

    async def all(self, field: str, selection: str, /, **arguments: Any) -> list[Any]:
        """The nodes of a root connection, which says to hold as many."""
        found = await self.query(field, f"totalCount edges {{ node {{ {selection} }} }}", **arguments)
        nodes = [edge["node"] for edge in found["edges"]]
        assert found["totalCount"] == len(nodes)
        return nodes

    async def _payload(self, field: str, selection: str, key: str | None, arguments: dict[str, Any]) -> Any:
        selection = f"{selection} userErrors {{ code field message }}"
        return _data(await self._send("mutation", field, selection, arguments, key or str(uuid4())), field)

    async def _send(
        self, kind: str, field: str, selection: str, arguments: dict[str, Any], key: str | None = None
    ) -> httpx.Response:
        body = {"query": document(kind, field, selection, arguments), "variables": arguments}
        return await self.http.post("/graphql", json=body, headers={"Idempotency-Key": key} if key else {})

    # coming in

    async def log_in(self, email: str, password: str = PASSWORD, **more: str) -> "Client":
        """With a password."""
        return self._entered(await self.http.post("/auth/login", json={"email": email, "password": password, **more}))

    async def log_in_by_mail(self, email: str) -> "Client":
        """With a mailed code, as customers do."""
        asked = await self.http.post("/auth/code", json={"email": email})
        assert asked.status_code == 202, asked.text
        code = code_in(await self.platform.mail_to(email))
        return self._entered(await self.http.post("/auth/code/verify", json={"email": email, "code": code}))

    def use(self, credential: str) -> "Client":
        """An access token or an API key."""
        self.http.headers["Authorization"] = f"Bearer {credential}"
        return self

    def _entered(self, answer: httpx.Response) -> "Client":
        assert answer.status_code == 200, answer.text
        self.refresh_token = answer.json()["refresh_token"]
        return self.use(answer.json()["access_token"])


def _data(response: httpx.Response, field: str) -> Any:
    body = response.json()
    assert "errors" not in body, body["errors"]
    return body["data"][field]


def document(kind: str, field: str, selection: str, arguments: dict[str, Any]) -> str:
    """The operation with one root field and its arguments as variables, typed as the schema says."""
    root = schema().query_type if kind == "query" else schema().mutation_type
    assert root is not None
    declared = root.fields[field].args
    variables = ", ".join(f"${name}: {declared[name].type}" for name in arguments)
    passed = ", ".join(f"{name}: ${name}" for name in arguments)
    heading = f"{kind} Story({variables})" if arguments else f"{kind} Story"
    call = f"{field}({passed})" if arguments else field
    return f"{heading} {{ {call} {{ {selection} }} }}" if selection else f"{heading} {{ {call} }}"


# --- mail ---------------------------------------------------------------------------------------------------------


def code_in(body: str) -> str:
    """The code of eight digits in a mail."""
    found = re.search(r"\b\d{8}\b", body)
    assert found, body
    return found.group()


def secret_in(body: str) -> str:
    """The secret of the link in a mail: what follows the `#`."""
    found = re.search(r"#(\S+)", body)
    assert found, body
    return found.group(1)


def this_year() -> int:
    """The year in Amsterdam, which numbers carry."""
    return datetime.now(ZoneInfo("Europe/Amsterdam")).year


def new_address(name: str = "klant") -> str:
    """An e-mail address that nobody else has."""
    return f"{name}-{uuid4().hex[:12]}@mail.example"
