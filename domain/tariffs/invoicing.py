"""Invoicing what drivers buy beforehand: packs when they are bought, plans and subscriptions after each month.

A month that a plan did not run through costs its share in days; a day counts for what runs at its end. A subscription
costs the whole month, as its cap is that of the whole month. A pack is electricity whose rate is known, so its VAT is
due when it is sold (Directive 2006/112/EC art. 30b(1)).
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import language_of
from domain.invoices.billing import BillLine
from domain.invoices.crediting import credit
from domain.invoices.drafting import Draft
from domain.invoices.errors import NothingToCredit
from domain.invoices.models import Invoice, InvoicePart, LineCategory
from domain.invoices.payers import Payer, Profile, payers_of, profiles_of, seller_of
from domain.invoices.writing import issue_all
from domain.ledger.posting import today
from domain.money import Money, part_of
from domain.rows import find
from domain.tariffs.charge_models import BenefitCharge
from domain.tariffs.charging_vat import charging_vat
from domain.tariffs.models import ChargingOffer, ChargingSubscription, EnergyPack, PlanMembership
from domain.tariffs.months import begins, next_month
from domain.tariffs.terms import written
from domain.vat.rules import VatParty
from tenants.models import BusinessEntity

_DAY = timedelta(days=1)
GIVEN_BACK = {"nl": "Pakket ongebruikt teruggegeven", "en": "Pack given back unused"}
_WAITING = text("""
    WITH running AS (
        SELECT id, entity_id, contact_id, valid, 'membership_id' AS named FROM plan_membership
        WHERE monthly_cents > 0 AND NOT isempty(valid)
        UNION ALL
        SELECT id, entity_id, contact_id, valid, 'subscription_id' FROM charging_subscription
        WHERE monthly_cents > 0 AND NOT isempty(valid))
    SELECT DISTINCT r.entity_id, r.contact_id, m.month::date AS month
    FROM running r, LATERAL generate_series(
        date_trunc('month', lower(r.valid) AT TIME ZONE 'Europe/Amsterdam'),
        least(upper(r.valid) AT TIME ZONE 'Europe/Amsterdam', CAST(:until AS date)) - interval '1 microsecond',
        interval '1 month') AS m(month)
    WHERE m.month < CAST(:until AS date) AND NOT EXISTS (
        SELECT 1 FROM benefit_charge c WHERE c.month = m.month::date
        AND CASE r.named WHEN 'membership_id' THEN c.membership_id ELSE c.subscription_id END = r.id)
    ORDER BY 1, 2, 3""")


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a contact in which something ran that was not invoiced."""

    entity_id: UUID
    contact_id: UUID
    month: date


@dataclass(frozen=True, slots=True)
class _Item:
    """What a line is for, and what it costs without VAT."""

    charge: BenefitCharge
    described: str
    supplied_on: date
    currency: str


async def invoice_pack(session: AsyncSession, pack_id: UUID) -> UUID | None:
    """Invoice a pack; None where that was done before, or there is nothing to invoice. For the system.

    Raises: PeriodClosed
    """
    pack = await find(session, EnergyPack, pack_id, lock=True)
    if pack.cancelled_at is not None or not pack.price_cents or await _charged(session, pack_id) is not None:
        return None
    name = await _name(session, pack.offer_id)
    charge = BenefitCharge(
        entity_id=pack.entity_id, contact_id=pack.contact_id, pack_id=pack.id, net_cents=pack.price_cents
    )
    kwh = written(Decimal(pack.energy_wh) / 1000)
    item = _Item(charge, f"{name}: {kwh} kWh", today(), pack.currency)
    return await _issue(session, pack.entity_id, pack.contact_id, [item])


async def credit_pack(session: AsyncSession, pack_id: UUID) -> UUID | None:
    """Credit a pack that was given back; None where nothing was invoiced, or it was credited, also by hand.

    For the system.
    """
    pack = await find(session, EnergyPack, pack_id, lock=True)
    charge = await _charged(session, pack_id)
    if pack.cancelled_at is None or charge is None or charge.invoice_id is None or charge.credit_note_id is not None:
        return None
    invoice = await find(session, Invoice, charge.invoice_id)
    try:
        note = await credit(session, invoice.id, None, GIVEN_BACK[language_of(invoice.language)])
    except NothingToCredit:
        return None
    charge.credit_note_id = note.id
    await session.flush()
    return note.id


async def invoice_month(session: AsyncSession, month: Month) -> UUID | None:
    """Invoice what ran in a month that is over and was not invoiced before; None for nothing. For the system.

    Raises: PeriodClosed
    """
    items = [
        *await _items(session, PlanMembership, "membership_id", month),
        *await _items(session, ChargingSubscription, "subscription_id", month),
    ]
    return await _issue(session, month.entity_id, month.contact_id, items)


async def waiting(session: AsyncSession, until: date) -> list[Month]:
    """Months before the one of `until` in which something ran that was not invoiced. For the system."""
    rows = await session.execute(_WAITING, {"until": until.replace(day=1)})
    return [Month(row.entity_id, row.contact_id, row.month) for row in rows]


def days_in(valid: Range[datetime], month: date) -> int:
    """At the end of how many days of a month something ran."""
    ends = (begins(month + _DAY * (number + 1)) for number in range(monthrange(month.year, month.month)[1]))
    lower, upper = valid.lower, valid.upper
    return sum((lower is None or lower < end) and (upper is None or upper >= end) for end in ends)


async def _items(
    session: AsyncSession, model: type[PlanMembership] | type[ChargingSubscription], named: str, month: Month
) -> list[_Item]:
    """Of one kind, locked; each with its charge, which is not stored yet."""
    span = Range(begins(month.month), begins(next_month(month.month)))
    query = (
        select(model)
        .where(model.entity_id == month.entity_id, model.contact_id == month.contact_id, model.monthly_cents > 0)
        .where(model.valid.op("&&")(span))
        .order_by(model.id)
        .with_for_update()
    )
    rows: Sequence[PlanMembership | ChargingSubscription] = (await session.scalars(query)).all()  # type: ignore[assignment]  # one of both
    # Only now: whoever held the rows before has charged them.
    column = getattr(BenefitCharge, named)
    charged = select(column).where(column.in_([row.id for row in rows]), BenefitCharge.month == month.month)
    done = set(await session.scalars(charged))
    return [await _item(session, row, named, month) for row in rows if row.id not in done]


async def _item(session: AsyncSession, held: PlanMembership | ChargingSubscription, named: str, month: Month) -> _Item:
    of = monthrange(month.month.year, month.month.month)[1]
    days = of if isinstance(held, ChargingSubscription) else days_in(held.valid, month.month)
    net = part_of(Money(held.monthly_cents, held.currency), days, of).cents
    charge = BenefitCharge(
        entity_id=held.entity_id, contact_id=held.contact_id, month=month.month, net_cents=net, **{named: held.id}
    )
    described = f"{await _name(session, held.offer_id)}: {month.month:%Y-%m}"
    described += f" ({days}/{of})" if days < of else ""
    return _Item(charge, described, month.month.replace(day=of), held.currency)


async def _issue(session: AsyncSession, entity_id: UUID, contact_id: UUID, items: list[_Item]) -> UUID | None:
    """One invoice over all that costs something; what costs nothing is written down as done."""
    due = [item for item in items if item.charge.net_cents]
    payer = (await payers_of(session, [contact_id])).get(contact_id)
    if due and payer is not None:
        profile = (await profiles_of(session, [payer.id])).get((entity_id, payer.id), Profile())
        entity = await find(session, BusinessEntity, entity_id)
        made = (await issue_all(session, [_draft(entity, payer, profile, due)]))[0]
        for item in due:
            item.charge.invoice_id = made.id
    session.add_all([item.charge for item in items if item.charge.invoice_id or not item.charge.net_cents])
    await session.flush()
    return due[0].charge.invoice_id if due else None


def _draft(entity: BusinessEntity, payer: Payer, profile: Profile, items: list[_Item]) -> Draft:
    terms = (profile.payment_terms_days, payer.payment_terms_days, entity.payment_terms_days)
    supplied_on = max(item.supplied_on for item in items)
    return Draft(
        entity_id=entity.id,
        invoice_prefix=entity.invoice_prefix,
        part=InvoicePart.CHARGING,
        payer_id=payer.id,
        payer_chain_ids=sorted({payer.id, *payer.chain}),
        seller=seller_of(entity),
        payer=payer.snapshot(profile),
        lines=[_line(item, entity.country, payer.party(profile)) for item in items],
        currency=items[0].currency,
        payment_terms_days=next(days for days in terms if days is not None),
        language=payer.speaks(profile),
        supplied_on=supplied_on,
        reason="",
    )


def _line(item: _Item, seller_country: str, party: VatParty) -> BillLine:
    """One piece at its net amount; revenue at once."""
    vat = charging_vat(item.supplied_on, party, seller_country=seller_country, charger_country=seller_country)
    net = Money(item.charge.net_cents, item.currency)
    return BillLine(
        category=LineCategory.CHARGING,
        description=item.described,
        quantity=Decimal(1),
        unit_price_cents=net.cents,
        net_cents=net.cents,
        vat_cents=net.times(vat.rate.scaleb(-2)).cents,
        vat=vat,
        recognized=True,
    )


async def _charged(session: AsyncSession, pack_id: UUID) -> BenefitCharge | None:
    query = select(BenefitCharge).where(BenefitCharge.pack_id == pack_id)
    return (await session.execute(query)).scalar_one_or_none()


async def _name(session: AsyncSession, offer_id: UUID) -> str:
    return (await find(session, ChargingOffer, offer_id)).name
