"""Expected failures of reminding."""

from domain.errors import Conflict, DomainError, InvalidInput


class NotDue(DomainError):
    code = "NOT_DUE"
    nl = "Factuur {number} is nog niet vervallen, of er staat niets open."
    en = "Invoice {number} is not due yet, or nothing is open on it."


class DunningPaused(DomainError):
    code = "DUNNING_PAUSED"
    nl = "Aan factuur {number} wordt niet herinnerd: dat is stilgezet."
    en = "Nobody is reminded of invoice {number}: that is paused."


class AlreadyRemindedToday(Conflict):
    code = "ALREADY_REMINDED_TODAY"
    nl = "Aan factuur {number} is vandaag al herinnerd."
    en = "A reminder of invoice {number} was sent today."


class NobodyToRemind(DomainError):
    code = "NOBODY_TO_REMIND"
    nl = "Van de betaler van factuur {number} is geen e-mailadres bekend."
    en = "No email address is known of the payer of invoice {number}."


class StepsNotRising(InvalidInput):
    code = "STEPS_NOT_RISING"
    nl = "Elke stap komt na meer dagen dan de vorige, en niet voor een mildere soort."
    en = "Each step comes after more days than the one before, and not with a milder kind."


class InvoiceOrContact(InvalidInput):
    code = "INVOICE_OR_CONTACT"
    nl = "Geef een factuur of een contact, een van beide."
    en = "Give an invoice or a contact, one of the two."


class UntilRequired(InvalidInput):
    code = "UNTIL_REQUIRED"
    nl = "Geef de laatste dag; alleen bij een geschil mag die ontbreken."
    en = "Give the last day; only a dispute may do without."
