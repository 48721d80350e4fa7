"""What an invoice's template shows: every text ready, in the document's language."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from domain.documents.making import looks
from domain.documents.making.epc import payment_code
from domain.documents.making.words import words_of
from domain.documents.printable import Credited, PrintableInvoice, PrintableLine, VatPart
from domain.errors import language_of
from domain.invoices.models import InvoiceKind, InvoicePart
from domain.money import Money

_LOCALES = {"nl": "nl_NL", "en": "en_GB"}
_TITLES = {
    InvoiceKind.INVOICE: "invoice",
    InvoiceKind.CREDIT_NOTE: "credit_note",
    InvoiceKind.SELF_BILLING: "self_billing",
    InvoiceKind.SELF_BILLING_CREDIT: "self_billing_credit",
}
_PARTS = {
    InvoicePart.DEPOSIT.value: "deposit",
    InvoicePart.PROGRESS.value: "progress",
    InvoicePart.COLLECTIVE.value: "collective",
}
_MOST_DETAILS = 6
"""Lines of a description beyond its first; the rest is in the electronic invoice."""


def _title(invoice: PrintableInvoice) -> str:
    plain = _TITLES[invoice.kind]
    return _PARTS.get(invoice.part, plain) if invoice.kind is InvoiceKind.INVOICE else plain


class Layout:
    """The texts of one invoice."""

    def __init__(self, invoice: PrintableInvoice) -> None:
        self.invoice = invoice
        self.words = words_of(invoice.language)
        self.locale = _LOCALES[language_of(invoice.language)]

    def data(self) -> dict[str, Any]:
        """What `invoice.typ` reads."""
        invoice, words = self.invoice, self.words
        return {
            "words": words,
            "language": language_of(invoice.language),
            "look": looks.look(invoice.look),
            "title": words[_title(invoice)],
            "number": invoice.number,
            "author": invoice.seller.registered_name,
            "keywords": [invoice.number],
            "made": [invoice.issued_on.year, invoice.issued_on.month, invoice.issued_on.day],
            "footer": looks.footer(invoice.buyer if invoice.is_self_billed else invoice.seller, words),
            "small_print": "" if invoice.is_self_billed else looks.small_print(invoice.look.terms),
            "recipient": self._recipient(),
            "recipient_label": words["seller" if invoice.is_self_billed else "to"],
            "facts": list(self._facts()),
            "notices": self._notices(),
            "groups": list(self._groups()),
            "vat": [self._vat(part) for part in invoice.vat],
            "vat_sentences": list(self._vat_sentences()),
            "totals": list(self._totals()),
            "total_label": words[self._total_label()],
            "total": self.money(invoice.gross_cents),
            "payment": self._payment(),
            "payment_facts": self._payment_facts(),
            "code": payment_code(invoice),
            "code_alt": words["scan"],
            "paragraphs": self._paragraphs(),
            "xml_name": f"{invoice.number}.xml",
        }

    # --- who, when ------------------------------------------------------------------------------------------------

    def _recipient(self) -> list[str]:
        """Of self-billing the document goes to the seller, who has to book it."""
        party = self.invoice.seller if self.invoice.is_self_billed else self.invoice.buyer
        lines = looks.address(party, self.invoice.language)
        return lines + ([f"{self.words['vat_number']} {party.vat_number}"] if party.vat_number else [])

    def _facts(self) -> Iterator[tuple[str, str, bool]]:
        invoice, words = self.invoice, self.words
        yield words["number"], invoice.number, True
        yield words["issued"], self.day(invoice.issued_on), False
        if invoice.period_month:
            yield words["period"], self.month(invoice.period_month), False
        else:
            yield words["supplied"], self.day(invoice.supplied_on), False
        if invoice.is_payable:
            yield words["due"], self.day(invoice.due_on), False
        if invoice.order_number:
            yield words["order"], invoice.order_number, False
        if invoice.reference:
            yield words["reference"], invoice.reference, False
        if invoice.credits:
            yield words["credits"], self._credited(invoice.credits), False
        if invoice.is_self_billed:
            yield words["buyer"], invoice.buyer.registered_name, False

    def _credited(self, credited: Credited) -> str:
        return str(self.words["credits_of"].format(number=credited.number, date=self.day(credited.issued_on)))

    def _notices(self) -> list[str]:
        return [self.words["self_billed"]] if self.invoice.is_self_billed else []

    # --- lines ----------------------------------------------------------------------------------------------------

    def _groups(self) -> Iterator[dict[str, Any]]:
        groups = list(self.invoice.by_order())
        several = len(groups) > 1
        for order, lines in groups:
            title = " ".join(part for part in (self.words["order"], order) if part) if several and order else ""
            if title and lines[0].order_reference:
                title += f" ({lines[0].order_reference})"
            yield {
                "title": title,
                "lines": [self._line(line) for line in lines],
                "total_label": self.words["order_total"].format(order=order) if title else "",
                "total": self.money(sum(line.net_cents for line in lines)) if title else "",
            }

    def _line(self, line: PrintableLine) -> dict[str, Any]:
        name, *rest = [part.strip() for part in line.description.splitlines() if part.strip()] or [line.sku]
        return {
            "name": name,
            "details": rest[:_MOST_DETAILS] + list(self._details(line)),
            "quantity": self.number(line.quantity) if line.quantity else "",
            "unit": self.words["units"].get(line.unit, line.unit) if line.quantity else "",
            "price": self.money(line.unit_price_cents) if line.quantity else "",
            "vat": self._rate(line.vat_category, line.vat_rate),
            "amount": self.money(line.net_cents),
        }

    def _details(self, line: PrintableLine) -> Iterator[str]:
        if line.discount_cents:
            percent = self.number(line.discount_percent)
            label = self.words["discount_line"].format(percent=percent) if line.discount_percent else ""
            yield f"{label or self.words['discount_amount']}: {self.money(-line.discount_cents)}"

    # --- sums -----------------------------------------------------------------------------------------------------

    def _rate(self, category: str, rate: Decimal) -> str:
        return str(self.words["rates"].get(category, f"{self.number(rate)}%"))

    def _vat(self, part: VatPart) -> list[str]:
        return [self._rate(part.category, part.rate), self.money(part.net_cents), self.money(part.vat_cents)]

    def _vat_sentences(self) -> Iterator[str]:
        for part in self.invoice.vat:
            if part.category in self.words["exempt"]:
                yield part.reason or self.words["exempt"][part.category]

    def _totals(self) -> Iterator[tuple[str, str]]:
        yield self.words["net"], self.money(self.invoice.net_cents)
        for part in self.invoice.vat:
            if part.vat_cents:
                rate, net = self.number(part.rate), self.money(part.net_cents)
                yield self.words["vat_of"].format(rate=rate, net=net), self.money(part.vat_cents)
        if not self.invoice.vat_cents:
            yield self.words["vat"], self.money(0)

    def _total_label(self) -> str:
        return {
            InvoiceKind.INVOICE: "total" if self.invoice.gross_cents > 0 else "total_nothing",
            InvoiceKind.CREDIT_NOTE: "total_credit",
            InvoiceKind.SELF_BILLING: "total_self_billed",
            InvoiceKind.SELF_BILLING_CREDIT: "total_self_billed_credit",
        }[self.invoice.kind]

    # --- payment --------------------------------------------------------------------------------------------------

    def _payment(self) -> str:
        invoice = self.invoice
        told = {
            "amount": self.money(invoice.gross_cents),
            "due": self.day(invoice.due_on),
            "iban": looks.unbroken(looks.iban(invoice.seller.iban)),
            "reference": invoice.payment_reference or invoice.number,
        }
        return str(self.words[self._way()].format(**told))

    def _way(self) -> str:
        invoice = self.invoice
        if invoice.kind is InvoiceKind.CREDIT_NOTE:
            return "pay_credit"
        if invoice.kind is InvoiceKind.SELF_BILLING_CREDIT:
            return "pay_self_billed_credit"
        if invoice.gross_cents <= 0:
            return "pay_nothing"
        way = "pay_self_billed" if invoice.is_self_billed else "pay"
        return way if invoice.seller.iban else f"{way}_no_iban"

    def _payment_facts(self) -> list[tuple[str, str]]:
        invoice = self.invoice
        if not invoice.is_payable or not invoice.seller.iban:
            return []
        reference = invoice.payment_reference or invoice.number
        return [
            (self.words["iban"], looks.iban(invoice.seller.iban)),
            (self.words["in_the_name_of"], invoice.seller.registered_name),
            (self.words["payment_reference"], reference),
        ]

    def _paragraphs(self) -> list[str]:
        reason = f"{self.words['reason']}: {self.invoice.reason}" if self.invoice.reason else ""
        return [part for part in (reason, self.invoice.notes.strip()) if part]

    # --- values ---------------------------------------------------------------------------------------------------

    def money(self, cents: int) -> str:
        """In the document's language and currency."""
        return Money(cents, self.invoice.currency).format(self.invoice.language)

    def number(self, value: Decimal) -> str:
        """Without zeros at the end."""
        return str(format_decimal(value.normalize(), format="#,##0.###", locale=self.locale))

    def day(self, on: date) -> str:
        """`2 maart 2026`."""
        return str(format_date(on, "d MMMM y", locale=self.locale))

    def month(self, month: date) -> str:
        """`maart 2026`."""
        return str(format_skeleton("yMMMM", month, locale=self.locale))
