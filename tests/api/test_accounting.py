"""Accounting through GraphQL: as finance of an entity, as somebody of another, as a partner."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from api.reading.ids import parse_id
from domain.accounting import collecting
from domain.accounting.auditfile import making
from domain.accounting.models import AccountingConnection, AccountingPackage
from domain.jobs.models import Job
from domain.money import VatClass
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, gid
from tests.domain.accounting.books import Books, Sold, books

SAVE = """mutation S($input: AccountingConnectionInput!) { saveAccountingConnection(input: $input) {
  accountingConnection { id state since mapping administration } job { name state } userErrors { code field } } }"""
LIST = """{ accountingConnections { nodes { id package state waiting failed told } }
  accountingRecords { nodes { kind state reference code amount { cents } invoice { number } waitsFor { kind } } } }"""
VAT = """query V($id: ID!, $period: String!) { vatReturn(entityId: $id, period: $period) {
  boxes { box base { cents } vat { cents } vatEuros } difference { cents } } }"""
LINES = """query L($id: ID!, $after: String) { vatReturnLines(entityId: $id, period: "2026-Q1", box: "1a", first: 1,
  after: $after) { items { number base { cents } vat { cents } vatRules } cursor hasMore } }"""
EXPORT = """mutation E($id: ID!, $year: Int!) { exportAuditFile(entityId: $id, year: $year) {
  auditFile { id state year job { state } document { id } } userErrors { code field } } }"""
FILE = "query F($id: ID!) { auditFile(id: $id) { state lines debitCents creditCents document { kind fileName size } } }"


@dataclass
class Office:
    """Finance of two entities, and a partner of the first."""

    books: Books
    finance: Asker
    other: Asker
    partner: Asker

    @property
    def entity(self) -> str:
        return gid("BusinessEntity", self.books.entity.id)

    async def saved(self, asker: Asker | None = None, **given: Any) -> Any:
        values = {"entityId": self.entity, "package": "MONEYBIRD", **given}
        return (await (asker or self.finance).ask(SAVE, input=values))["saveAccountingConnection"]


@pytest.fixture
async def office(database: Database, settings: Settings) -> Office:
    mine = await books(database, settings)
    async with database.session(SYSTEM) as session:
        elsewhere = await factories.business_entity(session)
        partner = await factories.organization(session, mine.entity)
        actors = [
            await factories.actor_with(session, Role.FINANCE, mine.entity),
            await factories.actor_with(session, Role.FINANCE, elsewhere),
            await factories.actor_with(session, Role.PARTNER_ADMIN, mine.entity, organization=partner),
        ]
    return Office(mine, *(Asker(database, settings, actor) for actor in actors))


async def test_a_connection_is_saved_tested_and_never_shows_its_token(office: Office) -> None:
    made = await office.saved(administration="123", credentials={"token": "s3cret"}, since="2026-01-01")
    assert made["userErrors"] == []
    assert made["accountingConnection"]["state"] == "UNTESTED"
    assert made["job"]["name"] == "accounting.test"
    again = await office.saved(accounts=[{"key": "*", "id": "700"}], paused=True)
    assert again["accountingConnection"]["id"] == made["accountingConnection"]["id"]
    assert again["accountingConnection"]["mapping"]["accounts"] == {"*": "700"}
    assert (again["accountingConnection"]["state"], again["job"]) == ("PAUSED", None)
    async with office.books.database.session(SYSTEM) as session:
        arguments = [job.arguments for job in (await session.scalars(_jobs(office))).all()]
    assert "s3cret" not in str(arguments)


def _jobs(office: Office) -> Any:
    return select(Job).where(Job.entity_id == office.books.entity.id)


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({}, "ACCOUNTING_CREDENTIALS_REQUIRED", "credentials"),
        ({"credentials": {"token": "a\nb"}}, "ACCOUNTING_CREDENTIALS_REQUIRED", "credentials.token"),
        ({"credentials": {"token": "a"}, "administration": "1/2"}, "ACCOUNTING_CREDENTIALS_REQUIRED", "administration"),
        (
            {"credentials": {"token": "a"}, "accounts": [{"key": "NONE", "id": "1"}]},
            "ACCOUNTING_MAPPING_UNKNOWN",
            "accounts.NONE",
        ),
        ({"credentials": {"token": "a"}, "vat": [{"key": "X", "id": "1"}]}, "ACCOUNTING_MAPPING_UNKNOWN", "vatRates.X"),
        ({"credentials": {"token": "a"}, "since": "1999-01-01"}, "ACCOUNTING_SINCE_TOO_EARLY", "since"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_kept(
    office: Office, given: dict[str, Any], code: str, field: str
) -> None:
    refused = await office.saved(**given)
    assert refused["accountingConnection"] is None
    assert [(each["code"], ".".join(each["field"])) for each in refused["userErrors"]] == [(code, field)]
    assert (await office.finance.ask(LIST))["accountingConnections"]["nodes"] == []


async def test_nobody_else_sees_or_touches_it(office: Office) -> None:
    await office.saved(administration="123", credentials={"token": "a"})
    assert (await office.other.ask(LIST))["accountingConnections"]["nodes"] == []
    refused = await office.saved(office.other, credentials={"token": "b"})
    assert [each["code"] for each in refused["userErrors"]] == ["NOT_FOUND"]
    assert await office.partner.error("{ accountingConnections { totalCount } }") == "FORBIDDEN"


async def test_figures_of_a_vat_return_and_the_invoices_behind_them(office: Office) -> None:
    for _ in range(2):
        await office.books.invoice(Sold(100_00), Sold(50_00, VatClass.REDUCED))
    found = (await office.finance.ask(VAT, id=office.entity, period="2026-Q1"))["vatReturn"]
    by_name = {box["box"]: box for box in found["boxes"]}
    assert by_name["1a"]["vat"]["cents"] == "4200"
    assert (by_name["5g"]["vat"]["cents"], by_name["5g"]["vatEuros"]) == ("5100", 51)
    numbers, after = [], None
    while True:
        page = (await office.finance.ask(LINES, id=office.entity, after=after))["vatReturnLines"]
        numbers += [each["number"] for each in page["items"]]
        after = page["cursor"]
        if not page["hasMore"]:
            break
    assert sorted(numbers) == sorted(office.books.made)


async def test_an_audit_file_is_asked_for_and_downloaded(office: Office) -> None:
    asked = (await office.finance.ask(EXPORT, id=office.entity, year=2025))["exportAuditFile"]
    assert asked["userErrors"] == []
    assert (asked["auditFile"]["state"], asked["auditFile"]["document"]) == ("REQUESTED", None)

    async def quiet(_done: int, _total: int) -> None:
        """Nobody looks on."""

    async with office.books.database.session(office.finance.actor) as session:
        await making.make(session, parse_id(asked["auditFile"]["id"], "id")[1], quiet)
    made = (await office.finance.ask(FILE, id=asked["auditFile"]["id"]))["auditFile"]
    assert (made["state"], made["lines"], made["debitCents"]) == ("MADE", 0, "0")
    assert made["document"]["kind"] == "XAF"
    late = (await office.finance.ask(EXPORT, id=office.entity, year=2999))["exportAuditFile"]
    assert [each["code"] for each in late["userErrors"]] == ["AUDIT_FILE_YEAR"]


async def test_records_show_what_they_are_of(office: Office) -> None:
    id = await office.books.connect(AccountingPackage.MONEYBIRD)
    await office.books.invoice(Sold(100_00))
    async with office.books.database.session(SYSTEM) as session:
        await collecting.collect(session, await session.get_one(AccountingConnection, id))
    nodes = (await office.finance.ask(LIST))["accountingRecords"]["nodes"]
    [invoice] = [each for each in nodes if each["kind"] == "INVOICE"]
    assert invoice["invoice"]["number"] == invoice["reference"]
    assert (invoice["amount"]["cents"], invoice["waitsFor"]) == ("12100", {"kind": "CONTACT"})
