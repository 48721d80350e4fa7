"""All documents of an invoice, checked."""

from domain.documents.making.rendering import invoice_pdf
from domain.documents.making.ubl import to_ubl
from domain.documents.making.validating import check
from domain.documents.printable import PrintableInvoice
from domain.documents.sending import Made


def make(invoice: PrintableInvoice) -> Made:
    """UBL that holds, and the PDF that carries it. Raises: InvalidDocument, before anything else is made."""
    ubl = to_ubl(invoice)
    check(ubl)
    return Made(invoice_pdf(invoice, ubl), ubl)
