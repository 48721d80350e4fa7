"""Bank statements as a bank writes them, in versions 02 and 08 of CAMT.053, and with whatever is wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

OWN = "NL91ABNA0417164300"
PAYER = "NL02ABNA0123456789"
DAY = date(2026, 3, 2)


def amount(cents: int) -> str:
    return f"{abs(cents) // 100}.{abs(cents) % 100:02d}"


def sign(cents: int) -> str:
    return "CRDT" if cents >= 0 else "DBIT"


@dataclass(frozen=True)
class Tx:
    """One payment; `cents` negative where it left the account."""

    cents: int
    name: str | None = "J. Jansen"
    iban: str | None = PAYER
    text: str = ""
    reference: str | None = None
    end_to_end: str | None = None
    mandate: str | None = None
    bank_id: str | None = None
    reason: str | None = None
    currency: str = "EUR"


@dataclass(frozen=True)
class Entry:
    """A booking: one payment, or a batch of them."""

    details: Sequence[Tx]
    cents: int | None = None
    """Of the entry, where it is not the sum of its details."""
    batch: str | None = None
    batch_cents: int | None = None
    batch_count: int | None = None
    bank_id: str | None = None
    code: tuple[str, str, str] = ("PMNT", "RCDT", "ESCT")
    status: str = "BOOK"
    day: date = DAY
    told: bool = True
    """Whether the details are in the file."""

    @property
    def total(self) -> int:
        return sum(tx.cents for tx in self.details) if self.cents is None else self.cents


@dataclass(frozen=True)
class Sheet:
    """A statement; the closing balance follows from the entries unless it is given."""

    entries: Sequence[Entry] = ()
    id: str = "S1"
    sequence: int | None = None
    iban: str = OWN
    currency: str = "EUR"
    opening: int = 100_000
    closing: int | None = None
    day: date = DAY
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def end(self) -> int:
        booked = sum(entry.total for entry in self.entries if entry.status == "BOOK")
        return self.opening + booked if self.closing is None else self.closing


def one(cents: int, **values: Any) -> Entry:
    """An entry of one payment."""
    return Entry([Tx(cents, **values)])


def file(*sheets: Sheet, version: str = "08") -> bytes:
    """The whole message."""
    body = "".join(_statement(sheet, version) for sheet in sheets)
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    head = "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-03T06:00:00</CreDtTm></GrpHdr>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}">'
        f"<BkToCstmrStmt>{head}{body}</BkToCstmrStmt></Document>"
    ).encode()


def following(sheet: Sheet, *entries: Entry, **values: Any) -> Sheet:
    """The statement of the same account after this one."""
    number = (sheet.sequence or 0) + 1
    given = {"id": f"{sheet.id}+", "sequence": number, "opening": sheet.end, "entries": entries, "closing": None}
    return replace(sheet, **(given | values))


def _statement(sheet: Sheet, version: str) -> str:
    sequence = f"<ElctrncSeqNb>{sheet.sequence}</ElctrncSeqNb>" if sheet.sequence is not None else ""
    return (
        f"<Stmt><Id>{escape(sheet.id)}</Id>{sequence}<CreDtTm>2026-03-03T06:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{sheet.iban}</IBAN></Id><Ccy>{sheet.currency}</Ccy></Acct>"
        f"{_balance('OPBD', sheet.opening, sheet)}{_balance('CLBD', sheet.end, sheet)}{_summary(sheet, version)}"
        f"{''.join(_entry(entry, sheet, version) for entry in sheet.entries)}</Stmt>"
    )


def _balance(code: str, cents: int, sheet: Sheet) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{sheet.currency}">{amount(cents)}</Amt><CdtDbtInd>{sign(cents)}</CdtDbtInd>'
        f"<Dt><Dt>{sheet.day}</Dt></Dt></Bal>"
    )


def _summary(sheet: Sheet, version: str) -> str:
    if not sheet.summary:
        return ""
    given = sheet.summary
    net = given.get("net")
    inner = f"<NbOfNtries>{given['count']}</NbOfNtries>" if "count" in given else ""
    if net is not None:
        total = f"{amount(net)}</{{}}><CdtDbtInd>{sign(net)}</CdtDbtInd>"
        inner += (
            f"<TtlNetNtryAmt>{total.format('TtlNetNtryAmt')}"
            if version == "02"
            else f"<TtlNetNtry><Amt>{total.format('Amt')}</TtlNetNtry>"
        )
    sums = "".join(
        f"<{tag}><Sum>{amount(given[key])}</Sum></{tag}>"
        for key, tag in (("credits", "TtlCdtNtries"), ("debits", "TtlDbtNtries"))
        if key in given
    )
    return f"<TxsSummry><TtlNtries>{inner}</TtlNtries>{sums}</TxsSummry>"


def _entry(entry: Entry, sheet: Sheet, version: str) -> str:
    status = entry.status if version == "02" else f"<Cd>{entry.status}</Cd>"
    domain, family, sub = entry.code
    bank_id = f"<AcctSvcrRef>{entry.bank_id}</AcctSvcrRef>" if entry.bank_id else ""
    currency = entry.details[0].currency if entry.details else sheet.currency
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount(entry.total)}</Amt><CdtDbtInd>{sign(entry.total)}</CdtDbtInd>'
        f"<Sts>{status}</Sts><BookgDt><Dt>{entry.day}</Dt></BookgDt><ValDt><Dt>{entry.day}</Dt></ValDt>{bank_id}"
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>{_batch(entry)}{_details(entry, version)}</NtryDtls></Ntry>"
    )


def _details(entry: Entry, version: str) -> str:
    return "".join(_detail(tx, version) for tx in entry.details) if entry.told else ""


def _batch(entry: Entry) -> str:
    if entry.batch is None and entry.batch_cents is None and entry.batch_count is None:
        return ""
    id = f"<PmtInfId>{entry.batch}</PmtInfId>" if entry.batch else ""
    count = f"<NbOfTxs>{entry.batch_count}</NbOfTxs>" if entry.batch_count is not None else ""
    total = f'<TtlAmt Ccy="EUR">{amount(entry.batch_cents)}</TtlAmt>' if entry.batch_cents is not None else ""
    return f"<Btch>{id}{count}{total}</Btch>"


def _detail(tx: Tx, version: str) -> str:
    money = f'<Amt Ccy="{tx.currency}">{amount(tx.cents)}</Amt>'
    if version == "02":
        money = f"<AmtDtls><TxAmt>{money}</TxAmt></AmtDtls>"
    else:
        money = f"{money}<CdtDbtInd>{sign(tx.cents)}</CdtDbtInd>"
    structured = f"<Strd><CdtrRefInf><Ref>{escape(tx.reference)}</Ref></CdtrRefInf></Strd>" if tx.reference else ""
    text = f"<Ustrd>{escape(tx.text)}</Ustrd>" if tx.text else ""
    reason = f"<RtrInf><Rsn><Cd>{tx.reason}</Cd></Rsn></RtrInf>" if tx.reason else ""
    said = f"{_parties(tx, version)}<RmtInf>{text}{structured}</RmtInf>{reason}"
    return f"<TxDtls><Refs>{_refs(tx)}</Refs>{money}{said}</TxDtls>"


def _refs(tx: Tx) -> str:
    pairs = (("AcctSvcrRef", tx.bank_id), ("EndToEndId", tx.end_to_end), ("MndtId", tx.mandate))
    return "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in pairs if value)


def _parties(tx: Tx, version: str) -> str:
    side = "Dbtr" if tx.cents >= 0 else "Cdtr"
    name = f"<Nm>{escape(tx.name)}</Nm>" if tx.name else ""
    party = f"<{side}>{name if version == '02' else f'<Pty>{name}</Pty>'}</{side}>" if name else ""
    known = f"<IBAN>{tx.iban}</IBAN>" if tx.iban and tx.iban[0].isalpha() else f"<Othr><Id>{tx.iban}</Id></Othr>"
    account = f"<{side}Acct><Id>{known}</Id></{side}Acct>" if tx.iban else ""
    return f"<RltdPties>{party}{account}</RltdPties>"
