"""CAMT.053, bank to customer statement (ISO 20022), versions 02 and 08: from bytes to checked statements."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.bank.errors import BankFileFormat, StatementCurrency, StatementIncomplete, StatementTotals
from domain.bank.models import TransactionKind
from domain.bank.statement import Booking, Statement, Totals
from domain.bank.xml import parse
from domain.errors import DomainError
from domain.money import Money, total

if TYPE_CHECKING:
    from lxml.etree import _Element

VERSIONS = ("camt.053.001.02", "camt.053.001.08")
MOST_STATEMENTS = 400
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,5})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_PROVIDERS = re.compile(r"\b(mollie|stripe)\b", re.IGNORECASE)
_NO_REFERENCE = frozenset({"NOTPROVIDED", "NOTAVAILABLE", "NONREF", "NOT PROVIDED"})
_LONGEST_NAME, _LONGEST_ID, _LONGEST_TEXT = 140, 140, 2_000


def read(data: bytes) -> list[Statement]:
    """The statements of a file, each checked against its own sums. Raises: the errors of `domain.bank.errors`."""
    root = parse(data)
    version = _version(root)
    found = [*_Reader(version).statements(root)]
    if not found:
        raise StatementIncomplete(statement="-", element="Stmt")
    return [statement.checked() for statement in found]


def _version(root: "_Element") -> str:
    name = str(root.tag)
    version = name.removeprefix("{" + _NAMESPACE).removesuffix("}Document")
    if version not in VERSIONS:
        raise BankFileFormat(found=_plain(name, 100) or "-")
    return version


@dataclass(frozen=True, slots=True)
class _Entry:
    """What its details inherit."""

    amount: Money
    booked_on: date
    valued_on: date
    code: str
    reference: str | None
    text: str
    reversal: bool


class _Reader:
    """Of one version of the format; `_at` is the number of the statement that is being read, for errors."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._space = "{" + _NAMESPACE + version + "}"
        self._at = "-"
        self._currency = ""

    # --- navigating ---------------------------------------------------------------------------------------------

    def _all(self, at: "_Element | None", path: str) -> list["_Element"]:
        if at is None:
            return []
        return at.findall("/".join(self._space + part for part in path.split("/")))

    def _text(self, at: "_Element | None", *paths: str, most: int = _LONGEST_ID) -> str | None:
        """The first of the paths that says something."""
        for path in paths:
            for element in self._all(at, path):
                if text := _plain(element.text or "", most):
                    return text
        return None

    def _needed(self, at: "_Element", *paths: str) -> str:
        text = self._text(at, *paths)
        if text is None:
            raise self._incomplete(paths[0])
        return text

    def _incomplete(self, element: str) -> StatementIncomplete:
        return StatementIncomplete(statement=self._at, element=element)

    def _day(self, at: "_Element", *paths: str) -> date:
        text = self._needed(at, *paths)
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text)
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self._incomplete(paths[0]) from None
        return (moment.astimezone(_AMSTERDAM) if moment.tzinfo else moment).date()

    def _money(self, at: "_Element", path: str = "Amt", *, owner: "_Element | None" = None) -> Money:
        """An amount with the sign of `owner`'s CdtDbtInd; positive without an owner."""
        element = next(iter(self._all(at, path)), None)
        if element is None or not _AMOUNT.fullmatch((element.text or "").strip()):
            raise self._incomplete(path)
        currency = element.get("Ccy") or self._currency
        if currency != self._currency:
            raise StatementCurrency(statement=self._at, found=_plain(currency, 3), expected=self._currency)
        return self._signed(self._in_cents((element.text or "").strip(), path), owner)

    def _in_cents(self, text: str, path: str) -> Money:
        try:
            return Money.from_amount(Decimal(text), self._currency)
        except DomainError:
            raise self._incomplete(path) from None

    def _signed(self, amount: Money, owner: "_Element | None") -> Money:
        if owner is None:
            return amount
        sign = self._needed(owner, "CdtDbtInd")
        if sign not in ("CRDT", "DBIT"):
            raise self._incomplete("CdtDbtInd")
        return amount if sign == "CRDT" else -amount

    # --- statements ---------------------------------------------------------------------------------------------

    def statements(self, root: "_Element") -> Iterator[Statement]:
        found = self._all(root, "BkToCstmrStmt/Stmt")
        if len(found) > MOST_STATEMENTS:
            raise StatementIncomplete(statement="-", element=f"BkToCstmrStmt/Stmt[{MOST_STATEMENTS}]")
        for element in found:
            yield self._statement(element)

    def _statement(self, stmt: "_Element") -> Statement:
        self._at = "-"
        self._at = reference = self._needed(stmt, "Id")
        opening, closing = self._balances(stmt)
        entries = [(entry, element) for element in self._booked(stmt) if (entry := self._entry(element)).amount]
        opened_on = self._text(stmt, "FrToDt/FrDtTm") and self._day(stmt, "FrToDt/FrDtTm")
        closed_on = self._day(closing, "Dt/Dt", "Dt/DtTm")
        return Statement(
            reference=reference,
            sequence=self._sequence(stmt),
            iban=self._needed(stmt, "Acct/Id/IBAN").replace(" ", "").upper(),
            currency=self._currency,
            opened_on=min(opened_on or self._day(opening, "Dt/Dt", "Dt/DtTm"), closed_on),
            closed_on=closed_on,
            opening=self._money(opening, owner=opening),
            closing=self._money(closing, owner=closing),
            format=self._version,
            entries=tuple(entry.amount for entry, _ in entries),
            bookings=tuple(booking for entry, element in entries for booking in self._bookings(entry, element)),
            totals=self._totals(stmt),
        )

    def _sequence(self, stmt: "_Element") -> int | None:
        text = self._text(stmt, "ElctrncSeqNb", "LglSeqNb")
        return int(text) if text and re.fullmatch(r"[0-9]{1,18}", text) else None

    def _balances(self, stmt: "_Element") -> tuple["_Element", "_Element"]:
        by_type: dict[str, _Element] = {}
        for balance in self._all(stmt, "Bal"):
            code = self._text(balance, "Tp/CdOrPrtry/Cd") or ""
            if code in by_type and code in ("OPBD", "PRCD", "CLBD"):
                raise self._incomplete(f"Bal[{code}]")
            by_type[code] = balance
        opening = by_type.get("OPBD", by_type.get("PRCD"))
        closing = by_type.get("CLBD")
        if opening is None or closing is None:
            raise self._incomplete("Bal[OPBD]" if opening is None else "Bal[CLBD]")
        self._currency = self._account_currency(stmt, closing)
        return opening, closing

    def _account_currency(self, stmt: "_Element", closing: "_Element") -> str:
        amounts = self._all(closing, "Amt")
        stated = self._text(stmt, "Acct/Ccy") or (amounts[0].get("Ccy") if amounts else None)
        if stated is None or not re.fullmatch(r"[A-Z]{3}", stated):
            raise self._incomplete("Acct/Ccy")
        return stated

    def _totals(self, stmt: "_Element") -> Totals:
        summary = next(iter(self._all(stmt, "TxsSummry")), None)
        if summary is None:
            return Totals()
        count = self._text(summary, "TtlNtries/NbOfNtries")
        return Totals(
            entries=int(count) if count and count.isdigit() and len(count) < 16 else None,
            credits=self._stated(summary, "TtlCdtNtries/Sum"),
            debits=self._stated(summary, "TtlDbtNtries/Sum"),
            net=self._net(summary),
        )

    def _stated(self, at: "_Element", path: str) -> Money | None:
        text = self._text(at, path)
        if text is None:
            return None
        if not _AMOUNT.fullmatch(text):
            raise self._incomplete(path)
        return self._in_cents(text, path)

    def _net(self, summary: "_Element") -> Money | None:
        for path, amount in (("TtlNtries", "TtlNetNtryAmt"), ("TtlNtries/TtlNetNtry", "Amt")):
            for element in self._all(summary, path):
                stated = self._stated(element, amount)
                if stated is not None:
                    return self._signed(stated, element)
        return None

    # --- entries ------------------------------------------------------------------------------------------------

    def _booked(self, stmt: "_Element") -> Iterator["_Element"]:
        """Entries that are on the account; what is only announced is in no balance."""
        for element in self._all(stmt, "Ntry"):
            if (self._text(element, "Sts/Cd", "Sts") or "BOOK") == "BOOK":
                yield element

    def _entry(self, ntry: "_Element") -> _Entry:
        booked = self._day(ntry, "BookgDt/Dt", "BookgDt/DtTm")
        has_value = self._text(ntry, "ValDt/Dt", "ValDt/DtTm")
        parts = ("BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd")
        domain = "/".join(filter(None, (self._text(ntry, part) for part in parts)))
        return _Entry(
            amount=self._money(ntry, owner=ntry),
            booked_on=booked,
            valued_on=self._day(ntry, "ValDt/Dt", "ValDt/DtTm") if has_value else booked,
            code=domain or self._text(ntry, "BkTxCd/Prtry/Cd") or "",
            reference=self._reference(ntry, "AcctSvcrRef"),
            text=self._text(ntry, "AddtlNtryInf", most=_LONGEST_TEXT) or "",
            reversal=self._text(ntry, "RvslInd") in ("true", "1"),
        )

    def _bookings(self, entry: _Entry, ntry: "_Element") -> list[Booking]:
        """One per payment where the file tells the amount of each; else the entry as one."""
        details = self._all(ntry, "NtryDtls/TxDtls")
        batches = self._all(ntry, "NtryDtls/Btch")
        self._check_batches(entry, ntry, details)
        batch = self._reference(batches[0], "PmtInfId", "MsgId") if batches else None
        if len(details) == 1:
            return [self._booking(entry, details[0], entry.amount, batch, None)]
        amounts = [self._detail_amount(entry, detail) for detail in details]
        known = [amount for amount in amounts if amount is not None]
        if not details or len(known) < len(amounts):
            count = len(details) or self._count(batches)
            return [self._booking(entry, None, entry.amount, batch, count)]
        self._agree(entry.amount, total(known, self._currency))
        pairs = zip(details, known, strict=True)
        return [self._booking(entry, detail, amount, batch, None) for detail, amount in pairs if amount]

    def _check_batches(self, entry: _Entry, ntry: "_Element", details: list["_Element"]) -> None:
        """The batches' own sums, where each group of details is one and states it; and their number of payments."""
        batches = self._all(ntry, "NtryDtls/Btch")
        stated = [self._money(batch, "TtlAmt") for batch in batches if self._all(batch, "TtlAmt")]
        if stated and len(stated) == len(self._all(ntry, "NtryDtls")):
            self._agree(Money(abs(entry.amount.cents), self._currency), total(stated, self._currency))
        count = self._count(batches)
        if count is not None and len(details) > 1 and count != len(details):
            raise StatementTotals(
                statement=self._at,
                what={"en": "the number of payments in a batch", "nl": "het aantal betalingen in een batch"},
                stated=str(count),
                counted=str(len(details)),
            )

    def _count(self, batches: list["_Element"]) -> int | None:
        counts = [self._text(batch, "NbOfTxs") for batch in batches]
        numbers = [int(count) for count in counts if count and re.fullmatch(r"[0-9]{1,9}", count)]
        return sum(numbers) if batches and len(numbers) == len(counts) else None

    def _agree(self, stated: Money, counted: Money) -> None:
        if stated != counted:
            raise StatementTotals(
                statement=self._at,
                what={"en": "the amount of a batch", "nl": "het bedrag van een batch"},
                stated=str(stated.amount),
                counted=str(counted.amount),
            )

    def _detail_amount(self, entry: _Entry, detail: "_Element") -> Money | None:
        """Its part of the entry; None where the file does not tell it in the currency of the account."""
        for path in ("Amt", "AmtDtls/TxAmt/Amt"):
            for element in self._all(detail, path):
                if element.get("Ccy") == self._currency:
                    amount = self._money(detail, path)
                    own_sign = self._text(detail, "CdtDbtInd")
                    return self._signed(amount, detail) if own_sign else amount * (1 if entry.amount.cents > 0 else -1)
        return None

    def _booking(
        self, entry: _Entry, detail: "_Element | None", amount: Money, batch: str | None, count: int | None
    ) -> Booking:
        side = "Dbtr" if amount.cents > 0 else "Cdtr"
        if entry.reversal:  # what comes back: we are on the other side
            side = "Cdtr" if side == "Dbtr" else "Dbtr"
        name = self._text(detail, f"RltdPties/{side}/Pty/Nm", f"RltdPties/{side}/Nm", most=_LONGEST_NAME)
        reason = self._text(detail, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
        structured = self._text(detail, "RmtInf/Strd/CdtrRefInf/Ref")
        remittance = self._remittance(detail) or entry.text
        mandate = self._reference(detail, "Refs/MndtId")
        return Booking(
            amount=amount,
            booked_on=entry.booked_on,
            valued_on=entry.valued_on,
            kind=_kind(entry, reason, mandate, name, remittance),
            counterparty_name=name,
            counterparty_iban=self._text(
                detail, f"RltdPties/{side}Acct/Id/IBAN", f"RltdPties/{side}Acct/Id/Othr/Id", most=34
            ),
            counterparty_bic=self._text(
                detail, f"RltdAgts/{side}Agt/FinInstnId/BICFI", f"RltdAgts/{side}Agt/FinInstnId/BIC", most=11
            ),
            end_to_end_id=self._reference(detail, "Refs/EndToEndId"),
            mandate_reference=mandate,
            creditor_reference=structured,
            remittance=remittance,
            bank_reference=self._reference(detail, "Refs/AcctSvcrRef", "Refs/TxId") or entry.reference,
            batch_reference=batch or self._reference(detail, "Refs/PmtInfId", "Refs/MsgId"),
            batch_count=count,
            return_reason=reason,
            bank_code=entry.code,
        )

    def _reference(self, at: "_Element | None", *paths: str) -> str | None:
        text = self._text(at, *paths)
        return None if text is None or text.upper() in _NO_REFERENCE else text

    def _remittance(self, detail: "_Element | None") -> str:
        parts = [_plain(each.text or "", _LONGEST_TEXT) for each in self._all(detail, "RmtInf/Ustrd")]
        parts += [_plain(each.text or "", _LONGEST_ID) for each in self._all(detail, "RmtInf/Strd/RfrdDocInf/Nb")]
        return " ".join(filter(None, parts))[:_LONGEST_TEXT]


def _kind(entry: _Entry, reason: str | None, mandate: str | None, name: str | None, text: str) -> TransactionKind:
    """From the ISO bank transaction code; families RDDT/IDDT are direct debits, RRTN, UPDD and the like returns."""
    if entry.reversal or reason or entry.code.endswith(("/UPDD", "/RRTN", "/PRDD", "/RJCT")):
        return TransactionKind.RETURN
    if mandate or "/RDDT" in entry.code or "/IDDT" in entry.code:
        return TransactionKind.DIRECT_DEBIT
    if entry.amount.cents > 0 and _PROVIDERS.search(f"{name or ''} {text if name is None else ''}"):
        return TransactionKind.PROVIDER_PAYOUT
    if entry.code.endswith(("/CHRG", "/FEES", "/COMM", "/INTR")) or entry.code.startswith("ACMT"):
        return TransactionKind.CHARGE
    return TransactionKind.TRANSFER


def _plain(text: str, most: int) -> str:
    """One line without control, bidirectional and invisible characters, cut to a length."""
    seen = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text[: 4 * most])
    safe = "".join(c for c in seen if unicodedata.category(c) not in ("Cf", "Cs"))
    return " ".join(unicodedata.normalize("NFC", safe).split())[:most]
