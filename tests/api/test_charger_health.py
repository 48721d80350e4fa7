"""Health of chargers over GraphQL: who sees what, and what is done from an alert to the visit that ends it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from api.context import Context, RequestFacts
from domain.health import alerts, assessing, troubles
from domain.health.alerts import AlertReport
from domain.health.models import Severity
from domain.health.troubles import Trouble
from domain.numbering.service import AMSTERDAM
from domain.visits.models import Visit
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, codes, gid
from tests.domain.health.chargers import charger, device
from tests.quoting import Market, market

DUE = (datetime.now(AMSTERDAM).date() + timedelta(days=10)).isoformat()
_ERRORS = "userErrors { code field message }"
HEALTH = """query($id: ID!) { chargerHealth(chargerId: $id) {
  score temperature faults restarts powerPercent offlineSince computedAt charger { identity }
  reasons { cause figure unit threshold full weight points }
  alerts(first: 5, filter: {state: {eq: OPEN}}) { totalCount edges { node { code severity } } }
  maintenance(first: 5) { totalCount } } }"""
ALERTS = """query($charger: ID!, $code: [String!]) { chargerAlerts(first: 10,
    orderBy: {field: SEVERITY, direction: DESC}, filter: {chargerId: {eq: $charger}, code: {in: $code}}) {
  totalCount edges { node {
  id code severity state source connector text occurrences openedAt closeReason
  handling { acknowledgedBy { id } closedBy { id } } charger { name } maintenance { title } } } } }"""
ALERT = "alert { state closeReason handling { acknowledgedBy { id } } } " + _ERRORS
TASK = (
    """task { id state title dueOn priority score outcome reasons { cause points }
  work { note assignedTo { id } } visit { id } alerts(first: 5) { edges { node { id state } } } } """
    + _ERRORS
)
PLAN = f"mutation($input: PlanMaintenanceInput!) {{ planMaintenance(input: $input) {{ {TASK} }} }}"
TASKS = """query { maintenanceTasks(first: 10, filter: {state: {in: [OPEN, SCHEDULED]}}, orderBy: {field: DUE_ON}) {
  totalCount edges { node { title work { note } } } } }"""


def on(name: str, kind: str = "ID!", arguments: str = "id: $id") -> str:
    """A mutation of one alert or task."""
    body = ALERT if name.endswith("Alert") else TASK
    return f"mutation($id: {kind}) {{ {name}({arguments}) {{ {body} }} }}"


@dataclass
class Site:
    """A charger of a customer that is ill, and those who ask about it."""

    database: Database
    settings: Settings
    sold: Market
    charger_id: UUID
    alert: str
    order_id: UUID
    operations: Actor

    def by(self, actor: Actor) -> Asker:
        return Asker(self.database, self.settings, actor)

    @property
    def office(self) -> Asker:
        return self.by(self.operations)

    @property
    def user(self) -> str:
        assert self.operations.user_id is not None
        return gid("User", self.operations.user_id)

    @property
    def charger(self) -> str:
        return gid("Charger", self.charger_id)

    async def plan(self, input: dict[str, object]) -> Any:
        """The payload of planMaintenance, asked once."""
        facts = RequestFacts(uuid4().hex, ip_address=uuid4().hex, idempotency_key=uuid4().hex)
        context = Context(self.operations, self.database, self.settings, facts)
        result = await SCHEMA.execute(PLAN, variable_values={"input": input}, context_value=context)
        assert result.data is not None, result.errors
        return result.data["planMaintenance"]

    def input(self, **values: object) -> dict[str, object]:
        return {"chargerId": self.charger, "title": "Ventilator vervangen", "dueOn": DUE, "alertIds": []} | values


@pytest.fixture
async def site(database: Database, settings: Settings) -> Site:
    sold = await market(database, agreement={})
    order_id = await sold.ordered()
    now = datetime.now(UTC)
    async with database.session(SYSTEM) as session:
        given = {"owner_contact_id": sold.customer.id, "channel_organization_ids": [sold.dealer.id], "name": "Oprit"}
        row = await charger(session, sold.entity, order_id=order_id, last_seen_at=now, access="PUBLIC", **given)
        alert = await alerts.raise_(session, device(row), AlertReport("FAN", Severity.CRITICAL, now, "Fan is stuck", 1))
        await troubles.count(session, [(row.id, Trouble(faults=29, restarts=20))], now)
        await assessing.assess(session, [row.id], now)
        operations = await factories.actor_with(session, Role.OPERATIONS, sold.entity)
    return Site(database, settings, sold, row.id, gid("ChargerAlert", alert), order_id, operations)


async def test_owner_partner_and_office_see_how_a_charger_is_and_nobody_else(site: Site) -> None:
    for name in ("staff", "dealer", "customer"):
        health = (await site.by(site.sold.actors[name]).ask(HEALTH, id=site.charger))["chargerHealth"]
        assert (health["score"], health["faults"], health["restarts"]) == (75, 30, 20), name
        assert health["reasons"] == [
            {
                "cause": "FAULTS",
                "figure": 30,
                "unit": "in 7 days",
                "threshold": 3,
                "full": 30,
                "weight": 50,
                "points": 50,
            },
            {
                "cause": "RESTARTS",
                "figure": 20,
                "unit": "in 7 days",
                "threshold": 3,
                "full": 20,
                "weight": 25,
                "points": 25,
            },
        ]
        assert {edge["node"]["code"] for edge in health["alerts"]["edges"]} == {
            "FAN",
            "ERROR_RATE",
            "FAILURE_PREDICTED",
        }
    async with site.database.session(SYSTEM) as session:
        neighbour = await factories.person(session, site.sold.entity)
        driver = await factories.actor_with(session, Role.EV_DRIVER, site.sold.entity, contact=neighbour)
    stranger = (await market(site.database)).actors["staff"]
    for actor in (driver, stranger):
        assert (await site.by(actor).ask(HEALTH, id=site.charger))["chargerHealth"] is None
        assert (await site.by(actor).ask(ALERTS, charger=site.charger))["chargerAlerts"]["totalCount"] == 0


async def test_alerts_are_listed_the_worst_first_and_who_dealt_with_them_is_for_the_office(site: Site) -> None:
    await site.office.ask(on("acknowledgeAlert"), id=site.alert)
    found = (await site.office.ask(ALERTS, charger=site.charger))["chargerAlerts"]["edges"]
    assert [edge["node"]["severity"] for edge in found] == ["CRITICAL", "WARNING", "WARNING"]
    assert found[0]["node"]["handling"] == {
        "acknowledgedBy": {"id": site.user},
        "closedBy": None,
    }
    mine = site.by(site.sold.actors["customer"])
    (fan,) = (await mine.ask(ALERTS, charger=site.charger, code=["FAN"]))["chargerAlerts"]["edges"]
    assert (fan["node"]["text"], fan["node"]["connector"], fan["node"]["handling"]) == ("Fan is stuck", 1, None)
    assert fan["node"]["charger"] == {"name": "Oprit"}


async def test_alerts_are_seen_to_closed_and_taken_back(site: Site) -> None:
    closed = on("closeAlert", arguments='id: $id, reason: "Schoongemaakt"')
    for document, state in ((on("acknowledgeAlert"), "ACKNOWLEDGED"), (closed, "CLOSED"), (on("reopenAlert"), "OPEN")):
        [payload] = (await site.office.ask(document, id=site.alert)).values()
        assert (payload["userErrors"], payload["alert"]["state"]) == ([], state)
    [again] = (await site.office.ask(on("reopenAlert"), id=site.alert)).values()
    assert codes(again) == [("ALERT_OPEN", ["id"])]
    for name in ("dealer", "customer"):
        assert await site.by(site.sold.actors[name]).error(on("closeAlert"), id=site.alert) == "FORBIDDEN"


async def test_maintenance_from_alert_to_visit_and_back(site: Site) -> None:
    given = site.input(alertIds=[site.alert], assignedTo=site.user, note="Sleutel bij de buren", priority="CRITICAL")
    task = (await site.plan(given))["task"]
    assert (task["state"], task["score"], task["priority"]) == ("OPEN", 75, "CRITICAL")
    assert task["work"] == {"note": "Sleutel bij de buren", "assignedTo": {"id": site.user}}
    assert [edge["node"] for edge in task["alerts"]["edges"]] == [{"id": site.alert, "state": "ACKNOWLEDGED"}]
    async with site.database.session(SYSTEM) as session:
        visits = select(Visit.id).where(Visit.order_id == site.order_id).order_by(Visit.position)
        visit = gid("Visit", (await session.scalars(visits)).first())  # type: ignore[arg-type]  # there is one
    schedule = f"mutation($id: ID!, $visit: ID!) {{ scheduleMaintenance(id: $id, visitId: $visit) {{ {TASK} }} }}"
    scheduled = (await site.office.ask(schedule, id=task["id"], visit=visit))["scheduleMaintenance"]["task"]
    assert (scheduled["state"], scheduled["visit"]) == ("SCHEDULED", {"id": visit})
    steps = (
        (on("unscheduleMaintenance"), "OPEN"),
        (on("completeMaintenance", arguments='id: $id, outcome: "Nieuwe ventilator"'), "DONE"),
        (on("reopenMaintenance"), "OPEN"),
        (on("cancelMaintenance"), "CANCELLED"),
    )
    for document, state in steps:
        [payload] = (await site.office.ask(document, id=task["id"])).values()
        assert (payload["userErrors"], payload["task"]["state"]) == ([], state)
    [over] = (await site.office.ask(on("completeMaintenance"), id=task["id"])).values()
    assert codes(over) == [("MAINTENANCE_ENDED", ["id"])]


async def test_maintenance_is_changed_and_listed_and_its_note_stays_in_the_office(site: Site) -> None:
    task = (await site.plan(site.input(note="Sleutel bij de buren")))["task"]
    change = f'mutation($id: ID!) {{ changeMaintenance(id: $id, input: {{title: "Keuren"}}) {{ {TASK} }} }}'
    assert (await site.office.ask(change, id=task["id"]))["changeMaintenance"]["task"]["title"] == "Keuren"
    assert (await site.office.ask(on("assignMaintenance"), id=task["id"]))["assignMaintenance"]["userErrors"] == []
    own = (await site.by(site.sold.actors["customer"]).ask(TASKS))["maintenanceTasks"]
    assert own == {"totalCount": 1, "edges": [{"node": {"title": "Keuren", "work": None}}]}


async def test_what_is_wrong_with_a_plan_is_said_at_its_place(site: Site) -> None:
    faulty = site.input(title=" ", dueOn="2020-01-01")
    found = codes(await site.plan(faulty))
    assert {tuple(field) for _, field in found} == {("title",), ("dueOn",)}
    other = gid("ChargerAlert", site.charger_id)
    unknown = codes(await site.plan(site.input(alertIds=[site.alert, other])))
    assert unknown == [("NOT_FOUND", ["alertIds", "1"])]
