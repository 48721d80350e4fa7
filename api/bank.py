"""Bank statements, their transactions and what these may be; mandates, and files for the bank."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Date, cast, func, literal_column

import api.bank_enums  # noqa: F401  # describes the enums before they are used here
from api.billing_amounts import as_recorded, bank_file_total
from api.invoice_documents import Document
from api.ledger import JournalEntry
from api.payments import Payment
from api.reading import (
    BigIntFilter,
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
    TextFilter,
    TextSearchFilter,
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
    related_list,
)
from domain.bank.matching import MOST_TOGETHER, MatchReason
from domain.bank.models import BankMatch as MatchRow
from domain.bank.models import BankStatement as StatementRow
from domain.bank.models import BankTransaction as TransactionRow
from domain.bank.models import MatchKind, ProposalState, TransactionKind, TransactionState
from domain.bank.models import MatchProposal as ProposalRow
from domain.bank.order_models import BankFile as FileRow
from domain.bank.order_models import BankFileKind, BankFileState, FileLineState, MandateScheme, MandateState, MandateUse
from domain.bank.order_models import BankFileLine as LineRow
from domain.bank.order_models import Mandate as MandateRow
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.invoices import Invoice
    from api.users import User

ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
InvoiceRef = Annotated["Invoice", strawberry.lazy("api.invoices")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
TransactionRef = Annotated["BankTransaction", strawberry.lazy("api.bank")]
FileRef = Annotated["BankFile", strawberry.lazy("api.bank")]
OURS = [Audience.STAFF, Audience.SYSTEM]
_READ = Permission.PAYMENTS_WRITE
MOST_MATCHES, MOST_PROPOSALS = 100, 5


def of_one_entity(listing: Listing, row: Any) -> Source | None:
    """A `source` for what staff alone see: those of one entity walk its index."""
    return Source(where=[row.entity_id == listing.actor.entity_id]) if listing.one_entity else None


@reads(StatementRow, audiences=OURS, source=of_one_entity)
@strawberry.type(description="A bank statement that was read in; its entries explain its balances to the cent.")
class BankStatement(Node):
    reference: str = column("The bank's own number.")
    iban: str = column("The account.")
    sequence: int | None = column("Its place among the statements of the account, where the bank tells.")
    opened_on: date = column("The first day.")
    closed_on: date = column("The last day.")
    opening: Money = expression("Opening balance.", as_recorded("bank.opening", "opening_cents", "BankStatement"))
    closing: Money = expression("Closing balance.", as_recorded("bank.closing", "closing_cents", "BankStatement"))
    transactions: int = column("How many payments are in it, those of batches one by one.")
    format: str = column("`camt.053.001.02` or `camt.053.001.08`.")
    missing: str | None = column(
        "What was not received before it: numbers of statements, or an amount; null where it follows the one before."
    )
    created_at: datetime = column("When it was read in.")
    entity: EntityRef | None = related("Whose account.", on=lambda s, e: e.id == s.entity_id)
    imported_by: UserRef | None = related("Who sent it.", on=lambda s, u: u.id == s.imported_by)
    file: Document | None = related(
        "The file as it was sent, on the first statement that was new in it.",
        on=lambda s, d: (d.owner_type == "BankStatement") & (d.owner_id == s.id),
    )


@reads(MatchRow, audiences=OURS)
@strawberry.type(description="What (a part of) a transaction is.")
class BankMatch(Node):
    kind: MatchKind = column("What it is.")
    amount: Money = expression(
        "Of the transaction, with its sign.", as_recorded("bank.matched", "amount_cents", "BankMatch")
    )
    automatic: bool = column("Whether a rule said so, and not a person.")
    rule: str = column("By which rule: `PAYMENT_REFERENCE`, `END_TO_END_ID`, `BY_HAND`, `PROPOSAL` …")
    account_role: str | None = column("LEDGER: what the account is for.")
    note: str = column("What was noted.")
    undone_at: datetime | None = column("When it was undone.")
    created_at: datetime = column("When.")
    invoice: InvoiceRef | None = related("The invoice.", on=lambda m, i: i.id == m.invoice_id)
    payment: Payment | None = related("The payment that was made of it.", on=lambda m, p: p.id == m.payment_id)
    entry: JournalEntry | None = related("Its posting, where it is no payment.", on=lambda m, e: e.id == m.entry_id)
    matched_by: UserRef | None = related("Who said so.", on=lambda m, u: u.id == m.matched_by)


@reads(ProposalRow, audiences=OURS, source=of_one_entity)
@strawberry.type(description="What a transaction may be; it waits for somebody to say so.")
class MatchProposal(Node):
    kind: MatchKind = column("INVOICE or PROVIDER_PAYOUT.")
    state: ProposalState = column("Where it is.")
    score: int = column("How likely, 1 to 99; what is certain is matched without being proposed.")
    reasons: list[MatchReason] = column("Why.")
    amount: Money = expression("Of the transaction.", as_recorded("bank.proposed", "amount_cents", "MatchProposal"))
    created_at: datetime = column("When it was found.")
    invoices: list[InvoiceRef] = related_list(
        "What it pays; the first as much as it holds, then the next.",
        on=lambda p, i: i.id == func.any(p.invoice_ids),
        order_by=lambda i: i.due_on,
        limit=MOST_TOGETHER,
    )
    transaction: TransactionRef | None = related("The transaction.", on=lambda p, t: t.id == p.transaction_id)
    entity: EntityRef | None = related("Whose account.", on=lambda p, e: e.id == p.entity_id)


@reads(TransactionRow, audiences=OURS, source=of_one_entity)
@strawberry.type(description="A payment on a bank account of ours.")
class BankTransaction(Node):
    state: TransactionState = column("Where it is.")
    kind: TransactionKind = column("What it is, as the bank tells.")
    amount: Money = expression(
        "Positive where we received it.", as_recorded("bank.amount", "amount_cents", "BankTransaction")
    )
    booked_on: date = column("The day of the booking.")
    valued_on: date = column("The day of its value.")
    counterparty_name: str | None = column("Who paid, or was paid, as the bank tells.")
    counterparty_iban: str | None = column("From or to which account.")
    counterparty_bic: str | None = column("Of which bank.")
    creditor_reference: str | None = column("Structured reference.")
    remittance: str = column("What the payer wrote.")
    end_to_end_reference: str | None = column("The id that the payer's side gave it.", name="end_to_end_id")
    mandate_reference: str | None = column("The mandate of a collection.")
    batch_reference: str | None = column("Our file or block of it, where the bank books many as one.")
    bank_reference: str | None = column("The bank's own id.")
    bank_code: str = column("ISO bank transaction code, such as `PMNT/RCDT/ESCT`.")
    return_reason: str | None = column("ISO code of why it came back, such as `AC04`.")
    ignored_reason: str | None = column("Why it was left alone.")
    matched_at: datetime | None = column("When it was matched.")
    created_at: datetime = column("When it was read in.")
    statement: BankStatement | None = related("The statement.", on=lambda t, s: s.id == t.statement_id)
    matches: list[BankMatch] = related_list(
        "What it is, in parts; what was undone is left out.",
        on=lambda t, m: (m.transaction_id == t.id) & m.undone_at.is_(None),
        order_by=lambda m: m.id,
        limit=MOST_MATCHES,
    )
    history: list[BankMatch] = related_list(
        "All that it was ever matched to.",
        on=lambda t, m: m.transaction_id == t.id,
        order_by=lambda m: m.id.desc(),
        limit=MOST_MATCHES,
    )
    proposals: list[MatchProposal] = related_list(
        "What it may be, the likeliest first.",
        on=lambda t, p: (p.transaction_id == t.id) & (p.state == ProposalState.OPEN.value),
        order_by=lambda p: p.score.desc(),
        limit=MOST_PROPOSALS,
    )
    entity: EntityRef | None = related("Whose account.", on=lambda t, e: e.id == t.entity_id)


# --- mandates and files ---------------------------------------------------------------------------------------------

_MONTHS: Any = literal_column("interval '36 months'")


def _lapses_on(mandate: Any) -> Any:
    return cast(func.coalesce(mandate.last_collected_on, mandate.signed_on) + _MONTHS, Date)


@reads(MandateRow, audiences=OURS, source=of_one_entity)
@strawberry.type(description="That a payer allows collections from an account (SEPA direct debit).")
class Mandate(Node):
    reference: str = column("The number of the mandate.")
    scheme: MandateScheme = column("Which direct debit.")
    use: MandateUse = column("How often.")
    state: MandateState = column("Whether it may be used.")
    iban: str = column("The payer's account.")
    bic: str | None = column("The payer's bank.")
    account_holder: str = column("In whose name the account is.")
    signed_on: date = column("When it was signed.")
    last_collected_on: date | None = column("The last day for which was collected.")
    lapses_on: date = expression("The first day on which it holds no more: 36 months without a collection.", _lapses_on)
    revoked_at: datetime | None = column("When it was revoked.")
    revoke_reason: str | None = column("Why.")
    created_at: datetime = column("When it was registered.")
    contact: ContactRef | None = related("Who pays.", on=lambda m, c: c.id == m.contact_id)
    entity: EntityRef | None = related("Who may collect.", on=lambda m, e: e.id == m.entity_id)
    registered_by: UserRef | None = related("Who registered it.", on=lambda m, u: u.id == m.registered_by)


@reads(LineRow, audiences=OURS)
@strawberry.type(description="One collection or payout of a file.")
class BankFileLine(Node):
    position: int = column("Place in the file, from 1.")
    state: FileLineState = column("Where it is.")
    amount: Money = expression("How much.", as_recorded("bank.instructed", "amount_cents", "BankFileLine"))
    name: str = column("Of whom or to whom.")
    iban: str = column("From or to which account.")
    sequence_type: str | None = column("Of a collection: `FRST`, `RCUR` or `OOFF`.")
    end_to_end_reference: str = column("Under which id the bank tells of it.", name="end_to_end_id")
    description: str = column("What the other side reads.")
    return_reason: str | None = column("ISO code of why it came back.")
    invoice: InvoiceRef | None = related("The invoice.", on=lambda line, i: i.id == line.invoice_id)
    refund: Payment | None = related("The refund that is paid out.", on=lambda line, p: p.id == line.refund_id)
    mandate: Mandate | None = related("The mandate.", on=lambda line, m: m.id == line.mandate_id)
    contact: ContactRef | None = related("Who pays or is paid.", on=lambda line, c: c.id == line.contact_id)
    file: FileRef | None = related("The file.", on=lambda line, f: f.id == line.file_id)


@filters(LineRow)
@strawberry.input(description="Which lines of a file.")
class BankFileLineFilter:
    state: EnumFilter[FileLineState] | None = match("By state.")
    contact_id: IDFilter | None = match("By who pays or is paid.", node="Contact")


LINE_SORT = Sort(LineRow, position="By place in the file.", default="position")


@reads(FileRow, audiences=OURS, source=of_one_entity)
@strawberry.type(description="A file of collections or payouts, to be given to the bank.")
class BankFile(Node):
    number: str = column("Human number, such as `CC-DD-2026-00001`; the message id of the file.")
    kind: BankFileKind = column("What it tells the bank to do.")
    scheme: MandateScheme | None = column("Of collections: which direct debit.")
    state: BankFileState = column("Where it is.")
    executes_on: date = column("The day on which the bank is to do it.")
    total: Money = expression("All lines together.", lambda f: money(f.total_cents, f.currency, bank_file_total(f)))
    line_count: int = column("How many lines.", name="lines")
    message: str = column("Which message, such as `pain.008.001.08`.")
    created_at: datetime = column("When it was made.")
    cancelled_at: datetime | None = column("When it was cancelled.")
    cancel_reason: str | None = column("Why.")
    lines: Connection[BankFileLine] = related_connection(
        "Its lines.", on=lambda f, line: line.file_id == f.id, filter=BankFileLineFilter, order=LINE_SORT
    )
    document: Document | None = related(
        "The file itself, to download.", on=lambda f, d: (d.owner_type == "BankFile") & (d.owner_id == f.id)
    )
    entity: EntityRef | None = related("Whose it is.", on=lambda f, e: e.id == f.entity_id)
    made_by: UserRef | None = related("Who made it.", on=lambda f, u: u.id == f.made_by)


# --- lists ----------------------------------------------------------------------------------------------------------


@filters(StatementRow)
@strawberry.input(description="Which bank statements.")
class BankStatementFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    reference: TextFilter | None = match("By the bank's number.")
    iban: TextFilter | None = match("By account.")
    closed_on: DateFilter | None = match("By last day.")
    missing: TextFilter | None = match("By what is missing before it; `isNull: false` finds gaps.")
    created_at: DateTimeFilter | None = match("By when it was read in.")


STATEMENT_SORT = Sort(StatementRow, created_at="When it was read in.", closed_on="By last day.", default="-created_at")


@filters(TransactionRow)
@strawberry.input(description="Which bank transactions.")
class BankTransactionFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    statement_id: IDFilter | None = match("By statement.", node="BankStatement")
    state: EnumFilter[TransactionState] | None = match("By state; `in: [UNMATCHED, PROPOSED]` is what is to be done.")
    kind: EnumFilter[TransactionKind] | None = match("By kind.")
    amount_cents: BigIntFilter | None = match("By amount in cents; negative where it left the account.")
    booked_on: DateFilter | None = match("By day.")
    counterparty_iban: TextFilter | None = match("By account of the other side.")
    counterparty_name: TextSearchFilter | None = match("By name of the other side.")
    remittance: TextSearchFilter | None = match("By what the payer wrote.")
    created_at: DateTimeFilter | None = match("By when it was read in.")


TRANSACTION_SORT = Sort(
    TransactionRow,
    created_at="When it was read in.",
    booked_on="By day.",
    amount=by("By amount.", lambda t: t.amount_cents),
    default="-created_at",
)


@filters(ProposalRow)
@strawberry.input(description="Which proposals.")
class MatchProposalFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    transaction_id: IDFilter | None = match("By transaction.", node="BankTransaction")
    state: EnumFilter[ProposalState] | None = match("By state.")
    kind: EnumFilter[MatchKind] | None = match("By kind.")


PROPOSAL_SORT = Sort(ProposalRow, created_at="When it was found.", score="By score.", default="-created_at")


@filters(MandateRow)
@strawberry.input(description="Which mandates.")
class MandateFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("By payer.", node="Contact")
    scheme: EnumFilter[MandateScheme] | None = match("By scheme.")
    state: EnumFilter[MandateState] | None = match("By state.")
    reference: TextFilter | None = match("By number.")


MANDATE_SORT = Sort(MandateRow, created_at="When it was registered.", reference="By number.", default="-created_at")


@filters(FileRow)
@strawberry.input(description="Which files.")
class BankFileFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    kind: EnumFilter[BankFileKind] | None = match("By kind.")
    state: EnumFilter[BankFileState] | None = match("By state.")
    number: TextFilter | None = match("By number.")
    executes_on: DateFilter | None = match("By day.")


FILE_SORT = Sort(FileRow, created_at="When it was made.", executes_on="By day.", default="-created_at")


@strawberry.type
class BankQueries:
    bank_statement: BankStatement | None = read_one("One bank statement.", requires=_READ)
    bank_statements: Connection[BankStatement] = read_connection(
        "Bank statements.", filter=BankStatementFilter, order=STATEMENT_SORT, requires=_READ
    )
    bank_transaction: BankTransaction | None = read_one("One bank transaction.", requires=_READ)
    bank_transactions: Connection[BankTransaction] = read_connection(
        "Bank transactions.", filter=BankTransactionFilter, order=TRANSACTION_SORT, requires=_READ
    )
    match_proposals: Connection[MatchProposal] = read_connection(
        "What transactions may be.", filter=MatchProposalFilter, order=PROPOSAL_SORT, requires=_READ
    )
    mandates: Connection[Mandate] = read_connection(
        "Mandates, in force and before.", filter=MandateFilter, order=MANDATE_SORT, requires=_READ
    )
    mandate: Mandate | None = read_one("One mandate.", requires=_READ)
    bank_file: BankFile | None = read_one("One file of collections or payouts.", requires=_READ)
    bank_files: Connection[BankFile] = read_connection(
        "Files of collections and payouts.", filter=BankFileFilter, order=FILE_SORT, requires=_READ
    )


TYPES = (BankStatement, BankTransaction, BankMatch, MatchProposal, Mandate, BankFile, BankFileLine)
