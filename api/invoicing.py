"""How contacts are invoiced, and runs over many orders: for staff."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import BigInteger, Select, cast, func, literal_column, select

from api.enums import described
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Listing,
    Node,
    Sort,
    Source,
    TextFilter,
    column,
    computed_list,
    expression,
    filters,
    match,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from domain.invoices.models import InvoiceRun as RunRow
from domain.invoices.models import InvoiceRunOrder as RunOrderRow
from domain.invoices.models import RunOutcome
from domain.vat.models import BillingProfile as ProfileRow
from domain.vat.models import VatTreatment
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.invoices import Invoice
    from api.jobs import Job
    from api.orders import Order
    from api.users import User

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
JobRef = Annotated["Job", strawberry.lazy("api.jobs")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
KEEPERS = [Audience.STAFF, Audience.SYSTEM]
CONTACTS = ["Contact", "Organization"]
_WRITE = Permission.INVOICES_WRITE

described(
    VatTreatment,
    "Who owes the VAT of a payer's lines.",
    AUTOMATIC="As the rule says, from what is sold to whom and where.",
    DOMESTIC="Never shifted to the payer.",
    REVERSE_CHARGE="Always shifted to the payer.",
)
described(
    RunOutcome,
    "What a run did with an order.",
    WAITING="Nothing yet.",
    ISSUED="At least one invoice was issued.",
    SKIPPED="No invoice was issued; the reason says why.",
)


# --- how contacts are invoiced ------------------------------------------------------------------------------------


def _of_entity(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity walk its index."""
    own = listing.audience is Audience.STAFF and listing.one_entity
    return Source(where=[row.entity_id == listing.actor.entity_id]) if own else None


@reads(ProfileRow, audiences=KEEPERS, source=_of_entity)
@strawberry.type(description="How a business entity invoices a contact.")
class BillingProfile(Node):
    collective: bool = column("Whether its orders of a month are on one invoice.")
    invoice_email: str | None = column("Where invoices are sent, if not to its own address.")
    language: str | None = column("Of its documents; null for its own.")
    purchase_order_required: bool = column("Whether nothing is invoiced before its purchase order is known.")
    payment_terms_days: int | None = column("Days in which it pays; null for what the order says.")
    deposit_percent: Decimal = column("Share of an order that is invoiced when it is received.")
    progress_percents: list[Decimal] = column(
        "Share of an order that has been invoiced after its first, second … visit, deposit included."
    )
    vat_treatment: VatTreatment = column("Who owes the VAT.")
    vat_reason: str = column("Why that is not automatic.")
    updated_at: datetime = column("When it was last changed.")
    entity: EntityRef | None = related("Who invoices.", on=lambda p, e: e.id == p.entity_id)
    contact: ContactRef | None = related("Who is invoiced.", on=lambda p, c: c.id == p.contact_id)


@filters(ProfileRow)
@strawberry.input(description="Which profiles; all conditions hold together.")
class BillingProfileFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("Of this contact.", node=CONTACTS)
    collective: bool | None = match("Whether orders are collected.")
    vat_treatment: EnumFilter[VatTreatment] | None = match("By who owes the VAT.")


PROFILE_SORT = Sort(ProfileRow, created_at="When it was made.", default="-created_at")


# --- runs ---------------------------------------------------------------------------------------------------------


@reads(RunOrderRow, audiences=KEEPERS)
@strawberry.type(description="What a run did with one order.")
class InvoiceRunOrder(Node):
    outcome: RunOutcome = column("What it did.")
    reason: str | None = column("Why no invoice was issued, as a code such as `ALREADY_INVOICED`.")
    order: OrderRef | None = related("The order.", on=lambda r, o: o.id == r.order_id)
    invoices: list[InvoiceRef] = related_list(
        "The invoices that were issued.",
        on=lambda r, i: i.id == func.any(r.invoice_ids),
        order_by=lambda i: i.number,
        limit=100,
    )


@filters(RunOrderRow)
@strawberry.input(description="Which orders of a run; all conditions hold together.")
class InvoiceRunOrderFilter:
    outcome: EnumFilter[RunOutcome] | None = match("By what was done.")
    reason: TextFilter | None = match("By why no invoice was issued.")


RUN_ORDER_SORT = Sort(RunOrderRow, created_at="By when the run found it.", default="created_at")


@reads(None)
@strawberry.type(description="How many orders were skipped for one reason.")
class SkippedOrders:
    reason: str = column("The reason, as a code.")
    orders: int = column("How many.")


def _count(outcome: RunOutcome | None) -> Any:
    def counted(run: Any) -> Any:
        own = RunOrderRow.__table__.alias()
        query = select(func.count()).select_from(own).where(own.c.run_id == run.id)
        return (query.where(own.c.outcome == outcome.value) if outcome else query).scalar_subquery()

    return counted


def _skipped(run: Any) -> Select[Any, int]:
    own = RunOrderRow.__table__.alias()
    reason = func.coalesce(own.c.reason, "").label("reason")
    skipped = (own.c.run_id == run.id) & (own.c.outcome == RunOutcome.SKIPPED.value)
    query = select(reason, func.count().label("orders")).where(skipped).group_by(reason)
    return query.order_by(literal_column("2").desc(), literal_column("1"))


def _invoices(run: Any) -> Any:
    own = RunOrderRow.__table__.alias()
    total = func.coalesce(func.sum(func.cardinality(own.c.invoice_ids)), 0)
    return select(cast(total, BigInteger)).where(own.c.run_id == run.id).scalar_subquery()


@reads(RunRow, audiences=KEEPERS, source=_of_entity)
@strawberry.type(description="Invoicing of many orders: how far it is, and what came of it.")
class InvoiceRun(Node):
    completed_from: date | None = column("Orders completed from this day on; null where orders were named.")
    completed_until: date | None = column("Until this day, not included.")
    created_at: datetime = column("When it was asked for.")
    divided_at: datetime | None = column("When its orders were known; null before that.")
    orders_total: int = expression("How many orders it has.", _count(None))
    orders_waiting: int = expression("How many of them it has yet to come to.", _count(RunOutcome.WAITING))
    orders_issued: int = expression("Of how many of them invoices were issued.", _count(RunOutcome.ISSUED))
    orders_skipped: int = expression("How many of them were skipped.", _count(RunOutcome.SKIPPED))
    invoices_issued: int = expression("How many invoices were issued.", lambda r: cast(_invoices(r), BigInteger))
    skipped: list[SkippedOrders] = computed_list(
        "Why orders were skipped, the most frequent first.", _skipped, limit=50
    )
    orders: Connection[InvoiceRunOrder] = related_connection(
        "What was done with each order.",
        on=lambda r, o: o.run_id == r.id,
        filter=InvoiceRunOrderFilter,
        order=RUN_ORDER_SORT,
    )
    entity: EntityRef | None = related("Whose orders.", on=lambda r, e: e.id == r.entity_id)
    requested_by: UserRef | None = related("Who asked for it.", on=lambda r, u: u.id == r.requested_by)
    job: JobRef | None = related("The job that finds its orders.", on=lambda r, j: j.id == r.job_id)


@filters(RunRow)
@strawberry.input(description="Which runs; all conditions hold together.")
class InvoiceRunFilter:
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    created_at: DateTimeFilter | None = match("By when they were asked for.")


RUN_SORT = Sort(RunRow, created_at="When it was asked for.", default="-created_at")


@strawberry.type
class InvoicingQueries:
    billing_profiles: Connection[BillingProfile] = read_connection(
        "How contacts are invoiced.", filter=BillingProfileFilter, order=PROFILE_SORT, requires=_WRITE
    )
    invoice_run: InvoiceRun | None = read_one("One run over many orders.", requires=_WRITE)
    invoice_runs: Connection[InvoiceRun] = read_connection(
        "Runs over many orders.", filter=InvoiceRunFilter, order=RUN_SORT, requires=_WRITE
    )


TYPES = (BillingProfile, InvoiceRun, InvoiceRunOrder)
