"""Postings of every entity, and what each agreed with the next for work between them."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import ArticleCategory
from domain.contacts.models import ContactRelation
from domain.ledger.executing import Share, both_sides
from domain.ledger.intercompany import GivenRate, save_rate
from domain.ledger.models import AccountRole, EntryKind, LedgerPeriod
from domain.ledger.posting import Entry, credit, debit, post_many, reverse
from domain.money import Money
from domain.orders.models import Order
from domain.quotes.models import LineItem
from tenants.models import BusinessEntity


async def add_books(session: AsyncSession) -> None:
    """As the system."""
    ids = list((await session.execute(select(BusinessEntity.id).order_by(BusinessEntity.code))).scalars())
    for one, other in zip(ids, [*ids[1:], ids[0]], strict=True):
        await save_rate(session, GivenRate(one, other, ArticleCategory.METER_BOX_MODULE, Decimal(70), date(2024, 1, 1)))
        order = (await session.execute(select(Order).where(Order.entity_id == one).limit(1))).scalar_one()
        contact = select(ContactRelation.contact_id).where(ContactRelation.entity_id == one).limit(1)
        about = (await session.execute(contact)).scalar_one()
        line = select(LineItem.id).where(LineItem.quote_version_id == order.quote_version_id).limit(1)
        shares = [Share(other, (await session.execute(line)).scalar_one(), Money(700))]
        legs = [debit(AccountRole.CASH, Money(500), contact_id=about), credit(AccountRole.REVENUE_OTHER, Money(500))]
        sale = Entry(one, EntryKind.OPENING, "opening", ("BusinessEntity", one), legs)
        made = await post_many(session, [sale, *both_sides(order.id, one, shares)])
        await reverse(session, made[0], "opening undone")
        session.add(LedgerPeriod(entity_id=one, month=date(2001, 1, 1)))
