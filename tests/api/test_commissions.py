"""Commission over GraphQL: what staff do with it, and that each partner sees its own and nothing from which others'
could be told."""

import json
from datetime import timedelta
from typing import Any

import pytest

from domain.commissions.months import bounds, month_of
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import codes, gid
from tests.commissioning import LEVELS, Channel, channel
from tests.trading import Trader

FIVE, THREE, TWO = 61_66, 37_00, 24_67
EVERYTHING = """query { commissions(first: 50) { totalCount nodes { id kind cause status disputed commissionLevel
  commissionRate base { cents explanation { inputs { name value } } } uncut { cents }
  amount { cents explanation { formula inputs { name value } result } } total { cents } periodMonth measured
  beneficiary { id name } order { number } agreement { id commissionTerms { id terms } } reverses { id } changes { id }
  disputes { reason } selfBillingInvoice { number } } }
  commissionDisputes(first: 50) { totalCount nodes { reason commission { amount { cents } } } }
  agreements(first: 50) { nodes { id commissionTerms { terms } } }
  events(first: 250) { nodes { type payload } } }"""
STATEMENT = """query S($e: ID!, $o: ID, $m: Date!) { commissionStatement(entityId: $e, organizationId: $o, month: $m) {
  beneficiary { id } opening { cents } accrued { cents } earned { cents } changed { cents } paid { cents }
  closing { cents } due { cents } csv } }"""
RUN = """mutation R($i: CommissionMonthInput!, $p: Boolean = false) { runCommission(input: $i, preview: $p) {
  accrued changed userErrors { code field } } }"""
PAY = """mutation P($i: CommissionMonthInput!) { payCommissions(input: $i) {
  count invoices { number kind net { cents } } userErrors { code field } } }"""
DISPUTE = """mutation D($i: DisputeCommissionInput!) { disputeCommission(input: $i) {
  dispute { id state } commission { disputed } userErrors { code field } } }"""
ANSWER = """mutation A($i: AnswerCommissionDisputeInput!) { answerCommissionDispute(input: $i) {
  dispute { state answer correction { amount { cents } cause } } commission { total { cents } }
  userErrors { code field } } }"""
SIMULATE = """mutation S($i: SimulateCommissionInput!) { simulateCommission(input: $i) {
  orders count before { cents } after { cents } beneficiaries { id }
  differences { beneficiaryId before { cents } after { cents } difference { cents } } userErrors { code field } } }"""
SAVE = """mutation A($i: AgreementInput!) { saveAgreement(input: $i) {
  agreement { commissionTerms { terms } } userErrors { code field } } }"""


@pytest.fixture
async def c(database: Database) -> Channel:
    return await channel(database)


@pytest.fixture
async def staff(c: Channel, settings: Settings) -> Trader:
    return Trader(c.database, settings, c.finance)


def month_input(c: Channel) -> dict[str, Any]:
    return {"entityId": gid("BusinessEntity", c.entity_id), "month": month_of(clock.now()).isoformat()}


async def test_staff_run_and_pay_a_month(c: Channel, staff: Trader, monkeypatch: pytest.MonkeyPatch) -> None:
    await c.order("dealer")
    given = month_input(c)
    assert (await staff.ask(RUN, i=given, p=True))["runCommission"]["accrued"] == 3
    assert (await staff.ask(RUN, i=given))["runCommission"] == {"accrued": 3, "changed": 0, "userErrors": []}
    assert codes((await staff.ask(PAY, i=given))["payCommissions"]) == [("PERIOD_NOT_OVER", ["month"])]
    await c.paid("direct")
    now = bounds(month_of(clock.now()))[1] + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    paid = (await staff.ask(PAY, i=given))["payCommissions"]
    assert (paid["count"], [one["net"]["cents"] for one in paid["invoices"]]) == (1, [str(FIVE)])


async def test_each_partner_sees_its_own_and_nobody_elses(c: Channel, settings: Settings) -> None:
    await c.terms("master", levels=["7.77", "3.33", "1.11"], caps={"order_cents": 100_00})
    await c.order("agent")
    await c.react()
    sums = await c.sums()
    assert sum(sums.values()) == 100_00
    for name in LEVELS:
        seen = await Trader(c.database, settings, c.admins[name]).ask(EVERYTHING)
        (record,) = seen["commissions"]["nodes"]
        assert seen["commissions"]["totalCount"] == 1
        assert record["beneficiary"]["id"] == gid("Organization", c.id(name))
        assert record["amount"]["cents"] == str(sums[name])
        assert all(one["commissionTerms"] is None for one in seen["agreements"]["nodes"])
        told = [event for event in seen["events"]["nodes"] if event["type"].startswith("commission.")]
        assert [
            event["payload"]["amountCents" if "amountCents" in event["payload"] else "amount_cents"] for event in told
        ] == [sums[name]]
        _no_trace_of_others(json.dumps(seen), name, sums)


def _no_trace_of_others(text: str, name: str, sums: dict[str, int]) -> None:
    """Neither rates nor amounts of the others, nor the cap from which their sum would follow."""
    rates = dict(zip(LEVELS, ("7.77", "3.33", "1.11", "0"), strict=True))
    for other in set(LEVELS[:3]) - {name}:
        assert f'"{sums[other]}"' not in text
        assert rates[other] not in text
    assert '"10000"' not in text


async def test_statements_are_of_ones_own(c: Channel, settings: Settings, staff: Trader) -> None:
    await c.ordered("dealer")
    given = {"e": gid("BusinessEntity", c.entity_id), "m": month_of(clock.now()).isoformat()}
    for name, cents in (("master", FIVE), ("regional", THREE), ("dealer", TWO)):
        asker = Trader(c.database, settings, c.admins[name])
        own = (await asker.ask(STATEMENT, **given))["commissionStatement"]
        assert (own["beneficiary"]["id"], own["closing"]["cents"]) == (gid("Organization", c.id(name)), str(cents))
        assert len(own["csv"].splitlines()) == 2
        for other in set(LEVELS) - {name}:
            asked = await asker.ask(STATEMENT, o=gid("Organization", c.id(other)), **given)
            assert asked["commissionStatement"] is None
        by_staff = await staff.ask(STATEMENT, o=gid("Organization", c.id(name)), **given)
        assert by_staff["commissionStatement"] == own


@pytest.mark.parametrize("document", [RUN, PAY, SIMULATE, ANSWER])
async def test_partners_neither_run_nor_pay_nor_simulate_nor_answer(
    c: Channel, settings: Settings, document: str
) -> None:
    given: dict[str, Any] = month_input(c)
    if document == SIMULATE:
        given = {"entityId": given["entityId"], "since": "2026-01-01", "until": "2026-02-01"}
    elif document == ANSWER:
        given = {"id": gid("CommissionDispute", c.entity_id), "answer": "Yes"}
    for name in ("master", "agent"):
        assert await Trader(c.database, settings, c.admins[name]).error(document, i=given) == "FORBIDDEN"


async def test_a_dispute_from_end_to_end(c: Channel, settings: Settings, staff: Trader) -> None:
    await c.ordered("dealer")
    record = next(row for row in await c.rows() if row.beneficiary_contact_id == c.id("dealer"))
    id = gid("Commission", record.id)
    dealer = Trader(c.database, settings, c.admins["dealer"])
    regional = Trader(c.database, settings, c.admins["regional"])
    given = {"commissionId": id, "reason": "Three percent was agreed"}
    refused = (await regional.ask(DISPUTE, i=given))["disputeCommission"]
    assert codes(refused) == [("NOT_FOUND", ["commissionId"])]
    opened = (await dealer.ask(DISPUTE, i=given))["disputeCommission"]
    assert (opened["dispute"]["state"], opened["commission"]["disputed"]) == ("OPEN", True)
    answer = {"id": opened["dispute"]["id"], "answer": "You are right", "amountCents": str(THREE)}
    answered = (await staff.ask(ANSWER, i=answer))["answerCommissionDispute"]
    assert answered["dispute"] == {
        "state": "UPHELD",
        "answer": "You are right",
        "correction": {"amount": {"cents": str(THREE - TWO)}, "cause": "CORRECTED"},
    }
    assert answered["commission"]["total"]["cents"] == str(THREE)
    again = (await staff.ask(ANSWER, i=answer))["answerCommissionDispute"]
    assert codes(again) == [("DISPUTE_NOT_OPEN", ["id"])]


async def test_a_simulation_says_who_wins_and_who_loses(c: Channel, staff: Trader) -> None:
    await c.ordered("direct")
    today = clock.now().date()
    given: dict[str, Any] = {
        "entityId": gid("BusinessEntity", c.entity_id),
        "since": (today - timedelta(days=1)).isoformat(),
        "until": (today + timedelta(days=2)).isoformat(),
        "moves": [
            {"organizationId": gid("Organization", c.id("direct")), "parentId": gid("Organization", c.id("master"))}
        ],
        "terms": [{"commission": {"levels": ["10", "1"]}}],
    }
    found = (await staff.ask(SIMULATE, i=given))["simulateCommission"]
    assert found["userErrors"] == []
    assert (found["orders"], found["before"]["cents"], found["after"]["cents"]) == (1, str(FIVE), str(12333 + 1233))
    assert {one["beneficiaryId"]: one["difference"]["cents"] for one in found["differences"]} == {
        gid("Organization", c.id("master")): "12333",
        gid("Organization", c.id("direct")): str(1233 - FIVE),
    }
    given["moves"][0]["parentId"] = given["moves"][0]["organizationId"]
    circle = (await staff.ask(SIMULATE, i=given))["simulateCommission"]
    assert codes(circle) == [("TREE_CIRCLE", ["moves", "0", "parentId"])]


async def test_terms_are_agreed_with_the_agreement(c: Channel, settings: Settings) -> None:
    staff = Trader(c.database, settings, c.market.actors["admin"])
    given = {
        "entityId": gid("BusinessEntity", c.entity_id),
        "organizationId": gid("Organization", c.id("direct")),
        "commission": {
            "levels": ["6", "4.5"],
            "kickback": {"per": "ORDER", "amountCents": "2500"},
            "bonuses": [{"metric": "ORDERS", "period": "QUARTER", "tiers": [{"from": "50", "percent": "0.5"}]}],
            "caps": {"monthCents": "100000"},
        },
    }
    saved = (await staff.ask(SAVE, i=given))["saveAgreement"]
    assert saved["userErrors"] == []
    terms = saved["agreement"]["commissionTerms"]["terms"]
    assert (terms["levels"], terms["kickback"], terms["caps"]["month_cents"]) == (
        ["6", "4.5"],
        {"per": "ORDER", "amount_cents": 2500},
        100000,
    )
    given["commission"] = {"levels": ["101"], "kickback": {"per": "LEAD", "percent": "1"}}
    refused = (await staff.ask(SAVE, i=given))["saveAgreement"]
    assert sorted(codes(refused)) == [
        ("ONE_OF_TWO", ["commission", "kickback", "percent"]),
        ("OUT_OF_RANGE", ["commission", "levels", "0"]),
    ]
