"""Revenue recognition: what is invoiced before it is delivered is deferred, per line, until the order is completed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import Entry, Leg, credit, debit, post_many
from domain.money import Money


@dataclass(frozen=True, slots=True)
class DeferredLine:
    """An invoice line whose net is deferred. `net` is what is left of it: billed less credited."""

    invoice_id: UUID
    invoice_line_id: UUID
    category: str | None
    net: Money
    contact_id: UUID | None = None
    order_id: UUID | None = None
    line_item_id: UUID | None = None


def revenue(
    category: str | None,
    net: Money,
    *,
    deferred: bool,
    contact_id: UUID | None = None,
    order_id: UUID | None = None,
    line_item_id: UUID | None = None,
) -> Leg:
    """The credit of a line's net: revenue of its category, or deferred until completion; of credit notes negative."""
    role = AccountRole.DEFERRED_REVENUE if deferred else AccountRole.revenue(category)
    return credit(role, net, contact_id=contact_id, order_id=order_id, line_item_id=line_item_id)


def recognition(entity_id: UUID, line: DeferredLine, booked_on: date | None = None) -> Entry:
    """Deferred revenue of one line becomes revenue of its category, once: the key is the line's."""
    about = {"contact_id": line.contact_id, "order_id": line.order_id, "line_item_id": line.line_item_id}
    return Entry(
        entity_id,
        EntryKind.RECOGNITION,
        f"recognition:{line.invoice_line_id}",
        ("Invoice", line.invoice_id),
        [
            debit(AccountRole.DEFERRED_REVENUE, line.net, **about),
            credit(AccountRole.revenue(line.category), line.net, **about),
        ],
        booked_on,
    )


async def recognize(
    session: AsyncSession, entity_id: UUID, lines: Sequence[DeferredLine], booked_on: date | None = None
) -> list[UUID]:
    """Post the recognition of lines whose order is completed; lines of nothing are left out. Raises: PeriodClosed."""
    return await post_many(session, [recognition(entity_id, line, booked_on) for line in lines if line.net])
