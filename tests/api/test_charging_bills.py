"""Bills of sessions over GraphQL and as a download: who sees what, how amounts came about, waiving, revenue."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from api.app import create_app
from api.context import Context, RequestFacts
from api.lane import Lane
from api.rest import charging_bills as download
from domain.charging_bills import bills, export
from domain.tariffs.terms import Terms
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, codes, gid
from tests.billing_sessions import EVENING, TERMS, Place, charging_place
from tests.both_lanes import in_both
from tests.explaining import EXPLAINED, amounts, check

HOUR = timedelta(hours=1)
ODD = Terms(
    energy_cents_per_kwh=Decimal("31.4159"),
    time_cents_per_hour=Decimal("99.99"),
    idle_cents_per_hour=Decimal(150),
    start_fee_cents=35,
    minimum_cents=2_500,
)
"""Every kind of line but those of what is bought beforehand."""
BILL = """query B($id: ID!) { chargingBill(id: $id) { status version net %s vat %s gross %s chargedNet %s chargedVat %s
  chargedGross %s session { number } charger { id } driver { id } payer { id }
  lines { position kind window unit quantity fromWh untilWh readings net %s vat %s gross %s }
  versions { version reason net %s vat %s gross %s netChange %s vatChange %s grossChange %s tariffVersion { version }
    lines { net { cents } } }
  charges { reason net %s vat %s gross %s invoice { number net %s vat %s } invoiceLine { net %s vat %s gross %s
    chargingBill { id } } } } }""".replace("%s", EXPLAINED)


@dataclass(frozen=True)
class Setting:
    place: Place
    settings: Settings
    actors: dict[str, Actor]

    def asker(self, name: str) -> Asker:
        return Asker(self.place.database, self.settings, self.actors[name])

    async def billed(self, start: Any = EVENING, **values: Any) -> tuple[UUID, UUID]:
        """Session and bill."""
        session_id = await self.place.charge(start, **values)
        return session_id, (await self.place.bill(session_id)).id


async def setting(database: Database, settings: Settings, terms: Terms = TERMS, **entity: Any) -> Setting:
    place = await charging_place(database, terms, **entity)
    yard, of = place.yard, place.yard.entity
    async with database.session(SYSTEM) as session:
        other = await factories.person(session, of)
        actors = {
            "finance": await factories.actor_with(session, Role.FINANCE, of),
            "planner": await factories.actor_with(session, Role.PLANNER, of),
            "driver": await factories.actor_with(session, Role.EV_DRIVER, of, contact=yard.driver),
            "owner": await factories.actor_with(session, Role.CHARGER_OWNER, of, contact=yard.owner),
            "other": await factories.actor_with(session, Role.CUSTOMER, of, contact=other),
        }
    return Setting(place, settings, actors)


@pytest.mark.parametrize("who", ["finance", "driver"])
async def test_every_amount_follows_from_its_inputs(database: Database, settings: Settings, who: str) -> None:
    s = await setting(database, settings, ODD)
    session_id, id = await s.billed(EVENING + 2 * HOUR + timedelta(minutes=17), wh=11_111)
    async with database.session(SYSTEM) as session:
        await bills.waive(session, session_id, "Storing")
        await bills.undo_waiver(session, session_id)

    def context() -> Context:
        return Context(s.actors[who], database, settings, RequestFacts("bills"))

    fast, slow = await in_both(Lane(SCHEMA), SCHEMA, context, BILL, {"id": gid("ChargingBill", id)})
    assert (fast.reason, fast.errors, slow.errors) == (None, [], [])
    assert fast.data is not None
    assert slow.data is not None
    answer = orjson.loads(fast.data)
    assert answer == orjson.loads(slow.data)
    for _, amount in (found := list(amounts(answer))):
        check(amount)
    formulas = {amount["explanation"]["formula"] for _, amount in found}
    assert formulas >= {
        "charging.energy",
        "charging.time",
        "charging.startFee",
        "charging.minimum",
        "charging.damageReserve",
        "charging.lineVat",
        "charging.invoiced.net",
        "charging.invoiced.vat",
        "charging.charged",
    }
    bill = answer["chargingBill"]
    lines = [line for line in bill["lines"] if line["kind"] == "ENERGY"]
    assert [line["window"] for line in lines] == ["PEAK", "STANDARD", "NIGHT"]
    assert sum(int(line["quantity"]) for line in lines) == 11_111
    assert len(bill["charges"]) == 3
    assert bill["charges"][1]["reason"] == "Storing"


async def test_a_past_bill_is_computed_again_to_the_cent(database: Database, settings: Settings) -> None:
    s = await setting(database, settings, ODD)
    session_id, id = await s.billed(EVENING + 2 * HOUR)
    async with database.session(SYSTEM) as session:
        await bills.waive(session, session_id, "Storing")
    asked = "query R($id: ID!) { recompute(id: $id) { equal amounts { path formula equal } } }"
    ids = [gid("ChargingBill", id), *(gid("Invoice", invoice.id) for invoice in await s.place.invoices())]
    for document in ids:
        found = (await s.asker("finance").ask(asked, id=document))["recompute"]
        assert found["equal"], found
        assert len(found["amounts"]) > 4
    assert (await s.asker("other").ask(asked, id=ids[0]))["recompute"] is None


async def test_each_sees_its_own(database: Database, settings: Settings) -> None:
    s = await setting(database, settings)
    _, id = await s.billed()
    _, nobody = await s.billed(EVENING - timedelta(days=1), token=None)
    asked = """query L($filter: ChargingBillFilter) { chargingBills(filter: $filter) { nodes { id status } } }"""
    mine, all_of_them = [gid("ChargingBill", id)], {gid("ChargingBill", id), gid("ChargingBill", nobody)}
    for who, expected in (("driver", mine), ("owner", []), ("other", [])):
        found = (await s.asker(who).ask(asked))["chargingBills"]["nodes"]
        assert [each["id"] for each in found] == expected
    found = (await s.asker("planner").ask(asked))["chargingBills"]["nodes"]
    assert {each["id"] for each in found} == all_of_them
    [listed] = (await s.asker("finance").ask(asked, filter={"unbillable": True}))["chargingBills"]["nodes"]
    assert listed == {"id": gid("ChargingBill", nobody), "status": "NO_PAYER"}


WAIVE = """mutation W($id: ID!, $reason: String!, $preview: Boolean) {
  waiveChargingBill(sessionId: $id, reason: $reason, preview: $preview) { chargingBill { status chargedGross { cents } }
    preview { invoices { kind gross { cents } } } userErrors { code field } } }"""
UNDO = """mutation U($id: ID!) { undoWaiveChargingBill(sessionId: $id) { chargingBill { status chargedGross { cents } }
  userErrors { code field } } }"""
REBILL = """mutation R($id: ID!) { rebillChargingSession(sessionId: $id) { chargingBill { status version }
  userErrors { code field } } }"""


async def test_waiving_is_foreseen_done_and_undone(database: Database, settings: Settings) -> None:
    s = await setting(database, settings)
    session_id, _ = await s.billed()
    id, finance = gid("ChargingSession", session_id), s.asker("finance")
    foreseen = (await finance.ask(WAIVE, id=id, reason="Storing", preview=True))["waiveChargingBill"]
    assert foreseen["preview"]["invoices"] == [{"kind": "CREDIT_NOTE", "gross": {"cents": "-2904"}}]
    assert (await s.place.billing(session_id)).status == "INVOICED"
    done = (await finance.ask(WAIVE, id=id, reason="Storing"))["waiveChargingBill"]
    assert done["chargingBill"] == {"status": "WAIVED", "chargedGross": {"cents": "0"}}
    again = (await finance.ask(WAIVE, id=id, reason="Storing"))["waiveChargingBill"]
    assert codes(again) == [("ALREADY_WAIVED", ["sessionId"])]
    empty = (await finance.ask(WAIVE, id=id, reason=" "))["waiveChargingBill"]
    assert codes(empty) == [("REQUIRED", ["reason"])]
    undone = (await finance.ask(UNDO, id=id))["undoWaiveChargingBill"]
    assert undone["chargingBill"] == {"status": "INVOICED", "chargedGross": {"cents": "2904"}}
    assert codes((await finance.ask(UNDO, id=id))["undoWaiveChargingBill"]) == [("NOT_WAIVED", ["sessionId"])]
    rebilled = (await finance.ask(REBILL, id=id))["rebillChargingSession"]
    assert rebilled["chargingBill"] == {"status": "INVOICED", "version": 1}


async def test_who_may_not_waive_is_told_nothing(database: Database, settings: Settings) -> None:
    s, elsewhere = await setting(database, settings), await setting(database, settings)
    session_id, _ = await s.billed()
    id = gid("ChargingSession", session_id)
    assert await s.asker("driver").error(WAIVE, id=id, reason="Gratis") == "FORBIDDEN"
    refused = (await elsewhere.asker("finance").ask(WAIVE, id=id, reason="Gratis"))["waiveChargingBill"]
    assert codes(refused) == [("NOT_FOUND", ["sessionId"])]


async def test_owners_see_what_their_chargers_earn_by_the_hour(database: Database, settings: Settings) -> None:
    s = await setting(database, settings)
    await s.billed(EVENING)
    await s.billed(EVENING - timedelta(days=1) + 3 * HOUR)
    asked = """query R($since: Date) { hours: chargingRevenueByHour(since: $since) { hour net %s energyWh sessions }
      days: chargingRevenueByDay { day net { cents } } chargers: chargingRevenueByCharger { charger { id } sessions
        net { cents } } }""".replace("%s", EXPLAINED)
    found = await s.asker("owner").ask(asked)
    assert [(row["hour"], row["net"]["cents"], row["sessions"]) for row in found["hours"]] == [
        (18, "1200", 1),
        (19, "1200", 1),
        (21, "800", 1),
        (22, "800", 1),
    ]
    assert [row["net"]["cents"] for row in found["days"]] == ["2400", "1600"]
    [earned] = found["chargers"]
    assert earned == {
        "charger": {"id": gid("Charger", s.place.yard.charger.id)},
        "sessions": 2,
        "net": {"cents": "4000"},
    }
    for _, amount in amounts(found):
        check(amount) if "explanation" in amount else None
    later = await s.asker("owner").ask(asked, since=EVENING.date().isoformat())
    assert [row["hour"] for row in later["hours"]] == [18, 19]
    assert (await s.asker("driver").ask(asked))["hours"] == []


@pytest.fixture
async def client(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, SCHEMA)
    app.state.database = database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as made:
        yield made
    await app.state.redis.flushdb()
    await app.state.redis.aclose()


async def test_bills_are_downloaded_as_far_as_they_are_seen(
    database: Database, settings: Settings, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_PAGE", 1)
    s = await setting(database, settings)
    await s.billed()
    await s.billed(EVENING - timedelta(days=1), token=None)
    who: list[Actor] = []

    async def asked(_request: Any) -> Actor:
        return who[-1]

    monkeypatch.setattr(download, "actor_of", asked)
    days = {"since": (EVENING - timedelta(days=7)).date().isoformat(), "until": "2100-01-01"}
    wanted = {"entityId": gid("BusinessEntity", s.place.entity_id), **days}
    wanted["until"] = (EVENING + timedelta(days=2)).date().isoformat()
    for name, statuses in (("finance", ["NO_PAYER", "INVOICED"]), ("driver", ["INVOICED"])):
        who.append(s.actors[name])
        rows = list(csv.DictReader(io.StringIO((await client.get("/charging-bills", params=wanted)).text)))
        assert [(row["status"], row["gross"]) for row in rows] == [(status, "29.04") for status in statuses]
    who.append(anonymous(None))
    assert (await client.get("/charging-bills", params=wanted)).status_code == 401
