"""Connections to accounting packages, what was told to them, whether both sides agree; audit files."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import func, or_, select
from strawberry.scalars import JSON

from api.billing_amounts import recorded
from api.enums import described
from api.reading import (
    BigInt,
    Connection,
    DateFilter,
    DateTimeFilter,
    EnumFilter,
    IntFilter,
    Listing,
    Money,
    Node,
    Sort,
    Source,
    TextFilter,
    by,
    column,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
)
from domain.accounting.models import AccountingConnection as ConnectionRow
from domain.accounting.models import (
    AccountingPackage,
    AuditFileState,
    ConnectionState,
    RecordKind,
    RecordState,
    Side,
)
from domain.accounting.models import AccountingReconciliation as ReconciliationRow
from domain.accounting.models import AccountingRecord as RecordRow
from domain.accounting.models import AuditFile as AuditFileRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.invoice_documents import Document
    from api.invoices import Invoice
    from api.jobs import Job
    from api.users import User

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
DocumentRef = Annotated["Document", strawberry.lazy("api.invoice_documents")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
JobRef = Annotated["Job", strawberry.lazy("api.jobs")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
KEEPERS = [Audience.STAFF, Audience.SYSTEM]
_MANAGE = Permission.ACCOUNTING_MANAGE
_ENTITY = "Whose administration it is."

described(
    AccountingPackage,
    "An accounting package.",
    MONEYBIRD="Moneybird, by a personal API token or that of an application.",
    SNELSTART="Snelstart, by the key of a coupling (koppelsleutel).",
)
described(
    ConnectionState,
    "Whether anything is told over a connection.",
    UNTESTED="Nothing before a test succeeds.",
    ACTIVE="Everything, as it happens.",
    PAUSED="Nothing: somebody paused it. What happens meanwhile waits.",
    REFUSED="Nothing: the package refused the credentials. What happens meanwhile waits.",
)
described(
    RecordKind,
    "What is told.",
    CONTACT="A customer or supplier.",
    INVOICE="An invoice.",
    CREDIT_NOTE="A credit note.",
    SELF_BILLING="A purchase: an invoice that we made in a partner's name.",
    SELF_BILLING_CREDIT="Its credit.",
    PAYMENT="What was paid of a document, or taken back.",
)
described(
    RecordState,
    "Whether it is there.",
    PENDING="It waits for its turn.",
    SENDING="An attempt is under way.",
    DONE="It is there.",
    FAILED="It could not be told; `code` and `message` say why. It is tried again on demand.",
)
described(Side, "Which documents.", SALES="What we invoiced.", PURCHASES="What partners invoiced us.")
described(
    AuditFileState, "Whether an audit file can be had.", REQUESTED="A job makes it.", MADE="It can be downloaded."
)


def _source(listing: Listing, row: Any) -> Source | None:
    """Staff of one entity walk its index."""
    own = listing.audience is Audience.STAFF and listing.one_entity
    return Source(where=[row.entity_id == listing.actor.entity_id]) if own else None


def _count(connection: Any, *states: RecordState) -> Any:
    of = (RecordRow.connection_id == connection.id) & RecordRow.state.in_([state.value for state in states])
    return select(func.count()).select_from(RecordRow).where(of).scalar_subquery()


@filters(RecordRow)
@strawberry.input(description="Which records; all conditions hold together.")
class AccountingRecordFilter:
    connection_id: strawberry.ID | None = match("Of this connection.", node="AccountingAdministration")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    kind: EnumFilter[RecordKind] | None = match("By what is told.")
    state: EnumFilter[RecordState] | None = match("By whether it is there.")
    code: TextFilter | None = match("By why it failed.")
    reference: TextFilter | None = match("By the number of a document.")
    booked_on: DateFilter | None = match("By its day.")


RECORD_SORT = Sort(
    RecordRow,
    created_at="When it was written down.",
    booked_on=by("By its day.", lambda r: r.booked_on),
    default="-created_at",
)


@reads(ConnectionRow, audiences=KEEPERS, source=_source)
@strawberry.type(description="A business entity's administration in an accounting package.")
class AccountingAdministration(Node):
    entity: EntityRef | None = related(_ENTITY, on=lambda c, e: e.id == c.entity_id)
    package: AccountingPackage = column("Which package.")
    state: ConnectionState = column("Whether anything is told over it.")
    administration: str = column("Its id there.")
    administration_name: str = column("Its name there.")
    since: date = column("The first day from which on documents and payments are told.")
    with_payments: bool = column("Whether payments are told; else they are matched there.")
    mapping: JSON = column("Which accounts, VAT rates and payment account there stand for ours.")
    catalogue: JSON = column("What there is to choose from there, as the last test found it.")
    error: str | None = column("What the package answered last, where that was no good.")
    tested_at: datetime | None = column("When a test last succeeded.")
    synced_at: datetime | None = column("When a worker last ended its talk with it.")
    resume_at: datetime | None = column("Nothing is asked of the package before.")
    created_at: datetime = column("When it was made.")
    waiting: int = expression(
        "Records that are to be told.", lambda c: _count(c, RecordState.PENDING, RecordState.SENDING)
    )
    failed: int = expression("Records that could not be told.", lambda c: _count(c, RecordState.FAILED))
    told: int = expression("Records that are there.", lambda c: _count(c, RecordState.DONE))
    records: Connection["AccountingRecord"] = related_connection(
        "What is told over it.",
        on=lambda c, r: r.connection_id == c.id,
        filter=AccountingRecordFilter,
        order=RECORD_SORT,
    )


def _told(formula: str, name: str) -> Any:
    """Money of a record's column that follows from no other."""
    return lambda r: money(getattr(r, name), r.currency, recorded(formula, getattr(r, name), "AccountingRecord", r))


def _counted(formula: str, name: str) -> Any:
    """Money of a reconciliation's column."""
    kind = "AccountingReconciliation"
    return lambda r: money(getattr(r, name), explained=recorded(formula, getattr(r, name), kind, r))


@reads(RecordRow, audiences=KEEPERS, source=_source)
@strawberry.type(description="One contact, document or payment in an accounting package.")
class AccountingRecord(Node):
    connection: AccountingAdministration | None = related("Where.", on=lambda r, c: c.id == r.connection_id)
    entity: EntityRef | None = related(_ENTITY, on=lambda r, e: e.id == r.entity_id)
    kind: RecordKind = column("What is told.")
    state: RecordState = column("Whether it is there.")
    reference: str = column("By which it is found there: of a document its number.")
    booked_on: date = column("Its day.")
    amount: Money = expression(
        "With VAT; credits are negative, and so is a payment that went back.",
        _told("accounting.amount", "gross_cents"),
    )
    difference: Money = expression(
        "VAT there less VAT here: the package rounds in its own way.",
        _told("accounting.difference", "difference_cents"),
    )
    id_there: str | None = column("Its id there.", name="external_id")
    uncertain: bool = column("Whether an attempt may have written it: it is looked for before it is sent again.")
    attempts: int = column("Attempts since it was last there, or was asked for.")
    next_attempt_at: datetime | None = column("Not before then.")
    code: str | None = column("Why it failed: ours in capitals, such as UNMAPPED_ACCOUNT, or the package's.")
    message: str | None = column("The same in words.")
    sent_at: datetime | None = column("When it was last accepted.")
    created_at: datetime = column("When it was written down.")
    waits_for: Annotated["AccountingRecord", strawberry.lazy("api.accounting")] | None = related(
        "What has to be there first.", on=lambda r, d: d.id == r.depends_on_id
    )
    contact: ContactRef | None = related("The other party.", on=lambda r, c: c.id == r.contact_id)
    invoice: InvoiceRef | None = related(
        "The document, or the one that is paid.", on=lambda r, i: or_(i.id == r.subject_id, i.id == r.part_id)
    )


@reads(ReconciliationRow, audiences=KEEPERS, source=_source)
@strawberry.type(description="A month of a connection, counted and summed here and there.")
class AccountingReconciliation(Node):
    connection: AccountingAdministration | None = related("Where.", on=lambda r, c: c.id == r.connection_id)
    entity: EntityRef | None = related(_ENTITY, on=lambda r, e: e.id == r.entity_id)
    month: date = column("Its first day.")
    side: Side = column("Which documents.")
    agrees: bool = column("Whether both sides are the same.")
    count_here: int = column("Documents that were told.")
    count_there: int = column("Documents there that are ours.")
    gross_here: Money = expression("Their sum.", _counted("accounting.grossHere", "gross_cents_here"))
    gross_there: Money = expression("Their sum.", _counted("accounting.grossThere", "gross_cents_there"))
    paid_here: Money = expression(
        "What was told to be paid of them.",
        _counted("accounting.paidHere", "paid_cents_here"),
    )
    paid_there: Money = expression(
        "What is paid of them there.",
        _counted("accounting.paidThere", "paid_cents_there"),
    )
    missing: JSON = column("Numbers that are here and not there, at most 100.")
    unknown: JSON = column("Numbers that are there and not here, at most 100.")
    different: JSON = column("Numbers whose amounts differ, or that are there twice; at most 100.")
    checked_at: datetime = column("When.")


@reads(AuditFileRow, audiences=KEEPERS, source=_source)
@strawberry.type(description="An XML Auditfile Financieel (XAF 3.2) of a business entity's year.")
class AuditFile(Node):
    entity: EntityRef | None = related("Whose books.", on=lambda f, e: e.id == f.entity_id)
    year: int = column("Which year.")
    state: AuditFileState = column("Whether it can be had.")
    lines: int | None = column("Lines of the journals.")
    debit_cents: BigInt | None = column("Sum of their debits, in cents.")
    credit_cents: BigInt | None = column("Sum of their credits, in cents.")
    document: DocumentRef | None = related("The file.", on=lambda f, d: d.id == f.document_id)
    job: JobRef | None = related(
        "The job that makes it; why it failed is told there.", on=lambda f, j: j.id == f.job_id
    )
    requested_by: UserRef | None = related("Who asked for it.", on=lambda f, u: u.id == f.requested_by)
    created_at: datetime = column("When it was asked for.")


@filters(ConnectionRow)
@strawberry.input(description="Which connections; all conditions hold together.")
class AccountingConnectionFilter:
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    package: EnumFilter[AccountingPackage] | None = match("With this package.")
    state: EnumFilter[ConnectionState] | None = match("By whether anything is told.")


@filters(ReconciliationRow)
@strawberry.input(description="Which months; all conditions hold together.")
class AccountingReconciliationFilter:
    connection_id: strawberry.ID | None = match("Of this connection.", node="AccountingAdministration")
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    month: DateFilter | None = match("By month.")
    agrees: bool | None = match("Whether both sides are the same.")


@filters(AuditFileRow)
@strawberry.input(description="Which audit files; all conditions hold together.")
class AuditFileFilter:
    entity_id: strawberry.ID | None = match("Of this business entity.", node="BusinessEntity")
    year: IntFilter | None = match("By year.")
    created_at: DateTimeFilter | None = match("By when they were asked for.")


CONNECTION_SORT = Sort(ConnectionRow, created_at="When it was made.", default="-created_at")
RECONCILIATION_SORT = Sort(ReconciliationRow, created_at="When it was first looked at.", default="-created_at")
AUDIT_FILE_SORT = Sort(AuditFileRow, created_at="When it was asked for.", default="-created_at")


@strawberry.type
class AccountingQueries:
    accounting_connection: AccountingAdministration | None = read_one("One connection.", requires=_MANAGE)
    accounting_connections: Connection[AccountingAdministration] = read_connection(
        "Connections to accounting packages.",
        filter=AccountingConnectionFilter,
        order=CONNECTION_SORT,
        requires=_MANAGE,
    )
    accounting_record: AccountingRecord | None = read_one("One record.", requires=_MANAGE)
    accounting_records: Connection[AccountingRecord] = read_connection(
        "What was told to accounting packages, and what could not be.",
        filter=AccountingRecordFilter,
        order=RECORD_SORT,
        requires=_MANAGE,
    )
    accounting_reconciliations: Connection[AccountingReconciliation] = read_connection(
        "Months of accounting packages beside ours.",
        filter=AccountingReconciliationFilter,
        order=RECONCILIATION_SORT,
        requires=_MANAGE,
    )
    audit_file: AuditFile | None = read_one("One audit file.", requires=_MANAGE)
    audit_files: Connection[AuditFile] = read_connection(
        "Audit files that were asked for.", filter=AuditFileFilter, order=AUDIT_FILE_SORT, requires=_MANAGE
    )


TYPES = (AccountingAdministration, AccountingRecord, AccountingReconciliation, AuditFile)
