"""Expected failures of onboarding."""

from domain.errors import Conflict, DomainError, InvalidInput


class OnboardingUnderWay(Conflict):
    """An organization is on its way with the entity already."""

    code = "ONBOARDING_UNDER_WAY"
    nl = "Deze organisatie is al bezig partner te worden."
    en = "This organization is on its way to becoming a partner already."


class ConfirmationInvalid(DomainError):
    """A link is not one of ours, was used, or is too old."""

    code = "CONFIRMATION_INVALID"
    nl = "Deze link is ongeldig of verlopen. Vraag het partnerschap opnieuw aan."
    en = "This link is invalid or has expired. Apply for the partnership again."


class NotConfirmed(DomainError):
    """The address of an applicant is not proved yet."""

    code = "NOT_CONFIRMED"
    nl = "De aanvrager heeft het e-mailadres nog niet bevestigd."
    en = "The applicant has not confirmed the e-mail address yet."


class StepOfTheFacts(DomainError):
    """A step is settled by what there is, not by somebody's word."""

    code = "STEP_OF_THE_FACTS"
    nl = "Stap {step} volgt uit wat er is vastgelegd; ze kan niet met de hand worden afgetekend."
    en = "Step {step} follows from what is recorded; it cannot be ticked off by hand."


class StepNotWaivable(DomainError):
    """A step that nobody may go without."""

    code = "STEP_NOT_WAIVABLE"
    nl = "Van stap {step} kan niet worden afgezien."
    en = "Step {step} cannot be waived."


class GateClosed(DomainError):
    """What has to hold before going live does not."""

    code = "GATE_CLOSED"
    nl = "Live gaan kan nog niet; open staat: {steps}."
    en = "Going live is not possible yet; open: {steps}."


class NotAskedFor(InvalidInput):
    """A document of a kind that the category does not ask for."""

    code = "DOCUMENT_NOT_ASKED_FOR"
    nl = "Dit soort document wordt niet gevraagd; wel: {kinds}."
    en = "This kind of document is not asked for; these are: {kinds}."


class NotAPdf(InvalidInput):
    """A file is not what it has to be."""

    code = "NOT_A_PDF"
    nl = "Het bestand is geen PDF."
    en = "The file is not a PDF."


class DocumentHasExpired(InvalidInput):
    """A document is not valid any more, or too old."""

    code = "DOCUMENT_EXPIRED"
    nl = "Het document is verlopen of ouder dan gevraagd ({limit})."
    en = "The document has expired or is older than asked ({limit})."


class InsuredTooLittle(InvalidInput):
    """An insurance covers less than the category asks."""

    code = "INSURED_TOO_LITTLE"
    nl = "De verzekerde som is lager dan gevraagd: {cents} cent."
    en = "The insured sum is lower than asked: {cents} cents."


class TaskClosed(DomainError):
    """A task was done or cancelled before."""

    code = "TASK_CLOSED"
    nl = "Deze taak is al afgesloten."
    en = "This task is closed already."


class TaskOpen(DomainError):
    """A task is open, or another of its kind is."""

    code = "TASK_OPEN"
    nl = "Deze taak staat al open."
    en = "This task is open already."


class TaskOfTheFacts(DomainError):
    """A task closes by itself when what it asks for is there."""

    code = "TASK_OF_THE_FACTS"
    nl = "Deze taak sluit vanzelf zodra er is wat ze vraagt."
    en = "This task closes by itself once what it asks for is there."


class NothingToSign(DomainError):
    """There is no agreement to sign."""

    code = "NOTHING_TO_SIGN"
    nl = "Er is nog geen overeenkomst om te ondertekenen."
    en = "There is no agreement to sign yet."


class AgreementChanged(Conflict):
    """What was to be signed is not what was shown."""

    code = "AGREEMENT_CHANGED"
    nl = "De overeenkomst is gewijzigd sinds ze werd getoond. Lees haar opnieuw."
    en = "The agreement was changed since it was shown. Read it again."


class ImportUndone(Conflict):
    """An import was taken back before, or what it wrote was changed since."""

    code = "IMPORT_NOT_UNDOABLE"
    nl = "Deze import kan niet meer worden teruggedraaid: {skus} is sindsdien gewijzigd."
    en = "This import cannot be taken back any more: {skus} was changed since."


class CsvUnreadable(InvalidInput):
    """A text is no CSV with the columns that are needed."""

    code = "CSV_UNREADABLE"
    nl = "Geen leesbaar CSV-bestand; verwachte kolommen: {columns}."
    en = "Not a readable CSV file; expected columns: {columns}."


class NegativePrice(InvalidInput):
    """A rule makes a price of less than nothing."""

    code = "NEGATIVE_PRICE"
    nl = "De prijs van {sku} wordt negatief."
    en = "The price of {sku} becomes negative."


class NoStandardPrices(DomainError):
    """There is no standard list to make prices from."""

    code = "NO_STANDARD_PRICES"
    nl = "Deze onderneming heeft geen standaardprijslijst."
    en = "This business entity has no standard price list."
