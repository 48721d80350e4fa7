"""`recompute`: past documents give the same cents, other rates give others, what is not shown is not computed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from domain import money
from domain.money import VatClass
from domain.quotes.models import LineItem
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.test_explanations import billed
from tests.asking import Asker, gid
from tests.invoicing import invoices_of
from tests.quoting import market

RECOMPUTE = """query R($id: ID!, $asOf: Date) { recompute(id: $id, asOf: $asOf) {
  equal currency asOf amounts { path formula version stored recomputed roundingRemainder equal } } }"""


async def test_every_document_gives_the_same_cents(database: Database, settings: Settings) -> None:
    c = await billed(database)
    asker = Asker(database, settings, c.finance)
    documents = [gid("Invoice", invoice.id) for invoice in await invoices_of(c.market)]
    rows = await c.rows()
    documents += [gid("Commission", row.id) for row in rows]
    documents += [gid("Order", order_id) for order_id in {row.order_id for row in rows if row.order_id}]
    assert len(documents) > 15
    formulas: set[str] = set()
    for id in documents:
        found = (await asker.ask(RECOMPUTE, id=id))["recompute"]
        assert found["equal"], found
        assert all(each["equal"] for each in found["amounts"])
        formulas |= {each["formula"] for each in found["amounts"]}
    assert formulas >= {
        "line.net",
        "line.vat",
        "party.gross",
        "invoice.net",
        "invoiceLine.portion.net",
        "creditLine.net",
        "creditLine.vat",
        "creditLine.vatOfAmount",
        "commission.base",
        "commission.rate",
        "commission.amount",
        "commission.change",
    }


async def test_a_partner_computes_its_own(database: Database, settings: Settings) -> None:
    c = await billed(database)
    for row in await c.rows():
        name = next(name for name, partner in c.partners.items() if partner.id == row.beneficiary_contact_id)
        for other, actor in c.admins.items():
            found = (await Asker(database, settings, actor).ask(RECOMPUTE, id=gid("Commission", row.id)))["recompute"]
            assert (found is not None) == (other == name)
            assert found is None or found["equal"]


async def test_the_rate_of_another_day_gives_other_cents(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote(m.line("station", quantity=Decimal("1.5")), m.line("installation"))
    asker = Asker(database, settings, m.actors["staff"])
    changed = {**money._RATES, VatClass.STANDARD: ((date(2030, 1, 1), Decimal(25)), *money._RATES[VatClass.STANDARD])}
    monkeypatch.setattr(money, "_RATES", changed)
    today = (await asker.ask(RECOMPUTE, id=gid("Quote", quote_id)))["recompute"]
    later = (await asker.ask(RECOMPUTE, id=gid("Quote", quote_id), asOf="2030-01-01"))["recompute"]
    assert today["equal"]
    assert not later["equal"]
    assert {each["path"] for each in later["amounts"] if not each["equal"]} >= {"lines.1.vat", "lines.1.gross"}
    assert all(each["equal"] for each in later["amounts"] if each["path"].endswith(".net"))


async def test_a_cent_that_was_changed_shows(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote(send=False)
    async with database.session(SYSTEM) as session:
        wrong = update(LineItem).where(LineItem.quote_id == quote_id, LineItem.position == 1)
        await session.execute(wrong.values(net_cents=LineItem.net_cents + 1, vat_cents=LineItem.vat_cents - 1))
    found = (await Asker(database, settings, m.actors["staff"]).ask(RECOMPUTE, id=gid("Quote", quote_id)))["recompute"]
    assert not found["equal"]
    assert {each["path"] for each in found["amounts"] if not each["equal"]} == {"lines.1.net", "lines.1.vat"}


@pytest.mark.parametrize(
    ("kind", "as_of", "code"),
    [
        ("Contact", None, "NOT_RECOMPUTABLE"),
        ("Nothing", None, "NOT_RECOMPUTABLE"),
        ("Quote", "1990-01-01", "UNKNOWN_FORMULA"),
    ],
)
async def test_what_cannot_be_computed_is_refused_with_a_code(
    kind: str, as_of: Any, code: str, database: Database, settings: Settings
) -> None:
    m = await market(database, agreement={})
    id = gid(kind, await m.quote())
    assert await Asker(database, settings, m.actors["staff"]).error(RECOMPUTE, id=id, asOf=as_of) == code


async def test_what_is_not_there_for_somebody_is_nothing(database: Database, settings: Settings) -> None:
    m, other = await market(database, agreement={}), await market(database)
    id = gid("Quote", await m.quote(send=False))
    for actor in (other.actors["staff"], m.actors["customer"], m.actors["dealer"]):
        assert await Asker(database, settings, actor).ask(RECOMPUTE, id=id) == {"recompute": None}
