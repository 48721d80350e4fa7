"""From the rows of an issued invoice to what its documents say."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.documents.errors import BrokenSeal
from domain.documents.logos import logo_of
from domain.documents.printable import Credited, Look, Party, PrintableInvoice, PrintableLine, VatPart
from domain.errors import NotFound
from domain.invoices.models import CREDITS, Invoice, InvoiceKind, InvoiceLine
from domain.invoices.sealing import is_sealed
from domain.orders.models import Order
from tenants.models import Brand, BusinessEntity

_PARTY = tuple(name for name in Party.__dataclass_fields__ if name not in ("is_person", "identifier"))


async def printable(session: AsyncSession, invoice_id: UUID, data_dir: Path | None = None) -> PrintableInvoice:
    """What the invoice's documents say; `data_dir` is where logos lie. A session of the system.

    Raises: NotFound; BrokenSeal where the rows are not what was issued.
    """
    invoice = (await session.execute(select(Invoice).where(Invoice.id == invoice_id))).scalar_one_or_none()
    if invoice is None:
        raise NotFound(field=("id",))
    lines = await _lines(session, invoice_id)
    if not is_sealed(invoice, lines):
        raise BrokenSeal(invoice.number)
    orders = await _orders(session, invoice.payer_contact_id, [invoice.order_id, *(line.order_id for line in lines)])
    look = await look_of(session, invoice.entity_id, data_dir)
    return _printable(invoice, lines, orders, look, await _credited(session, invoice.credits_invoice_id))


async def look_of(session: AsyncSession, entity_id: UUID, data_dir: Path | None = None) -> Look:
    """The looks of the entity's first brand."""
    query = select(BusinessEntity, Brand).outerjoin(Brand, Brand.entity_id == BusinessEntity.id)
    query = query.where(BusinessEntity.id == entity_id).order_by(Brand.created_at, Brand.id).limit(1)
    entity, brand = (await session.execute(query)).one()
    if brand is None:
        return Look(entity.name, email=entity.email, phone=entity.phone)
    return Look(
        brand.name,
        website=brand.host,
        email=entity.email,
        phone=entity.phone,
        primary=str(brand.theme.get("colorPrimary", "")),
        terms=brand.terms,
        logo=logo_of(data_dir, brand.host) if data_dir else None,
    )


def party(snapshot: Mapping[str, Any], id: UUID | None = None) -> Party:
    """Seller or payer as an invoice keeps them; `id` where it is a contact."""
    values = {name: str(snapshot.get(name) or "") for name in _PARTY}
    values["country"] = values["country"] or "NL"
    is_person = snapshot.get("contact_type") == "PERSON"
    return Party(**values, is_person=is_person, identifier=str(id) if id else "")


async def _lines(session: AsyncSession, invoice_id: UUID) -> Sequence[InvoiceLine]:
    query = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.position)
    return (await session.scalars(query)).all()


async def _orders(session: AsyncSession, payer_id: UUID, ids: Iterable[UUID | None]) -> dict[UUID, tuple[str, str]]:
    """Number, and the partner's own number where the payer is of the order's account, by order."""
    wanted = {id for id in ids if id is not None}
    if not wanted:
        return {}
    query = select(Order.id, Order.number, Order.partner_order_id, Order.account_chain_ids)
    rows = (await session.execute(query.where(Order.id.in_(wanted)))).all()
    payer = await _same(session, payer_id)
    return {
        row.id: (row.number, "" if payer.isdisjoint(row.account_chain_ids) else row.partner_order_id or "")
        for row in rows
    }


async def _same(session: AsyncSession, contact_id: UUID) -> set[UUID]:
    """A contact, the record that it was merged into, and all duplicates of it."""
    named = select(func.coalesce(Contact.merged_into_id, Contact.id)).where(Contact.id == contact_id).scalar_subquery()
    query = select(Contact.id).where(or_(Contact.id == named, Contact.merged_into_id == named))
    return {contact_id, *(await session.scalars(query))}


async def _credited(session: AsyncSession, invoice_id: UUID | None) -> Credited | None:
    if invoice_id is None:
        return None
    query = select(Invoice.number, Invoice.issued_on).where(Invoice.id == invoice_id)
    row: Any = (await session.execute(query)).one()
    return Credited(row.number, row.issued_on)


def _printable(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    orders: Mapping[UUID, tuple[str, str]],
    look: Look,
    credits: Credited | None,
) -> PrintableInvoice:
    sign = -1 if invoice.kind in CREDITS else 1
    is_self_billed = invoice.kind in (InvoiceKind.SELF_BILLING, InvoiceKind.SELF_BILLING_CREDIT)
    return PrintableInvoice(
        kind=InvoiceKind(invoice.kind),
        part=invoice.part,
        number=invoice.number,
        language=invoice.language,
        currency=invoice.currency,
        issued_on=invoice.issued_on,
        supplied_on=invoice.supplied_on,
        due_on=invoice.due_on,
        payment_terms_days=invoice.payment_terms_days,
        seller=party(invoice.seller, invoice.payer_contact_id if is_self_billed else None),
        buyer=party(invoice.payer, None if is_self_billed else invoice.payer_contact_id),
        look=look,
        lines=tuple(_line(line, orders, sign) for line in lines),
        vat=tuple(_vat(part, invoice.language, sign) for part in invoice.vat_breakdown),
        net_cents=sign * invoice.net_cents,
        vat_cents=sign * invoice.vat_cents,
        gross_cents=sign * invoice.gross_cents,
        payment_reference=invoice.payment_reference,
        reference=invoice.reference,
        order_number=_only_order(invoice, lines, orders),
        credits=credits,
        period_month=invoice.period_month,
        reason=invoice.reason,
        notes=invoice.notes,
    )


def _only_order(invoice: Invoice, lines: Sequence[InvoiceLine], orders: Mapping[UUID, tuple[str, str]]) -> str:
    """The number of the one order that it is of; empty where there are none or several."""
    named = {invoice.order_id} if invoice.order_id else {line.order_id for line in lines}
    only = next(iter(named)) if len(named) == 1 else None
    return orders[only][0] if only is not None and only in orders else ""


def _line(line: InvoiceLine, orders: Mapping[UUID, tuple[str, str]], sign: int) -> PrintableLine:
    number, reference = orders.get(line.order_id, ("", "")) if line.order_id else ("", "")
    return PrintableLine(
        description=line.description,
        quantity=sign * line.quantity,
        unit=line.unit,
        unit_price_cents=line.unit_price_cents,
        net_cents=sign * line.net_cents,
        vat_cents=sign * line.vat_cents,
        vat_rate=line.vat_rate,
        vat_category=line.vat_category,
        discount_percent=line.discount_percent,
        discount_cents=sign * line.discount_cents,
        sku=line.sku,
        order_number=number,
        order_reference=reference,
        portion_percent=line.portion_percent,
    )


def _vat(part: Mapping[str, Any], language: str, sign: int) -> VatPart:
    reason = str(part.get(f"reason_{language}") or part.get("reason_nl") or "")
    amounts = (sign * int(part["net_cents"]), sign * int(part["vat_cents"]))
    return VatPart(str(part["category"]), Decimal(str(part["rate"])), *amounts, reason)
