"""Invoices as their parties see them, how contacts are invoiced, and runs over many orders."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import BigInteger, Date, Numeric, Select, Text, and_, cast, func, or_, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from api import invoice_amounts as explained
from api.enums import described
from api.events import EVENT_SORT, Event, EventFilter
from api.listing import by_entity_or_channel
from api.quote_parts import PARTIES
from api.reading import (
    BigIntFilter,
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Money,
    Node,
    Sort,
    TextFilter,
    by,
    column,
    computed_list,
    condition,
    embedded,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
    related_list,
)
from api.search import with_text
from domain.charging_bills.models import SessionCharge
from domain.contacts.models import Contact as ContactRow
from domain.invoices.models import (
    Invoice as InvoiceRow,
)
from domain.invoices.models import (
    InvoiceKind,
    InvoicePart,
    InvoiceStatus,
    LineCategory,
)
from domain.invoices.models import InvoiceLine as LineRow
from domain.money import VatClass
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.catalog import Article
    from api.charging_bills import ChargingBill
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.invoice_documents import Document
    from api.jobs import Job
    from api.orders import Order
    from api.payments import PaymentAllocation
    from api.quote_parts import LineItem
    from api.users import User

AllocationRef = Annotated["PaymentAllocation", strawberry.lazy("api.payments")]
ArticleRef = Annotated["Article", strawberry.lazy("api.catalog")]
ChargingBillRef = Annotated["ChargingBill", strawberry.lazy("api.charging_bills")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
DocumentRef = Annotated["Document", strawberry.lazy("api.invoice_documents")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
JobRef = Annotated["Job", strawberry.lazy("api.jobs")]
OrderRef = Annotated["Order", strawberry.lazy("api.orders")]
LineItemRef = Annotated["LineItem", strawberry.lazy("api.quote_parts")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
KEEPERS = [Audience.STAFF, Audience.SYSTEM]
CONTACTS = ["Contact", "Organization"]
_READ = Permission.INVOICES_READ

described(
    InvoiceKind,
    "What kind of document.",
    INVOICE="An invoice.",
    CREDIT_NOTE="Takes off an invoice, or a part of it; amounts are negative.",
    SELF_BILLING="Made by us in the name of a partner, for its commission.",
    SELF_BILLING_CREDIT="The same where a partner owes commission back.",
)
described(
    InvoicePart,
    "Which part of what it bills.",
    DEPOSIT="A share of the order, when it is received.",
    PROGRESS="A share of the order, after a visit.",
    FINAL="The order, or what is left of it, when it is completed.",
    COLLECTIVE="All orders that were completed in a month.",
    CREDIT="A credit.",
    COMMISSION="Commission of a month.",
    CHARGING="Charging sessions, what a correction of one adds, or what drivers buy beforehand.",
)
described(
    InvoiceStatus,
    "What became of an invoice.",
    ISSUED="Nothing was paid yet.",
    PARTIALLY_PAID="A part was paid.",
    PAID="Nothing is open.",
    CREDITED="All of it was credited.",
    WRITTEN_OFF="What is open is not expected any more.",
)
described(
    LineCategory,
    "What a line is revenue of.",
    CHARGING_STATION="Charging stations.",
    CABLE_ACCESSORY="Cables and accessories.",
    MOUNTING_POLE="Mounting poles.",
    INSTALLATION_SERVICE="Installation.",
    METER_BOX_MODULE="Meter boxes.",
    SMART_METER_OCPP="Smart meters and OCPP.",
    CHARGING="Charging.",
    COMMISSION="Commission, on self-billing invoices.",
    OTHER="Anything else.",
)
# --- parties, lines, VAT ------------------------------------------------------------------------------------------


def _said(side: str, name: str) -> Any:
    return lambda i: func.coalesce(getattr(i, side)[name].astext, "")


@reads(InvoiceRow, kind="Invoice")
@strawberry.type(description="Who issues it, as of its day.")
class InvoiceSeller:
    name: str = expression("Trade name.", _said("seller", "name"))
    legal_name: str = expression("Name in the trade register.", _said("seller", "legal_name"))
    street: str = expression("Street.", _said("seller", "street"))
    house_number: str = expression("Number with its addition.", _said("seller", "house_number"))
    postal_code: str = expression("Postcode.", _said("seller", "postal_code"))
    city: str = expression("City.", _said("seller", "city"))
    country: str = expression("ISO 3166-1 code.", _said("seller", "country"))
    kvk_number: str = expression("Number in the trade register.", _said("seller", "kvk_number"))
    vat_number: str = expression("VAT number.", _said("seller", "vat_number"))
    iban: str = expression("Where to pay.", _said("seller", "iban"))
    email: str = expression("E-mail address.", _said("seller", "email"))


@reads(InvoiceRow, kind="Invoice")
@strawberry.type(description="Who is invoiced, as of its day.")
class InvoicePayer:
    name: str = expression("Name.", _said("payer", "name"))
    legal_name: str = expression("Name in the trade register.", _said("payer", "legal_name"))
    street: str = expression("Street.", _said("payer", "street"))
    house_number: str = expression("Number with its addition.", _said("payer", "house_number"))
    postal_code: str = expression("Postcode.", _said("payer", "postal_code"))
    city: str = expression("City.", _said("payer", "city"))
    country: str = expression("ISO 3166-1 code.", _said("payer", "country"))
    kvk_number: str = expression("Number in the trade register.", _said("payer", "kvk_number"))
    vat_number: str = expression("VAT number.", _said("payer", "vat_number"))
    email: str = expression("Where it is sent.", _said("payer", "email"))


@reads(None)
@strawberry.type(description="The part of an invoice that is charged in one VAT category and at one rate.")
class InvoiceVat:
    category: str = column("UNCL 5305: S standard, Z zero, AE reverse charge, K within the EU, G export, E exempt.")
    rate: Decimal = column("In percent.")
    rules: list[str] = column("Ids of the rules that decided, such as `NL-SUBCONTRACTING`.")
    reason_nl: str = column("Why there is no VAT, in Dutch; empty where there is.")
    reason_en: str = column("The same in English.")
    net: Money = expression("Without VAT.", lambda g: money(g.net_cents, g.currency, explained.group(g, "net")))
    vat: Money = expression("The VAT.", lambda g: money(g.vat_cents, g.currency, explained.group(g, "vat")))
    gross: Money = expression(
        "Net and VAT together.", lambda g: money(g.gross_cents, g.currency, explained.group(g, "gross"))
    )


def _vat_groups(invoice: Any) -> Select[Any]:
    groups = func.jsonb_array_elements(invoice.vat_breakdown)
    group = groups.table_valued(sql_column("value", JSONB), with_ordinality="place", name="vat").render_derived()
    value = group.c.value
    rule = func.jsonb_array_elements_text(value["rules"]).table_valued("rule", name="rule").render_derived()
    amounts = (cast(value[name].astext, BigInteger).label(name) for name in ("net_cents", "vat_cents", "gross_cents"))
    texts = (value[name].astext.label(name) for name in ("category", "reason_nl", "reason_en"))
    return select(
        *texts,
        cast(value["rate"].astext, Numeric).label("rate"),
        func.array(select(rule.c.rule).scalar_subquery(), type_=ARRAY(Text())).label("rules"),
        *amounts,
        invoice.currency.label("currency"),
        invoice.id.label("invoice_id"),
    ).order_by(group.c.place)


@reads(LineRow)
@strawberry.type(description="A line of an invoice; on a credit note quantity and amounts are negative.")
class InvoiceLine(Node):
    position: int = column("Place on the invoice, from 1.")
    sku: str = column("Article number; empty for what is no article.")
    category: LineCategory = column("What it is revenue of.")
    description: str = column("What it says.")
    quantity: Decimal = column("How many, at most three decimals.")
    unit: str = column("Unit of the quantity.")
    unit_price: Money = expression(
        "Per unit, without VAT.", lambda r: money(r.unit_price_cents, r.currency, explained.unit_price(r))
    )
    discount_percent: Decimal = column("Discount, 0 to 100.")
    discount: Money = expression(
        "What the discount takes off.", lambda r: money(r.discount_cents, r.currency, explained.discount(r))
    )
    vat_class: VatClass = column("How VAT is charged.")
    vat_rate: Decimal = column("VAT in percent.")
    vat_rule: str = column("Id of the rule that decided.")
    vat_category: str = column("UNCL 5305.")
    net: Money = expression("After discount, without VAT.", lambda r: money(r.net_cents, r.currency, explained.net(r)))
    vat: Money = expression("VAT of the line.", lambda r: money(r.vat_cents, r.currency, explained.vat(r)))
    gross: Money = expression("Net and VAT together.", lambda r: money(r.gross_cents, r.currency, explained.gross(r)))
    portion_percent: Decimal | None = column("Share of the order's line that it bills; null for all of it.")
    credited_quantity: Decimal = column("How many of it were credited.")
    credited_net: Money = expression(
        "What was credited, without VAT.",
        lambda r: money(r.credited_net_cents, r.currency, explained.credited(r, "net")),
    )
    credited_vat: Money = expression(
        "VAT that was credited.", lambda r: money(r.credited_vat_cents, r.currency, explained.credited(r, "vat"))
    )
    recognized_at: datetime | None = column("When it became revenue; null while it is deferred.")
    article: ArticleRef | None = related("The article.", on=lambda r, a: a.id == r.article_id)
    order: OrderRef | None = related("The order.", on=lambda r, o: o.id == r.order_id)
    line_item: LineItemRef | None = related(
        "The line of the order that was signed.", on=lambda r, x: x.id == r.line_item_id
    )
    credits: Annotated["InvoiceLine", strawberry.lazy("api.invoices")] | None = related(
        "The line that it takes off.", on=lambda r, other: other.id == r.credits_line_id
    )
    invoice: InvoiceRef | None = related("The invoice.", on=lambda r, i: i.id == r.invoice_id)
    charging_bill: ChargingBillRef | None = related(
        "The bill of the charging session that it is of.", on=lambda r, b: b.id == _billing_of(r)
    )


def _billing_of(line: Any) -> Any:
    charge = SessionCharge.__table__.alias()
    return select(charge.c.billing_id).where(charge.c.invoice_line_id == line.id).scalar_subquery()


INVOICE_LINE_SORT = Sort(LineRow, position="By place on the invoice.", default="position")


# --- invoices -----------------------------------------------------------------------------------------------------

_TODAY = cast(func.timezone("Europe/Amsterdam", func.now()), Date)


def _overdue(invoice: Any) -> Any:
    return and_(invoice.open_cents > 0, invoice.due_on < _TODAY)


def _total(amount: str) -> Any:
    return lambda i: money(getattr(i, f"{amount}_cents"), i.currency, explained.total(i, amount))


def _paid(invoice: Any) -> Any:
    how = explained.recorded("invoice.paid", invoice.paid_cents, "Invoice", invoice)
    return money(invoice.paid_cents, invoice.currency, how)


@reads(InvoiceRow, source=by_entity_or_channel("invoice"), audiences=PARTIES)
@strawberry.type(description="An issued document. Only what becomes of it changes.")
class Invoice(Node):
    number: str = column("Without gaps per business entity and year, such as `CC-2026-00012`.")
    kind: InvoiceKind = column("What kind of document.")
    part: InvoicePart = column("Which part of what it bills.")
    status: InvoiceStatus = column("What became of it.")
    currency: str = column("ISO 4217 code.")
    issued_on: date = column("The day of the document, in Amsterdam.")
    supplied_on: date = column("The day of supply.")
    due_on: date = column("The last day to pay.")
    is_overdue: bool = expression("Whether something is open and the day to pay has passed.", _overdue)
    payment_terms_days: int = column("Days in which is paid.")
    language: str = column("Of the document, nl or en.")
    reference: str = column("The payer's own: its purchase order or order number.")
    payment_reference: str = column("To be given with a payment; ISO 11649.")
    period_month: date | None = column("First day of the month of a collective or self-billing invoice.")
    reason: str = column("Why it credits.")
    notes: str = column("Printed on the document.")
    net: Money = expression("Without VAT.", _total("net"))
    vat: Money = expression("VAT.", _total("vat"))
    gross: Money = expression("With VAT.", _total("gross"))
    paid: Money = expression("What was paid of it.", _paid)
    credited: Money = expression(
        "What was credited of it, with VAT.",
        lambda i: money(i.credited_cents, i.currency, explained.credited_of(i)),
    )
    open: Money = expression(
        "What is left to pay; negative: we owe it to the payer. Nothing of a credit note, which takes off its invoice.",
        lambda i: money(i.open_cents, i.currency, explained.open_of(i)),
    )
    created_at: datetime = column("When it was issued.")
    updated_at: datetime = column("When something became of it.")
    seller: InvoiceSeller = embedded("Who issues it, as of its day.")
    payer: InvoicePayer = embedded("Who is invoiced, as of its day.")
    vat_groups: list[InvoiceVat] = computed_list("Totals by VAT category and rate.", _vat_groups, limit=20)
    lines: Connection[InvoiceLine] = related_connection(
        "Its lines.", on=lambda i, line: line.invoice_id == i.id, order=INVOICE_LINE_SORT
    )
    entity: EntityRef | None = related("The business entity.", on=lambda i, e: e.id == i.entity_id)
    payer_contact: ContactRef | None = related(
        "Who is invoiced, as it is now; of self-billing the partner.", on=lambda i, c: c.id == i.payer_contact_id
    )
    order: OrderRef | None = related("The order; none of a collective invoice.", on=lambda i, o: o.id == i.order_id)
    credits: InvoiceRef | None = related("The invoice that it takes off.", on=lambda i, c: c.id == i.credits_invoice_id)
    credit_notes: list[InvoiceRef] = related_list(
        "What took off it, oldest first.",
        on=lambda i, c: c.credits_invoice_id == i.id,
        order_by=lambda c: c.created_at,
        limit=100,
    )
    payments: list[AllocationRef] = related_list(
        "What was paid of it, and what of that was given back.",
        on=lambda i, a: a.invoice_id == i.id,
        order_by=lambda a: a.id,
        limit=100,
    )
    documents: list[DocumentRef] = related_list(
        "The PDF and the electronic invoice (UBL), once they are made.",
        on=lambda i, d: and_(d.owner_type == "Invoice", d.owner_id == i.id),
        order_by=lambda d: d.kind,
        limit=10,
    )
    timeline: Connection[Event] = related_connection(
        "What happened to it, newest first.", on=lambda i, e: e.subject_id == i.id, filter=EventFilter, order=EVENT_SORT
    )


@filters(InvoiceRow)
@strawberry.input(description="Which invoices; all conditions hold together.")
class InvoiceFilter:
    status: EnumFilter[InvoiceStatus] | None = match("By what became of them.")
    kind: EnumFilter[InvoiceKind] | None = match("By kind.")
    part: EnumFilter[InvoicePart] | None = match("By the part that they bill.")
    number: TextFilter | None = match("By number.")
    payment_reference: TextFilter | None = match("By payment reference.")
    reference: TextFilter | None = match("By the payer's own reference.")
    entity_id: IDFilter | None = match("Of this business entity.", node="BusinessEntity")
    payer_id: IDFilter | None = match("To this payer.", name="payer_contact_id", node=CONTACTS)
    order_id: IDFilter | None = match("Of this order alone; collective invoices are found by `includes`.", node="Order")
    includes: strawberry.ID | None = condition(
        "With lines of this order.",
        lambda i, value: select(LineRow.id).where(LineRow.invoice_id == i.id, LineRow.order_id == value).exists(),
        node="Order",
    )
    overdue: bool | None = condition(
        "Whether something is open and the day to pay has passed.", lambda i, value: _overdue(i) == value
    )
    unsettled: bool | None = condition("Whether something is open.", lambda i, value: (i.open_cents != 0) == value)
    issued_on: DateFilter | None = match("By the day of the document.")
    due_on: DateFilter | None = match("By the last day to pay.")
    period_month: DateFilter | None = match("By month of collective and self-billing invoices.")
    gross_cents: BigIntFilter | None = match("By the total with VAT, in cents.")
    open_cents: BigIntFilter | None = match("By what is open, in cents.")
    created_at: DateTimeFilter | None = match("By when they were issued.")
    search: str | None = condition(
        "Text in number, references, payer or order number; the 250 best.", with_text("invoice")
    )


INVOICE_SORT = Sort(
    InvoiceRow,
    created_at="When it was issued.",
    issued_on="By the day of the document.",
    due_on="By the last day to pay.",
    number="By number.",
    gross=by("By the total with VAT.", lambda i: i.gross_cents),
    open=by("By what is open.", lambda i: i.open_cents),
    default="-created_at",
)


def invoices_of_order() -> Any:
    """A connection of what billed an order, alone or with others."""

    def on(order: Any, invoice: Any) -> Any:
        return invoice.id.in_(select(LineRow.invoice_id).where(LineRow.order_id == order.id))

    return related_connection("Its invoices that you may see.", on=on, filter=InvoiceFilter, order=INVOICE_SORT)


def invoices_of_contact() -> Any:
    """A connection of what a contact was invoiced, also under the names that were merged into it."""

    def on(contact: Any, invoice: Any) -> Any:
        named = select(ContactRow.id).where(or_(ContactRow.id == contact.id, ContactRow.merged_into_id == contact.id))
        return invoice.payer_contact_id.in_(named)

    return related_connection("Invoices to it that you may see.", on=on, filter=InvoiceFilter, order=INVOICE_SORT)


@strawberry.type
class InvoiceQueries:
    invoice: Invoice | None = read_one("One invoice, by its id or its number.", by=("id", "number"), requires=_READ)
    invoices: Connection[Invoice] = read_connection(
        "Invoices you may see.", filter=InvoiceFilter, order=INVOICE_SORT, requires=_READ
    )


TYPES = (Invoice, InvoiceLine)
