"""What changed in the API, told to each key: since its last use, and what it uses of what goes."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema
from sqlalchemy import update

from api.developers import changes
from api.developers.changes import Change, ChangeKind, Surface
from api.versions import reason
from domain.deprecations.service import Used, add
from domain.users import api_keys
from domain.users.api_keys import Wanted
from tenants.actor import SYSTEM, Actor, Client, ClientKind
from tenants.auth.models import ApiKey
from tenants.engine import Database
from tenants.permissions import PERMISSIONS_OF, Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, gid
from tests.quoting import market

TODAY = datetime.now(UTC).date()
GONE = TODAY + timedelta(days=200)
CHANGES = """query($id: ID, $since: DateTime, $first: Int!) {
  apiKeyChanges(apiKeyId: $id, since: $since, first: $first) { 
    name lastUsedAt since changes { total after changes { day surface kind part text } }
  deprecations { part replacement uses removal } } }"""
ALL = """query($kind: ChangeKind, $after: Int!) {
  apiChanges(kind: $kind, after: $after) { total after changes { part } } }"""
OLD = """type Query { orders: [Order!] nr: String } type Order { number: String } enum Size { SMALL }"""
NEW = f"""
  type Query {{ orders(first: Int): [Order!] teams: [Team!] }}
  type Order {{ number: String @deprecated(reason: "{reason(since=TODAY, use="`id`", removal=GONE)}") id: ID }}
  type Team {{ name: String }} type TeamEdge {{ node: Team }} enum Size {{ SMALL LARGE }}
"""


def change(day: date, part: str, kind: ChangeKind = ChangeKind.ADDED) -> Change:
    return Change(day, Surface.GRAPHQL, kind, part, "…")


def test_a_release_is_told_by_its_outermost_parts() -> None:
    found = {(each.kind, each.part) for each in changes.of_schemas(build_schema(OLD), build_schema(NEW), TODAY)}
    assert found == {
        (ChangeKind.ADDED, "Query.orders(first:)"),
        (ChangeKind.ADDED, "Query.teams"),
        (ChangeKind.ADDED, "Team"),
        (ChangeKind.ADDED, "Order.id"),
        (ChangeKind.ADDED, "Size.LARGE"),
        (ChangeKind.REMOVED, "Query.nr"),
        (ChangeKind.DEPRECATED, "Order.number"),
    }


def test_endpoints_are_compared_by_method_and_path() -> None:
    old = {"paths": {"/a": {"get": {"summary": "A."}}, "/b": {"get": {"summary": "B."}}}}
    goes = {"summary": "A.", "deprecated": True, "description": "Since …"}
    new = {"paths": {"/a": {"get": goes, "post": {"summary": "P."}}}}
    found = [(each.kind, each.part, each.text) for each in changes.of_documents(old, new, TODAY)]
    assert found == [
        (ChangeKind.ADDED, "POST /a", "P."),
        (ChangeKind.REMOVED, "GET /b", "B."),
        (ChangeKind.DEPRECATED, "GET /a", "Since …"),
    ]


def test_what_is_kept_is_the_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "changes.json"
    first, second = change(TODAY - timedelta(days=9), "A"), change(TODAY, "B")
    changes.keep([first], path)
    changes.keep([second], path)
    assert changes.read(path) == (second, first)


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> None:
    known = tuple(change(TODAY - timedelta(days=days), f"Query.of{days}") for days in (1, 5, 30))
    monkeypatch.setattr(changes, "kept", lambda: known)


@pytest.mark.usefixtures("released")
async def test_a_key_is_told_what_changed_since_its_last_use_and_what_goes(
    database: Database, settings: Settings
) -> None:
    made = await market(database)
    async with database.session(SYSTEM) as session:
        wanted = Wanted("Kassa", ("orders:read", "schema:read"), made.entity.id, made.dealer.id)
        key = (await api_keys.create(session, SYSTEM, wanted)).key
        last = datetime.now(UTC) - timedelta(days=6)
        await session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=last))
        of = (made.entity.id, made.dealer.id, ClientKind.API_KEY.value, key.id, Role.PARTNER_USER.value)
        for part in ("Order.nr", "GET /old"):
            await add(session, [(Used(*of, part, TODAY, GONE, "`new`", TODAY), 3, last)])
        admin = await factories.actor_with(session, Role.PARTNER_ADMIN, made.entity, organization=made.dealer)
    found = (await Asker(database, settings, admin).ask(CHANGES, id=gid("ApiKey", key.id), first=1))["apiKeyChanges"]
    assert (found["name"], found["changes"]["total"], found["changes"]["after"]) == ("Kassa", 2, 1)
    assert [each["part"] for each in found["changes"]["changes"]] == ["Query.of1"]
    assert [(each["part"], each["uses"]) for each in found["deprecations"]] == [("GET /old", "3"), ("Order.nr", "3")]
    own = machine(made, key)
    asked = await Asker(database, settings, own).ask(CHANGES, since=(last - timedelta(days=60)).isoformat(), first=9)
    assert asked["apiKeyChanges"]["changes"]["total"] == 3
    stranger = await strange(database, made)
    assert await Asker(database, settings, stranger).error(CHANGES, id=gid("ApiKey", key.id), first=1)


@pytest.mark.usefixtures("released")
async def test_all_changes_come_in_pages(database: Database, settings: Settings) -> None:
    made = await market(database)
    asker = Asker(database, settings, made.actors["dealer"])
    assert (await asker.ask(ALL, kind="ADDED", after=1))["apiChanges"] == {
        "total": 3,
        "after": None,
        "changes": [{"part": "Query.of5"}, {"part": "Query.of30"}],
    }
    assert (await asker.ask(ALL, kind="REMOVED", after=0))["apiChanges"]["total"] == 0
    assert await asker.error(ALL, after=-1) == "BAD_INPUT"


def machine(made: Any, key: ApiKey) -> Actor:
    return Actor(
        Role.PARTNER_USER,
        (made.entity.id,),
        organization_id=made.dealer.id,
        permissions=PERMISSIONS_OF[Role.PARTNER_USER],
        client=Client(ClientKind.API_KEY, key.id),
    )


async def strange(database: Database, made: Any) -> Actor:
    async with database.session(SYSTEM) as session:
        other = await factories.organization(session, made.entity)
        return await factories.actor_with(session, Role.PARTNER_ADMIN, made.entity, organization=other)
