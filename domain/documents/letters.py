"""The mail that an invoice goes with, in the language of the invoice and the looks of the brand."""

from dataclasses import dataclass

from babel.dates import format_date

from domain.errors import language_of
from domain.invoices.models import Invoice, InvoiceKind
from domain.money import Money
from domain.notifications import letter
from domain.notifications.models import Language
from tenants.models import Brand, BusinessEntity


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in clear."""

    subject: str
    text: str
    html: str


_LOCALES = {"nl": "nl_NL", "en": "en_GB"}
_SUBJECTS = {
    "nl": {
        InvoiceKind.INVOICE: "Factuur {number} van {brand}",
        InvoiceKind.CREDIT_NOTE: "Creditfactuur {number} van {brand}",
        InvoiceKind.SELF_BILLING: "Commissiefactuur {number} van {brand}",
        InvoiceKind.SELF_BILLING_CREDIT: "Commissie-creditfactuur {number} van {brand}",
    },
    "en": {
        InvoiceKind.INVOICE: "Invoice {number} from {brand}",
        InvoiceKind.CREDIT_NOTE: "Credit note {number} from {brand}",
        InvoiceKind.SELF_BILLING: "Commission invoice {number} from {brand}",
        InvoiceKind.SELF_BILLING_CREDIT: "Commission credit note {number} from {brand}",
    },
}
_TOLD = {
    "nl": {
        InvoiceKind.INVOICE: "Hierbij ontvangt u factuur {number} van {amount}. Wij ontvangen dit bedrag graag "
        "uiterlijk {due}, onder vermelding van {reference}.",
        InvoiceKind.CREDIT_NOTE: "Hierbij ontvangt u creditfactuur {number} van {amount}.",
        InvoiceKind.SELF_BILLING: "Hierbij ontvangt u factuur {number} van {amount}, die wij namens u hebben "
        "opgemaakt. U hoeft ons zelf geen factuur te sturen.",
        InvoiceKind.SELF_BILLING_CREDIT: "Hierbij ontvangt u creditfactuur {number} van {amount}, die wij namens u "
        "hebben opgemaakt.",
    },
    "en": {
        InvoiceKind.INVOICE: "Please find attached invoice {number} of {amount}. Please pay it by {due}, quoting "
        "{reference}.",
        InvoiceKind.CREDIT_NOTE: "Please find attached credit note {number} of {amount}.",
        InvoiceKind.SELF_BILLING: "Please find attached invoice {number} of {amount}, which we have made in your name. "
        "You need not send us an invoice.",
        InvoiceKind.SELF_BILLING_CREDIT: "Please find attached credit note {number} of {amount}, which we have made in "
        "your name.",
    },
}
_NOTHING_DUE = {
    "nl": "Hierbij ontvangt u factuur {number}. U hoeft niets te betalen.",
    "en": "Please find attached invoice {number}. There is nothing to pay.",
}
_LETTER = {
    "nl": "Beste {name},\n\n{told}\n\nHet document is bijgevoegd als pdf en als e-factuur (UBL), die "
    "boekhoudprogramma's kunnen inlezen.\n\nHeeft u vragen? Mail ons via {email} of bel {phone}.\n\n"
    "Met vriendelijke groet,\n{brand}",
    "en": "Dear {name},\n\n{told}\n\nThe document is attached as a PDF and as an electronic invoice (UBL) for "
    "accounting software.\n\nAny questions? Write to {email} or call {phone}.\n\nKind regards,\n{brand}",
}


def letter_of(invoice: Invoice, entity: BusinessEntity, brand: Brand) -> Letter:
    """The mail; the documents say the rest."""
    language, kind = language_of(invoice.language), InvoiceKind(invoice.kind)
    self_billed = kind in (InvoiceKind.SELF_BILLING, InvoiceKind.SELF_BILLING_CREDIT)
    told = _TOLD[language][kind] if invoice.gross_cents or kind is not InvoiceKind.INVOICE else _NOTHING_DUE[language]
    values = {
        "number": invoice.number,
        "brand": brand.name,
        "amount": Money(abs(invoice.gross_cents), invoice.currency).format(language),
        "due": format_date(invoice.due_on, "d MMMM y", locale=_LOCALES[language]),
        "reference": invoice.payment_reference,
        "name": (invoice.seller if self_billed else invoice.payer).get("name") or "",
        "email": entity.email,
        "phone": entity.phone,
    }
    subject = _SUBJECTS[language][kind].format(**values)
    text = _LETTER[language].format(**values, told=told.format(**values))
    return Letter(subject, text, _page(text, subject, Language(language), brand))


def _page(text: str, subject: str, language: Language, brand: Brand) -> str:
    return letter.page(
        letter.as_html(text),
        title=subject,
        language=language,
        brand=brand.name,
        logo_url=brand.logo_url,
        looks=brand.theme,
    )
