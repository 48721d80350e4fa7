"""Billing sessions: each is priced when it is over, and priced again when what it used turns out to be something else.

A bill is what readings, tariff and driver make it, and nothing else: not the order in which readings came, nor how
often somebody asked. So of one driver sessions are billed one after another, and what a session takes of packs and of
a subscription is what earlier sessions leave: when that changes, the later ones are billed again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.charging_bills.errors import AlreadyWaived, NotWaived, PayerInvoiced, SessionNotOver
from domain.charging_bills.events import (
    ChargingBillCorrected,
    ChargingBillPayerChanged,
    ChargingBillPriced,
    ChargingBillWaived,
    ChargingBillWaiverUndone,
)
from domain.charging_bills.invoicing import payer_of
from domain.charging_bills.models import (
    ChargingBillStatus,
    SessionBill,
    SessionBilling,
    SessionBillLine,
)
from domain.charging_bills.pricing import Priced, price_session
from domain.charging_bills.revenue import keep_revenue
from domain.charging_bills.settling import settle, unbillable
from domain.charging_bills.telling import tell
from domain.contacts.models import Contact
from domain.invoices.payers import Payer, Profile
from domain.rows import actor_of, find
from domain.sessions.models import ChargingSession, SessionState
from domain.tariffs.benefits import persons, release, root_of
from domain.tariffs.models import BenefitUse
from domain.tariffs.versions_in_force import version_for
from domain.telemetry.readings import oldest

LONGEST_REASON = 1_000
_ONE_AFTER_ANOTHER = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def bill(
    session: AsyncSession, session_id: UUID, reason: str = "", *, first: bool = True, otherwise: UUID | None = None
) -> SessionBilling:
    """Price a session that is over and bring what was invoiced of it to what is due; for the system.

    With the same inputs nothing changes, however often it is asked. `reason` is printed on what corrects an invoice.
    Without `first` a session that was never invoiced is only priced. `otherwise`: the version of a tariff that prices
    it where none held when it began.
    Raises: NotFound, SessionNotOver, InvoiceTooLarge, PeriodClosed.
    """
    charged = await _over(session, session_id)
    await _wait_for_driver(session, charged)
    later = await _later(session, charged)
    for each in later:
        await release(session, each)
    held = await _locked(session, charged)
    billing = await _bill(session, charged, held, reason, first=first, otherwise=otherwise)
    for each in later:
        next_one = await _over(session, each)
        known = await _locked(session, next_one)
        await _bill(session, next_one, known, "", first=known.status != ChargingBillStatus.PRICED)
    return billing


async def rebill(session: AsyncSession, session_id: UUID, reason: str = "") -> SessionBilling:
    """`bill`, because somebody asked for it: where no tariff held when the session began, by the one that holds now.

    Raises: what `bill` raises, and faults of the reason.
    """
    why = validation.text(reason, "reason", minimum=0, maximum=LONGEST_REASON)
    charged = await _over(session, session_id)
    version = await version_for(session, charged.charger_id, datetime.now(UTC))
    return await bill(session, session_id, why, otherwise=version.id if version else None)


async def set_payer(session: AsyncSession, session_id: UUID, contact_id: UUID | None) -> SessionBilling:
    """Bill a session to somebody else than its driver, or to the driver again where nobody is named. For the system.

    The driver's plan, packs and subscription count all the same.
    Raises: NotFound, SessionNotOver, PayerInvoiced, PeriodClosed.
    """
    if contact_id is not None:
        await find(session, Contact, contact_id, field=("payer_id",))
    charged, billing = await _held(session, session_id)
    if billing.charged_net_cents or billing.charged_vat_cents:
        raise PayerInvoiced(field=("session_id",))
    billing.payer_given, billing.payer_contact_id = contact_id is not None, contact_id
    billing = await _bill(session, charged, billing, "")
    payer = str(billing.payer_contact_id) if billing.payer_contact_id else None
    await tell(session, billing, lambda number: ChargingBillPayerChanged(number, payer))
    return billing


async def waive(session: AsyncSession, session_id: UUID, reason: str) -> SessionBilling:
    """Bill nothing for a session; what was invoiced is credited with the reason. For the system.

    What it took of packs stays taken. Raises: NotFound, SessionNotOver, AlreadyWaived, PeriodClosed.
    """
    why = validation.text(reason, "reason", maximum=LONGEST_REASON)
    charged, billing = await _held(session, session_id)
    if billing.waived_at is not None:
        raise AlreadyWaived(field=("session_id",))
    billing.waived_at, billing.waived_reason = datetime.now(UTC), why
    billing.waived_by = actor_of(session).user_id
    billing = await _bill(session, charged, billing, why)
    gross, currency = billing.gross_cents, billing.currency
    await tell(session, billing, lambda number: ChargingBillWaived(number, gross, currency))
    return billing


async def undo_waiver(session: AsyncSession, session_id: UUID) -> SessionBilling:
    """Bill a session after all that was waived. For the system. Raises: NotFound, NotWaived, PeriodClosed."""
    charged, billing = await _held(session, session_id)
    if billing.waived_at is None:
        raise NotWaived(field=("session_id",))
    billing.waived_at, billing.waived_reason, billing.waived_by = None, "", None
    billing = await _bill(session, charged, billing, "")
    gross, currency = billing.gross_cents, billing.currency
    await tell(session, billing, lambda number: ChargingBillWaiverUndone(number, gross, currency))
    return billing


async def bill_of(session: AsyncSession, billing: SessionBilling) -> SessionBill | None:
    """The version that holds."""
    query = select(SessionBill).where(SessionBill.billing_id == billing.id, SessionBill.version == billing.version)
    return (await session.execute(query)).scalar_one_or_none()


# --- one session --------------------------------------------------------------------------------------------------


async def _over(session: AsyncSession, session_id: UUID) -> ChargingSession:
    charged = await find(session, ChargingSession, session_id, field=("session_id",))
    if charged.state != SessionState.COMPLETED:
        raise SessionNotOver(number=charged.number, field=("session_id",))
    return charged


async def _wait_for_driver(session: AsyncSession, charged: ChargingSession) -> None:
    """Until nobody else bills a session of the same driver."""
    person = charged.driver_contact_id and await session.scalar(root_of(charged.driver_contact_id))
    key = f"charging_bills:{person or charged.id}"
    await session.execute(_ONE_AFTER_ANOTHER, {"key": key})


async def _later(session: AsyncSession, charged: ChargingSession) -> Sequence[UUID]:
    """The driver's later sessions that were billed, where he has anything that sessions share; by their start.

    Not those whose bill stands as it is.
    """
    if charged.driver_contact_id is None:
        return []
    same = persons(charged.driver_contact_id)
    used = select(BenefitUse.id).where(BenefitUse.contact_id.in_(same)).limit(1)
    if (await session.execute(used)).first() is None:
        return []
    place = tuple_(ChargingSession.started_at, ChargingSession.id)
    query = (
        select(ChargingSession.id)
        .join(SessionBilling, SessionBilling.session_id == ChargingSession.id)
        .where(
            ChargingSession.driver_contact_id.in_(same),
            ChargingSession.entity_id == charged.entity_id,
            ChargingSession.started_at >= oldest(datetime.now(UTC)),
            place > tuple_(charged.started_at, charged.id),
        )
        .order_by(place)
    )
    return (await session.execute(query)).scalars().all()


async def _held(session: AsyncSession, session_id: UUID) -> tuple[ChargingSession, SessionBilling]:
    charged = await _over(session, session_id)
    await _wait_for_driver(session, charged)
    return charged, await _locked(session, charged)


async def _bill(
    session: AsyncSession,
    charged: ChargingSession,
    billing: SessionBilling,
    reason: str,
    *,
    first: bool = True,
    otherwise: UUID | None = None,
) -> SessionBilling:
    paying = await _paying(session, charged, billing)
    held = await bill_of(session, billing)
    if held is None or not _is_past(charged):
        priced = await price_session(session, charged, paying, held.tariff_version_id if held else otherwise)
        if priced is None:
            await unbillable(session, billing, ChargingBillStatus.NO_TARIFF)
            return billing
        if held is None or held.inputs_sha256 != priced.sha256:
            held = await _write(session, charged, billing, held, priced, reason)
    await settle(session, billing, held, reason, first=first)
    await keep_revenue(session, billing, held)
    return billing


def _is_past(charged: ChargingSession) -> bool:
    """Whether its readings are not kept any more: its bill stands as it is."""
    return charged.started_at < oldest(datetime.now(UTC))


async def _locked(session: AsyncSession, charged: ChargingSession) -> SessionBilling:
    """The session's row of billing, made where there is none; of two who make it at once, one waits for the other."""
    values = {
        "entity_id": charged.entity_id,
        "session_id": charged.id,
        "charger_id": charged.charger_id,
        "owner_contact_id": charged.owner_contact_id,
        "driver_contact_id": charged.driver_contact_id,
        "status": ChargingBillStatus.FREE.value,
        "ended_at": charged.ended_at,
    }
    await session.execute(upsert(SessionBilling).values(**values).on_conflict_do_nothing().inline())
    query = select(SessionBilling).where(SessionBilling.session_id == charged.id).with_for_update()
    billing = (await session.execute(query.execution_options(populate_existing=True))).scalar_one()
    billing.driver_contact_id, billing.ended_at = charged.driver_contact_id, charged.ended_at or charged.started_at
    return billing


async def _paying(
    session: AsyncSession, charged: ChargingSession, billing: SessionBilling
) -> tuple[Payer, Profile] | None:
    """Who pays: the driver, unless somebody else was named; who was invoiced before stays the payer."""
    invoiced = billing.charged_net_cents or billing.charged_vat_cents
    if billing.payer_contact_id is None or not (invoiced or billing.payer_given):
        billing.payer_contact_id = charged.driver_contact_id
    if billing.payer_contact_id is None:
        billing.payer_chain_ids = []
        return None
    paying = await payer_of(session, charged.entity_id, billing.payer_contact_id)
    if paying is not None:
        billing.payer_contact_id, billing.payer_chain_ids = paying[0].id, list(paying[0].chain)
    return paying


async def _write(
    session: AsyncSession,
    charged: ChargingSession,
    billing: SessionBilling,
    before: SessionBill | None,
    priced: Priced,
    reason: str,
) -> SessionBill:
    """The next version of a bill, with its lines."""
    price, first = priced.price, before is None
    row = SessionBill(
        entity_id=charged.entity_id,
        billing_id=billing.id,
        session_id=charged.id,
        version=billing.version + 1,
        reason="" if first else reason,
        tariff_version_id=priced.tariff_version_id,
        currency=price.currency,
        energy_wh=int(priced.usage.energy_wh),
        vat_class=price.vat.vat_class.value,
        vat_rate=price.vat.rate,
        vat_rule=price.vat.rule,
        vat_category=price.vat.category,
        net_cents=price.net_cents,
        vat_cents=price.vat_cents,
        gross_cents=price.gross_cents,
        delta_net_cents=price.net_cents - (before.net_cents if before else 0),
        delta_vat_cents=price.vat_cents - (before.vat_cents if before else 0),
        delta_gross_cents=price.gross_cents - (before.gross_cents if before else 0),
        inputs=priced.inputs,
        inputs_sha256=priced.sha256,
    )
    session.add(row)
    await session.flush()
    lines = [
        line | {"entity_id": row.entity_id, "bill_id": row.id, "position": n} for n, line in enumerate(priced.lines, 1)
    ]
    if lines:
        await session.execute(insert(SessionBillLine).inline(), lines)
    _take_over(billing, row)
    await session.flush()
    await _tell_priced(session, billing, before, row)
    return row


def _take_over(billing: SessionBilling, row: SessionBill) -> None:
    billing.version, billing.currency, billing.energy_wh = row.version, row.currency, row.energy_wh
    billing.net_cents, billing.vat_cents, billing.gross_cents = row.net_cents, row.vat_cents, row.gross_cents


async def _tell_priced(
    session: AsyncSession, billing: SessionBilling, before: SessionBill | None, row: SessionBill
) -> None:
    if before is None:
        amounts = (row.version, row.net_cents, row.gross_cents, row.currency)
        await tell(session, billing, lambda number: ChargingBillPriced(number, *amounts))
        return
    said = (row.version, before.gross_cents, row.gross_cents, row.currency)
    await tell(session, billing, lambda number: ChargingBillCorrected(number, *said))
