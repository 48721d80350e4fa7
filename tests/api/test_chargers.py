"""Chargers over GraphQL: who registers, enrols and commands them, and who sees what of whose."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from domain.chargers import connections, quarantine
from domain.chargers.models import Channel, Charger, Protocol
from domain.chargers.quarantine import Refused
from domain.commands import delivery
from domain.orders.models import Order
from domain.quotes.models import LineItem
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Permission
from tenants.settings import Settings
from tests import factories
from tests.asking import codes, gid
from tests.invoicing import completed
from tests.parking import Park, device, park
from tests.quoting import market
from tests.trading import Trader

REGISTER = """mutation R($input: RegisterChargerInput!) { registerCharger(input: $input) {
  charger { id identity state access location { city latitude } connectors { number type maxPowerW status } }
  userErrors { code field } } }"""
UPDATE = """mutation U($input: UpdateChargerInput!) { updateCharger(input: $input) {
  charger { name maxPowerW location { city } connectors { number type maxPowerW }
  ... on StaffCharger { serialNumber } } userErrors { code field } } }"""
ENROL = """mutation E($id: ID!) { enrolCharger(id: $id) {
  charger { state } login { identity secret ocppPath mqttTopics } userErrors { code field } } }"""
ROTATE = """mutation O($id: ID!, $overlap: Int!) { rotateDeviceCredentials(chargerId: $id, overlapSeconds: $overlap) {
  login { secret } userErrors { code field } } }"""
STATE = """mutation S($id: ID!) { %s(id: $id%s) { charger { state ... on StaffCharger { stateReason } }
  userErrors { code field } } }"""
SEND = """mutation C($input: SendChargerCommandInput!) { sendChargerCommand(input: $input) {
  command { id kind status urgent waitsForCharger parameters requestedBy { id } }
  userErrors { code field message } } }"""
CANCEL = "mutation K($id: ID!) { cancelDeviceCommand(id: $id) { command { status reason } userErrors { code } } }"
ORDERED = """mutation H($input: EnrolOrderChargersInput!) { enrolOrderChargers(input: $input) {
  chargers { id identity maxPowerW location { city street }
    ... on StaffCharger { serialNumber owner { id } order { id } } }
  logins { identity secret } userErrors { code field } } }"""
AWAITING = "{ orders(filter: { awaitsChargers: true }) { nodes { id } } }"
ALL = """query A($filter: ChargerFilter) { chargers(filter: $filter) { totalCount nodes { identity __typename
  ... on CustomerCharger { mine serialNumber } } } }"""


def as_(p: Park, settings: Settings, who: str, key: str | None = None) -> Trader:
    return Trader(p.database, settings, p.actors[who], key)


async def test_from_registration_to_the_first_login(database: Database, settings: Settings) -> None:
    p = await park(database)
    staff = as_(p, settings, "staff")
    given: dict[str, Any] = {
        "vendor": "ABB",
        "model": "Terra AC",
        "maxPowerW": 22_000,
        "access": "PUBLIC",
        "ownerId": gid("Contact", p.owner.id),
        "location": {"street": "Dorpsstraat 1", "city": "Nijkerk", "latitude": 52.2, "longitude": 5.5},
        "connectors": [{"number": 1}, {"number": 2, "type": "CCS2", "maxPowerW": 11_000}],
    }
    made = (await staff.ask(REGISTER, input=given))["registerCharger"]
    assert made["userErrors"] == []
    charger = made["charger"]
    assert (charger["state"], charger["access"], charger["location"]["city"]) == ("REGISTERED", "PUBLIC", "Nijkerk")
    assert [(c["type"], c["maxPowerW"]) for c in charger["connectors"]] == [("TYPE2", 22_000), ("CCS2", 11_000)]
    enrolled = (await as_(p, settings, "technician").ask(ENROL, id=charger["id"]))["enrolCharger"]
    login = enrolled["login"]
    assert (enrolled["charger"]["state"], login["identity"]) == ("ENROLLED", charger["identity"])
    assert login["ocppPath"] == f"/ocpp/{charger['identity']}"
    assert await p.verify(login["identity"], login["secret"])
    rotated = (await staff.ask(ROTATE, id=charger["id"], overlap=0))["rotateDeviceCredentials"]
    assert await p.verify(login["identity"], login["secret"]) is None
    assert await p.verify(login["identity"], rotated["login"]["secret"])


async def test_a_double_click_registers_once(database: Database, settings: Settings) -> None:
    p = await park(database)
    given = {"vendor": "ABB", "maxPowerW": 7400}
    one, other = [await as_(p, settings, "staff", "a key of mine 1").ask(REGISTER, input=given) for _ in range(2)]
    assert one == other
    assert (await as_(p, settings, "staff").ask(ALL, filter={}))["chargers"]["totalCount"] == 1


FAULTS: list[tuple[dict[str, Any], tuple[str, list[str]]]] = [
    ({"vendor": " "}, ("REQUIRED", ["vendor"])),
    ({"maxPowerW": 0}, ("OUT_OF_RANGE", ["maxPowerW"])),
    ({"identity": "a/b"}, ("INVALID_CHARGER_IDENTITY", ["identity"])),
    ({"identity": "Platform"}, ("ALREADY_EXISTS", ["identity"])),
    ({"identity": "chargecars-telemetry-1"}, ("ALREADY_EXISTS", ["identity"])),
    ({"location": {"latitude": 52.0}}, ("REQUIRED", ["location", "longitude"])),
    ({"location": {"latitude": 152.0, "longitude": 5.0}}, ("OUT_OF_RANGE", ["location", "latitude"])),
    ({"connectors": [{"number": 1}, {"number": 1}]}, ("DUPLICATE_VALUE", ["connectors", "1", "number"])),
    ({"connectors": [{"number": 0}]}, ("OUT_OF_RANGE", ["connectors", "0", "number"])),
]


@pytest.mark.parametrize(("faulty", "error"), FAULTS)
async def test_faults_of_a_registration(
    database: Database, settings: Settings, faulty: dict[str, Any], error: tuple[str, list[str]]
) -> None:
    p = await park(database)
    answer = await as_(p, settings, "staff").ask(REGISTER, input={"vendor": "ABB", "maxPowerW": 7400} | faulty)
    assert codes(answer["registerCharger"]) == [error]


async def test_names_and_serial_numbers_are_taken_once(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger, staff = await p.charger(), as_(p, settings, "staff")
    same_name = {"vendor": "ABB", "maxPowerW": 7400, "identity": charger.identity}
    assert codes((await staff.ask(REGISTER, input=same_name))["registerCharger"]) == [("ALREADY_EXISTS", ["identity"])]
    same = {"vendor": "Alfen", "maxPowerW": 7400, "serialNumber": charger.serial_number}
    assert codes((await staff.ask(REGISTER, input=same))["registerCharger"]) == [("ALREADY_EXISTS", ["serialNumber"])]


async def test_changing_a_charger(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger, staff = await p.charger(), as_(p, settings, "staff")
    wanted = {
        "name": "Hal",
        "location": {"city": "Ede"},
        "serialNumber": None,
        "connectors": [{"number": 2, "type": "CCS2"}],
    }
    answer = await staff.ask(UPDATE, input={"id": gid("Charger", charger.id), **wanted})
    changed = answer["updateCharger"]["charger"]
    assert (changed["name"], changed["location"], changed["serialNumber"]) == ("Hal", {"city": "Ede"}, None)
    assert [c["type"] for c in changed["connectors"]] == ["TYPE2", "CCS2"]
    assert changed["maxPowerW"] == 22_000
    await staff.ask(UPDATE, input={"id": gid("Charger", charger.id), "name": "Hal"})
    assert (await p.told(charger.id)).count("charger.updated") == 1
    weaker = {"id": gid("Charger", charger.id), "maxPowerW": 3_700, "connectors": [{"number": 3}]}
    changed = (await staff.ask(UPDATE, input=weaker))["updateCharger"]["charger"]
    assert changed["connectors"][2]["maxPowerW"] == changed["maxPowerW"] == 3_700


async def test_suspending_retiring_and_undoing(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger, staff = await p.charger(), as_(p, settings, "staff")
    id, reason = gid("Charger", charger.id), ', reason: "Broken"'
    for name, said, state in (
        ("suspendCharger", reason, "SUSPENDED"),
        ("retireCharger", reason, "RETIRED"),
        ("retireCharger", reason, "RETIRED"),
        ("resumeCharger", "", "SUSPENDED"),
        ("resumeCharger", "", "ENROLLED"),
    ):
        answer = (await staff.ask(STATE % (name, said), id=id))[name]
        assert answer["charger"]["state"] == state
    assert answer["charger"]["stateReason"] is None
    again = (await staff.ask(STATE % ("resumeCharger", ""), id=id))["resumeCharger"]
    assert codes(again) == [("CHARGER_IN_SERVICE", ["id"])]


async def test_who_sees_which_chargers(database: Database, settings: Settings) -> None:
    p = await park(database)
    private, public = await p.charger(), await p.public(owner_contact_id=None, channel=[])
    both = {private.identity, public.identity}
    expected = {
        "staff": both,
        "technician": both,
        "partner": {private.identity},
        "owner": both,
        "driver": {public.identity},
        "stranger": set(),
    }
    for who, identities in expected.items():
        found = (await as_(p, settings, who).ask(ALL, filter={}))["chargers"]
        assert ({each["identity"] for each in found["nodes"]}, found["totalCount"]) == (identities, len(identities))


async def test_a_driver_learns_nothing_of_an_owner(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger = await p.public()
    for who, mine, serial in (("owner", True, charger.serial_number), ("driver", False, None)):
        [found] = (await as_(p, settings, who).ask(ALL, filter={}))["chargers"]["nodes"]
        assert (found["mine"], found["serialNumber"]) == (mine, serial)
    owned = {"ownerId": gid("Contact", p.owner.id)}
    assert (await as_(p, settings, "driver").ask(ALL, filter=owned))["chargers"]["totalCount"] == 0
    assert (await as_(p, settings, "owner").ask(ALL, filter=owned))["chargers"]["totalCount"] == 1
    for who in ("driver", "partner"):
        text = {"search": charger.serial_number}
        found = (await as_(p, settings, who).ask(ALL, filter=text))["chargers"]["totalCount"]
        assert found == (1 if who == "partner" else 0)


async def test_filters(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger = await p.charger()
    await p.charger(vendor="ABB", max_power_w=50_000)
    async with database.session(SYSTEM) as session:
        await connections.connect(session, device(charger), Protocol.OCPP16, "", "here")
    staff = as_(p, settings, "staff")
    for wanted in (
        {"connected": True},
        {"protocol": {"eq": "OCPP16"}},
        {"vendor": {"eq": "Alfen"}},
        {"maxPowerW": {"lt": 50_000}},
        {"identity": {"eq": charger.identity}},
        {"search": charger.serial_number},
    ):
        found = (await staff.ask(ALL, filter=wanted))["chargers"]["nodes"]
        assert [each["identity"] for each in found] == [charger.identity], wanted


FOUND = "query($text: String!) { search(text: $text) { __typename id } }"


async def test_a_charger_is_found_by_its_serial_number(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger = await p.public()
    for who, kind in (("staff", "StaffCharger"), ("partner", "PartnerCharger"), ("owner", "CustomerCharger")):
        found = (await as_(p, settings, who).ask(FOUND, text=charger.serial_number))["search"]
        assert found == [{"__typename": kind, "id": gid("Charger", charger.id)}]
    for who in ("driver", "stranger"):
        assert (await as_(p, settings, who).ask(FOUND, text=charger.serial_number))["search"] == []


async def test_drivers_and_technicians_look_for_chargers_too(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger = await p.public(name="Laadplein")
    private = await p.charger(name="Oprit")

    async def found(who: str, text: str | None) -> int:
        return int((await as_(p, settings, who).ask(ALL, filter={"search": text}))["chargers"]["totalCount"])

    assert [await found(who, "laadpl") for who in ("staff", "technician", "owner", "driver", "stranger")] == [1] * 4 + [
        0
    ]
    assert [await found(who, "Oprit") for who in ("technician", "owner", "driver")] == [1, 1, 0]
    assert [await found(who, private.serial_number) for who in ("technician", "driver")] == [1, 0]
    change = {"id": gid("Charger", charger.id), "access": "PRIVATE"}
    assert codes((await as_(p, settings, "staff").ask(UPDATE, input=change))["updateCharger"]) == []
    assert [await found(who, "laadpl") for who in ("technician", "owner", "driver")] == [1, 1, 0]


def command(charger: Charger, kind: str, **values: Any) -> dict[str, Any]:
    return {"chargerId": gid("Charger", charger.id), "kind": kind, **values}


async def test_an_owner_commands_its_own_charger(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger, owner = await p.charger(), as_(p, settings, "owner")
    power = command(charger, "SET_POWER", connector=1, parameters={"powerW": 7400})
    sent = (await owner.ask(SEND, input=power))["sendChargerCommand"]["command"]
    assert (sent["status"], sent["waitsForCharger"], sent["parameters"]) == ("ACCEPTED", True, {"powerW": 7400})
    again = (await owner.ask(SEND, input=power))["sendChargerCommand"]["command"]
    assert again["id"] == sent["id"]
    assert (await owner.ask(CANCEL, id=sent["id"]))["cancelDeviceCommand"]["command"] == {
        "status": "FAILED",
        "reason": "CANCELLED",
    }
    stop = (await owner.ask(SEND, input=command(charger, "EMERGENCY_STOP")))["sendChargerCommand"]["command"]
    assert stop["urgent"]


async def test_a_driver_commands_nothing(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger = await p.public()
    start = command(charger, "START", connector=1)
    assert await as_(p, settings, "driver").error(SEND, input=start) == "FORBIDDEN"
    may = replace(p.actors["driver"], permissions=p.actors["driver"].permissions | {Permission.CHARGERS_COMMAND})
    answer = (await Trader(database, settings, may).ask(SEND, input=start))["sendChargerCommand"]
    assert codes(answer) == [("PERMISSION_DENIED", ["chargerId"])]
    hidden = await Trader(database, settings, may).ask(SEND, input=command(await p.charger(), "RESET"))
    assert codes(hidden["sendChargerCommand"]) == [("NOT_FOUND", ["chargerId"])]


async def test_a_token_is_shown_to_nobody(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger = await p.charger()
    start = command(charger, "START", connector=1, parameters={"idToken": "04AABBCC", "powerW": 7400})
    sent = (await as_(p, settings, "staff").ask(SEND, input=start))["sendChargerCommand"]["command"]
    assert sent["parameters"] == {"powerW": 7400}
    async with database.session(SYSTEM) as session:
        [claimed] = await delivery.claim(session, [charger.id], "here")
        assert claimed.parameters["idToken"] == "04AABBCC"


async def test_the_same_key_with_another_command_is_refused(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger, staff = await p.charger(), as_(p, settings, "staff", "a key of mine 2")
    assert codes((await staff.ask(SEND, input=command(charger, "RESET")))["sendChargerCommand"]) == []
    other = (await staff.ask(SEND, input=command(charger, "RESET", parameters={"hard": True})))["sendChargerCommand"]
    assert [code for code, _ in codes(other)] == ["IDEMPOTENCY_KEY_REUSED"]


REFUSED = """{ quarantinedMessages { nodes { reason repeated payload charger { identity } } } }"""


async def test_what_was_refused_is_shown_to_who_manages_devices(database: Database, settings: Settings) -> None:
    p = await park(database)
    charger = await p.charger()
    async with database.session(SYSTEM) as session:
        await quarantine.keep(
            session, Refused(charger.identity, Channel.MQTT, "metrics", "NOT_JSON", "", b"{", repeated=7)
        )
    [found] = (await as_(p, settings, "staff").ask(REFUSED))["quarantinedMessages"]["nodes"]
    assert found == {"reason": "NOT_JSON", "repeated": 7, "payload": "{", "charger": {"identity": charger.identity}}
    assert (await as_(p, settings, "stranger").ask(REFUSED))["quarantinedMessages"]["nodes"] == []
    assert (await as_(p, settings, "technician").ask(REFUSED))["quarantinedMessages"]["nodes"] == []
    assert await as_(p, settings, "owner").error(REFUSED) == "FORBIDDEN"


async def test_a_completed_order_hands_its_stations_over(database: Database, settings: Settings) -> None:
    m = await market(database)
    async with database.session(SYSTEM) as session:
        station = await factories.article(
            session, m.entity, name="Zaptec Go 2", category="CHARGING_STATION", specifications={"power_kw": 22}
        )
    m.articles["station"] = station
    order_id = await completed(m, m.line("station", quantity=Decimal(2)))
    async with database.session(SYSTEM) as session:
        order = await session.get_one(Order, order_id)
        query = select(LineItem.id).where(LineItem.quote_version_id == order.quote_version_id)
        line = gid("LineItem", (await session.execute(query)).scalar_one())
    staff = Trader(database, settings, m.actors["staff"])
    serials = ["ZG-1"]
    given = {
        "orderId": gid("Order", order_id),
        "serialNumbers": [{"lineItemId": line, "serialNumbers": serials}],
    }
    assert codes((await staff.ask(ORDERED, input=given))["enrolOrderChargers"]) == [
        ("SERIAL_NUMBERS_MISSING", ["serialNumbers"])
    ]
    waiting = [{"id": gid("Order", order_id)}]
    assert (await staff.ask(AWAITING))["orders"]["nodes"] == waiting
    serials.append("ZG-2")
    made = (await staff.ask(ORDERED, input=given))["enrolOrderChargers"]
    assert (await staff.ask(AWAITING))["orders"]["nodes"] == []
    assert [each["serialNumber"] for each in made["chargers"]] == ["ZG-1", "ZG-2"]
    assert made["chargers"][0]["maxPowerW"] == 22_000
    assert made["chargers"][0]["order"] == {"id": gid("Order", order_id)}
    assert len({each["secret"] for each in made["logins"]}) == 2
    again = (await staff.ask(ORDERED, input=given))["enrolOrderChargers"]
    assert ([each["id"] for each in again["chargers"]], again["logins"]) == ([c["id"] for c in made["chargers"]], [])
    serials[1] = " ZG-3 "
    assert codes((await staff.ask(ORDERED, input=given))["enrolOrderChargers"]) == [
        ("CHARGER_ALREADY_ENROLLED", ["serialNumbers"])
    ], "two were sold"
    wrong = made["chargers"][1]["id"]
    await staff.ask(STATE % ("retireCharger", ', reason: "Broken"'), id=wrong)
    assert (await staff.ask(AWAITING))["orders"]["nodes"] == [], "it was handed over"
    for _ in range(2):
        replaced = (await staff.ask(ORDERED, input=given))["enrolOrderChargers"]
        assert [each["serialNumber"] for each in replaced["chargers"]] == ["ZG-1", "ZG-3"]


async def test_an_order_that_is_not_completed_hands_nothing_over(database: Database, settings: Settings) -> None:
    m = await market(database)
    order_id = await m.ordered(m.line("cable"))
    staff = Trader(database, settings, m.actors["staff"])
    assert (await staff.ask(AWAITING))["orders"]["nodes"] == []
    given = {"orderId": gid("Order", order_id), "serialNumbers": []}
    assert codes((await staff.ask(ORDERED, input=given))["enrolOrderChargers"]) == [
        ("ORDER_NOT_COMPLETED", ["orderId"])
    ]
    p = await park(database)
    assert codes((await as_(p, settings, "staff").ask(ORDERED, input=given))["enrolOrderChargers"]) == [
        ("NOT_FOUND", ["orderId"])
    ]
