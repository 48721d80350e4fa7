"""UBL 2.1 invoices and credit notes after EN 16931, in the form that the Netherlands use (NLCIUS 1.0).

An invoice to somebody without a number in the trade register cannot meet NLCIUS (BR-NL-10) and claims EN 16931 only.
Corrections of self-billing invoices are type 381 with the words of a self-billing invoice, as BR-NL-7 has no 261.
"""

from calendar import monthrange
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from lxml import etree

from domain.documents.making.words import words_of
from domain.documents.printable import Party, PrintableInvoice, PrintableLine, VatPart
from domain.invoices.models import InvoiceKind
from domain.money import Money

EN16931 = "urn:cen.eu:en16931:2017"
NLCIUS = f"{EN16931}#compliant#urn:fdc:nen.nl:nlcius:v1.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC, CBC = f"{_UBL}CommonAggregateComponents-2", f"{_UBL}CommonBasicComponents-2"
KVK = "0106"
"""ISO 6523 identifier of the Dutch trade register."""
_NO_PURCHASE_ORDER = "NA"
"""Where only our own number of the order is known, as Peppol BIS Billing 3.0 asks for."""
_ORDER = "130"
"""UNCL 1001 of what a line is about: an object identifier (BT-128)."""
_TYPES = {InvoiceKind.INVOICE: "380", InvoiceKind.SELF_BILLING: "389"}
_CREDIT = "381"
SEPA_TRANSFER, AGREED = "58", "57"
_UNITS = {
    "piece": "C62",
    "stuk": "C62",
    "stuks": "C62",
    "hour": "HUR",
    "uur": "HUR",
    "minute": "MIN",
    "day": "DAY",
    "dag": "DAY",
    "month": "MON",
    "maand": "MON",
    "m": "MTR",
    "metre": "MTR",
    "meter": "MTR",
    "km": "KMT",
    "kwh": "KWH",
    "kg": "KGM",
    "set": "SET",
}
"""Words for units to UN/ECE Recommendation 20."""
_EXEMPT = frozenset({"AE", "K", "G", "E", "O"})
"""Categories that have to say why there is no VAT (BR-AE-10, BR-IC-10, BR-G-10, BR-E-10, BR-O-10)."""

Element: TypeAlias = "etree._Element"


def is_nlcius(invoice: PrintableInvoice) -> bool:
    """Whether the document claims to be a Dutch one: from a Dutch seller, to whom has a number there or is abroad.

    A partner in whose name we invoice ourselves may have none either: it need not be a business.
    """
    seller, buyer = invoice.seller, invoice.buyer
    from_a_business = bool(seller.kvk_number) or not invoice.is_self_billed
    return seller.country == "NL" and from_a_business and (buyer.country != "NL" or bool(buyer.kvk_number))


def to_ubl(invoice: PrintableInvoice) -> bytes:
    """The document in UTF-8; the same invoice gives the same bytes."""
    name = "CreditNote" if invoice.is_credit else "Invoice"
    spaces: dict[str | None, str] = {None: f"{_UBL}{name}-2", "cac": CAC, "cbc": CBC}
    root = etree.Element(f"{{{_UBL}{name}-2}}{name}", nsmap=spaces)  # type: ignore[arg-type]  # its stubs know no default
    _head(root, invoice)
    _references(root, invoice)
    _party(_cac(root, "AccountingSupplierParty"), invoice.seller)
    _party(_cac(root, "AccountingCustomerParty"), invoice.buyer)
    _delivery(root, invoice)
    _payment(root, invoice)
    _tax(root, invoice)
    _totals(root, invoice)
    for number, line in enumerate(invoice.lines, start=1):
        _line(root, invoice, line, number)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _head(root: Element, invoice: PrintableInvoice) -> None:
    _cbc(root, "CustomizationID", NLCIUS if is_nlcius(invoice) else EN16931)
    _cbc(root, "ProfileID", PROFILE)
    _cbc(root, "ID", invoice.number)
    _cbc(root, "IssueDate", invoice.issued_on)
    if invoice.is_credit:
        _cbc(root, "CreditNoteTypeCode", _CREDIT)
    else:
        _cbc(root, "DueDate", invoice.due_on)
        _cbc(root, "InvoiceTypeCode", _TYPES[invoice.kind])
    if note := _note(invoice):
        _cbc(root, "Note", note)
    _cbc(root, "DocumentCurrencyCode", invoice.currency)


def _note(invoice: PrintableInvoice) -> str:
    said = words_of(invoice.language)["self_billed"] if invoice.is_self_billed else ""
    return "\n".join(part for part in (said, invoice.reason, invoice.notes) if part)


def _references(root: Element, invoice: PrintableInvoice) -> None:
    """Whom it is for at the buyer, what it is of: a Dutch seller has to name one of them (BR-NL-2)."""
    _cbc(root, "BuyerReference", invoice.reference or invoice.order_number or invoice.payment_reference)
    if invoice.period_month:
        period = _cac(root, "InvoicePeriod")
        last = monthrange(invoice.period_month.year, invoice.period_month.month)[1]
        _cbc(period, "StartDate", invoice.period_month.replace(day=1))
        _cbc(period, "EndDate", invoice.period_month.replace(day=last))
    if invoice.reference or invoice.order_number:
        order = _cac(root, "OrderReference")
        _cbc(order, "ID", invoice.reference or _NO_PURCHASE_ORDER)
        if invoice.order_number:
            _cbc(order, "SalesOrderID", invoice.order_number)
    if invoice.credits:
        reference = _cac(_cac(root, "BillingReference"), "InvoiceDocumentReference")
        _cbc(reference, "ID", invoice.credits.number)


def _party(parent: Element, party: Party) -> None:
    made = _cac(parent, "Party")
    if party.kvk_number:
        _cbc(made, "EndpointID", party.kvk_number, schemeID=KVK)
    if party.identifier and not (party.kvk_number or party.vat_number):  # BR-CO-26
        _cbc(_cac(made, "PartyIdentification"), "ID", party.identifier)
    if party.name and party.name != party.registered_name:
        _cbc(_cac(made, "PartyName"), "Name", party.name)
    _address(_cac(made, "PostalAddress"), party)
    if party.vat_number:
        tax = _cac(made, "PartyTaxScheme")
        _cbc(tax, "CompanyID", party.vat_number)
        _cbc(_cac(tax, "TaxScheme"), "ID", "VAT")
    legal = _cac(made, "PartyLegalEntity")
    _cbc(legal, "RegistrationName", party.registered_name)
    if party.kvk_number:
        _cbc(legal, "CompanyID", party.kvk_number, schemeID=KVK)
    _contact(made, party)


def _address(parent: Element, party: Party) -> None:
    for name, value in (
        ("StreetName", party.street_line),
        ("CityName", party.city),
        ("PostalZone", party.postal_code),
    ):
        if value:
            _cbc(parent, name, value)
    _cbc(_cac(parent, "Country"), "IdentificationCode", party.country)


def _contact(parent: Element, party: Party) -> None:
    if party.phone or party.email:
        contact = _cac(parent, "Contact")
        if party.phone:
            _cbc(contact, "Telephone", party.phone)
        if party.email:
            _cbc(contact, "ElectronicMail", party.email)


def _delivery(root: Element, invoice: PrintableInvoice) -> None:
    delivery = _cac(root, "Delivery")
    _cbc(delivery, "ActualDeliveryDate", invoice.supplied_on)
    if any(part.category == "K" for part in invoice.vat):  # BR-IC-12
        address = _cac(_cac(delivery, "DeliveryLocation"), "Address")
        _cbc(_cac(address, "Country"), "IdentificationCode", invoice.buyer.country)


def _payment(root: Element, invoice: PrintableInvoice) -> None:
    if invoice.is_credit or invoice.gross_cents <= 0:
        return
    means = _cac(root, "PaymentMeans")
    _cbc(means, "PaymentMeansCode", SEPA_TRANSFER if invoice.seller.iban else AGREED)
    if invoice.payment_reference:
        _cbc(means, "PaymentID", invoice.payment_reference)
    if invoice.seller.iban:
        _cbc(_cac(means, "PayeeFinancialAccount"), "ID", invoice.seller.iban)
    terms = words_of(invoice.language)["terms"].format(days=invoice.payment_terms_days)
    _cbc(_cac(root, "PaymentTerms"), "Note", terms)


def _tax(root: Element, invoice: PrintableInvoice) -> None:
    whole = _cac(root, "TaxTotal")
    _amount(whole, "TaxAmount", invoice.vat_cents, invoice.currency)
    for part in invoice.vat:
        one = _cac(whole, "TaxSubtotal")
        _amount(one, "TaxableAmount", part.net_cents, invoice.currency)
        _amount(one, "TaxAmount", part.vat_cents, invoice.currency)
        _category(_cac(one, "TaxCategory"), part, invoice.language)


def _category(made: Element, part: VatPart, language: str) -> None:
    _cbc(made, "ID", part.category)
    if part.category != "O":
        _cbc(made, "Percent", _number(part.rate))
    if part.category in _EXEMPT:
        _cbc(made, "TaxExemptionReason", part.reason or words_of(language)["exempt"][part.category])
    _cbc(_cac(made, "TaxScheme"), "ID", "VAT")


def _totals(root: Element, invoice: PrintableInvoice) -> None:
    made = _cac(root, "LegalMonetaryTotal")
    for name, cents in (
        ("LineExtensionAmount", invoice.net_cents),
        ("TaxExclusiveAmount", invoice.net_cents),
        ("TaxInclusiveAmount", invoice.gross_cents),
        ("PayableAmount", invoice.gross_cents),
    ):
        _amount(made, name, cents, invoice.currency)


def _line(root: Element, invoice: PrintableInvoice, line: PrintableLine, number: int) -> None:
    made = _cac(root, "CreditNoteLine" if invoice.is_credit else "InvoiceLine")
    priced = _Priced.of(line)
    _cbc(made, "ID", str(number))
    if priced.note:
        _cbc(made, "Note", priced.note)
    quantity = "CreditedQuantity" if invoice.is_credit else "InvoicedQuantity"
    _cbc(made, quantity, _number(priced.quantity), unitCode=priced.unit)
    _amount(made, "LineExtensionAmount", line.net_cents, invoice.currency)
    if line.order_number and line.order_number != invoice.order_number:
        reference = _cac(made, "DocumentReference")
        _cbc(reference, "ID", line.order_number)
        _cbc(reference, "DocumentTypeCode", _ORDER)
    if priced.discount_cents:
        _discount(made, line, invoice)
    _item(_cac(made, "Item"), line)
    _amount(_cac(made, "Price"), "PriceAmount", priced.price_cents, invoice.currency)


def _discount(parent: Element, line: PrintableLine, invoice: PrintableInvoice) -> None:
    made = _cac(parent, "AllowanceCharge")
    _cbc(made, "ChargeIndicator", "false")
    _cbc(made, "AllowanceChargeReason", words_of(invoice.language)["discount"])
    if line.discount_percent:
        _cbc(made, "MultiplierFactorNumeric", _number(line.discount_percent))
    _amount(made, "Amount", line.discount_cents, invoice.currency)
    if line.discount_percent:
        _amount(made, "BaseAmount", line.net_cents + line.discount_cents, invoice.currency)


def _item(made: Element, line: PrintableLine) -> None:
    name, _, rest = line.description.partition("\n")
    if rest.strip():
        _cbc(made, "Description", rest.strip())
    _cbc(made, "Name", name.strip() or line.sku or "-")
    if line.sku:
        _cbc(_cac(made, "SellersItemIdentification"), "ID", line.sku)
    tax = _cac(made, "ClassifiedTaxCategory")
    _cbc(tax, "ID", line.vat_category)
    if line.vat_category != "O":
        _cbc(tax, "Percent", _number(line.vat_rate))
    _cbc(_cac(tax, "TaxScheme"), "ID", "VAT")


class _Priced:
    """A line's price in UBL's terms: never negative (BR-27), its discount neither.

    What cannot be said so (a discount on a line that takes something back, a part of a line whose quantity has been
    rounded) is one piece at the net amount, and the real quantity and price are in a note.
    """

    __slots__ = ("discount_cents", "note", "price_cents", "quantity", "unit")

    def __init__(self, quantity: Decimal, unit: str, price_cents: int, discount_cents: int = 0, note: str = "") -> None:
        self.quantity = quantity
        self.unit = unit
        self.price_cents = price_cents
        self.discount_cents = discount_cents
        self.note = note

    @classmethod
    def of(cls, line: PrintableLine) -> "_Priced":
        quantity, price = line.quantity, line.unit_price_cents
        if price < 0:
            quantity, price = -quantity, -price
        full = Money(price).times(quantity).cents
        unit = _UNITS.get(line.unit.strip().lower(), "C62")
        if full - line.discount_cents == line.net_cents and line.discount_cents >= 0 and quantity:
            return cls(quantity, unit, price, line.discount_cents)
        note = f"{_number(line.quantity)} {line.unit} × {_decimal(line.unit_price_cents)}" if quantity else ""
        return cls(Decimal(-1 if line.net_cents < 0 else 1), "C62", abs(line.net_cents), note=note)


def _cac(parent: Element, name: str) -> Element:
    return etree.SubElement(parent, f"{{{CAC}}}{name}")


def _cbc(parent: Element, name: str, value: str | date, **attributes: str) -> None:
    made = etree.SubElement(parent, f"{{{CBC}}}{name}", attributes)
    made.text = value if isinstance(value, str) else value.isoformat()


def _amount(parent: Element, name: str, cents: int, currency: str) -> None:
    _cbc(parent, name, _decimal(cents), currencyID=currency)


def _decimal(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):.2f}"


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
