"""What a reminder says, in Dutch and English; of consumers' last one what art. 6:96 lid 6 BW demands."""

from datetime import date

from babel.dates import format_date

from domain.documents.letters import Letter
from domain.dunning.claims import Claim
from domain.dunning.models import ReminderKind
from domain.errors import language_of
from domain.invoices.models import Invoice
from domain.money import Money, total
from domain.notifications import letter
from domain.notifications.models import Language
from tenants.models import Brand, BusinessEntity

_LOCALES = {"nl": "nl_NL", "en": "en_GB"}
_SUBJECTS = {
    "nl": {
        ReminderKind.REMINDER: "Herinnering: factuur {number}",
        ReminderKind.DEMAND: "Aanmaning: factuur {number}",
        ReminderKind.FINAL: "Laatste aanmaning: factuur {number}",
    },
    "en": {
        ReminderKind.REMINDER: "Reminder: invoice {number}",
        ReminderKind.DEMAND: "Demand for payment: invoice {number}",
        ReminderKind.FINAL: "Final demand: invoice {number}",
    },
}
_TOLD = {
    "nl": {
        ReminderKind.REMINDER: "Misschien is het u ontgaan: factuur {number} is op {due} vervallen en er staat nog "
        "{open} open. Wilt u dit bedrag uiterlijk {before} betalen?",
        ReminderKind.DEMAND: "Ondanks onze herinnering staat op factuur {number}, vervallen op {due}, nog {open} open. "
        "Wij verzoeken u dit bedrag uiterlijk {before} te betalen.",
        ReminderKind.FINAL: "Op factuur {number}, vervallen op {due}, staat nog {open} open. Wij geven u een laatste "
        "gelegenheid om dit bedrag uiterlijk {before} te betalen.",
    },
    "en": {
        ReminderKind.REMINDER: "This may have escaped your notice: invoice {number} was due on {due}, and {open} is "
        "still open. Please pay this amount by {before}.",
        ReminderKind.DEMAND: "In spite of our reminder {open} is still open on invoice {number}, which was due on "
        "{due}. Please pay this amount by {before}.",
        ReminderKind.FINAL: "{open} is still open on invoice {number}, which was due on {due}. This is your last "
        "opportunity to pay it, by {before}.",
    },
}
_ANNOUNCED = {
    "nl": "U heeft daarvoor veertien dagen, te rekenen vanaf de dag nadat deze brief bij u is bezorgd. Betaalt u niet "
    "binnen die termijn, dan bent u {costs} aan buitengerechtelijke incassokosten verschuldigd (artikel 6:96 van het "
    "Burgerlijk Wetboek en het Besluit vergoeding voor buitengerechtelijke incassokosten).",
    "en": "You have fourteen days, counted from the day after this letter was delivered to you. If you do not pay "
    "within that time, you owe {costs} of extrajudicial collection costs (article 6:96 of the Dutch Civil Code and the "
    "Decree on compensation for extrajudicial collection costs).",
}
_COSTS = {
    "nl": "Daarnaast bent u {costs} aan buitengerechtelijke incassokosten verschuldigd.",
    "en": "In addition you owe {costs} of extrajudicial collection costs.",
}
_INTEREST = {
    "nl": "De wettelijke rente tot vandaag is {interest}.",
    "en": "The statutory interest until today is {interest}.",
}
_ALTOGETHER = {
    "nl": "Samen is dat {sum}.",
    "en": "That is {sum} in all.",
}
_HOW = {
    "nl": "Maak het bedrag over naar {iban} ten name van {name}, onder vermelding van {reference}. Heeft u al betaald, "
    "dan kunt u dit bericht als niet verzonden beschouwen. Bent u het niet eens met de factuur? Laat het ons weten via "
    "{email} of {phone}.",
    "en": "Please transfer the amount to {iban} in the name of {name}, quoting {reference}. If you have paid already, "
    "please disregard this message. If you do not agree with the invoice, let us know at {email} or {phone}.",
}
_FRAME = {
    "nl": "Beste {payer},\n\n{told}\n\nMet vriendelijke groet,\n{brand}",
    "en": "Dear {payer},\n\n{told}\n\nKind regards,\n{brand}",
}


def letter_of(invoice: Invoice, entity: BusinessEntity, brand: Brand, kind: ReminderKind, claim: Claim) -> Letter:
    """The mail of a reminder, in the invoice's language."""
    language = language_of(invoice.language)
    told = "\n\n".join(_paragraphs(invoice, entity, kind, claim, language))
    text = _FRAME[language].format(payer=invoice.payer.get("name") or "", told=told, brand=brand.name)
    subject = _SUBJECTS[language][kind].format(number=invoice.number)
    return Letter(subject, text, page_of(text, subject, language, brand))


def page_of(text: str, subject: str, language: str, brand: Brand) -> str:
    """A text as a mail in the looks of the brand."""
    return letter.page(
        letter.as_html(text),
        title=subject,
        language=Language(language),
        brand=brand.name,
        logo_url=brand.logo_url,
        looks=brand.theme,
    )


def _paragraphs(invoice: Invoice, entity: BusinessEntity, kind: ReminderKind, claim: Claim, language: str) -> list[str]:
    open_amount = Money(invoice.open_cents, invoice.currency)
    values = {
        "number": invoice.number,
        "due": _day(invoice.due_on, language),
        "before": _day(claim.pay_before, language),
        "open": open_amount.format(language),
        "costs": claim.costs.format(language),
        "interest": claim.interest.format(language),
        "sum": _sum(open_amount, claim).format(language),
        "iban": " ".join(entity.iban[place : place + 4] for place in range(0, len(entity.iban), 4)),
        "name": entity.legal_name,
        "reference": invoice.payment_reference,
        "email": entity.email,
        "phone": entity.phone,
    }
    claimed = claim.costs_due and bool(claim.costs)
    templates = [_TOLD[language][kind]]
    if claim.costs and not claim.costs_due:
        templates.append(_ANNOUNCED[language])
    templates += [_COSTS[language]] * claimed + [_INTEREST[language]] * bool(claim.interest)
    templates += [_ALTOGETHER[language]] * (claimed or bool(claim.interest))
    return [template.format(**values) for template in (*templates, _HOW[language])]


def _sum(open_amount: Money, claim: Claim) -> Money:
    none = Money.zero(open_amount.currency)
    return total([open_amount, claim.interest, claim.costs if claim.costs_due else none], open_amount.currency)


def _day(on: date, language: str) -> str:
    return str(format_date(on, "d MMMM y", locale=_LOCALES[language]))
