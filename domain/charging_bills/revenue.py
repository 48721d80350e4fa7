"""What sessions earn by the hour, kept in line with the bills that hold."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.charging_bills.hours import HourEarned
from domain.charging_bills.models import REVENUE, SessionBill, SessionBilling, SessionRevenue


async def keep_revenue(session: AsyncSession, billing: SessionBilling, held: SessionBill) -> None:
    """Write what the bill earns where it is due, and take away what another version earned; `billing` is locked."""
    wanted = held.id if billing.status in REVENUE else None
    query = select(SessionRevenue.bill_id).where(SessionRevenue.billing_id == billing.id).limit(1)
    known: UUID | None = (await session.execute(query)).scalar_one_or_none()
    if known == wanted:
        return
    await session.execute(delete(SessionRevenue).where(SessionRevenue.billing_id == billing.id))
    rows = [_row(billing, held, HourEarned.of(kept)) for kept in held.inputs["hours"]]
    if wanted and rows:
        await session.execute(insert(SessionRevenue).inline(), rows)


def _row(billing: SessionBilling, held: SessionBill, earned: HourEarned) -> dict[str, Any]:
    return {
        "entity_id": billing.entity_id,
        "billing_id": billing.id,
        "bill_id": held.id,
        "charger_id": billing.charger_id,
        "owner_contact_id": billing.owner_contact_id,
        "hour": earned.hour,
        "energy_wh": earned.energy_wh,
        "seconds": earned.seconds,
        "net_cents": earned.net_cents,
        "currency": held.currency,
    }
