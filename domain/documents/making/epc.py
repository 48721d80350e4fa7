"""What a payment code says: European Payments Council, EPC069-12 version 2, a SEPA credit transfer to scan."""

from domain.documents.making.qr import TooLong, qr, svg
from domain.documents.printable import PrintableInvoice

_MOST_CENTS = 99_999_999_999
_LONGEST = 331
_LONGEST_NAME = 70


def payment_code(invoice: PrintableInvoice) -> str:
    """The picture as SVG; empty where nothing can be paid this way."""
    payload = payload_of(invoice)
    try:
        return svg(qr(payload)) if 0 < len(payload) <= _LONGEST else ""
    except TooLong:
        return ""


def payload_of(invoice: PrintableInvoice) -> bytes:
    """The lines of the code in UTF-8; empty for what is not paid to us in euros by credit transfer."""
    seller = invoice.seller
    fits = invoice.currency == "EUR" and 0 < invoice.gross_cents <= _MOST_CENTS
    if not (invoice.is_payable and fits and seller.iban):
        return b""
    amount = f"EUR{invoice.gross_cents // 100}.{invoice.gross_cents % 100:02}"
    name = " ".join(seller.registered_name.split())[:_LONGEST_NAME]
    reference = invoice.payment_reference
    structured = reference if reference.startswith("RF") else ""
    free = "" if structured else reference or invoice.number
    lines = ("BCD", "002", "1", "SCT", "", name, seller.iban.replace(" ", ""), amount, "", structured, free)
    return "\n".join(lines).rstrip("\n").encode()
