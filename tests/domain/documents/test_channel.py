"""The three worked cases of the channel, from a signed order to the documents that partners and customer get.

`ACCEPT_DOCUMENTS=1` accepts them as they are now.
"""

import os
import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.commissions.months import bounds, month_of
from domain.contacts.models import Contact
from domain.documents.making.validating import faults_of
from domain.invoices.models import Invoice
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.commissioning import Channel, channel
from tests.domain.documents.golden import text_of
from tests.domain.documents.test_golden import values
from tests.domain.documents.test_keeping import rendered
from tests.invoicing import profile

FOLDER = Path(__file__).parent / "channel"
MONTHS = "januari februari maart april mei juni juli augustus september oktober november december"
PARTNERS = {
    "master": ("80000001", "NL800000006B01", "NL91ABNA0417164300"),
    "regional": ("80000002", "NL800000018B01", "NL20INGB0001234567"),
    "dealer": ("80000003", "NL800000031B01", "NL39RABO0300065264"),
    "below": ("80000004", "NL800000043B01", "NL02ABNA0123456789"),
}
CASES = {
    "dealer": {"master": 61_66, "regional": 37_00, "dealer": 24_67},
    "regional": {"master": 61_66, "regional": 37_00},
    "below": {"master": 61_66, "below": 37_00},
}
"""Where the order of 1,233.28 was placed, and what 5, 3 and 2 percent are. `below`: a direct partner of the master."""


async def set_up(database: Database) -> Channel:
    """The tree of partner-integration-workflow.md, its partners with numbers and addresses."""
    c = await channel(database)
    async with database.session(SYSTEM) as session:
        c.partners["below"] = await factories.organization(session, c.market.entity, c.partners["master"])
        for name, (kvk, vat, iban) in PARTNERS.items():
            contact = await session.get_one(Contact, c.partners[name].id)
            contact.name = contact.legal_name = f"Partner {name} B.V."
            contact.kvk_number, contact.vat_number, contact.iban = kvk, vat, iban
            contact.email = f"{name}-{factories.unique()}@example.nl"
            contact.address_id = (await factories.address(session, contact)).id
    await profile(c.market, c.market.customer.id, language="nl")
    return c


def anonymous(c: Channel, text: str) -> str:
    """Without what differs from one run to the next: names of the entity and the customer, numbers, days."""
    entity, customer = c.market.entity, c.market.customer
    for name, word in ((entity.legal_name, "ENTITY B.V."), (entity.name, "ENTITY"), (customer.name, "CUSTOMER")):
        text = text.replace(name, word)
    text = re.sub(r"\bArticle \w+", "ARTICLE", text)
    text = re.sub(r"\bRF\d\d\w+", "RF00", text)
    text = re.sub(rf"\b({entity.invoice_prefix}|{entity.code})(-SB)?-\d{{4}}-(\d{{5}})", r"X\2-JAAR-\3", text)
    text = re.sub(rf"\d{{1,2}} ({MONTHS.replace(' ', '|')}) \d{{4}}", "DAG", text)
    text = re.sub(rf"({MONTHS.replace(' ', '|')}) \d{{4}}", "MAAND", text)
    return re.sub(r"[0-9a-f]{32}@example.nl|[0-9a-f]{32}.localhost|\w? ?Brand \w+", "BRAND", text)


@pytest.mark.parametrize("placed_at", CASES)
async def test_the_worked_case(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, placed_at: str
) -> None:
    c = await set_up(database)
    month = month_of(clock.now())
    _, customers = await c.paid(placed_at)
    noon = bounds(month)[1] + timedelta(days=1, hours=12)
    monkeypatch.setattr(clock, "now", lambda: noon)
    commissions = {invoice.payer_contact_id: invoice for invoice in await c.pay(month)}
    assert {id: invoice.net_cents for id, invoice in commissions.items()} == _by_id(c, CASES[placed_at])
    ordered = [*customers, *(commissions[c.id(name)] for name in CASES[placed_at])]
    shown = anonymous(c, "\f".join([await _checked(c, settings, invoice) for invoice in ordered]))
    path = FOLDER / f"{placed_at}.txt"
    if "ACCEPT_DOCUMENTS" in os.environ:
        path.write_text(shown, encoding="utf-8")
    assert shown.split() == path.read_text(encoding="utf-8").split()  # where lines end depends on the names


def _by_id(c: Channel, cents: dict[str, int]) -> dict[UUID, int]:
    return {c.id(name): amount for name, amount in cents.items()}


async def _checked(c: Channel, settings: Settings, invoice: Invoice) -> str:
    """The text of the document, of which the electronic invoice breaks no rule and says the same amounts."""
    pdf, ubl = await rendered(c.market, settings, invoice.id)
    assert faults_of(ubl.content) == []
    cents = [
        values(ubl.content, f"cac:LegalMonetaryTotal/cbc:{name}") for name in ("TaxExclusiveAmount", "PayableAmount")
    ]
    assert cents == [[f"{amount / 100:.2f}"] for amount in (invoice.net_cents, invoice.gross_cents)]
    return text_of(pdf.content)
