"""The books over GraphQL: accounts, entries, reports, closing; who may not."""

from datetime import date
from typing import Any

import pytest

from domain.ledger.months import later, month_of
from domain.ledger.posting import post_many, today
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import codes, gid
from tests.domain.ledger.books import posted, sale
from tests.domain.ledger.test_reports import worked
from tests.trading import Trader

LAST = later(month_of(today()), -1)
CLOSE = """mutation($e: ID!, $m: Date!, $preview: Boolean = false) {
  closePeriod(entityId: $e, month: $m, preview: $preview) { month checks { name holds } userErrors { code field } } }"""
REOPEN = "mutation($e: ID!, $m: Date!) { reopenPeriod(entityId: $e, month: $m) { month userErrors { code field } } }"
RATE = """mutation($input: IntercompanyRateInput!) { saveIntercompanyRate(input: $input) {
  rate { percent validFrom validUntil seller { id } } userErrors { code field } } }"""
SETTLE = """mutation($e: ID!, $o: ID!, $m: Date!) { settleIntercompany(entityId: $e, otherEntityId: $o, month: $m) {
  entries { number kind lines(first: 9) { nodes { debit { cents } credit { cents } account { role } } } }
  userErrors { code field } } }"""


@pytest.fixture
async def asked(database: Database, settings: Settings) -> tuple[Trader, str, Actor]:
    """A bookkeeper of one entity with a sale in the last month, and the entity's id."""
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        actor = await factories.actor_with(session, Role.FINANCE, entity)
        await posted(session, entity.id, booked_on=LAST, legs=sale())
    return Trader(database, settings, actor), gid("BusinessEntity", entity.id), actor


async def test_accounts_stand_at_what_was_booked_until_a_day(asked: tuple[Trader, str, Actor]) -> None:
    asker, entity, _ = asked
    document = """query($e: ID!, $d: Date) { ledgerAccounts(first: 250, filter: {entityId: {eq: $e}}) {
      nodes { code role rgsCode balance(asOf: $d) { cents } entity { id } } } }"""
    now = (await asker.ask(document, e=entity))["ledgerAccounts"]["nodes"]
    assert {n["role"]: n["balance"]["cents"] for n in now if n["balance"]["cents"] != "0"} == {
        "CASH": "12100",
        "REVENUE_OTHER": "10000",
        "VAT_STANDARD": "2100",
    }
    assert [n["code"] for n in now] == sorted(n["code"] for n in now)
    before = (await asker.ask(document, e=entity, d=later(LAST, -1).isoformat()))["ledgerAccounts"]["nodes"]
    assert {n["balance"]["cents"] for n in before} == {"0"}


async def test_entries_are_found_by_account_and_day(asked: tuple[Trader, str, Actor]) -> None:
    asker, entity, _ = asked
    document = """query($f: JournalEntryFilter) { journalEntries(first: 5, filter: $f) {
      nodes { number kind total { amount } sourceType lines(first: 5) { nodes { position account { id role }
      debit { cents } } } } } }"""
    found = (await asker.ask(document, f={"entityId": {"eq": entity}}))["journalEntries"]["nodes"]
    assert [(n["kind"], n["total"]["amount"]) for n in found] == [("INVOICE", "121.00")]
    cash, _, vat = (line["account"]["id"] for line in found[0]["lines"]["nodes"])
    for account, day, many in ((cash, LAST, 1), (vat, later(LAST, 1), 0)):
        wanted = {"accountId": account, "bookedOn": {"gte": day.isoformat()}}
        assert len((await asker.ask(document, f=wanted))["journalEntries"]["nodes"]) == many
    by_number = "query($n: String) { journalEntry(number: $n) { number } }"
    assert (await asker.ask(by_number, n=found[0]["number"]))["journalEntry"] == {"number": found[0]["number"]}


async def test_reports_add_up(asked: tuple[Trader, str, Actor]) -> None:
    asker, entity, _ = asked
    document = """query($e: ID!, $s: Date, $u: Date) {
      profitAndLoss(entityIds: [$e], since: $s, until: $u, by: MONTH, consolidated: true) {
        total { revenue { cents } expense { cents } result { cents } } previous { result { cents } }
        periods { since result { cents } } lines { account { code entityId } amounts { cents } total { cents } } }
      trialBalance(entityId: $e, since: $s, until: $u) { debit { cents } credit { cents }
        lines { account { code entityId } opening { cents } closing { cents } } } }"""
    until = later(LAST, 1)
    found = await asker.ask(document, e=entity, s=LAST.isoformat(), u=until.isoformat())
    report, trial = found["profitAndLoss"], found["trialBalance"]
    assert report["total"]["result"]["cents"] == "10000" == report["periods"][0]["result"]["cents"]
    assert [(line["account"]["entityId"], line["total"]["cents"]) for line in report["lines"]] == [(None, "10000")]
    assert trial["debit"] == trial["credit"] == {"cents": "12100"}
    assert [int(line["closing"]["cents"]) for line in trial["lines"]] == [12100, -2100, -10000]
    assert {line["account"]["entityId"] for line in trial["lines"]} == {entity}
    refused = await asker.error(document, e=entity, s="2000-01-01", u="2199-01-01")
    assert refused


async def test_a_month_is_closed_and_opened(asked: tuple[Trader, str, Actor]) -> None:
    asker, entity, _ = asked
    checked = "query($e: ID!, $m: Date!) { closingChecks(entityId: $e, month: $m) { nextMonth checks { name holds } } }"
    found = (await asker.ask(checked, e=entity, m=LAST.isoformat()))["closingChecks"]
    assert found["nextMonth"] == LAST.isoformat()
    assert {check["name"] for check in found["checks"] if check["holds"]} >= {"balance", "numbers"}
    previewed = (await asker.ask(CLOSE, e=entity, m=LAST.isoformat(), preview=True))["closePeriod"]
    assert previewed["month"] == LAST.isoformat()
    closed = (await asker.ask(CLOSE, e=entity, m=LAST.isoformat()))["closePeriod"]
    assert (closed["month"], closed["userErrors"]) == (LAST.isoformat(), [])
    again = (await asker.ask(CLOSE, e=entity, m=LAST.isoformat()))["closePeriod"]
    assert codes(again) == [("PERIOD_ORDER", ["month"])]
    periods = "query($e: ID) { ledgerPeriods(entityId: $e) { month closedAt closedBy { id } entity { id } } }"
    assert [p["month"] for p in (await asker.ask(periods, e=entity))["ledgerPeriods"] if p["closedAt"]] == [
        LAST.isoformat()
    ]
    assert (await asker.ask(REOPEN, e=entity, m=LAST.isoformat()))["reopenPeriod"]["month"] == LAST.isoformat()
    assert codes((await asker.ask(REOPEN, e=entity, m=LAST.isoformat()))["reopenPeriod"]) == [
        ("NO_CLOSED_PERIOD", ["month"])
    ]


async def test_entities_agree_and_settle(database: Database, settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        one, other = await factories.business_entity(session), await factories.business_entity(session)
        actor = await factories.actor_with(session, Role.FINANCE, [one, other])
        await post_many(session, worked(one.id, other.id, 700))
    asker = Trader(database, settings, actor)
    ids: dict[str, Any] = {"e": gid("BusinessEntity", one.id), "o": gid("BusinessEntity", other.id)}
    given = {"sellerEntityId": ids["e"], "executingEntityId": ids["o"], "category": "INSTALLATION_SERVICE"}
    saved = (await asker.ask(RATE, input=given | {"percent": "70", "since": "2026-01-01"}))["saveIntercompanyRate"]
    assert saved["rate"] == {
        "percent": "70.00",
        "validFrom": "2026-01-01",
        "validUntil": None,
        "seller": {"id": ids["e"]},
    }
    refused = (await asker.ask(RATE, input=given | {"percent": "101", "since": "2026-01-01"}))["saveIntercompanyRate"]
    assert codes(refused) == [("OUT_OF_RANGE", ["percent"])]
    settled = (await asker.ask(SETTLE, m=LAST.isoformat(), **ids))["settleIntercompany"]
    assert settled["userErrors"] == []
    roles = [[line["account"]["role"] for line in entry["lines"]["nodes"]] for entry in settled["entries"]]
    assert roles == [["INTERCOMPANY_PAYABLE", "TRANSIT"], ["INTERCOMPANY_RECEIVABLE", "TRANSIT"]]
    assert all(entry["number"] for entry in settled["entries"])
    nothing = (await asker.ask(SETTLE, m=later(LAST, -1).isoformat(), **ids))["settleIntercompany"]
    assert codes(nothing) == [("NOTHING_TO_SETTLE", [])]


@pytest.mark.parametrize("role", [Role.OPERATIONS, Role.PLANNER])
async def test_the_books_are_for_those_who_keep_them(database: Database, settings: Settings, role: Role) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        actor = await factories.actor_with(session, role, entity)
    asker = Trader(database, settings, actor)
    assert await asker.error("{ journalEntries(first: 1) { nodes { number } } }")
    assert await asker.error(CLOSE, e=gid("BusinessEntity", entity.id), m=date(2026, 1, 1).isoformat())
