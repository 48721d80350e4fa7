"""Commission as staff see it, and each partner its own."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import BigInteger, cast, func, select
from strawberry.scalars import JSON

from api import billing_amounts as explained
from api.enums import described
from api.reading import (
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Listing,
    Money,
    Node,
    Sort,
    Source,
    by,
    column,
    condition,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_one,
    reads,
    related,
    related_list,
)
from domain.agreements.models import CommissionTerms as TermsRow
from domain.commissions.models import Commission as CommissionRow
from domain.commissions.models import CommissionCause, CommissionKind, CommissionStatus, DisputeState
from domain.commissions.models import CommissionDispute as DisputeRow
from domain.commissions.paying import open_dispute
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.agreements import Agreement
    from api.entities import BusinessEntity
    from api.invoices import Invoice
    from api.leads import Lead
    from api.orders import Order
    from api.organizations import Organization

AgreementRef = Annotated["Agreement", strawberry.lazy("api.agreements")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
LeadRef = Annotated["Lead", strawberry.lazy("api.leads")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
OrganizationRef = Annotated["Organization", strawberry.lazy("api.organizations")]

_MOST_ROWS = 250
described(
    CommissionKind,
    "What commission is for.",
    LEVEL="The partner's place in the channel of an order.",
    KICKBACK="Bringing a lead or an order.",
    BONUS="Volume or quality over a month, quarter or year.",
    PENALTY="Terms that were missed over a month, quarter or year; negative.",
    CAP="What is above the agreed maximum of a month or year; negative.",
)
described(
    CommissionCause,
    "Why a row of commission was written.",
    ACCRUED="It is the record itself.",
    CREDITED="Something of the order was credited or written off.",
    CANCELLED="The order was cancelled, or the lead disqualified.",
    RESTORED="What was taken back before holds again.",
    CORRECTED="A dispute was upheld.",
    RECOMPUTED="The figures of its month, quarter or year have changed.",
)
described(
    CommissionStatus,
    "Where commission is on its way to the partner.",
    ACCRUED="Expected; the order is not paid yet.",
    EARNED="Due with the next self-billing invoice.",
    PAYABLE="On a self-billing invoice that is not paid yet.",
    PAID="Paid.",
    REVERSED="Taken back whole before it was paid out.",
)
described(
    DisputeState,
    "Where a dispute is.",
    OPEN="Waiting for an answer; the commission is not paid out meanwhile.",
    UPHELD="The partner was right.",
    REJECTED="The commission stands as it is.",
    WITHDRAWN="The partner took it back.",
)


def _source(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity walk its index, a partner that of its own."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    if listing.audience is Audience.PARTNER:
        return Source(where=[row.beneficiary_contact_id == listing.actor.organization_id])
    return None


def _of_the_record(row: Any) -> Any:
    """Money: the record with all that was added to it and taken from it."""
    other = CommissionRow.__table__.alias()
    own = (other.c.id == row.id) | (other.c.reverses_id == row.id)
    cents = select(cast(func.coalesce(func.sum(other.c.amount_cents), 0), BigInteger)).where(own).scalar_subquery()
    return money(cents, row.currency, explained.commission_total(row))


@reads(DisputeRow, source=_source)
@strawberry.type(description="That a partner disputes its commission, and what came of it.")
class CommissionDispute(Node):
    state: DisputeState = column("Where it is.")
    reason: str = column("Why it is disputed.")
    answer: str | None = column("What was answered.")
    created_at: datetime = column("When it was disputed.")
    closed_at: datetime | None = column("When it was answered or withdrawn.")
    entity: EntityRef | None = related("The business entity.", on=lambda d, e: e.id == d.entity_id)
    beneficiary: OrganizationRef | None = related("The partner.", on=lambda d, o: o.id == d.beneficiary_contact_id)
    commission: Annotated["Commission", strawberry.lazy("api.commissions")] | None = related(
        "What is disputed.", on=lambda d, c: c.id == d.commission_id
    )
    correction: Annotated["Commission", strawberry.lazy("api.commissions")] | None = related(
        "What the answer added or took off.", on=lambda d, c: c.id == d.correction_id
    )


@reads(CommissionRow, source=_source)
@strawberry.type(
    description="A movement of commission. A record is the row that names no other; what happened to it are rows that "
    "name it."
)
class Commission(Node):
    kind: CommissionKind = column("What it is for.")
    cause: CommissionCause = column("Why it was written.")
    status: CommissionStatus = column("Where it is on its way to the partner.")
    disputed: bool = expression("Whether the record is disputed, and waits.", open_dispute)
    commission_level: int | None = column("Place in the channel at order time, the top being 1.")
    commission_rate: Decimal | None = column("Percent; null for a fixed amount.")
    base: Money = expression(
        "Net amount without VAT that the rate is of.",
        lambda c: money(c.base_cents, c.currency, explained.commission_base(c)),
    )
    uncut: Money = expression(
        "Before the maximum of the order was applied.",
        lambda c: money(c.uncut_cents, c.currency, explained.commission_uncut(c)),
    )
    amount: Money = expression(
        "What it adds, or takes off.", lambda c: money(c.amount_cents, c.currency, explained.commission_amount(c))
    )
    total: Money = expression("The record with all rows that name it; of such a row the row itself.", _of_the_record)
    measured: Decimal | None = column("Of a bonus or penalty: the figure that was reached.")
    period_month: date = column("First day of the month whose figures it belongs to.")
    accrued_at: datetime = column("When it was written.")
    earned_at: datetime | None = column("When it was earned.")
    paid_at: datetime | None = column("When it was paid.")
    entity: EntityRef | None = related("The business entity.", on=lambda c, e: e.id == c.entity_id)
    beneficiary: OrganizationRef | None = related("Whose it is.", on=lambda c, o: o.id == c.beneficiary_contact_id)
    order: OrderRef | None = related("The order it is of.", on=lambda c, o: o.id == c.order_id)
    lead: LeadRef | None = related("The lead it is of.", on=lambda c, lead: lead.id == c.lead_id)
    agreement: AgreementRef | None = related(
        "The agreement it follows from; null where the entity's standard holds, or the agreement is not yours.",
        on=lambda c, a: a.id == c.agreement_id,
    )
    self_billing_invoice: InvoiceRef | None = related(
        "The self-billing invoice it is on.", on=lambda c, i: i.id == c.self_billing_invoice_id
    )
    reverses: Annotated["Commission", strawberry.lazy("api.commissions")] | None = related(
        "The record it adds to or takes from.", on=lambda c, r: r.id == c.reverses_id
    )
    changes: list[Annotated["Commission", strawberry.lazy("api.commissions")]] = related_list(
        "The rows that name this record.",
        on=lambda c, r: r.reverses_id == c.id,
        order_by=lambda r: r.id,
        limit=_MOST_ROWS,
    )
    disputes: list[CommissionDispute] = related_list(
        "Disputes of the record.", on=lambda c, d: d.commission_id == c.id, order_by=lambda d: d.id, limit=_MOST_ROWS
    )


def _of_staff(listing: Listing, row: Any) -> Source | None:
    return Source(where=[row.entity_id == listing.actor.entity_id]) if listing.one_entity else None


@reads(TermsRow, source=_of_staff)
@strawberry.type(description="What is agreed about commission, with a partner or as the entity's standard.")
class CommissionTerms(Node):
    terms: JSON = column(
        "`levels` (percent from the top of the channel down), `categories`, `kickback`, `bonuses`, `penalties`, `caps`."
    )
    valid_from: datetime | None = expression("First moment.", lambda t: func.lower(t.valid))
    valid_until: datetime | None = expression("End, not included; none while in force.", lambda t: func.upper(t.valid))
    created_at: datetime = column("When they were agreed.")
    entity: EntityRef | None = related("The business entity.", on=lambda t, e: e.id == t.entity_id)
    organization: OrganizationRef | None = related(
        "The partner; null for the entity's standard.", on=lambda t, o: o.id == t.organization_id
    )


@filters(CommissionRow)
@strawberry.input(description="Which commission; all conditions hold together.")
class CommissionFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    beneficiary_id: IDFilter | None = match("Of this partner.", name="beneficiary_contact_id", node="Organization")
    order_id: IDFilter | None = match("Of this order.", node="Order")
    lead_id: IDFilter | None = match("Of this lead.", node="Lead")
    self_billing_invoice_id: IDFilter | None = match("On this self-billing invoice.", node="Invoice")
    reverses_id: IDFilter | None = match("That adds to or takes from this record.", node="Commission")
    kind: EnumFilter[CommissionKind] | None = match("By what it is for.")
    cause: EnumFilter[CommissionCause] | None = match("By why it was written.")
    status: EnumFilter[CommissionStatus] | None = match("By where it is.")
    disputed: bool | None = condition("Whether it is disputed.", lambda c, value: open_dispute(c) == value)
    period_month: DateFilter | None = match("By the first day of its month.")
    created_at: DateTimeFilter | None = match("By time of writing.")
    earned_at: DateTimeFilter | None = match("By when it was earned.")


@filters(DisputeRow)
@strawberry.input(description="Which disputes; all conditions hold together.")
class CommissionDisputeFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    beneficiary_id: IDFilter | None = match("Of this partner.", name="beneficiary_contact_id", node="Organization")
    commission_id: IDFilter | None = match("Of this record.", node="Commission")
    state: EnumFilter[DisputeState] | None = match("By where they are.")


@filters(TermsRow)
@strawberry.input(description="Which terms; all conditions hold together.")
class CommissionTermsFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    organization_id: IDFilter | None = match("With this partner.", node="Organization")
    in_force: bool | None = condition("Whether in force now.", lambda t, value: t.valid.op("@>")(func.now()) == value)


COMMISSION_SORT = Sort(
    CommissionRow,
    created_at="When it was written.",
    amount=by("By amount.", lambda c: c.amount_cents),
    period_month="By month.",
    default="-created_at",
)
DISPUTE_SORT = Sort(DisputeRow, created_at="When it was disputed.", default="-created_at")
TERMS_SORT = Sort(TermsRow, created_at="When they were agreed.", default="-created_at")


@strawberry.type
class CommissionQueries:
    commission: Commission | None = read_one("One movement of commission.", requires=Permission.COMMISSIONS_READ)
    commissions: Connection[Commission] = read_connection(
        "Commission: of staff's entities, or a partner's own.",
        filter=CommissionFilter,
        order=COMMISSION_SORT,
        requires=Permission.COMMISSIONS_READ,
    )
    commission_disputes: Connection[CommissionDispute] = read_connection(
        "Disputes about commission.",
        filter=CommissionDisputeFilter,
        order=DISPUTE_SORT,
        requires=Permission.COMMISSIONS_READ,
    )
    commission_terms: Connection[CommissionTerms] = read_connection(
        "What is agreed about commission, past terms included; for staff.",
        filter=CommissionTermsFilter,
        order=TERMS_SORT,
        requires=Permission.COMMISSIONS_WRITE,
    )


TYPES = (Commission, CommissionDispute, CommissionTerms)
