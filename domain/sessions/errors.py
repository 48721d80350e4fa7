"""What sessions and tokens refuse."""

from domain.errors import Conflict, DomainError


class ConnectorOccupied(Conflict):
    code = "CONNECTOR_OCCUPIED"
    nl = "Aan deze aansluiting loopt al een laadsessie."
    en = "There is an open session at this connector already."


class ConnectorNotUsable(DomainError):
    code = "CONNECTOR_NOT_USABLE"
    nl = "Aan deze aansluiting kan nu niet worden geladen: {status}."
    en = "This connector cannot be used now: {status}."


class ChargerNotInService(DomainError):
    code = "CHARGER_NOT_IN_SERVICE"
    nl = "Deze laadpaal is niet in gebruik."
    en = "This charger is not in service."


class TokenNotAccepted(DomainError):
    code = "TOKEN_NOT_ACCEPTED"
    nl = "Met deze laadpas kan hier niet worden geladen ({status})."
    en = "This token may not charge here ({status})."


class DriverRequired(DomainError):
    code = "DRIVER_REQUIRED"
    nl = "Geef aan wie er laadt: een laadpas of een persoon."
    en = "Say who charges: a token or a person."


class SessionEnded(DomainError):
    code = "SESSION_ENDED"
    nl = "Deze laadsessie is al afgelopen."
    en = "This session has ended already."


class TokenMalformed(DomainError):
    code = "TOKEN_MALFORMED"
    nl = "Een laadpas heeft 1 tot 36 letters, cijfers of tekens uit * - _ = : + | @ ."
    en = "A token has 1 to 36 letters, digits or characters of * - _ = : + | @ ."
