"""Scorecards, promises, terms and tickets of partners over GraphQL and as files."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.context import Context, RequestFacts
from domain.numbering.service import AMSTERDAM
from domain.partner_management import export
from domain.partner_management.figures import Figure
from domain.partner_management.models import ScorePeriod
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA, Asker, codes, gid
from tests.quoting import Market, market

CARDS = """query($of: ID!) { partnerScorecards(filter: {organizationId: {eq: $of}, period: {eq: MONTH}}) { nodes {
  orders startsOn figures { figure unit value part whole } place { score rank ranked } } } }"""
TERMS = """mutation($e: ID!, $o: ID!, $terms: PartnerOrderTermsInput!, $preview: Boolean!) {
  savePartnerTerms(entityId: $e, organizationId: $o, terms: $terms, preview: $preview) {
    terms { creates mostLines ordersPerDay sla { uptime } } changes { term before after } effects { orders refused }
    userErrors { code field } } }"""
IN_FORCE = "query($e: ID!, $o: ID!) { partnerTerms(entityId: $e, organizationId: $o) { ordersPerDay mostLines } }"
OPEN = """mutation($input: OpenTicketInput!) { openTicket(input: $input) {
  ticket { id number state dueAt handling { owner { id } } } userErrors { code field } } }"""
ANSWER = """mutation($id: ID!, $body: String!, $internal: Boolean!) {
  answerTicket(id: $id, body: $body, internal: $internal) {
    ticket { state messages { nodes { body internal side } } } userErrors { code } } }"""
ANNOUNCE = """mutation($input: AnnounceMaintenanceInput!) { announceMaintenance(input: $input) {
  window { id cancelled } userErrors { code field } } }"""


@pytest.fixture
async def sold(database: Database) -> Market:
    made = await market(database, agreement={})
    async with database.session(SYSTEM) as session:
        made.actors["admin"] = await factories.actor_with(session, Role.TENANT_ADMIN, made.entity)
    return made


class Keyed(Asker):
    """Every request with a key of its own, as retries need one."""

    async def execute(self, document: str, variables: Mapping[str, Any]) -> Any:
        facts = RequestFacts(uuid4().hex, ip_address=uuid4().hex, idempotency_key=uuid4().hex)
        context = Context(self.actor, self.database, self.settings, facts)
        return await SCHEMA.execute(document, variable_values=dict(variables), context_value=context)


def asker(made: Market, settings: Settings, name: str) -> Asker:
    return Keyed(made.database, settings, made.actors[name])


async def test_figures_are_shown_with_what_is_behind_them_and_places_to_staff_alone(
    sold: Market, settings: Settings
) -> None:
    await sold.ordered()
    staff, dealer = asker(sold, settings, "staff"), asker(sold, settings, "dealer")
    refresh = "mutation($e: ID!) { refreshScorecards(entityId: $e) { scorecards userErrors { code } } }"
    done = (await staff.ask(refresh, e=gid("BusinessEntity", sold.entity.id)))["refreshScorecards"]
    assert done == {"scorecards": 4, "userErrors": []}
    of = gid("Organization", sold.dealer.id)
    (card,) = (await staff.ask(CARDS, of=of))["partnerScorecards"]["nodes"]
    figures = {each["figure"]: each for each in card["figures"]}
    assert list(figures) == [figure.value for figure in Figure]
    assert figures["CONVERSION"] == {
        "figure": "CONVERSION", "unit": "PERCENT", "value": "100.00", "part": "1", "whole": "1"
    }  # fmt: skip
    assert figures["AVERAGE_ORDER_VALUE"]["value"] == "1233.28"
    assert figures["TREND"]["value"] is None
    assert card["place"] == {"score": None, "rank": None, "ranked": 0}
    (own,) = (await dealer.ask(CARDS, of=of))["partnerScorecards"]["nodes"]
    assert (own["orders"], own["place"]) == (1, None)
    assert (await dealer.ask(CARDS, of=gid("Organization", sold.master.id)))["partnerScorecards"]["nodes"] == []
    told = (await dealer.ask("{ scorecardDefinitions { figure explanation formula } }"))["scorecardDefinitions"]
    assert [each["figure"] for each in told] == [figure.value for figure in Figure]
    today = datetime.now(AMSTERDAM).date().replace(day=1)
    found = export.scorecards(sold.database, sold.actors["staff"], sold.entity.id, ScorePeriod.MONTH, today)
    assert [row.orders for rows in [page async for page in found] for row in rows] == [1, 1]


async def test_terms_are_previewed_saved_and_inherited(sold: Market, settings: Settings) -> None:
    admin = asker(sold, settings, "admin")
    whom = {"e": gid("BusinessEntity", sold.entity.id), "o": gid("Organization", sold.master.id)}
    below = whom | {"o": gid("Organization", sold.dealer.id)}

    async def save(terms: dict[str, Any], *, preview: bool = False) -> Any:
        return (await admin.ask(TERMS, **whom, terms=terms, preview=preview))["savePartnerTerms"]

    previewed = await save({"ordersPerDay": 50}, preview=True)
    assert previewed["changes"] == [{"term": "ordersPerDay", "before": None, "after": 50}]
    assert previewed["effects"] == {"orders": 0, "refused": 0}
    assert (await admin.ask(IN_FORCE, **below))["partnerTerms"]["ordersPerDay"] is None
    saved = await save({"ordersPerDay": 50, "sla": {"uptime": "99.5"}})
    assert saved["terms"] == {"creates": "QUOTE", "mostLines": 50, "ordersPerDay": 50, "sla": {"uptime": "99.5"}}
    dealer = asker(sold, settings, "dealer")
    assert (await dealer.ask(IN_FORCE, **below))["partnerTerms"]["ordersPerDay"] == 50
    assert codes(await save({"mostLines": 0, "requiredFields": ["$.x"]})) == [
        ("NOT_A_CHOICE", ["terms", "requiredFields", "0"]),
        ("OUT_OF_RANGE", ["terms", "mostLines"]),
    ]
    nobody = (await admin.ask(TERMS, **below, terms={}, preview=False))["savePartnerTerms"]
    assert codes(nobody) == [("NOTHING_AGREED", ["organizationId"])]


async def test_tickets_and_maintenance_over_graphql(sold: Market, settings: Settings) -> None:
    staff, dealer = asker(sold, settings, "staff"), asker(sold, settings, "dealer")
    entity = gid("BusinessEntity", sold.entity.id)
    given = {"entityId": entity, "organizationId": gid("Organization", sold.dealer.id), "topic": "ORDER"}
    payload = (await dealer.ask(OPEN, input=given | {"subject": "Where?", "body": "When?"}))["openTicket"]
    assert codes(payload) == []
    opened = payload["ticket"]
    assert (opened["state"], opened["handling"]) == ("OPEN", None)
    faults = (await dealer.ask(OPEN, input=given | {"subject": " ", "body": ""}))["openTicket"]
    assert codes(faults) == [("REQUIRED", ["subject"]), ("REQUIRED", ["body"])]
    await staff.ask(ANSWER, id=opened["id"], body="Look at the depot", internal=True)
    seen = (await staff.ask(ANSWER, id=opened["id"], body="Tomorrow", internal=False))["answerTicket"]["ticket"]
    assert (seen["state"], len(seen["messages"]["nodes"])) == ("WAITING", 3)
    query = "{ partnerTickets { nodes { messages { nodes { body internal } } } } }"
    (ticket,) = (await dealer.ask(query))["partnerTickets"]["nodes"]
    assert [message["body"] for message in ticket["messages"]["nodes"]] == ["When?", "Tomorrow"]
    soon, then = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) + timedelta(hours=30)
    when = {"entityId": entity, "endsAt": (then + timedelta(hours=2)).isoformat(), "reason": "New disks"}
    refused = (await staff.ask(ANNOUNCE, input=when | {"startsAt": soon.isoformat()}))["announceMaintenance"]
    assert codes(refused) == [("MAINTENANCE_TOO_SOON", ["startsAt"])]
    made = (await staff.ask(ANNOUNCE, input=when | {"startsAt": then.isoformat()}))["announceMaintenance"]["window"]
    assert made["cancelled"] is False
    levels = "query($e: ID!) { serviceLevels(entityId: $e) { metric kept value } }"
    assert (await staff.ask(levels, e=entity))["serviceLevels"] == []


async def test_a_partner_announces_no_maintenance(sold: Market, settings: Settings) -> None:
    dealer = asker(sold, settings, "dealer")
    when = {"entityId": gid("BusinessEntity", sold.entity.id), "reason": "x"}
    times = {"startsAt": "2099-01-01T00:00:00Z", "endsAt": "2099-01-01T01:00:00Z"}
    assert await dealer.error(ANNOUNCE, input=when | times) == "FORBIDDEN"
