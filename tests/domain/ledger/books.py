"""Postings for tests of the books."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import Leg, credit, debit, post
from domain.money import Money
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories

SOURCE = ("Invoice", UUID(int=1))


async def entity_of(database: Database) -> UUID:
    async with database.session(SYSTEM) as session:
        return (await factories.business_entity(session)).id


def sale(gross: int = 12100, vat: int = 2100, role: AccountRole = AccountRole.REVENUE_OTHER) -> list[Leg]:
    """A sale over the counter: no other area keeps rows of it."""
    return [
        debit(AccountRole.CASH, Money(gross)),
        credit(role, Money(gross - vat)),
        credit(AccountRole.VAT_STANDARD, Money(vat)),
    ]


async def posted(session: AsyncSession, entity_id: UUID, key: str = "a", **values: Any) -> UUID:
    given: dict[str, Any] = {"kind": EntryKind.INVOICE, "source": SOURCE, "legs": sale()}
    return await post(session, entity_id=entity_id, key=key, **(given | values))
