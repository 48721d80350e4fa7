"""Exports and imports as a partner's program sees them: GraphQL to ask, HTTP for the files."""

import gzip
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from sqlalchemy import select

from api.app import create_app
from domain.bulk import exporting, importing
from domain.bulk.models import BulkOperation
from domain.jobs.models import Job
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, codes, gid
from tests.connecting import key_of
from tests.domain.partner_orders.trade import KnownPlaces, Trade, trade

FIELDS = "id state total done failed undone checkOnly resultPath errorsPath partsPath undonePath"
EXPORT = f"""mutation($input: BulkExportInput!) {{ bulkExport(input: $input) {{
  bulkOperation {{ {FIELDS} job {{ state }} }} userErrors {{ code field }} }} }}"""
IMPORT = f"""mutation($input: BulkImportInput!) {{ bulkImport(input: $input) {{
  bulkOperation {{ {FIELDS} }} userErrors {{ code field }} }} }}"""
CHANGE = f"mutation($id: ID!) {{ %s(id: $id) {{ bulkOperation {{ {FIELDS} }} userErrors {{ code field }} }} }}"
ONE = f"query($id: ID!) {{ bulkOperation(id: $id) {{ {FIELDS} }} }}"
ALL = """{ bulkOperations(filter: {kind: {eq: EXPORT}}) { totalCount nodes { id organization { id } } } }"""


@pytest.fixture
async def trading(database: Database) -> Trade:
    return await trade(database)


@pytest.fixture
async def client(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as made:
        yield made
    await app.state.redis.aclose()


def ask(trading: Trade, settings: Settings, name: str) -> Asker:
    return Asker(trading.market.database, settings, trading.market.actors[name])


async def work(trading: Trade, id: str, name: str) -> None:
    """What the worker does next."""
    market = trading.market

    async def told(_done: int, _total: int) -> None: ...

    async with market.database.session(SYSTEM) as session:
        rows = await session.scalars(select(BulkOperation).where(BulkOperation.entity_id == market.entity.id))
        row = next(each for each in rows if gid("BulkOperation", each.id) == id)
        name_of_job = (await session.execute(select(Job.name).where(Job.id == row.job_id))).scalar_one()
    actor = market.actors[name]
    if name_of_job == "bulk.export":
        await exporting.export(market.database, actor, row.id, told)
    elif name_of_job == "bulk.import":
        await importing.take_in(market.database, actor, KnownPlaces(), row.id, told)
    else:
        await importing.take_back(market.database, actor, KnownPlaces(), row.id, told)


async def key(trading: Trade, organization: Any, *scopes: str) -> dict[str, str]:
    async with trading.market.database.session(SYSTEM) as session:
        found = await key_of(session, trading.market.entity, *scopes, organization=organization)
    return {"Authorization": f"Bearer {found}"}


async def test_an_export_is_asked_for_followed_and_downloaded(
    client: httpx.AsyncClient, trading: Trade, settings: Settings
) -> None:
    await trading.send(trading.document("OUT-1"))
    dealer = ask(trading, settings, "dealer")
    made = (await dealer.ask(EXPORT, input={"subject": "PARTNER_ORDERS"}))["bulkExport"]["bulkOperation"]
    assert (made["state"], made["resultPath"], made["job"]) == ("QUEUED", None, {"state": "QUEUED"})
    await work(trading, made["id"], "dealer")
    done = (await dealer.ask(ONE, id=made["id"]))["bulkOperation"]
    assert (done["state"], done["total"], done["done"], done["errorsPath"]) == ("DONE", "1", "1", None)
    own = await key(trading, trading.market.dealer)
    packed = await client.get(done["resultPath"], headers=own)
    plain = await client.get(done["resultPath"], headers=own | {"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert orjson.loads(plain.content)["partner_order_id"] == "OUT-1"
    assert orjson.loads(plain.content)["document"]["customer"]["email"] == "sanne@example.nl"


async def test_a_file_is_for_who_sees_the_operation_and_may_read_the_records(
    client: httpx.AsyncClient, trading: Trade, settings: Settings
) -> None:
    made = (await ask(trading, settings, "dealer").ask(EXPORT, input={"subject": "ORDERS"}))["bulkExport"]
    path = f"/bulk/{uuid4()}/result"
    async with trading.market.database.session(SYSTEM) as session:
        row = (await session.scalars(select(BulkOperation).filter_by(entity_id=trading.market.entity.id))).one()
        path = f"/bulk/{row.id}/result"
    assert made["userErrors"] == []
    assert (await client.get(path)).status_code == 401
    for organization, scopes, status in (
        (trading.market.dealer, ("orders:read",), 403),
        (trading.market.dealer, ("bulk:run",), 403),
        (trading.market.master, (), 404),
        (trading.market.dealer, (), 200),
    ):
        assert (await client.get(path, headers=await key(trading, organization, *scopes))).status_code == status
    assert (await client.get(path.replace("result", "undo"), headers=await key(trading, None))).status_code == 404
    listed = (await ask(trading, settings, "master").ask(ALL))["bulkOperations"]
    assert listed["totalCount"] == 0


async def test_a_file_comes_in_by_parts_and_is_taken_back(
    client: httpx.AsyncClient, trading: Trade, settings: Settings
) -> None:
    admin, market = ask(trading, settings, "master_admin"), trading.market
    made = (await admin.ask(IMPORT, input={"subject": "PARTNER_SKUS"}))["bulkImport"]["bulkOperation"]
    line = orjson.dumps({"partner_sku": "NEW-1", "sku": market.articles["cable"].sku}) + b"\n{}\n"
    headers = await key(trading, market.master) | {"Content-Type": "application/jsonl"}
    for number, part in ((1, line[20:]), (0, line[:20]), (0, line[:20])):
        answer = await client.post(f"{made['partsPath']}{number}", content=part, headers=headers)
        assert answer.status_code == 201, answer.text
    other = await client.post(f"{made['partsPath']}0", content=b"other", headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "BULK_PART_DIFFERS")
    wrong = await client.post(f"{made['partsPath']}2", content=b"{}", headers=headers | {"Content-Type": "text/csv"})
    assert wrong.status_code == 415
    begun = (await admin.ask(CHANGE % "startBulkImport", id=made["id"]))["startBulkImport"]["bulkOperation"]
    assert (begun["state"], begun["partsPath"]) == ("QUEUED", None)
    await work(trading, made["id"], "master_admin")
    done = (await admin.ask(ONE, id=made["id"]))["bulkOperation"]
    assert (done["done"], done["failed"]) == ("2", "1")
    refused = await client.get(done["errorsPath"], headers=headers)
    assert refused.status_code == 403  # a key cannot hold what an import of article numbers needs
    undoing = (await admin.ask(CHANGE % "undoBulkImport", id=made["id"]))["undoBulkImport"]["bulkOperation"]
    assert undoing["state"] == "UNDOING"
    await work(trading, made["id"], "master_admin")
    undone = (await admin.ask(ONE, id=made["id"]))["bulkOperation"]
    assert (undone["state"], undone["undone"]) == ("UNDONE", "1")


async def test_a_small_file_begins_at_once_and_refusals_have_their_place(trading: Trade, settings: Settings) -> None:
    dealer = ask(trading, settings, "dealer")
    given = {"subject": "PARTNER_ORDERS", "lines": orjson.dumps(trading.document("IN-1")).decode(), "checkOnly": True}
    made = (await dealer.ask(IMPORT, input=given))["bulkImport"]["bulkOperation"]
    assert (made["state"], made["checkOnly"], made["total"]) == ("QUEUED", True, "0")
    stopped = (await dealer.ask(CHANGE % "cancelBulkOperation", id=made["id"]))["cancelBulkOperation"]
    assert stopped["bulkOperation"]["state"] == "CANCELLED"
    for wanted, refusal in (
        ({"subject": "INVOICES"}, ("BULK_NOT_IMPORTABLE", ["subject"])),
        ({"subject": "PRICES"}, ("PERMISSION_DENIED", [])),
    ):
        assert codes((await dealer.ask(IMPORT, input=wanted))["bulkImport"]) == [refusal]
    undo = (await dealer.ask(CHANGE % "undoBulkImport", id=made["id"]))["undoBulkImport"]
    assert codes(undo) == [("BULK_NOTHING_TO_UNDO", ["id"])]
    stranger = await factory_stranger(trading)
    hidden = await Asker(trading.market.database, settings, stranger).ask(CHANGE % "startBulkImport", id=made["id"])
    assert codes(hidden["startBulkImport"]) == [("NOT_FOUND", ["id"])]


async def factory_stranger(trading: Trade) -> Any:
    async with trading.market.database.session(SYSTEM) as session:
        other = await factories.organization(session, trading.market.entity)
        return await factories.actor_with(
            session, factories.Role.PARTNER_ADMIN, trading.market.entity, organization=other
        )


def test_pieces_one_after_the_other_are_a_gzip_file() -> None:
    assert gzip.decompress(gzip.compress(b"a\n") + gzip.compress(b"b\n")) == b"a\nb\n"
