"""Sessions over GraphQL: by drivers, owners, staff and partners, each what is theirs."""

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.context import Context, RequestFacts
from domain.sessions.models import ReportKind
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, codes, gid
from tests.charging import AT, Yard, charger_of, charging_yard, token_of

STARTED, ENDED = ReportKind.STARTED, ReportKind.ENDED
_ERRORS = "userErrors { code field }"
START = f"""mutation S($input: StartSessionInput!) {{ startSession(input: $input) {{
  session {{ id state targetEnergyWh ... on CustomerChargingSession {{ mine atMyCharger token {{ kind }} }} }}
  {_ERRORS} }} }}"""
SEEN = """{ chargingSessions(first: 20, orderBy: {field: STARTED_AT, direction: ASC}) { totalCount edges { node {
  __typename id state energyWh durationSeconds marks charger { identity }
  ... on StaffChargingSession { driver { name } transaction reports { kind meterWh } } } } } }"""
FIND = """query F($filter: ChargingSessionFilter!) {
  chargingSessions(first: 20, filter: $filter) { edges { node { id } } } }"""


def changing(name: str) -> str:
    return f"mutation C($id: ID!) {{ {name}(id: $id) {{ session {{ id state closedBy }} {_ERRORS} }} }}"


@dataclass(frozen=True)
class Street:
    """A yard whose charger is in a partner's channel, and everybody who may look at it."""

    database: Database
    settings: Settings
    yard: Yard
    actors: dict[str, Actor]

    async def ask(self, who: str, document: str, key: str | None = None, **variables: Any) -> Any:
        facts = RequestFacts(uuid4().hex, uuid4().hex, idempotency_key=key or uuid4().hex)
        context = Context(self.actors[who], self.database, self.settings, facts)
        result = await SCHEMA.execute(document, variable_values=variables, context_value=context)
        if result.errors:
            return [str((error.extensions or {}).get("code")) for error in result.errors]
        assert result.data is not None
        return next(iter(result.data.values()))

    async def listed(self, who: str) -> list[dict[str, Any]]:
        return [edge["node"] for edge in (await self.ask(who, SEEN))["edges"]]

    async def session(self, start: float = 0, minutes: float | None = 120, **values: Any) -> UUID:
        """One of 20 kWh that the driver has made, or makes."""
        async with self.database.session(SYSTEM) as session:
            begun = await self.yard.report(
                session, STARTED, start, meter_wh=0, id_token=self.yard.token.token, **values
            )
            if minutes is not None:
                over = {"transaction_id": begun.transaction_id, "meter_wh": 20_000}
                await self.yard.report(session, ENDED, start + minutes, **over)
        return begun.session_id


@pytest.fixture
async def street(database: Database, settings: Settings) -> Street:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
        yard = await charging_yard(session, entity, channel_organization_ids=[partner.id])
        other = await factories.person(session, entity)
        people = {"driver": yard.driver, "owner": yard.owner, "other": other}
        actors = {
            who: await factories.actor_with(session, Role.EV_DRIVER, entity, contact=contact)
            for who, contact in people.items()
        }
        actors["staff"] = await factories.actor_with(session, Role.OPERATIONS, entity)
        actors["partner"] = await factories.actor_with(session, Role.PARTNER_ADMIN, entity, organization=partner)
        actors["stranger"] = await factories.actor_with(
            session, Role.OPERATIONS, await factories.business_entity(session)
        )
        actors["technician"] = await factories.actor_with(session, Role.TECHNICIAN, entity)
    return Street(database, settings, yard, actors)


def wanted(street: Street, **values: Any) -> dict[str, Any]:
    return {"chargerId": gid("Charger", street.yard.charger.id), "connector": 1} | values


async def test_each_sees_what_is_theirs(street: Street) -> None:
    id = await street.session()
    seen = {who: await street.listed(who) for who in ("staff", "driver", "owner", "partner", "other", "stranger")}
    assert [len(rows) for rows in seen.values()] == [1, 1, 1, 1, 0, 0]
    (row,) = seen["staff"]
    assert (row["id"], row["energyWh"], row["durationSeconds"]) == (gid("ChargingSession", id), "20000", 7200)
    assert row["driver"] == {"name": street.yard.driver.name}
    assert [report["kind"] for report in row["reports"]] == ["STARTED", "ENDED"]
    assert [seen[who][0]["__typename"] for who in ("driver", "partner")] == [
        "CustomerChargingSession",
        "PartnerChargingSession",
    ]
    assert await street.ask("technician", SEEN) == ["FORBIDDEN"]


FILTERS: list[tuple[dict[str, Any], bool]] = [
    ({"state": {"eq": "COMPLETED"}}, True),
    ({"energyWh": {"gte": "20000", "lt": "20001"}}, True),
    ({"energyWh": {"gt": "20000"}}, False),
    ({"startedAt": {"gte": AT.isoformat(), "lt": (AT + timedelta(hours=1)).isoformat()}}, True),
    ({"endedAt": {"gt": (AT + timedelta(hours=2)).isoformat()}}, False),
    ({"marks": ["OFFLINE_START", "NO_STOP"]}, True),
    ({"marks": ["NO_STOP"]}, False),
    ({"marked": True}, True),
    ({"marked": False}, False),
    ({"emergency": True}, False),
    ({"costFromCents": "1"}, False),
    ({"closedBy": {"eq": "CHARGER"}}, True),
]


async def test_history_is_filtered(street: Street) -> None:
    await street.session(offline=True)
    for filter, found in FILTERS:
        assert (filter, len((await street.ask("driver", FIND, filter=filter))["edges"])) == (filter, found)


async def test_partners_do_not_ask_for_drivers(street: Street) -> None:
    await street.session()
    by_driver = {"driverId": {"eq": gid("Contact", street.yard.driver.id)}}
    assert len((await street.ask("owner", FIND, filter=by_driver))["edges"]) == 1
    assert await street.ask("partner", FIND, filter=by_driver) == ["NOT_READABLE"]


async def test_a_driver_starts_at_a_public_charger_once_however_often_it_clicks(street: Street) -> None:
    answers = [await street.ask("driver", START, "same", input=wanted(street, targetEnergyWh="9000")) for _ in range(2)]
    answers.append(await street.ask("driver", START, input=wanted(street)))
    assert [answer["userErrors"] for answer in answers] == [[], [], []]
    assert len({answer["session"]["id"] for answer in answers}) == 1
    session = answers[0]["session"]
    assert (session["state"], session["mine"], session["atMyCharger"], session["token"]) == (
        "STARTING",
        True,
        False,
        {"kind": "APP"},
    )
    assert codes(await street.ask("other", START, input=wanted(street))) == [("CONNECTOR_OCCUPIED", ["connector"])]
    stopped = await street.ask("driver", changing("stopSession"), id=session["id"])
    assert stopped["session"]["state"] == "COMPLETED"
    (row,) = await street.listed("driver")
    assert row["marks"] == ["NEVER_STARTED"]


async def test_who_may_start_where_and_as_whom(street: Street, database: Database) -> None:
    async with database.session(SYSTEM) as session:
        private = await charger_of(session, street.yard.entity, street.yard.owner, access="PRIVATE")
        own = await token_of(session, street.yard.entity, street.yard.owner)
    at_home = {"chargerId": gid("Charger", private.id)}
    refused = [
        ("driver", at_home, ("NOT_FOUND", ["chargerId"])),
        ("stranger", {}, ("NOT_FOUND", ["chargerId"])),
        ("driver", {"idToken": own.token}, ("TOKEN_NOT_ACCEPTED", ["idToken"])),
        ("driver", {"driverId": gid("Contact", street.yard.owner.id)}, ("PERMISSION_DENIED", ["driverId"])),
        ("staff", {}, ("DRIVER_REQUIRED", ["idToken"])),
        ("owner", {"connector": 7}, ("UNKNOWN_CONNECTOR", ["connector"])),
        ("owner", {"targetEnergyWh": "0"}, ("OUT_OF_RANGE", ["targetEnergyWh"])),
    ]
    for who, values, fault in refused:
        assert codes(await street.ask(who, START, input=wanted(street, **values))) == [fault]
    assert await street.ask("partner", START, input=wanted(street)) == ["FORBIDDEN"]
    begun = [
        await street.ask("owner", START, input=wanted(street, **at_home, idToken=own.token.lower())),
        await street.ask("staff", START, input=wanted(street, driverId=gid("Contact", street.yard.driver.id))),
    ]
    assert [answer["session"]["state"] for answer in begun] == ["STARTING", "STARTING"]


async def test_a_session_is_paused_resumed_stopped_and_closed_by_who_sees_it(street: Street) -> None:
    id = gid("ChargingSession", await street.session(minutes=None))
    for name in ("pauseSession", "resumeSession", "stopSession"):
        assert codes(await street.ask("other", changing(name), id=id)) == [("NOT_FOUND", ["id"])]
        assert (await street.ask("driver", changing(name), id=id))["session"]["state"] == "ACTIVE"
    assert await street.ask("driver", changing("closeSession"), id=id) == ["FORBIDDEN"]
    closed = await street.ask("staff", changing("closeSession"), id=id)
    assert (closed["session"]["state"], closed["session"]["closedBy"]) == ("COMPLETED", "STAFF")
    assert codes(await street.ask("staff", changing("stopSession"), id=id)) == [("SESSION_ENDED", ["id"])]


async def test_tokens_are_registered_by_staff_and_blocked_by_their_holders(street: Street) -> None:
    register = f"""mutation R($input: RegisterIdTokenInput!) {{ registerIdToken(input: $input) {{
      idToken {{ id token usable contact {{ name }} chargers {{ identity }} }} {_ERRORS} }} }}"""
    given = {
        "token": "04a2b3c4",
        "contactId": gid("Contact", street.yard.driver.id),
        "chargerIds": [gid("Charger", street.yard.charger.id)],
    }
    made = (await street.ask("staff", register, input=given))["idToken"]
    assert (made["token"], made["usable"], made["contact"]) == ("04A2B3C4", True, {"name": street.yard.driver.name})
    assert made["chargers"] == [{"identity": street.yard.charger.identity}]
    assert codes(await street.ask("staff", register, input=given)) == [("ALREADY_EXISTS", ["token"])]
    assert await street.ask("driver", register, input=given) == ["FORBIDDEN"]
    change = f"""mutation C($input: ChangeIdTokenInput!) {{ changeIdToken(input: $input) {{
      idToken {{ label chargers {{ identity }} }} {_ERRORS} }} }}"""
    changed = await street.ask("staff", change, input={"id": made["id"], "label": "Blue", "chargerIds": []})
    assert changed["idToken"] == {"label": "Blue", "chargers": []}
    for name, usable in (("blockIdToken", False), ("unblockIdToken", True)):
        document = f"mutation B($id: ID!) {{ {name}(id: $id) {{ idToken {{ usable }} {_ERRORS} }} }}"
        assert codes(await street.ask("owner", document, id=made["id"])) == [("NOT_FOUND", ["id"])]
        assert (await street.ask("driver", document, id=made["id"]))["idToken"] == {"usable": usable}
    tokens = "{ idTokens(first: 5) { totalCount } }"
    counts = [(await street.ask(who, tokens))["totalCount"] for who in ("driver", "other", "staff")]
    assert counts == [2, 0, 2]


async def test_owners_see_how_their_chargers_are_used(street: Street) -> None:
    await street.session()
    await street.session(start=180, minutes=30)
    day = AT.astimezone(UTC).date()
    given = {"since": (day - timedelta(days=1)).isoformat(), "until": (day + timedelta(days=2)).isoformat()}
    fields = "hour sessions energyWh connectedSeconds chargingSeconds occupancy charger { identity }"
    document = f"query U($since: Date!, $until: Date!) {{ %s(since: $since, until: $until) {{ {fields} }} }}"
    for who in ("owner", "staff", "partner"):
        (whole,) = await street.ask(who, document % "chargingUse", **given)
        assert (whole["sessions"], whole["energyWh"], whole["connectedSeconds"]) == (2, "40000", "9000")
        (charger,) = await street.ask(who, document % "chargingUseByCharger", **given)
        assert charger["charger"] == {"identity": street.yard.charger.identity}
        assert 0 < charger["occupancy"] < 100
        hours = await street.ask(who, document % "chargingUseByHour", **given)
        assert [hour["connectedSeconds"] for hour in hours] == ["3600", "3600", "1800"] or len(hours) == 3
        assert sum(int(hour["energyWh"]) for hour in hours) == 40_000
        assert len(await street.ask(who, document % "chargingUseByDay", **given)) in (1, 2)
    (nothing,) = await street.ask("driver", document % "chargingUse", **given)
    assert (nothing["sessions"], nothing["energyWh"], nothing["occupancy"]) == (0, "0", 0)


async def test_who_asks_for_a_session_is_named_to_no_other_party(street: Street) -> None:
    names = "{ events { nodes { type actorName actorRole } } }"
    name = "Dee Driver"
    street.actors["driver"] = replace(street.actors["driver"], name=name)
    session = (await street.ask("driver", START, input=wanted(street)))["session"]
    await street.ask("driver", changing("stopSession"), id=session["id"])
    for who in ("owner", "partner", "staff", "driver"):
        told = (await street.ask(who, names))["nodes"]
        assert {"session.requested", "device_command.requested"} & {each["type"] for each in told}, who
        assert not [each for each in told if each["actorName"] == name], who
