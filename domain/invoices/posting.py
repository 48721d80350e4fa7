"""What invoices post to the books."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from domain.invoices.models import Invoice, InvoiceKind, LineCategory
from domain.ledger.models import AccountRole, EntryKind
from domain.ledger.posting import Entry, Leg, credit, debit
from domain.ledger.recognition import revenue
from domain.money import Money, VatClass, vat_rate

_KINDS = {
    InvoiceKind.INVOICE: EntryKind.INVOICE,
    InvoiceKind.CREDIT_NOTE: EntryKind.CREDIT_NOTE,
    InvoiceKind.SELF_BILLING: EntryKind.SELF_BILLING,
    InvoiceKind.SELF_BILLING_CREDIT: EntryKind.SELF_BILLING,
}
_VAT = {VatClass.STANDARD: AccountRole.VAT_STANDARD, VatClass.REDUCED: AccountRole.VAT_REDUCED}
_NO_ARTICLE = (LineCategory.COMMISSION, LineCategory.OTHER)


def issued(head: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Entry:
    """The entry of a document from its columns; a credit note's amounts are negative, so it mirrors its invoice."""
    kind = InvoiceKind(head["kind"])
    ours = kind in (InvoiceKind.INVOICE, InvoiceKind.CREDIT_NOTE)
    return Entry(
        entity_id=head["entity_id"],
        kind=_KINDS[kind],
        key=f"invoice:{head['id']}",
        source=(Invoice.__name__, head["id"]),
        legs=list(_of_sale(head, lines) if ours else _of_self_billing(head, lines)),
        booked_on=head["issued_on"],
        text=head["number"],
    )


def account_category(category: str) -> str | None:
    """The article category that a line is revenue of; None for none."""
    return None if category in _NO_ARTICLE else category


def _of_sale(head: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Iterable[Leg]:
    payer, currency = head["payer_contact_id"], head["currency"]
    gross = Money(head["gross_cents"], currency)
    yield debit(AccountRole.RECEIVABLE, gross, contact_id=payer, order_id=head["order_id"])
    for line in lines:
        yield revenue(
            account_category(line["category"]),
            Money(line["net_cents"], currency),
            deferred=line["recognized_at"] is None,
            contact_id=payer,
            order_id=line["order_id"],
            line_item_id=line["line_item_id"],
        )
    for vat_class, role in _VAT.items():
        vat = sum(line["vat_cents"] for line in lines if line["vat_class"] == vat_class)
        yield credit(role, Money(vat, currency), contact_id=payer, order_id=head["order_id"])


def _of_self_billing(head: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Iterable[Leg]:
    """Commission that was accrued becomes payable; VAT that is shifted to us is owed and deducted at once."""
    payer, currency = head["payer_contact_id"], head["currency"]
    yield debit(AccountRole.COMMISSION_ACCRUED, Money(head["net_cents"], currency), contact_id=payer)
    yield debit(AccountRole.VAT_INPUT, Money(head["vat_cents"], currency), contact_id=payer)
    yield credit(AccountRole.COMMISSION_PAYABLE, Money(head["gross_cents"], currency), contact_id=payer)
    shifted = sum(line["net_cents"] for line in lines if line["vat_category"] == "AE")
    rate = vat_rate(VatClass.STANDARD, head["supplied_on"]).scaleb(-2)
    owed = Money(shifted, currency).times(Decimal(rate))
    yield debit(AccountRole.VAT_INPUT, owed, contact_id=payer)
    yield credit(AccountRole.VAT_STANDARD, owed, contact_id=payer)
