"""What billing of sessions refuses."""

from domain.errors import DomainError


class SessionNotOver(DomainError):
    code = "SESSION_NOT_OVER"
    nl = "Laadsessie {number} is nog niet afgelopen."
    en = "Charging session {number} is not over yet."


class AlreadyWaived(DomainError):
    code = "ALREADY_WAIVED"
    nl = "Deze laadsessie is al kwijtgescholden."
    en = "This session was waived already."


class PayerInvoiced(DomainError):
    code = "PAYER_INVOICED"
    nl = "Deze laadsessie is al gefactureerd; scheld die eerst kwijt."
    en = "This session was invoiced already; waive it first."


class NotWaived(DomainError):
    code = "NOT_WAIVED"
    nl = "Deze laadsessie is niet kwijtgescholden."
    en = "This session was not waived."
