"""Tariffs, estimates and offers as they are asked for: who sees and does what, and every amount recomputed."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.tariffs.models import OfferKind
from domain.tariffs.terms import Multiplies, Terms
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import codes, gid
from tests.explaining import EXPLAINED, amounts, check
from tests.parking import Park, park
from tests.pricing import assigned, membership_of, offer_of, pack_of, subscription_of, tariff_of
from tests.trading import Trader

SUMS = f"net {EXPLAINED} vat {EXPLAINED} gross {EXPLAINED}"
ESTIMATE = f"""query E($charger: ID!, $at: DateTime!, $minutes: Int!, $kwh: Decimal!, $emergency: Boolean! = false,
  $contact: ID) {{
  priceEstimate(chargerId: $charger, startsAt: $at, minutes: $minutes, energyKwh: $kwh, emergency: $emergency,
    contactId: $contact) {{
    tariffCode tariffVersionId startsAt endsAt energyWh emergency vatRate vatRule 
    lines {{ kind window startsAt endsAt quantity unit unitPriceCents multiplier {SUMS} }} {SUMS} }} }}"""
CREATE = """mutation C($input: CreateTariffInput!) { createTariff(input: $input) { tariff { id code publishedAt
  draft { id version status terms { energyCentsPerKwh timeCentsPerHour idleCentsPerHour minimum { cents }
    damageReserve { cents } multiplies multiplierCap emergencyMultiplier
    windows { name since until multiplier } } } } userErrors { code field } } }"""
PUBLISH = """mutation P($id: ID!, $from: DateTime) { publishTariff(versionId: $id, validFrom: $from) {
  version { status validFrom } userErrors { code field } } }"""
ASSIGN = """mutation A($input: AssignTariffInput!, $preview: Boolean! = false) {
  assignTariff(input: $input, preview: $preview) { assignment { id charger { id } tariff { code } validUntil }
    userErrors { code field } preview { events } } }"""
DECISION_2 = Terms(energy_cents_per_kwh=Decimal(50), time_cents_per_hour=Decimal(300), damage_reserve_cents=0)
AT_PEAK = "2026-03-10T17:30:00Z"


async def world(database: Database) -> Park:
    p = await park(database)
    async with database.session(SYSTEM) as session:
        p.actors["finance"] = await factories.actor_with(session, Role.FINANCE, p.entity)
    return p


def ask(p: Park, settings: Settings, who: str) -> Trader:
    return Trader(p.database, settings, p.actors[who])


def estimated(charger_id: UUID, **values: Any) -> dict[str, Any]:
    return {"charger": gid("Charger", charger_id), "at": AT_PEAK, "minutes": 120, "kwh": "20", **values}


@pytest.mark.parametrize(("multiplies", "net"), [(Multiplies.ALL, 2400), (Multiplies.TIME, 1900)])
async def test_an_estimate_is_itemized_and_every_amount_of_it_is_recomputed(
    multiplies: Multiplies, net: int, database: Database, settings: Settings
) -> None:
    p = await world(database)
    charger = await p.public()
    async with database.session(SYSTEM) as session:
        tariff, _ = await tariff_of(session, p.entity, replace(DECISION_2, multiplies=multiplies))
        await assigned(session, tariff)
    found = (await ask(p, settings, "driver").ask(ESTIMATE, **estimated(charger.id)))["priceEstimate"]
    assert (found["tariffCode"], found["vatRate"], found["vatRule"]) == (tariff.code, "21", "NL-STANDARD")
    assert [(line["kind"], line["window"], line["quantity"]) for line in found["lines"]] == [
        ("ENERGY", "PEAK", "20000"),
        ("TIME", "PEAK", "7200"),
    ]
    assert (int(found["net"]["cents"]), int(found["gross"]["cents"])) == (net, net + net * 21 // 100)
    told = [amount for _, amount in amounts(found)]
    assert len(told) == 9
    for amount in told:
        check(amount)


async def test_an_estimate_counts_what_the_driver_has_bought_and_uses_nothing(
    database: Database, settings: Settings
) -> None:
    p = await world(database)
    charger = await p.public()
    async with database.session(SYSTEM) as session:
        driver = await factories.person(session, p.entity)
        p.actors["buyer"] = await factories.actor_with(session, Role.EV_DRIVER, p.entity, contact=driver)
        tariff, _ = await tariff_of(session, p.entity, replace(DECISION_2, damage_reserve_cents=50, minimum_cents=100))
        await assigned(session, tariff)
        pack = await offer_of(session, p.entity, OfferKind.PACK, energy_wh=5_000)
        await pack_of(session, driver, pack)
        await membership_of(session, driver, await offer_of(session, p.entity, OfferKind.PLAN))
        bundle = await offer_of(session, p.entity, OfferKind.SUBSCRIPTION, cap_cents=1000)
        await subscription_of(session, driver, bundle)
    asked = estimated(charger.id, emergency=True)
    for who, contact in (("buyer", None), ("buyer", None), ("staff", gid("Contact", driver.id))):
        found = (await ask(p, settings, who).ask(ESTIMATE, **asked, contact=contact))["priceEstimate"]
        lines = {line["kind"]: int(line["net"]["cents"]) for line in found["lines"]}
        assert lines == {
            "ENERGY": 3000,
            "TIME": 1800,
            "PACK": -750,
            "DISCOUNT": -405,
            "CAP": -1000,
            "DAMAGE_RESERVE": 50,
        }
        for _, amount in amounts(found):
            check(amount)
    plain = (await ask(p, settings, "driver").ask(ESTIMATE, **asked))["priceEstimate"]
    assert int(plain["net"]["cents"]) == 4850


@pytest.mark.parametrize(
    ("who", "values", "code"),
    [
        ("driver", {"minutes": 0}, "OUT_OF_RANGE"),
        ("driver", {"kwh": "-1"}, "OUT_OF_RANGE"),
        ("driver", {"kwh": "0.0001"}, "TOO_MANY_DECIMALS"),
        ("driver", {"at": "1990-01-01T00:00:00Z"}, "OUT_OF_RANGE"),
        ("driver", {}, "NO_TARIFF"),
        ("stranger", {}, "NOT_FOUND"),
        ("technician", {}, "FORBIDDEN"),
    ],
)
async def test_an_estimate_that_cannot_be_made_says_why(
    who: str, values: dict[str, Any], code: str, database: Database, settings: Settings
) -> None:
    p = await world(database)
    charger = await p.public()
    refused = (await ask(p, settings, who).execute(ESTIMATE, estimated(charger.id, **values))).errors
    assert refused is not None
    [error] = refused
    assert getattr(error.original_error, "code", (error.extensions or {}).get("code")) == code


async def test_a_tariff_is_made_published_assigned_and_the_assignment_undone(
    database: Database, settings: Settings
) -> None:
    p = await world(database)
    charger, finance = await p.public(), ask(p, settings, "finance")
    given = {
        "entityId": gid("BusinessEntity", p.entity.id),
        "code": "public-1",
        "name": "Openbaar",
        "terms": {"energyCentsPerKwh": "45.5", "minimumCents": "250", "multiplierCap": "2.5"},
    }
    assert codes((await finance.ask(CREATE, input=given | {"terms": {"energyCentsPerKwh": "-1"}}))["createTariff"]) == [
        ("OUT_OF_RANGE", ["terms", "energyCentsPerKwh"])
    ]
    made = (await finance.ask(CREATE, input=given))["createTariff"]["tariff"]
    draft = made["draft"]
    assert draft["terms"] == {
        "energyCentsPerKwh": "45.5",
        "timeCentsPerHour": "0",
        "idleCentsPerHour": None,
        "minimum": {"cents": "250"},
        "damageReserve": {"cents": "50"},
        "multiplies": "ALL",
        "multiplierCap": "2.5",
        "emergencyMultiplier": "2",
        "windows": [
            {"name": "PEAK", "since": "18:00", "until": "21:00", "multiplier": "1.5"},
            {"name": "NIGHT", "since": "22:00", "until": "06:00", "multiplier": "0.8"},
        ],
    }
    place = {"tariffId": made["id"], "chargerId": gid("Charger", charger.id)}
    assert codes((await finance.ask(ASSIGN, input=place))["assignTariff"]) == [("TARIFF_NOT_PUBLISHED", ["tariffId"])]
    published = (await finance.ask(PUBLISH, id=draft["id"]))["publishTariff"]
    assert (published["version"]["status"], published["userErrors"]) == ("PUBLISHED", [])
    assert codes((await finance.ask(PUBLISH, id=draft["id"]))["publishTariff"]) == [("NOT_A_DRAFT", ["versionId"])]
    foreseen = (await finance.ask(ASSIGN, input=place, preview=True))["assignTariff"]
    assert foreseen["preview"]["events"] == ["tariff.assigned"]
    done = (await finance.ask(ASSIGN, input=place))["assignTariff"]["assignment"]
    assert (done["charger"]["id"], done["tariff"]["code"], done["validUntil"]) == (place["chargerId"], "PUBLIC-1", None)
    undo = "mutation U($id: ID!) { undoTariffAssignment(id: $id) { assignment { id } userErrors { code field } } }"
    assert (await finance.ask(undo, id=done["id"]))["undoTariffAssignment"] == {"assignment": None, "userErrors": []}
    assert codes((await finance.ask(undo, id=done["id"]))["undoTariffAssignment"]) == [
        ("TARIFF_ASSIGNMENT_ENDED", ["id"])
    ]
    assert await ask(p, settings, "driver").error(CREATE, input=given) == "FORBIDDEN"


async def test_drivers_see_what_is_published_of_whose_chargers_they_see(database: Database, settings: Settings) -> None:
    p = await world(database)
    asked = """{ tariffs(first: 50) { nodes { code inForce { version } draft { version }
      versions(first: 9) { nodes { version } } } } }"""
    async with database.session(SYSTEM) as session:
        stranger = await factories.person(session, p.entity)
        shared, _ = await tariff_of(session, p.entity)
        owners, _ = await tariff_of(session, p.entity, owner_contact_id=p.owner.id)
        await tariff_of(session, p.entity, owner_contact_id=stranger.id)
    await p.public()

    async def seen(who: str) -> set[str]:
        found = (await ask(p, settings, who).ask(asked))["tariffs"]["nodes"]
        assert all(each["versions"]["nodes"] == [{"version": 1}] and each["draft"] is None for each in found)
        return {each["code"] for each in found}

    assert await seen("driver") == await seen("owner") == await seen("partner") == {shared.code, owners.code}
    assert (len(await seen("staff")), await seen("stranger")) == (3, set())


BUY = {
    OfferKind.PLAN: "joinPlan(offerId: $offer, contactId: $contact) { made: membership { contact { id } } ",
    OfferKind.PACK: "buyEnergyPack(offerId: $offer, contactId: $contact) { made: pack { contact { id } } ",
    OfferKind.SUBSCRIPTION: "subscribeToCharging(offerId: $offer, contactId: $contact) "
    "{ made: subscription { contact { id } } ",
}


@pytest.mark.parametrize("kind", OfferKind)
async def test_drivers_buy_for_themselves_and_read_their_own(
    kind: OfferKind, database: Database, settings: Settings
) -> None:
    p = await world(database)
    async with database.session(SYSTEM) as session:
        offer = gid("ChargingOffer", (await offer_of(session, p.entity, kind)).id)
    buy = f"mutation B($offer: ID!, $contact: ID) {{ bought: {BUY[kind]} userErrors {{ code field }} }} }}"
    driver, staff = ask(p, settings, "driver"), ask(p, settings, "staff")
    owner = gid("Contact", p.owner.id)
    assert codes((await driver.ask(buy, offer=offer, contact=owner))["bought"]) == [("NOT_FOUND", ["contactId"])]
    assert codes((await staff.ask(buy, offer=offer))["bought"]) == [("REQUIRED", ["contactId"])]
    assert await ask(p, settings, "partner").error(buy, offer=offer) == "FORBIDDEN"
    mine = (await driver.ask(buy, offer=offer))["bought"]
    assert (mine["userErrors"], mine["made"]["contact"]["id"]) == ([], gid("Contact", p.actors["driver"].contact_id))
    assert (await staff.ask(buy, offer=offer, contact=owner))["bought"]["userErrors"] == []
    lists = "{ planMemberships { totalCount } energyPacks { totalCount } chargingSubscriptions { totalCount } }"
    counts = {}
    for who in ("driver", "owner", "staff", "finance", "partner", "stranger"):
        counts[who] = sum(each["totalCount"] for each in (await ask(p, settings, who).ask(lists)).values())
    assert counts == {"driver": 1, "owner": 1, "staff": 2, "finance": 2, "partner": 0, "stranger": 0}


async def test_what_was_bought_explains_its_amounts(database: Database, settings: Settings) -> None:
    p = await world(database)
    async with database.session(SYSTEM) as session:
        await subscription_of(session, p.owner, await offer_of(session, p.entity, OfferKind.SUBSCRIPTION))
        await pack_of(session, p.owner, await offer_of(session, p.entity, OfferKind.PACK))
    asked = f"""{{ energyPacks {{ nodes {{ remainingWh price {EXPLAINED} uses {{ nodes {{ wh }} }} }} }}
      chargingSubscriptions {{ nodes {{ monthlyPrice {EXPLAINED} cap {EXPLAINED} covered {EXPLAINED} }} }}
      chargingOffers {{ nodes {{ kind price {EXPLAINED} cap {EXPLAINED} }} }} }}"""
    found = await ask(p, settings, "owner").ask(asked)
    told = [amount for _, amount in amounts(found)]
    assert len(told) == 1 + 3 + 3
    for amount in told:
        check(amount)


async def test_a_draft_is_written_anew_and_withdrawn_and_an_assignment_ends(
    database: Database, settings: Settings
) -> None:
    p = await world(database)
    finance = ask(p, settings, "finance")
    async with database.session(SYSTEM) as session:
        tariff, _ = await tariff_of(session, p.entity)
        await assigned(session, tariff)
    draft = """mutation S($input: SaveTariffDraftInput!) { saveTariffDraft(input: $input) { tariff { name
      draft { id version terms { windows { name } } } } userErrors { code field } } }"""
    windows = [{"name": "PEAK", "since": "17:00", "until": "20:00", "multiplier": "1.3"}]
    given = {"tariffId": gid("Tariff", tariff.id), "name": "Anders", "terms": {"windows": windows}}
    wrong = given | {"terms": {"windows": [*windows, windows[0] | {"since": "25:00"}]}}
    assert codes((await finance.ask(draft, input=wrong))["saveTariffDraft"]) == [
        ("INVALID_CLOCK", ["terms", "windows", "1", "since"])
    ]
    made = (await finance.ask(draft, input=given))["saveTariffDraft"]["tariff"]
    assert (made["name"], made["draft"]["version"], made["draft"]["terms"]["windows"]) == (
        "Anders",
        2,
        [{"name": "PEAK"}],
    )
    withdraw = (
        """mutation W($id: ID!) { withdrawTariffVersion(id: $id) { version { status } userErrors { code field } } }"""
    )
    for expected in ([], [("TARIFF_VERSION_IN_FORCE", ["id"])]):
        assert codes((await finance.ask(withdraw, id=made["draft"]["id"]))["withdrawTariffVersion"]) == expected
    [held] = (await finance.ask("{ tariffAssignments(filter: { inForce: true }) { nodes { id validUntil } } }"))[
        "tariffAssignments"
    ]["nodes"]
    ends = "mutation E($id: ID!) { endTariffAssignment(id: $id) { assignment { validUntil } userErrors { code } } }"
    assert held["validUntil"] is None
    assert (await finance.ask(ends, id=held["id"]))["endTariffAssignment"]["assignment"]["validUntil"] is not None


OFFER = """mutation O($input: SaveChargingOfferInput!) { saveChargingOffer(input: $input) {
  offer { id code energyWh priority } userErrors { code field } } }"""


async def test_an_offer_is_saved_bought_with_a_preview_of_its_invoice_and_given_back(
    database: Database, settings: Settings
) -> None:
    p = await world(database)
    finance, driver = ask(p, settings, "finance"), ask(p, settings, "driver")
    given = {
        "entityId": gid("BusinessEntity", p.entity.id),
        "kind": "PACK",
        "code": "pack-100",
        "name": "100 kWh",
        "priceCents": "4500",
        "discountPercent": "100",
    }
    assert codes((await finance.ask(OFFER, input=given))["saveChargingOffer"]) == [("OFFER_TERMS", ["kind"])]
    offer = (await finance.ask(OFFER, input=given | {"energyWh": "100000"}))["saveChargingOffer"]["offer"]
    assert offer | {"id": ""} == {"id": "", "code": "PACK-100", "energyWh": "100000", "priority": False}
    buy = """mutation B($offer: ID!, $preview: Boolean! = false) { buyEnergyPack(offerId: $offer, preview: $preview) {
      pack { id remainingWh } preview { events } userErrors { code field } } }"""
    foreseen = (await driver.ask(buy, offer=offer["id"], preview=True))["buyEnergyPack"]["preview"]["events"]
    assert {"energy_pack.bought", "invoice.issued"} <= set(foreseen)
    pack = (await driver.ask(buy, offer=offer["id"]))["buyEnergyPack"]["pack"]
    back = "mutation C($id: ID!) { cancelEnergyPack(id: $id) { pack { cancelledAt } userErrors { code field } } }"
    assert codes((await driver.ask(back, id=pack["id"]))["cancelEnergyPack"]) == []
    assert codes((await driver.ask(back, id=pack["id"]))["cancelEnergyPack"]) == [("PACK_IN_USE", ["id"])]


@pytest.mark.parametrize(
    ("kind", "name"), [(OfferKind.PLAN, "PlanMembership"), (OfferKind.SUBSCRIPTION, "ChargingSubscription")]
)
async def test_what_runs_is_ended_with_the_month_and_resumed_by_its_driver_alone(
    kind: OfferKind, name: str, database: Database, settings: Settings
) -> None:
    p = await world(database)
    async with database.session(SYSTEM) as session:
        offer = await offer_of(session, p.entity, kind)
        made = await (membership_of if kind is OfferKind.PLAN else subscription_of)(session, p.owner, offer)
    field = "membership" if kind is OfferKind.PLAN else "subscription"

    async def change(verb: str, who: str) -> Any:
        told = f"{field} {{ validUntil }} userErrors {{ code field }}"
        asked = f"mutation R($id: ID!) {{ made: {verb}{name}(id: $id) {{ {told} }} }}"
        return (await ask(p, settings, who).ask(asked, id=gid(name, made.id)))["made"]

    assert codes(await change("end", "driver")) == [("NOT_FOUND", ["id"])]
    assert (await change("end", "owner"))[field]["validUntil"] is not None
    assert codes(await change("end", "owner")) == [("SUBSCRIPTION_NOT_RUNNING", ["id"])]
    assert (await change("resume", "owner"))[field]["validUntil"] is None
