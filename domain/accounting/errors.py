"""Refusals around accounting packages, audit files and VAT returns."""

from domain.errors import Conflict, DomainError, InvalidInput


class ConnectionExists(Conflict):
    code = "ACCOUNTING_CONNECTION_EXISTS"
    nl = "Deze entiteit is al met dit boekhoudpakket verbonden."
    en = "This entity is already connected to this accounting package."


class CredentialsRequired(InvalidInput):
    code = "ACCOUNTING_CREDENTIALS_REQUIRED"
    nl = "Voor {package} is nodig: {needed}."
    en = "{package} needs: {needed}."


class UnknownMapping(InvalidInput):
    code = "ACCOUNTING_MAPPING_UNKNOWN"
    nl = "{key} is geen grootboekrol of btw-soort. Mogelijk zijn: {known}."
    en = "{key} is no ledger role or kind of VAT. Possible are: {known}."


class NotInCatalogue(InvalidInput):
    code = "ACCOUNTING_NOT_IN_CATALOGUE"
    nl = "Het boekhoudpakket kent {value} niet. Test de verbinding om de lijst te verversen."
    en = "The accounting package does not know {value}. Test the connection to refresh the list."


class AdministrationFixed(Conflict):
    code = "ACCOUNTING_ADMINISTRATION_FIXED"
    nl = "Deze verbinding heeft al aan administratie {administration} verteld; een andere kan niet."
    en = "This connection has told administration {administration} already; it cannot be another."


class ConnectionNotActive(DomainError):
    code = "ACCOUNTING_CONNECTION_NOT_ACTIVE"
    nl = "De verbinding is niet actief: test haar eerst."
    en = "The connection is not active: test it first."


class RecordNotFailed(DomainError):
    code = "ACCOUNTING_RECORD_NOT_FAILED"
    nl = "Alleen wat mislukt is kan opnieuw worden geprobeerd."
    en = "Only what failed can be tried again."


class SinceClosed(InvalidInput):
    code = "ACCOUNTING_SINCE_TOO_EARLY"
    nl = "De begindatum ligt voor {earliest}."
    en = "The first day is before {earliest}."


class YearNotBegun(InvalidInput):
    code = "AUDIT_FILE_YEAR"
    nl = "Het jaar moet tussen {minimum} en {maximum} liggen."
    en = "The year must be between {minimum} and {maximum}."


class PeriodUnreadable(InvalidInput):
    code = "VAT_PERIOD_UNREADABLE"
    nl = "Een tijdvak is 2026-03 (maand), 2026-Q1 (kwartaal) of 2026 (jaar)."
    en = "A period is 2026-03 (month), 2026-Q1 (quarter) or 2026 (year)."


class NoSuchBox(InvalidInput):
    code = "VAT_BOX_UNKNOWN"
    nl = "Kies een van: {boxes}."
    en = "Choose one of: {boxes}."
