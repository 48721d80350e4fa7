"""What is to be invoiced of orders, to whom, and why something is not; reads, and writes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.invoices.billing import WHOLE, BillLine, OrderLine, bill
from domain.invoices.loading import Loaded, OrderFacts, load
from domain.invoices.models import InvoiceKind, InvoicePart, PartState
from domain.invoices.payers import Payer, Profile, seller_of
from domain.ledger.posting import today
from domain.numbering.service import AMSTERDAM
from domain.orders.models import OrderStage
from domain.orders.stages import LIVE
from domain.vat.rules import as_signed


class Skipped(StrEnum):
    """Why nothing was invoiced of an order."""

    NOT_FOUND = "NOT_FOUND"
    NOT_COMPLETED = "NOT_COMPLETED"
    NOT_LIVE = "NOT_LIVE"
    """A deposit or progress invoice of an order that is completed or cancelled."""
    CANCELLED = "CANCELLED"
    ON_HOLD = "ON_HOLD"
    ALREADY_INVOICED = "ALREADY_INVOICED"
    NOTHING_TO_INVOICE = "NOTHING_TO_INVOICE"
    COLLECTIVE_LATER = "COLLECTIVE_LATER"
    PURCHASE_ORDER_MISSING = "PURCHASE_ORDER_MISSING"
    PAYER_NOT_VISIBLE = "PAYER_NOT_VISIBLE"
    """Who asked does not see a payer; the platform invoices it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartKey:
    """A part of an order for a payer, as its lines name it."""

    order_id: UUID
    entity_id: UUID
    payer_contact_id: UUID
    part: InvoicePart
    step: int = 0
    state: PartState = PartState.INVOICED
    due_month: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An invoice that is to be issued."""

    entity_id: UUID
    invoice_prefix: str
    kind: InvoiceKind = InvoiceKind.INVOICE
    part: InvoicePart
    order_id: UUID | None = None
    payer_id: UUID
    payer_chain_ids: list[UUID]
    seller: dict[str, Any]
    payer: dict[str, Any]
    lines: list[BillLine]
    parts: list[PartKey] = field(default_factory=list)
    currency: str
    payment_terms_days: int
    language: str
    reference: str = ""
    supplied_on: date | None = None
    period_month: date | None = None
    credits_invoice_id: UUID | None = None
    reason: str = ""
    notes: str = ""


@dataclass(slots=True)
class OrderDrafts:
    """What of one order is to be invoiced, what is only noted down, and why not more."""

    order: OrderFacts
    drafts: list[Draft] = field(default_factory=list)
    noted: list[PartKey] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


async def drafts_of(
    session: AsyncSession, order_id: UUID, part: InvoicePart = InvoicePart.FINAL, *, step: int = 0
) -> list[Draft]:
    """What a part of an order would be invoiced as: one draft per payer; writes and locks nothing."""
    loaded = await load(session, [order_id], lock=False)
    return [draft for found in plan(loaded, part, step) for draft in found.drafts]


def plan(loaded: Loaded, part: InvoicePart, step: int = 0) -> list[OrderDrafts]:
    """The drafts of all loaded orders."""
    return [_of_order(loaded, order, part, step) for order in loaded.orders]


def waiting_drafts(loaded: Loaded, order: OrderFacts, payer_id: UUID) -> list[Draft]:
    """The final part of an order that waits for a collective invoice to a payer."""
    waiting = {
        part.payer_contact_id for part in loaded.parts.get(order.id, ()) if part.state == PartState.WAITING.value
    }
    if _not_billable(order, InvoicePart.FINAL):
        return []
    groups = _by_payer(loaded, order, lambda named: named in waiting)
    return [
        draft
        for group in groups
        if group.payer.id == payer_id and (draft := _draft(loaded, group, InvoicePart.FINAL, 0))
    ]


@dataclass(frozen=True, slots=True)
class _Group:
    """The lines of an order that one payer pays."""

    order: OrderFacts
    payer: Payer
    profile: Profile
    named: list[UUID]
    """The payer as the lines name it: itself, or duplicates that were merged into it."""
    rows: list[Any]


def _of_order(loaded: Loaded, order: OrderFacts, part: InvoicePart, step: int) -> OrderDrafts:
    found = OrderDrafts(order)
    if any(row.payer_contact_id not in loaded.payers for row in loaded.lines.get(order.quote_version_id, ())):
        found.skipped.append(Skipped.PAYER_NOT_VISIBLE)
        return found
    if refused := _not_billable(order, part):
        found.skipped.append(refused)
        return found
    known = {p.payer_contact_id: p.state for p in loaded.parts.get(order.id, ()) if (p.part, p.step) == (part, step)}
    groups = _by_payer(loaded, order, lambda named: named not in known)
    for group in groups:
        _of_group(loaded, group, part, step, found)
    if not groups:
        later = PartState.WAITING.value in known.values()
        found.skipped.append(Skipped.COLLECTIVE_LATER if later else Skipped.ALREADY_INVOICED)
    return found


def _of_group(loaded: Loaded, group: _Group, part: InvoicePart, step: int, found: OrderDrafts) -> None:
    if part is not InvoicePart.FINAL and not _share(group.profile, part, step):
        found.skipped.append(Skipped.NOTHING_TO_INVOICE)
        return
    if group.profile.purchase_order_required and not _purchase_order(group):
        found.skipped.append(Skipped.PURCHASE_ORDER_MISSING)
        return
    draft = _draft(loaded, group, part, step)
    if draft is None:
        found.noted += _keys(group, part, step, PartState.NOTHING)
        found.skipped.append(Skipped.NOTHING_TO_INVOICE)
    elif part is InvoicePart.FINAL and group.profile.collective:
        found.noted += _keys(group, part, step, PartState.WAITING)
        found.skipped.append(Skipped.COLLECTIVE_LATER)
    else:
        found.drafts.append(draft)


def _not_billable(order: OrderFacts, part: InvoicePart) -> Skipped | None:
    if order.stage == OrderStage.CANCELLED:
        return Skipped.CANCELLED
    if order.on_hold:
        return Skipped.ON_HOLD
    if part is InvoicePart.FINAL:
        return None if order.stage == OrderStage.COMPLETED else Skipped.NOT_COMPLETED
    return None if order.stage in LIVE else Skipped.NOT_LIVE


def _by_payer(loaded: Loaded, order: OrderFacts, wanted: Callable[[UUID], bool]) -> list[_Group]:
    groups: dict[UUID, _Group] = {}
    for row in loaded.lines.get(order.quote_version_id, ()):
        if not wanted(row.payer_contact_id):
            continue
        payer = loaded.payers[row.payer_contact_id]
        profile = loaded.profile(order.entity_id, payer)
        group = groups.setdefault(payer.id, _Group(order, payer, profile, [], []))
        group.rows.append(row)
        if row.payer_contact_id not in group.named:
            group.named.append(row.payer_contact_id)
    return list(groups.values())


def _draft(loaded: Loaded, group: _Group, part: InvoicePart, step: int) -> Draft | None:
    """None where nothing is due."""
    order, entity = group.order, loaded.entities[group.order.entity_id]
    language = group.payer.speaks(group.profile)
    billed = loaded.billed.get(order.id, {})
    lines = bill(_signed(group, entity.country), billed, _share(group.profile, part, step), part, language)
    if not any(line.gross_cents for line in lines):
        return None
    return Draft(
        entity_id=entity.id,
        invoice_prefix=entity.invoice_prefix,
        part=part,
        order_id=order.id,
        payer_id=group.payer.id,
        payer_chain_ids=_chain(group),
        seller=seller_of(entity),
        payer=group.payer.snapshot(group.profile, _address_of(group)),
        lines=lines,
        parts=_keys(group, part, step, PartState.INVOICED),
        currency=order.currency,
        payment_terms_days=_terms(group),
        language=language,
        reference=_reference(group),
        supplied_on=_day(order),
    )


def _signed(group: _Group, seller_country: str) -> list[OrderLine]:
    party = group.payer.party(group.profile)
    place, on = group.order.address.get("country"), today()
    return [
        OrderLine(
            line_item_id=row.id,
            order_id=group.order.id,
            article_id=row.article_id,
            sku=row.sku,
            category=row.category,
            description=row.description,
            quantity=row.quantity,
            unit=row.unit,
            unit_price_cents=row.unit_price_cents,
            discount_percent=row.discount_percent,
            net_cents=row.net_cents,
            vat_cents=row.vat_cents,
            vat=as_signed(
                row.vat_class,
                row.vat_rate,
                row.category,
                seller_country,
                party,
                on,
                installed=row.visit_position is not None,
                supplied_in=place,
            ),
        )
        for row in group.rows
    ]


def _share(profile: Profile, part: InvoicePart, step: int) -> Decimal:
    """The share of the order that is billed after a part; 0 where the payer has no such part."""
    if part is InvoicePart.DEPOSIT:
        return profile.deposit_percent
    if part is InvoicePart.PROGRESS:
        return profile.progress_percents[step - 1] if 0 < step <= len(profile.progress_percents) else Decimal(0)
    return WHOLE


def _keys(group: _Group, part: InvoicePart, step: int, state: PartState) -> list[PartKey]:
    order = group.order
    return [
        PartKey(
            order_id=order.id,
            entity_id=order.entity_id,
            payer_contact_id=named,
            part=part,
            step=step,
            state=state,
            due_month=_day_or_today(order).replace(day=1) if state is PartState.WAITING else None,
        )
        for named in group.named
    ]


def _chain(group: _Group) -> list[UUID]:
    """Who of the partners may see it: those who saw the lines, and the payer with who is above it now."""
    return sorted({id for row in group.rows for id in row.payer_chain_ids} | set(group.payer.chain))


def _address_of(group: _Group) -> Any:
    """The customer who gave no address of its own lives where the work was done."""
    return group.order.address if group.order.end_customer_contact_id in {group.payer.id, *group.named} else None


def _terms(group: _Group) -> int:
    """Days: as agreed with the payer; the organization's own where it is not the account; else the order's."""
    if group.profile.payment_terms_days is not None:
        return group.profile.payment_terms_days
    is_account = group.order.account_contact_id in {group.payer.id, *group.named}
    own = group.payer.payment_terms_days
    return group.order.payment_terms_days if is_account or own is None else own


def _purchase_order(group: _Group) -> str:
    """The account's own purchase order; for the account and those above it, whose secret it is."""
    if not {group.payer.id, *group.named} & set(group.order.account_chain_ids):
        return ""
    found = group.order.partner_metadata.get("purchase_order")
    return found.strip() if isinstance(found, str) else ""


def _reference(group: _Group) -> str:
    if not {group.payer.id, *group.named} & set(group.order.account_chain_ids):
        return ""
    return _purchase_order(group) or group.order.partner_order_id or ""


def _day(order: OrderFacts) -> date | None:
    return order.completed_at.astimezone(AMSTERDAM).date() if order.completed_at else None


def _day_or_today(order: OrderFacts) -> date:
    return _day(order) or today()


def reasons(found: Sequence[OrderDrafts]) -> dict[UUID, Skipped]:
    """The first reason per order of which nothing is invoiced."""
    return {each.order.id: each.skipped[0] for each in found if not each.drafts and each.skipped}
