"""The application around a small schema, and a client for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import strawberry
from sqlalchemy import text
from sqlalchemy.orm.exc import StaleDataError

from api.app import create_app
from api.context import Info
from api.executor import Executor
from api.mutations import Payload, mutation
from api.reading import PUBLIC, BadInput, CursorKey
from api.reading import field as root_field
from api.reading.schema import Schema
from domain.errors import DomainErrors, InvalidState, NotFound, Required
from domain.jobs.models import CronSlot
from tenants.settings import Settings

EXECUTIONS: dict[str, int] = {}
"""How often the resolver of `note` ran, by text."""
STARTED: dict[str, asyncio.Event] = {}
"""Set when an execution of `note` with this text holds its transaction."""
GATES: dict[str, asyncio.Event] = {}
"""Executions of `note` with these texts wait inside their transaction."""
CANCELLED: list[str] = []


@strawberry.input(description="Something to write down.")
class NoteInput:
    text: str = strawberry.field(description="What.")
    tags: list[str] = strawberry.field(default_factory=list, description="Words.")


@strawberry.type(description="What was written down.")
class Note:
    text: str = strawberry.field(description="What.")
    number: int = strawberry.field(description="Which execution wrote it.")

    @strawberry.field(description="Fails on demand.")
    def broken(self) -> str | None:
        raise RuntimeError("secret detail jan@example.nl")


@strawberry.type(description="What note returns.")
class NotePayload(Payload):
    note: Note | None = strawberry.field(default=None, description="The note.")


@strawberry.type(description="A tree.")
class Tree:
    name: str = strawberry.field(description="Its name.")

    @strawberry.field(description="One level down.")
    def child(self) -> "Tree":
        return Tree(name=self.name)


@strawberry.type(description="Reads.")
class Query:
    @root_field("Echoes.", requires=PUBLIC)
    def echo(self, text: str = "hello", many: list[str] | None = None) -> str:
        return text

    @root_field("Language of messages.", requires=PUBLIC)
    def language(self, info: Info) -> str:
        return info.context.language

    @root_field("The brand's name.", requires=PUBLIC)
    def brand_name(self, info: Info) -> str | None:
        return info.context.brand.name if info.context.brand else None

    @root_field("The role.", requires=PUBLIC)
    def role(self, info: Info) -> str:
        return info.context.actor.role.value

    @root_field("The address.", requires=PUBLIC)
    def address(self, info: Info) -> str:
        return info.context.request.ip_address

    @root_field("Fails in a way nobody expects.", requires=PUBLIC)
    def bug(self) -> str | None:
        raise RuntimeError("password=hunter2 jan@example.nl")

    @root_field("Fails as a reader expects.", requires=PUBLIC)
    def refused(self) -> str | None:
        raise NotFound(field=("some_thing",))

    @root_field("Fails on bad input.", requires=PUBLIC)
    def bad_id(self) -> str | None:
        raise BadInput("BAD_ID", "id", "this is not an id.")

    @root_field("A tree.", requires=PUBLIC)
    def tree(self) -> Tree:
        return Tree(name="oak")

    @root_field("Sleeps in the database.", requires=PUBLIC)
    async def sleep(self, info: Info, name: str) -> str:
        try:
            async with info.context.read() as session:
                GATES[name].set()
                await session.execute(text("SELECT pg_sleep(30)"))
        except asyncio.CancelledError:
            CANCELLED.append(name)
            raise
        return name


async def _note(info: Info, input: NoteInput) -> NotePayload:
    if "read" in input.tags:
        async with info.context.read() as reading:
            await reading.execute(text("CREATE TEMPORARY TABLE written ()"))
    async with info.context.system() if "system" in input.tags else info.context.write() as session:
        EXECUTIONS[input.text] = EXECUTIONS.get(input.text, 0) + 1
        if "system" in input.tags:
            session.add(CronSlot(job=input.text, slot=datetime.now(UTC)))
            await session.flush()
        if "wait" in input.tags:
            STARTED[input.text].set()
            await GATES[input.text].wait()
        if "fail" in input.tags and EXECUTIONS[input.text] == 1:
            raise InvalidState(current="DRAFT", wanted="note", field=("some_list", 3, "end_date"))
        if "deadlock" in input.tags and EXECUTIONS[input.text] < 3:
            await session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'deadlock_detected'; END $$"))
        if "many" in input.tags:
            raise DomainErrors([Required(field=("first",)), Required(field=("second",))])
        if "stale" in input.tags:
            raise StaleDataError
        if "again" in input.tags:
            async with info.context.write() as same:
                assert same is session
            async with info.context.read() as reading:
                assert reading is session
        if "bug" in input.tags:
            raise RuntimeError("boom")
        return NotePayload(note=Note(text=input.text, number=EXECUTIONS[input.text]))


@strawberry.type(description="Writes.")
class Mutation:
    note = mutation("Writes a note.", requires=PUBLIC)(_note)
    note_once = mutation("Writes a note once.", requires=PUBLIC, idempotent=True)(_note)


def small_schema() -> Schema:
    return Schema(Query, Mutation, cursor_key=CursorKey.derive("x"), execution_context_class=Executor)


class Client:
    """Speaks GraphQL over HTTP to the application."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def post(self, query: str, /, headers: dict[str, str] | None = None, **variables: Any) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return await self.http.post("/graphql", json=body, headers=headers or {})

    async def data(self, query: str, /, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        answer = (await self.post(query, headers, **variables)).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def error(self, query: str, /, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        [error] = (await self.post(query, headers, **variables)).json()["errors"]
        return error


@asynccontextmanager
async def client_of(
    settings: Settings, host: str = "nobody.localhost", address: str = "203.0.113.9", **changes: Any
) -> AsyncIterator[Client]:
    """A client at `host` of an application with changed settings."""
    app = create_app(settings.model_copy(update=changes), small_schema())
    transport = httpx.ASGITransport(app, client=(address, 4000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as http,
    ):
        yield Client(http)
