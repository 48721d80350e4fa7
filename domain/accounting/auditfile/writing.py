"""An audit file of one entity and year, written while the books are read.

The lines are one statement, so that they are one moment's; the sums that stand before them in the file are made on the
way, which is why the file is put together at the end, from parts on disk.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, TextIO
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting.auditfile.elements import amount, element, sided, within
from domain.accounting.auditfile.errors import AuditFileRefused
from domain.accounting.auditfile.journals import JOURNALS, VAT_CODES, Journal, VatCode, journal_of
from domain.accounting.months import last_day, months
from domain.ledger.models import AccountRole, AccountType, LedgerAccount
from tenants.models import BusinessEntity

NAMESPACE = "http://www.auditfiles.nl/XAF/3.2"
SOFTWARE = ("ChargeCars", "0.1")
_BATCH = 2_000
_LINES = text(
    """
    SELECT e.id, e.number, e.kind, e.text, e.booked_on, e.currency, e.recorded_by, e.source_id,
           l.position, a.code, a.role, l.debit_cents - l.credit_cents, l.contact_id, l.order_id
    FROM journal_entry e
    JOIN journal_line l ON l.entry_id = e.id
    JOIN ledger_account a ON a.id = l.account_id
    WHERE e.entity_id = :entity AND e.booked_on >= :since AND e.booked_on <= :until
    ORDER BY e.booked_on, e.id, l.position"""
)
_COUNT = text(
    "SELECT count(*) FROM journal_line WHERE entity_id = :entity AND booked_on >= :since AND booked_on <= :until"
)
_OPENING = text(
    """
    SELECT a.code, a.type, sum(l.debit_cents - l.credit_cents)::bigint
    FROM ledger_account a JOIN journal_line l ON l.account_id = a.id AND l.entity_id = a.entity_id
    WHERE a.entity_id = :entity AND l.booked_on < :since
    GROUP BY a.code, a.type ORDER BY a.code"""
)
_PARTIES = text(
    """
    SELECT c.id, c.name, c.phone, c.email, c.kvk_number, c.vat_number, a.street, a.house_number,
           a.house_number_addition, a.city, a.postal_code, a.country
    FROM unnest(CAST(:ids AS uuid[])) AS wanted(id)
    LEFT JOIN contact c ON c.id = wanted.id LEFT JOIN address a ON a.id = c.address_id
    WHERE c.id IS NOT NULL ORDER BY c.id"""
)
_CUSTOMER = frozenset({AccountRole.RECEIVABLE, AccountRole.DEFERRED_REVENUE, AccountRole.WALLET})
_SUPPLIER = frozenset({AccountRole.PAYABLE, AccountRole.COMMISSION_PAYABLE, AccountRole.COMMISSION_ACCRUED})
_VAT: dict[str, VatCode] = {code.role.value: code for code in VAT_CODES}
Progress = Callable[[int, int], Awaitable[None]]


@dataclass
class Sums:
    """What stands in front of the lines."""

    lines: int = 0
    debit: int = 0
    credit: int = 0

    def add(self, cents: int) -> None:
        self.lines += 1
        self.debit += max(cents, 0)
        self.credit += max(-cents, 0)

    def elements(self) -> str:
        return element("linesCount", self.lines) + amount("totalDebit", self.debit) + amount("totalCredit", self.credit)


@dataclass
class _Written:
    """What was met on the way."""

    sums: Sums = field(default_factory=Sums)
    parties: dict[UUID, set[str]] = field(default_factory=dict)
    """Contacts, and whether they are customers (C) or suppliers (S)."""

    def party(self, contact_id: UUID, role: str) -> None:
        kinds = self.parties.setdefault(contact_id, set())
        kinds.update("C" if role in _CUSTOMER else "S" if role in _SUPPLIER else "")


async def write(
    session: AsyncSession, entity: BusinessEntity, year: int, directory: Path, created: date, progress: Progress
) -> tuple[Path, Sums]:
    """The file in `directory`, and its sums. Raises: AuditFileRefused where the books cannot be told in it."""
    since, until = date(year, 1, 1), date(year, 12, 31)
    values = {"entity": entity.id, "since": since, "until": until}
    total = int((await session.execute(_COUNT, values)).scalar_one())
    written = await _journals(session, entity, values, directory, total, progress)
    if written.sums.debit != written.sums.credit:
        raise AuditFileRefused(why=f"debit {written.sums.debit} and credit {written.sums.credit} differ")
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<auditfile xmlns="{NAMESPACE}">',
        _header(entity, year, since, until, created),
        "<company>",
        _company(entity),
        await _parties(session, written),
        await _ledger(session, entity.id),
        _vat_codes(await _codes(session, entity.id)),
        _periods(since, until),
        await _opening(session, entity.id, since),
        "<transactions>",
        written.sums.elements(),
    ]
    return _assembled(directory, "".join(head)), written.sums


def _assembled(directory: Path, head: str) -> Path:
    whole = directory / "auditfile.xaf"
    with whole.open("wb") as out:
        out.write(head.encode())
        for journal in JOURNALS:
            _append_journal(out, journal, directory / journal.id)
        out.write(b"</transactions></company></auditfile>\n")
    return whole


def _append_journal(out: BinaryIO, journal: Journal, part: Path) -> None:
    """A journal in which nothing was booked is left out."""
    if not part.stat().st_size:
        return
    start = element("jrnID", journal.id) + element("desc", journal.description) + element("jrnTp", journal.type)
    out.write(f"<journal>{start}".encode())
    with part.open("rb") as lines:
        shutil.copyfileobj(lines, out)
    out.write(b"</journal>")


# --- lines ------------------------------------------------------------------------------------------------------------


async def _journals(
    session: AsyncSession,
    entity: BusinessEntity,
    values: dict[str, Any],
    directory: Path,
    total: int,
    progress: Progress,
) -> _Written:
    """Each journal's transactions into a file of its own."""
    written = _Written()
    parts = {journal.id: (directory / journal.id).open("w", encoding="utf-8") for journal in JOURNALS}
    try:
        async for rows in _entries(session, values):
            for lines in rows:
                _write_entry(parts, entity, lines, written)
            await progress(written.sums.lines, total)
    finally:
        for part in parts.values():
            part.close()
    return written


async def _entries(session: AsyncSession, values: dict[str, Any]) -> AsyncIterator[list[list[Any]]]:
    """Whole entries, some thousand lines at a time."""
    left: list[Any] = []
    result = await session.stream(_LINES, values, execution_options={"yield_per": _BATCH})
    async for batch in result.partitions(_BATCH):
        entries = [list(lines) for _, lines in groupby([*left, *batch], key=lambda row: row[0])]
        left = entries.pop()
        yield entries
    if left:
        yield [left]


def _write_entry(parts: Mapping[str, TextIO], entity: BusinessEntity, lines: list[Any], written: _Written) -> None:
    id, number, kind, said, booked_on, currency, recorded_by, *_ = lines[0]
    if currency != entity.currency:
        raise AuditFileRefused(why=f"{number}: {currency}, not {entity.currency}")
    body = [_line(row, written) for row in lines]
    transaction = within(
        "transaction",
        element("nr", number or id, 35),
        element("desc", said, 9_999),
        element("periodNumber", booked_on.month),
        element("trDt", booked_on),
        element("sourceID", kind, 35),
        element("userID", recorded_by, 35),
        *body,
    )
    parts[journal_of(kind).id].write(transaction)


def _line(row: Any, written: _Written) -> str:
    number, said, booked_on, place, code, role, cents, contact_id, order_id = (
        row[index] for index in (1, 3, 4, 8, 9, 10, 11, 12, 13)
    )
    written.sums.add(cents)
    if contact_id is not None:
        written.party(contact_id, role)
    vat = _VAT.get(role)
    return within(
        "trLine",
        element("nr", place, 35),
        element("accID", code, 35),
        element("docRef", said or number or row[0]),
        element("effDate", booked_on),
        sided(cents),
        element("custSupID", contact_id),
        element("invRef", said if journal_of(row[2]).type in "SP" else None),
        element("orderRef", order_id),
        _vat(vat, cents) if vat else "",
    )


def _vat(code: VatCode, cents: int) -> str:
    return within("vat", element("vatID", code.id), element("vatPerc", code.percent), sided(cents, "vatAmnt"))


# --- what stands before -----------------------------------------------------------------------------------------------


def _header(entity: BusinessEntity, year: int, since: date, until: date, created: date) -> str:
    return within(
        "header",
        element("fiscalYear", year),
        element("startDate", since),
        element("endDate", until),
        element("curCode", entity.currency),
        element("dateCreated", created),
        element("softwareDesc", SOFTWARE[0]),
        element("softwareVersion", SOFTWARE[1]),
    )


def _company(entity: BusinessEntity) -> str:
    return (
        element("companyIdent", entity.kvk_number, 35)
        + element("companyName", entity.legal_name)
        + element("taxRegistrationCountry", entity.country)
        + element("taxRegIdent", entity.vat_number, 30)
        + _address(entity.street, entity.house_number, "", entity.city, entity.postal_code, entity.country)
    )


def _address(street: str, number: str, addition: str, city: str, postal_code: str, country: str) -> str:
    parts = (
        element("streetname", street),
        element("number", number, 15),
        element("numberExtension", addition),
        element("city", city, 50),
        element("postalCode", postal_code, 10),
        element("country", country),
    )
    return within("streetAddress", *parts) if any(parts) else ""


async def _parties(session: AsyncSession, written: _Written) -> str:
    """Customers and suppliers of the lines; who was erased is there without a name, so that the lines can refer."""
    found = {row[0]: row for row in await session.execute(_PARTIES, {"ids": list(written.parties)})}
    parties = [_party(id, found.get(id), kinds) for id, kinds in sorted(written.parties.items())]
    return within("customersSuppliers", *parties)


def _party(id: UUID, row: Any, kinds: set[str]) -> str:
    kind = "B" if len(kinds) > 1 else next(iter(kinds), "O")
    if row is None:
        return within("customerSupplier", element("custSupID", id), element("custSupTp", kind))
    _, name, phone, email, kvk, vat, street, number, addition, city, postal_code, country = row
    return within(
        "customerSupplier",
        element("custSupID", id),
        element("custSupName", name, 50),
        element("telephone", phone, 30),
        element("eMail", email),
        element("commerceNr", kvk),
        element("taxRegIdent", vat, 30),
        element("custSupTp", kind),
        _address(street or "", number or "", addition or "", city or "", postal_code or "", country or ""),
    )


async def _ledger(session: AsyncSession, entity_id: UUID) -> str:
    """Accounts with their codes of the Referentie GrootboekSchema."""
    query = select(LedgerAccount).where(LedgerAccount.entity_id == entity_id).order_by(LedgerAccount.code)
    profit = (AccountType.REVENUE, AccountType.EXPENSE)
    accounts = [
        within(
            "ledgerAccount",
            element("accID", account.code, 35),
            element("accDesc", account.name_nl),
            element("accTp", "P" if account.type in profit else "B"),
            element("leadCode", account.rgs_code),
            element("leadReference", "RGS"),
        )
        for account in await session.scalars(query)
    ]
    return within("generalLedger", *accounts)


async def _codes(session: AsyncSession, entity_id: UUID) -> list[tuple[VatCode, str]]:
    query = select(LedgerAccount.role, LedgerAccount.code).where(
        LedgerAccount.entity_id == entity_id, LedgerAccount.role.in_(list(_VAT))
    )
    return [(_VAT[role], code) for role, code in (await session.execute(query.order_by(LedgerAccount.code))).all()]


def _vat_codes(codes: list[tuple[VatCode, str]]) -> str:
    return within(
        "vatCodes",
        *(
            within(
                "vatCode",
                element("vatID", code.id),
                element("vatDesc", code.description),
                element("vatToClaimAccID" if code.claimed else "vatToPayAccID", account),
            )
            for code, account in codes
        ),
    )


def _periods(since: date, until: date) -> str:
    return within(
        "periods",
        *(
            within(
                "period",
                element("periodNumber", month.month),
                element("periodDesc", f"{month:%Y-%m}"),
                element("startDatePeriod", month),
                element("endDatePeriod", last_day(month)),
            )
            for month in months(since, until)
        ),
    )


async def _opening(session: AsyncSession, entity_id: UUID, since: date) -> str:
    """Balances of the years before; their results have become equity."""
    result_account = select(LedgerAccount.code).where(
        LedgerAccount.entity_id == entity_id, LedgerAccount.role == AccountRole.RESULT
    )
    result = (await session.execute(result_account)).scalar_one()
    balances: dict[str, int] = {}
    for code, type, cents in await session.execute(_OPENING, {"entity": entity_id, "since": since}):
        account = result if type in (AccountType.REVENUE, AccountType.EXPENSE) else code
        balances[account] = balances.get(account, 0) + int(cents)
    sums, lines = Sums(), []
    for place, (account, cents) in enumerate(sorted(balances.items()), start=1):
        if cents:
            sums.add(cents)
            lines.append(within("obLine", element("nr", place), element("accID", account), sided(cents)))
    start = element("opBalDate", since) + element("opBalDesc", "Beginbalans")
    return within("openingBalance", start, sums.elements(), *lines)
