"""Connecting to accounting packages, telling them, trying again; audit files; figures of VAT returns."""

from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from api.accounting import AccountingAdministration, AccountingRecord, AuditFile
from api.context import Info
from api.explained_amounts import amount_of, recorded
from api.inputs import key_of
from api.jobs import Job
from api.mutations import Payload, mutation
from api.reading import BadInput, Money, field, global_id, read_in
from domain.accounting import connections, records, vat_return
from domain.accounting.auditfile import making
from domain.accounting.models import AccountingConnection as ConnectionRow
from domain.accounting.models import AccountingPackage, ConnectionState
from domain.accounting.vat_return import DRILLED, MOST_LINES, BoxLine, VatReturn
from domain.money import Money as Amount
from domain.rows import find
from tenants.permissions import Permission

_MANAGE = Permission.ACCOUNTING_MANAGE


@strawberry.input(description="What a package lets us in by; kept encrypted and never shown again.")
class AccountingCredentialsInput:
    token: str | None = strawberry.field(default=None, description="Moneybird: the API token.")
    client_key: str | None = strawberry.field(default=None, description="Snelstart: the coupling key (koppelsleutel).")
    subscription_key: str | None = strawberry.field(
        default=None, description="Snelstart: a subscription key of your own; the platform's if left out."
    )


@strawberry.input(description="One of ours and what stands for it in the package.")
class AccountingMappingInput:
    key: str = strawberry.field(
        description="Accounts: a role of the ledger such as REVENUE_OTHER, or * for all others, with `:` and a VAT "
        "kind where an account there is of one. VAT kinds: S standard, R reduced, Z zero, AE reverse charge, K within "
        "the EU, G export, E exempt, O none; with `P:` in front for purchases."
    )
    id: str = strawberry.field(description="Its id there, one of the connection's `catalogue`.")


@strawberry.input(description="A connection; what is left out stays, or takes its default.")
class AccountingConnectionInput:
    entity_id: strawberry.ID = strawberry.field(description="The business entity.")
    package: AccountingPackage = strawberry.field(description="The package; each once per entity.")
    administration: str | None = strawberry.field(default=None, description="Moneybird: the administration's id.")
    credentials: AccountingCredentialsInput | None = strawberry.field(
        default=None, description="Needed for a new connection; a connection with new ones is tested before it is used."
    )
    since: date | None = strawberry.field(
        default=None, description="Documents and payments from this day on are told; of this year if left out."
    )
    with_payments: bool | None = strawberry.field(default=None, description="Whether payments are told.")
    accounts: list[AccountingMappingInput] | None = strawberry.field(default=None, description="Ledger accounts.")
    vat: list[AccountingMappingInput] | None = strawberry.field(default=None, description="VAT rates.")
    payment_account: str | None = strawberry.field(
        default=None, description="Where payments are booked: Moneybird's financial account, Snelstart's journal."
    )
    paused: bool | None = strawberry.field(
        default=None, description="True: nothing is told for now; false: it goes on."
    )


@strawberry.type(description="What saveAccountingConnection and testAccountingConnection return.")
class AccountingConnectionPayload(Payload):
    accounting_connection: AccountingAdministration | None = strawberry.field(default=None, description="As it is now.")
    job: Job | None = strawberry.field(default=None, description="The job that tests it, where it has to be tested.")


@strawberry.type(description="What syncAccounting returns.")
class SyncAccountingPayload(Payload):
    accounting_connection: AccountingAdministration | None = strawberry.field(default=None, description="As it is now.")
    job: Job | None = strawberry.field(default=None, description="The job that tells what was not told yet.")


@strawberry.type(description="What retryAccountingRecord returns.")
class RetryAccountingRecordPayload(Payload):
    accounting_record: AccountingRecord | None = strawberry.field(default=None, description="It waits for its turn.")


@strawberry.type(description="What exportAuditFile returns.")
class ExportAuditFilePayload(Payload):
    audit_file: AuditFile | None = strawberry.field(default=None, description="The file, once its job has made it.")


_Id = Annotated[strawberry.ID, strawberry.argument(description="The connection.")]


@strawberry.type
class AccountingMutations:
    @mutation("Makes or changes a business entity's connection with an accounting package.", requires=_MANAGE)
    async def save_accounting_connection(
        self, info: Info, input: AccountingConnectionInput
    ) -> AccountingConnectionPayload:
        entity_id = key_of("BusinessEntity", input.entity_id, "entityId")
        async with info.context.write() as session:
            saved = await connections.save(
                session,
                info.context.settings,
                entity_id=entity_id,
                package=input.package,
                administration=input.administration,
                credentials=_credentials(input.credentials),
                since=input.since,
                with_payments=input.with_payments,
                accounts=_mapping(input.accounts),
                vat=_mapping(input.vat),
                payment_account=input.payment_account,
                paused=input.paused,
            )
            untested = saved.state == ConnectionState.UNTESTED
            job_id = await connections.ask_for_test(session, saved) if untested else None
            return AccountingConnectionPayload(
                accounting_connection=await read_in(session, info, "accounting_connection", saved.id),
                job=await read_in(session, info, "job", job_id) if job_id else None,
            )

    @mutation("Looks into an administration: what can be chosen there, and whether we are let in.", requires=_MANAGE)
    async def test_accounting_connection(self, info: Info, id: _Id) -> AccountingConnectionPayload:
        key = key_of("AccountingAdministration", id)
        async with info.context.write() as session:
            job_id = await connections.ask_for_test(session, await find(session, ConnectionRow, key))
            return AccountingConnectionPayload(
                accounting_connection=await read_in(session, info, "accounting_connection", key),
                job=await read_in(session, info, "job", job_id),
            )

    @mutation(
        "Tells an accounting package what it has not been told since the connection's first day. Asking twice tells "
        "nothing twice.",
        requires=_MANAGE,
    )
    async def sync_accounting(self, info: Info, id: _Id) -> SyncAccountingPayload:
        key = key_of("AccountingAdministration", id)
        async with info.context.write() as session:
            connection = await find(session, ConnectionRow, key)
            job_id = await connections.ask_for_push(session, connection, everything=True)
            return SyncAccountingPayload(
                accounting_connection=await read_in(session, info, "accounting_connection", key),
                job=await read_in(session, info, "job", job_id),
            )

    @mutation("Tries again what an accounting package could not be told.", requires=_MANAGE)
    async def retry_accounting_record(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The record.")]
    ) -> RetryAccountingRecordPayload:
        key = key_of("AccountingRecord", id)
        async with info.context.write() as session:
            await records.retry(session, key)
            shown = await read_in(session, info, "accounting_record", key)
            return RetryAccountingRecordPayload(accounting_record=shown)

    @mutation("Makes the audit file (XAF 3.2) of a business entity's year.", requires=_MANAGE)
    async def export_audit_file(
        self,
        info: Info,
        entity_id: Annotated[strawberry.ID, strawberry.argument(description="The business entity.")],
        year: Annotated[int, strawberry.argument(description="The year, this one at the latest.")],
    ) -> ExportAuditFilePayload:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.write() as session:
            asked = await making.ask(session, key, year)
            return ExportAuditFilePayload(audit_file=await read_in(session, info, "audit_file", asked.id))


def _credentials(given: AccountingCredentialsInput | None) -> dict[str, str] | None:
    if given is None:
        return None
    named = {"token": given.token, "client_key": given.client_key, "subscription_key": given.subscription_key}
    return {name: value for name, value in named.items() if value}


def _mapping(given: list[AccountingMappingInput] | None) -> dict[str, str] | None:
    return None if given is None else {each.key: each.id for each in given}


# --- VAT returns ------------------------------------------------------------------------------------------------------


@strawberry.type(description="A box of the VAT return.")
class VatBox:
    box: str = strawberry.field(description="1a, 1b, 1c, 1e, 2a, 3a, 3b, 4a, 4b, 5a, 5b or 5g.")
    base: Money | None = strawberry.field(description="Turnover without VAT; none where the box has only VAT.")
    vat: Money | None = strawberry.field(description="VAT; none where the box has only turnover.")
    base_euros: int | None = strawberry.field(description="As the form takes it: whole euros.")
    vat_euros: int | None = strawberry.field(description="The same, rounded in the taxpayer's favour.")
    lines: int = strawberry.field(description="Lines of invoices in it.")


@strawberry.type(description="Figures of a VAT return (aangifte omzetbelasting).")
class VatReturnFigures:
    period: str = strawberry.field(description="The period.")
    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description="The day after the last.")
    boxes: list[VatBox] = strawberry.field(description="In the order of the form.")
    ledger_due: Money = strawberry.field(description="What the books were credited with on accounts of VAT due.")
    ledger_input: Money = strawberry.field(description="What they were debited with on that of input VAT.")
    difference: Money = strawberry.field(
        description="5g by the books less 5g by the invoices; VAT that was shifted to us is on neither side."
    )


@strawberry.type(description="What one invoice is in a box.")
class VatReturnLine:
    invoice_id: strawberry.ID = strawberry.field(description="The invoice.")
    number: str = strawberry.field(description="Its number.")
    issued_on: date = strawberry.field(description="Its day.")
    contact_id: strawberry.ID = strawberry.field(description="The other party.")
    vat_rules: list[str] = strawberry.field(description="The rules by which its lines are in the box.")
    base: Money = strawberry.field(description="Without VAT.")
    vat: Money = strawberry.field(description="VAT; of what was shifted to us at the standard rate.")


@strawberry.type(description="What a box is made of.")
class VatReturnLines:
    items: list[VatReturnLine] = strawberry.field(description="By day and number.")
    cursor: str | None = strawberry.field(description="Give it as `after` to go on; none where nothing was found.")
    has_more: bool = strawberry.field(description="Whether there is more.")


_Entity = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
_Period = Annotated[str, strawberry.argument(description="2026-03 a month, 2026-Q1 a quarter, 2026 a year.")]
_Box = Annotated[str, strawberry.argument(description=f"One of {', '.join(DRILLED)}.")]
_First = Annotated[int, strawberry.argument(description=f"How many invoices at most, up to {MOST_LINES}.")]
_After = Annotated[str | None, strawberry.argument(description="The cursor of the page before.")]


@strawberry.type
class VatReturnQueries:
    @field("Figures of a period's VAT return, box by box, beside what the books say.", requires=Permission.LEDGER_READ)
    async def vat_return(self, info: Info, entity_id: _Entity, period: _Period) -> VatReturnFigures:
        key = key_of("BusinessEntity", entity_id, "entityId")
        async with info.context.read() as session:
            found = await vat_return.vat_return(session, key, vat_return.period_of(period))
        return _shown(found, info.context.language)

    @field("The invoices that make up a box of a VAT return.", requires=Permission.LEDGER_READ, most=MOST_LINES)
    async def vat_return_lines(
        self, info: Info, entity_id: _Entity, period: _Period, box: _Box, first: _First = 100, after: _After = None
    ) -> VatReturnLines:
        if not 1 <= first <= MOST_LINES:
            raise BadInput("BAD_INPUT", "first", f"between 1 and {MOST_LINES}.")
        key, asked = key_of("BusinessEntity", entity_id, "entityId"), vat_return.period_of(period)
        async with info.context.read() as session:
            found = await vat_return.lines_of(session, key, asked, box, first + 1, _seen(after))
        page = found[:first]
        cursor = f"{page[-1].issued_on.isoformat()} {page[-1].number}" if page else None
        items = [_line(each, info.context.language) for each in page]
        return VatReturnLines(items=items, cursor=cursor, has_more=len(found) > first)


def _seen(cursor: str | None) -> tuple[date, str] | None:
    if cursor is None:
        return None
    day, _, number = cursor.partition(" ")
    try:
        return date.fromisoformat(day), number
    except ValueError as error:
        raise BadInput("BAD_INPUT", "after", "a cursor of this list.") from error


def _shown(found: VatReturn, language: str) -> VatReturnFigures:
    return VatReturnFigures(
        period=found.period.name,
        since=found.period.since,
        until=found.period.until,
        boxes=[
            VatBox(
                box=box.name,
                base=_money(box.base, "base", language) if box.base else None,
                vat=_money(box.vat, "vat", language) if box.vat else None,
                base_euros=box.base_euros,
                vat_euros=box.vat_euros,
                lines=box.lines,
            )
            for box in found.boxes
        ],
        ledger_due=_money(found.ledger_due, "ledgerDue", language),
        ledger_input=_money(found.ledger_input, "ledgerInput", language),
        difference=_difference(found, language),
    )


def _difference(found: VatReturn, language: str) -> Money:
    """5g by the books less 5g by the invoices."""
    due, paid, less = found.ledger_due.cents, found.ledger_input.cents, found.difference.cents
    inputs = [("ledgerDue", due), ("ledgerInput", paid), ("toPay", due - paid - less)]
    return amount_of(less, found.difference.currency, "vatReturn.difference", inputs, language)


def _line(line: BoxLine, language: str) -> VatReturnLine:
    return VatReturnLine(
        invoice_id=strawberry.ID(global_id("Invoice", line.invoice_id)),
        number=line.number,
        issued_on=line.issued_on,
        contact_id=strawberry.ID(global_id("Contact", line.contact_id)),
        vat_rules=sorted(line.rules),
        base=_money(line.base, "base", language, line.invoice_id),
        vat=_money(line.vat, "vat", language, line.invoice_id),
    )


def _money(amount: Amount, name: str, language: str, invoice_id: UUID | None = None) -> Money:
    source = str(global_id("Invoice", invoice_id)) if invoice_id else None
    return recorded(amount.cents, amount.currency, f"vatReturn.{name}", language, source)
