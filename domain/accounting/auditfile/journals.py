"""Which journal an entry is in, in the audit file; which VAT code an account stands for."""

from dataclasses import dataclass

from domain.ledger.models import AccountRole, EntryKind


@dataclass(frozen=True, slots=True)
class Journal:
    """`type` as in XAF 3.2: S sales, P purchases, B bank, M memorial, O opening."""

    id: str
    description: str
    type: str


_SALES = Journal("VERK", "Verkoopboek", "S")
_PURCHASES = Journal("INK", "Inkoopboek", "P")
_BANK = Journal("BANK", "Bankboek", "B")
_MEMORIAL = Journal("MEMO", "Memoriaal", "M")
_OPENING = Journal("OPEN", "Beginbalans", "O")
JOURNALS = (_SALES, _PURCHASES, _BANK, _MEMORIAL, _OPENING)
_OF_KIND = {
    EntryKind.INVOICE: _SALES,
    EntryKind.CREDIT_NOTE: _SALES,
    EntryKind.SELF_BILLING: _PURCHASES,
    EntryKind.BANK: _BANK,
    EntryKind.PAYMENT: _BANK,
    EntryKind.PAYOUT: _BANK,
    EntryKind.REFUND: _BANK,
    EntryKind.FEE: _BANK,
    EntryKind.OPENING: _OPENING,
}


def journal_of(kind: str) -> Journal:
    return _OF_KIND.get(EntryKind(kind), _MEMORIAL)


@dataclass(frozen=True, slots=True)
class VatCode:
    """A code of the audit file, at the rates since 2019."""

    id: str
    description: str
    role: AccountRole
    percent: str
    claimed: bool = False


VAT_CODES = (
    VatCode("HOOG", "Btw hoog", AccountRole.VAT_STANDARD, "21.000"),
    VatCode("LAAG", "Btw laag", AccountRole.VAT_REDUCED, "9.000"),
    VatCode("VOOR", "Voorbelasting", AccountRole.VAT_INPUT, "21.000", claimed=True),
)
