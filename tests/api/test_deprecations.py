"""What is deprecated says so in one form, and who uses it is counted and told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import strawberry
from graphql import parse
from sqlalchemy import update

from api.admission import EVERYTHING, admit
from api.context import Context, RequestFacts
from api.deprecations import TYPES as DEPRECATION_TYPES
from api.deprecations import DeprecationQueries
from api.documents import Document
from api.executor import Executor
from api.reading import CursorKey, DeclarationError, Schema, argument, field, read_one
from api.requests import Operation
from api.schema import TYPES
from api.versions import Deprecation, counts_of, deprecated, reason
from api.versions.counting import Counts
from api.versions.declared import NOTICE
from api.versions.used import deprecated_parts, used
from domain.deprecations.models import DeprecatedUse
from tenants.actor import SYSTEM, Actor, Client, ClientKind, actor
from tenants.brands import BrandFacts
from tenants.engine import Database
from tenants.permissions import Permission, Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA

SINCE, REMOVAL = date(2026, 1, 10), date(2026, 9, 1)
GONE: dict[str, Any] = {"since": SINCE, "removal": REMOVAL}
TEXT = "Since 2026-01-10: use `new`. Removed after 2026-09-01."


@strawberry.enum(description="A size.")
class Size(Enum):
    NEW = strawberry.enum_value("NEW", description="The new one.")
    OLD = strawberry.enum_value("OLD", description="The old one.", deprecation_reason=reason(use="`NEW`", **GONE))


@strawberry.input(description="An input.")
class Inner:
    size: Size | None = strawberry.field(default=None, description="Which size.")
    old: int | None = strawberry.field(
        default=None, description="A number.", deprecation_reason=reason(use="`size`", **GONE)
    )


@strawberry.input(description="An input around it.")
class Outer:
    inners: list[Inner] = strawberry.field(default_factory=list, description="Some.")


def _old() -> str:
    return "old"


@strawberry.type(description="Reads.")
class Query(DeprecationQueries):
    @field("The new way.", requires=Permission.PUBLIC)
    def new(
        self,
        size: Annotated[Size | None, strawberry.argument(description="Which size.")] = None,
        outer: Annotated[Outer | None, strawberry.argument(description="More.")] = None,
        old: Annotated[
            int | None, strawberry.argument(description="A number.", deprecation_reason=reason(use="`size`", **GONE))
        ] = None,
    ) -> str:
        return "new"

    old = deprecated(field("The old way.", requires=Permission.PUBLIC)(_old), use="`new`", **GONE)


def _schema() -> Schema:
    return Schema(
        Query,
        cursor_key=CursorKey.derive("x"),
        types=(*TYPES, *DEPRECATION_TYPES),
        execution_context_class=Executor,
    )


SMALL = _schema()


def parts(text: str, **variables: Any) -> set[str]:
    document = Document(text, parse(text))
    return set(used(SMALL._schema, document, next(iter(document.operations.values())), variables))


# --- declaring ----------------------------------------------------------------------------------------------------


def test_the_reason_says_since_when_what_instead_and_until_when() -> None:
    assert reason(use="`new`", **GONE) == TEXT
    assert Deprecation.of(TEXT) == Deprecation(SINCE, "`new`", REMOVAL)
    assert SMALL._schema.query_type
    assert SMALL._schema.query_type.fields["old"].deprecation_reason == TEXT
    assert f'old: String! @deprecated(reason: "{TEXT}")' in SMALL.as_str()


@pytest.mark.parametrize(
    "given",
    [
        {"since": SINCE, "use": "`new`", "removal": SINCE + NOTICE - timedelta(days=1)},
        {"since": SINCE, "use": "", "removal": REMOVAL},
        {"since": SINCE, "use": "`new`.", "removal": REMOVAL},
    ],
)
def test_a_notice_that_is_too_short_or_says_nothing_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        reason(**given)


@pytest.mark.parametrize("text", ["", "No longer supported", TEXT[:-1], TEXT.replace("2026-09-01", "soon")])
def test_another_form_is_not_understood(text: str) -> None:
    with pytest.raises(ValueError, match="does not say"):
        Deprecation.of(text)


def test_every_deprecation_of_the_platform_is_in_this_form_with_notice() -> None:
    wrong = [f"{part}: {text}" for part, text in deprecated_parts(SCHEMA._schema).items() if not _fits(text)]
    assert wrong == []
    assert all(map(_fits, deprecated_parts(SMALL._schema).values()))
    assert not _fits("Use something else.")


def _fits(text: str) -> bool:
    try:
        found = Deprecation.of(text)
    except ValueError:
        return False
    return found.removal - found.since >= NOTICE


def test_an_argument_of_a_read_field_is_deprecated_the_same_way() -> None:
    given = argument(str | None, "A text.", deprecation=reason(use="`filter`", **GONE))
    orders = read_one("An order.", arguments={"text": given}, requires=Permission.ORDERS_READ)
    found = {each.python_name: each.deprecation_reason for each in orders.arguments}
    assert found == {"text": reason(use="`filter`", **GONE), "id": None}


# --- finding ------------------------------------------------------------------------------------------------------


def test_what_of_a_schema_is_deprecated() -> None:
    assert set(deprecated_parts(SMALL._schema)) == {"Query.old", "Query.new(old:)", "Inner.old", "Size.OLD"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{ new }", set()),
        ("{ new(size: NEW) myDeprecations { part } }", set()),
        ("{ old }", {"Query.old"}),
        ("{ a: old ...f } fragment f on Query { new(old: 3) }", {"Query.old", "Query.new(old:)"}),
        ("{ new(size: OLD) }", {"Size.OLD"}),
        ("{ new(outer: {inners: [{size: OLD}, {old: 3}]}) }", {"Size.OLD", "Inner.old"}),
        ("{ new } fragment f on Query { old }", set()),
    ],
)
def test_what_a_document_uses(text: str, found: set[str]) -> None:
    assert parts(text) == found


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"outer": None}, set()),
        ({}, set()),
        ({"outer": {"inners": [{"size": "NEW"}]}}, set()),
        ({"outer": {"inners": [{"size": "OLD"}]}}, {"Size.OLD"}),
        ({"outer": {"inners": {"old": 3, "unknown": 1}}}, {"Inner.old"}),
        ({"size": "OLD"}, {"Size.OLD"}),
    ],
)
def test_what_variables_use(variables: dict[str, Any], found: set[str]) -> None:
    assert parts("query ($outer: Outer, $size: Size) { new(outer: $outer, size: $size) }", **variables) == found


def test_only_the_chosen_operation_counts() -> None:
    document = Document(text := "query a { new } query b { old }", parse(text))
    assert not used(SMALL._schema, document, document.operations["a"], None)
    assert used(SMALL._schema, document, document.operations["b"], None) == {"Query.old"}


# --- counting -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def entity_id(database: Database) -> UUID:
    async with database.session(SYSTEM) as session:
        return (await factories.business_entity(session)).id


@pytest.fixture
async def counts(database: Database) -> AsyncIterator[Counts]:
    yield counts_of(database)
    await counts_of(database).close()


def key_of(entity_id: UUID, **values: Any) -> Actor:
    made = actor(values.pop("role", Role.OPERATIONS), entity_id, **values)
    return replace(made, client=Client(ClientKind.API_KEY, uuid4()))


class World:
    """Sends documents as somebody, and asks what is known of it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings

    def context(self, who: Actor, brand: BrandFacts | None = None) -> Context:
        facts = RequestFacts(uuid4().hex, ip_address=uuid4().hex)
        return Context(who, self.database, self.settings, facts, brand=brand)

    async def send(self, who: Actor, text: str, brand: BrandFacts | None = None, **variables: Any) -> None:
        await admit(SMALL, Operation(text, None, variables, None), self.context(who, brand), EVERYTHING)

    async def ask(self, who: Actor, text: str) -> Any:
        result = await SMALL.execute(text, context_value=self.context(who))
        assert not result.errors, result.errors
        return result.data

    async def mine(self, who: Actor) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            await self.ask(who, "{ myDeprecations { part since removal replacement uses lastUsedAt } }")
        )["myDeprecations"]
        return found


@pytest.fixture
def world(database: Database, settings: Settings) -> World:
    return World(database, settings)


async def test_a_key_is_told_what_it_used(world: World, counts: Counts, entity_id: UUID) -> None:
    key, other = key_of(entity_id), key_of(entity_id)
    for _ in range(3):
        await world.send(key, "{ old }")
    await world.send(key, "query ($size: Size) { new(size: $size) }", size="OLD")
    await world.send(other, "{ new }")
    assert await world.mine(key) == []
    await counts.write()
    before = datetime.now(UTC)
    found = {each["part"]: each for each in await world.mine(key)}
    assert set(found) == {"Query.old", "Size.OLD"}
    said = found["Query.old"]
    assert (said["uses"], said["since"], said["removal"]) == ("3", "2026-01-10", "2026-09-01")
    assert said["replacement"] == "`new`"
    assert before - timedelta(minutes=1) < datetime.fromisoformat(said["lastUsedAt"]) <= before
    assert await world.mine(other) == []


async def test_counts_of_a_day_add_up(world: World, counts: Counts, entity_id: UUID) -> None:
    key = key_of(entity_id)
    for _ in range(2):
        await world.send(key, "{ old }")
        await counts.write()
    assert [each["uses"] for each in await world.mine(key)] == ["2"]


async def test_what_is_refused_is_not_counted(world: World, counts: Counts, entity_id: UUID) -> None:
    poor = World(world.database, world.settings.model_copy(update={"cost_maximum": 5}))
    key = key_of(entity_id)
    with pytest.raises(Exception, match="costs up to"):
        await poor.send(key, "{ old }")
    await counts.write()
    assert await world.mine(key) == []


async def test_a_portal_is_told_apart_by_role(world: World, counts: Counts, entity_id: UUID) -> None:
    async with world.database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        brand = await factories.brand(session, entity)
        brand_id = brand.id
    portal = Client(ClientKind.PORTAL, brand_id)
    customer, staff = (replace(actor(role, entity.id), client=portal) for role in (Role.CUSTOMER, Role.TENANT_ADMIN))
    await world.send(customer, "{ old }")
    await counts.write()
    assert [each["part"] for each in await world.mine(customer)] == ["Query.old"]
    assert await world.mine(replace(customer, role=Role.EV_DRIVER)) == []
    listed = await world.ask(staff, "{ deprecatedUses { nodes { part role clientKind uses client { id } } } }")
    [use] = listed["deprecatedUses"]["nodes"]
    assert (use["part"], use["role"], use["clientKind"], use["uses"]) == ("Query.old", "CUSTOMER", "PORTAL", "1")


async def test_an_administrator_sees_every_client_of_the_entity(
    world: World, counts: Counts, entity_id: UUID, database: Database
) -> None:
    organizations = []
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        for _ in range(2):
            organizations.append((await factories.organization(session, entity)).id)  # awaited
    ours = key_of(entity.id)
    theirs = [key_of(entity.id, role=Role.PARTNER_USER, organization_id=id) for id in organizations]
    elsewhere = key_of(entity_id)
    for key in (ours, *theirs, elsewhere):
        await world.send(key, "{ old }")
    await counts.write()

    async def seen(who: Actor) -> int:
        total = (await world.ask(who, "{ deprecatedUses { totalCount } }"))["deprecatedUses"]["totalCount"]
        assert isinstance(total, int)
        return total

    assert await seen(actor(Role.TENANT_ADMIN, entity.id)) == 3
    assert await seen(actor(Role.PARTNER_ADMIN, entity.id, organization_id=organizations[0])) == 1
    assert await seen(actor(Role.TENANT_ADMIN, entity_id)) == 1


async def test_what_cannot_be_written_is_counted_on(
    world: World, counts: Counts, entity_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(entity_id)
    await world.send(key, "{ old }")

    async def away(*_: Any) -> None:
        raise OSError("no database")

    with monkeypatch.context() as patch:
        patch.setattr("api.versions.counting.add", away)
        await counts.write()
    await world.send(key, "{ old }")
    await counts.write()
    assert [each["uses"] for each in await world.mine(key)] == ["2"]


async def test_counts_are_written_by_themselves_and_at_the_end(
    world: World, counts: Counts, entity_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(entity_id)
    monkeypatch.setattr("api.versions.counting.SECONDS", 0.01)
    await world.send(key, "{ old }")
    while not await world.mine(key):
        continue
    monkeypatch.setattr("api.versions.counting.SECONDS", 60.0)
    await world.send(key, "{ old }")
    await counts_of(world.database).close()
    assert [each["uses"] for each in await world.mine(key)] == ["2"]


async def test_old_counts_go(
    world: World, counts: Counts, entity_id: UUID, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    key = key_of(entity_id)
    await world.send(key, "{ old }")
    await counts.write()
    async with world.database.session(SYSTEM) as session:
        old = date.today() - timedelta(days=500)  # noqa: DTZ011  # any day of long ago
        assert key.client
        await session.execute(update(DeprecatedUse).where(DeprecatedUse.client_id == key.client.id).values(day=old))
    await world.send(key, "{ old }")
    await counts.write()
    assert [each["uses"] for each in await world.mine(key)] == ["1"]
