"""All documents of an invoice, checked."""

from domain.documents.making.rendering import invoice_pdf
from domain.documents.making.ubl import to_ubl
from domain.documents.making.validating import check
from domain.documents.printable import PrintableInvoice
from domain.documents.sending import Made


def make(invoice: PrintableInvoice) -> Made:
    """UBL that holds, and the PDF that carries it. Raises: InvalidDocument, before anything else is made."""
    shown = invoice.untaxed()
    ubl = to_ubl(shown)
    check(ubl)
    return Made(invoice_pdf(shown, ubl), ubl)
