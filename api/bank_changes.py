"""What finance does with the bank: read statements in, say what transactions are, collect and pay out."""

import base64
import binascii
from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.bank import BankFile, BankStatement, BankTransaction, Mandate
from api.context import Info
from api.entities import BusinessEntity
from api.inputs import key_of, optional_key
from api.mutations import PreviewablePayload, mutation
from api.quote_changes import contact_key
from api.reading import BigInt, global_id, read_in, read_in_many
from domain.bank import importing, judging, mandates, runs
from domain.bank import settings as bank_settings
from domain.bank.applying import Part
from domain.bank.errors import NotTheFile
from domain.bank.importing import Imported, ImportOutcome
from domain.bank.models import BankTransaction as TransactionRow
from domain.bank.models import MatchKind
from domain.bank.order_models import MandateScheme, MandateUse
from domain.bank.wanted import LeftOut, LeftOutReason
from domain.errors import Required
from domain.rows import find
from tenants.permissions import Permission

_WRITE = Permission.PAYMENTS_WRITE
TransactionId = Annotated[strawberry.ID, strawberry.argument(description="The transaction.")]
ProposalId = Annotated[strawberry.ID, strawberry.argument(description="The proposal.")]
Why = Annotated[str, strawberry.argument(description="Why, at most 500 characters.")]


@strawberry.input(description="A file of bank statements; larger ones go to `POST /bank/statements`.")
class ImportBankStatementInput:
    entity_id: strawberry.ID = strawberry.field(description="Whose account it has to be of.")
    xml: str | None = strawberry.field(default=None, description="CAMT.053 version 02 or 08 as text.")
    base64: str | None = strawberry.field(default=None, description="The same as the file's bytes in base64.")


@strawberry.input(description="What (a part of) a transaction is: one of the four.")
class MatchPartInput:
    amount_cents: BigInt = strawberry.field(description="Of the transaction, with its sign.")
    invoice_id: strawberry.ID | None = strawberry.field(default=None, description="It pays this invoice.")
    wallet_contact_id: strawberry.ID | None = strawberry.field(
        default=None, description="It is credit of this person or organization."
    )
    ledger_account_id: strawberry.ID | None = strawberry.field(
        default=None, description="It stands on this account of the books, such as bank costs."
    )
    provider_payout: bool = strawberry.field(
        default=False, description="A payment provider paid out what it had received for us."
    )
    note: str = strawberry.field(default="", description="For colleagues, at most 500 characters.")


@strawberry.input(description="What a transaction is: a proposal, or parts that add up to it.")
class MatchPaymentInput:
    transaction_id: strawberry.ID | None = strawberry.field(default=None, description="The transaction.")
    proposal_id: strawberry.ID | None = strawberry.field(
        default=None, description="The proposal that is right; no parts then."
    )
    parts: list[MatchPartInput] = strawberry.field(default_factory=list, description="Its parts, 1 to 100.")
    ignore_reason: str | None = strawberry.field(
        default=None, description="Leave it where it is, for this reason; no parts then."
    )


@strawberry.input(description="A mandate that a payer has signed.")
class SignMandateInput:
    entity_id: strawberry.ID = strawberry.field(description="Who may collect.")
    contact_id: strawberry.ID = strawberry.field(description="Who pays.")
    iban: str = strawberry.field(description="From which account.")
    account_holder: str = strawberry.field(description="In whose name it is, at most 70 characters.")
    signed_on: date = strawberry.field(description="When, not in the future.")
    scheme: MandateScheme = strawberry.field(default=MandateScheme.CORE, description="Which direct debit.")
    use: MandateUse = strawberry.field(default=MandateUse.RECURRENT, description="How often.")
    reference: str | None = strawberry.field(default=None, description="Its number; drawn if left out.")
    bic: str | None = strawberry.field(default=None, description="The payer's bank; found by the IBAN if left out.")


@strawberry.input(description="A file of collections.")
class CreateDirectDebitRunInput:
    entity_id: strawberry.ID = strawberry.field(description="Who collects.")
    scheme: MandateScheme = strawberry.field(default=MandateScheme.CORE, description="By which mandates.")
    collect_on: date | None = strawberry.field(
        default=None, description="A TARGET day from the next one on; the next one if left out."
    )
    due_until: date | None = strawberry.field(
        default=None, description="Invoices that are due by then; by the day of collection if left out."
    )
    invoice_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="These instead; each has to fit. At most 250."
    )


@strawberry.input(description="A file of payouts.")
class CreatePayoutRunInput:
    entity_id: strawberry.ID = strawberry.field(description="Who pays.")
    execute_on: date | None = strawberry.field(default=None, description="A TARGET day; the first one if left out.")
    invoice_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="These self-billing invoices; with no refunds either, all that are due and all refunds that wait.",
    )
    refund_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description="These refunds.")


@strawberry.type(description="What was done with one statement of a file.")
class ImportedStatement:
    outcome: ImportOutcome = strawberry.field(description="What was done.")
    statement_id: strawberry.ID = strawberry.field(description="The statement.")
    reference: str = strawberry.field(description="The bank's number.")
    transactions: int = strawberry.field(description="Payments that are new.")
    duplicates: int = strawberry.field(description="Payments that were in a statement before.")
    matched: int = strawberry.field(description="Of the new ones: known beyond doubt.")
    proposed: int = strawberry.field(description="Of the new ones: somebody has to say so.")
    unmatched: int = strawberry.field(description="Of the new ones: nothing was found.")
    missing: str | None = strawberry.field(description="What is missing before it: numbers, or an amount.")


@strawberry.type(description="Something that is not in a file.")
class LeftOutOfFile:
    subject_id: strawberry.ID = strawberry.field(description="The invoice or refund.")
    number: str = strawberry.field(description="Its number.")
    reason: LeftOutReason = strawberry.field(description="Why.")


@strawberry.type(description="What importBankStatement returns.")
class ImportBankStatementPayload(PreviewablePayload):
    imported: list[ImportedStatement] = strawberry.field(
        default_factory=list, description="What was done, statement by statement, the oldest first."
    )
    statements: list[BankStatement] = strawberry.field(default_factory=list, description="The statements of the file.")


@strawberry.type(description="What a change of a bank transaction returns.")
class BankTransactionPayload(PreviewablePayload):
    transaction: BankTransaction | None = strawberry.field(default=None, description="The transaction as it is now.")


@strawberry.type(description="What signMandate and revokeMandate return.")
class MandatePayload(PreviewablePayload):
    mandate: Mandate | None = strawberry.field(default=None, description="The mandate.")


@strawberry.type(description="What making and cancelling a file returns.")
class BankFilePayload(PreviewablePayload):
    file: BankFile | None = strawberry.field(default=None, description="The file.")
    left_out: list[LeftOutOfFile] = strawberry.field(
        default_factory=list, description="What could have been in it and is not."
    )


@strawberry.type(description="What saveBankSettings returns.")
class BankSettingsPayload(PreviewablePayload):
    business_entity: BusinessEntity | None = strawberry.field(default=None, description="The business entity.")


@strawberry.type
class BankMutations:
    @mutation(
        "Reads a file of bank statements in: what is certain settles invoices, the rest is proposed or waits. A "
        "statement or payment that was read in before is recognized; a file with a fault is refused as a whole.",
        requires=_WRITE,
        previewable=True,
    )
    async def import_bank_statement(self, info: Info, input: ImportBankStatementInput) -> ImportBankStatementPayload:
        data, entity_id = _bytes_of(input), key_of("BusinessEntity", input.entity_id, "entityId")
        async with info.context.write() as session:
            done = await importing.import_file(session, entity_id, data)
            ids = list(dict.fromkeys(each.statement_id for each in done))
            return ImportBankStatementPayload(
                imported=[imported(each) for each in done],
                statements=await read_in_many(session, info, "statements", ids),
            )

    @mutation(
        "Says what a bank transaction is: accepts a proposal, splits it over invoices, wallets and accounts, or leaves "
        "it alone.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def match_payment(self, info: Info, input: MatchPaymentInput) -> BankTransactionPayload:
        async with info.context.write() as session:
            row = await _judged(session, input)
            return BankTransactionPayload(transaction=await read_in(session, info, "transaction", row.id))

    @mutation(
        "Undoes what was said or found of a bank transaction, its payments included; it waits again.",
        requires=_WRITE,
        previewable=True,
    )
    async def unmatch_payment(self, info: Info, transaction_id: TransactionId, reason: Why) -> BankTransactionPayload:
        key = key_of("BankTransaction", transaction_id, "transactionId")
        async with info.context.write() as session:
            row = await judging.unmatch(session, key, reason)
            return BankTransactionPayload(transaction=await read_in(session, info, "transaction", row.id))

    @mutation("Says that a proposal is wrong.", requires=_WRITE, previewable=True)
    async def reject_match_proposal(self, info: Info, proposal_id: ProposalId) -> BankTransactionPayload:
        async with info.context.write() as session:
            row = await judging.reject(session, key_of("MatchProposal", proposal_id, "proposalId"))
            return BankTransactionPayload(transaction=await read_in(session, info, "transaction", row.id))

    @mutation("Registers a mandate that a payer has signed.", requires=_WRITE, previewable=True)
    async def sign_mandate(self, info: Info, input: SignMandateInput) -> MandatePayload:
        contact_id = contact_key(input.contact_id, "contactId")
        if contact_id is None:
            raise Required(field=("contact_id",))
        async with info.context.write() as session:
            row = await mandates.sign(
                session,
                entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
                contact_id=contact_id,
                iban=input.iban,
                account_holder=input.account_holder,
                signed_on=input.signed_on,
                scheme=input.scheme,
                use=input.use,
                reference=input.reference,
                bic=input.bic,
            )
            return MandatePayload(mandate=await read_in(session, info, "mandate", row.id))

    @mutation(
        "Collects no more by a mandate; what is in a file stays in it.",
        requires=_WRITE,
        previewable=True,
    )
    async def revoke_mandate(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The mandate.")], reason: Why
    ) -> MandatePayload:
        async with info.context.write() as session:
            row = await mandates.revoke(session, key_of("Mandate", id), reason)
            return MandatePayload(mandate=await read_in(session, info, "mandate", row.id))

    @mutation(
        "Makes a file that collects open invoices of payers with a mandate (pain.008). An invoice is in one running "
        "file only.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def create_direct_debit_run(self, info: Info, input: CreateDirectDebitRunInput) -> BankFilePayload:
        async with info.context.write() as session:
            run = await runs.collect(
                session,
                entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
                scheme=input.scheme,
                collect_on=input.collect_on,
                due_until=input.due_until,
                invoice_ids=_keys("Invoice", input.invoice_ids, "invoiceIds"),
            )
            return await _file(session, info, run.file.id, run.left_out)

    @mutation(
        "Makes a file that pays out commission and refunds (pain.001). Each is in one running file only.",
        requires=_WRITE,
        idempotent=True,
        previewable=True,
    )
    async def create_payout_run(self, info: Info, input: CreatePayoutRunInput) -> BankFilePayload:
        async with info.context.write() as session:
            run = await runs.pay_out(
                session,
                entity_id=key_of("BusinessEntity", input.entity_id, "entityId"),
                execute_on=input.execute_on,
                invoice_ids=_keys("Invoice", input.invoice_ids, "invoiceIds"),
                refund_ids=_keys("Payment", input.refund_ids, "refundIds"),
            )
            return await _file(session, info, run.file.id, run.left_out)

    @mutation(
        "Takes a file back that was not given to the bank: what is in it may be put into another.",
        requires=_WRITE,
        previewable=True,
    )
    async def cancel_bank_file(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The file.")], reason: Why
    ) -> BankFilePayload:
        async with info.context.write() as session:
            row = await runs.cancel(session, key_of("BankFile", id), reason)
            return await _file(session, info, row.id, ())

    @mutation(
        "Sets by which creditor identifier (incassant-ID) a business entity collects.",
        requires=_WRITE,
        previewable=True,
    )
    async def save_bank_settings(
        self,
        info: Info,
        entity_id: Annotated[strawberry.ID, strawberry.argument(description="The business entity.")],
        creditor_id: Annotated[str, strawberry.argument(description="As its bank gave it.")],
    ) -> BankSettingsPayload:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.write() as session:
            row = await bank_settings.save(session, key, creditor_id)
            return BankSettingsPayload(business_entity=await read_in(session, info, "business_entity", row.id))


def imported(done: Imported) -> ImportedStatement:
    """What was done with a statement, as clients see it."""
    return ImportedStatement(
        outcome=done.outcome,
        statement_id=strawberry.ID(global_id("BankStatement", done.statement_id)),
        reference=done.reference,
        transactions=done.transactions,
        duplicates=done.duplicates,
        matched=done.matched,
        proposed=done.proposed,
        unmatched=done.unmatched,
        missing=done.missing,
    )


def _bytes_of(input: ImportBankStatementInput) -> bytes:
    if (input.xml is None) == (input.base64 is None):
        raise NotTheFile(field=("xml",))
    if input.xml is not None:
        return input.xml.encode()
    try:
        return base64.b64decode(input.base64 or "", validate=True)
    except (binascii.Error, ValueError):
        raise NotTheFile(field=("base64",)) from None


def _keys(kind: str, ids: Sequence[strawberry.ID], argument: str) -> list[UUID]:
    return list(dict.fromkeys(key_of(kind, id, argument) for id in ids))


async def _file(session: AsyncSession, info: Info, id: UUID, left_out: Sequence[LeftOut]) -> BankFilePayload:
    return BankFilePayload(
        file=await read_in(session, info, "file", id),
        left_out=[
            LeftOutOfFile(
                subject_id=strawberry.ID(global_id(each.kind, each.id)), number=each.number, reason=each.reason
            )
            for each in left_out
        ],
    )


async def _judged(session: AsyncSession, input: MatchPaymentInput) -> TransactionRow:
    proposal_id = optional_key("MatchProposal", input.proposal_id, "proposalId")
    transaction_id = optional_key("BankTransaction", input.transaction_id, "transactionId")
    if (proposal_id is None) == (transaction_id is None):
        raise Required(field=("transaction_id",))
    if proposal_id is not None:
        return await judging.accept(session, proposal_id)
    assert transaction_id is not None
    if input.ignore_reason is not None:
        return await judging.ignore(session, transaction_id, input.ignore_reason)
    transaction = await find(session, TransactionRow, transaction_id, field=("transaction_id",))
    parts = [await _part(session, transaction, each, place) for place, each in enumerate(input.parts)]
    return await judging.match(session, transaction_id, parts)


async def _part(session: AsyncSession, transaction: TransactionRow, given: MatchPartInput, place: int) -> Part:
    invoice_id = optional_key("Invoice", given.invoice_id, "invoiceId")
    contact_id = contact_key(given.wallet_contact_id, "walletContactId")
    account_id = optional_key("LedgerAccount", given.ledger_account_id, "ledgerAccountId")
    if [invoice_id is not None, contact_id is not None, account_id is not None, given.provider_payout].count(True) != 1:
        raise Required(field=("parts", place))
    cents, note = int(given.amount_cents), judging.note_of(given.note, place)
    if invoice_id is not None:
        return Part(MatchKind.INVOICE, cents, invoice_id, note=note)
    if contact_id is not None:
        return Part(MatchKind.WALLET, cents, contact_id=contact_id, note=note)
    if account_id is None:
        return Part(MatchKind.PROVIDER_PAYOUT, cents, note=note)
    at = ("parts", place, "ledger_account_id")
    role = await judging.role_of(session, transaction.entity_id, account_id, *at)
    return Part(MatchKind.LEDGER, cents, role=role, note=note)
