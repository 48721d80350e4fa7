"""Why something is not done with a charger."""

from domain.errors import Conflict, DomainError, InvalidInput


class InvalidIdentity(InvalidInput):
    code = "INVALID_CHARGER_IDENTITY"
    nl = "Gebruik 3 tot 48 letters, cijfers, punten, streepjes of lage streepjes."
    en = "Use 3 to 48 letters, digits, dots, hyphens or underscores."


class ChargerRetired(Conflict):
    code = "CHARGER_RETIRED"
    nl = "Deze lader is buiten gebruik gesteld."
    en = "This charger has been retired."


class ChargerSuspended(Conflict):
    code = "CHARGER_SUSPENDED"
    nl = "Deze lader is tijdelijk buiten gebruik."
    en = "This charger is suspended."


class NotEnrolled(Conflict):
    code = "CHARGER_NOT_ENROLLED"
    nl = "Deze lader heeft nog geen inloggegevens. Meld hem eerst aan."
    en = "This charger has no credentials yet. Enrol it first."


class AlreadyEnrolled(Conflict):
    """It has been connected with the credentials that it has; they are rotated, which lets it change over."""

    code = "CHARGER_ALREADY_ENROLLED"
    nl = "Deze lader is al aangemeld. Vernieuw de inloggegevens."
    en = "This charger is already enrolled. Rotate its credentials."


class NothingToUndo(Conflict):
    code = "CHARGER_IN_SERVICE"
    nl = "De lader is niet geschorst of buiten gebruik gesteld."
    en = "The charger is neither suspended nor retired."


class OrderNotCompleted(Conflict):
    code = "ORDER_NOT_COMPLETED"
    nl = "De order is nog niet afgerond."
    en = "The order is not completed yet."


class NoChargersInOrder(DomainError):
    code = "ORDER_WITHOUT_CHARGERS"
    nl = "De order heeft geen laadstations."
    en = "The order has no charging stations."


class SerialNumbersMissing(InvalidInput):
    """As many serial numbers as charging stations were sold."""

    code = "SERIAL_NUMBERS_MISSING"
    nl = "Regel {position} vraagt {wanted} serienummer(s); {given} opgegeven."
    en = "Line {position} asks for {wanted} serial number(s); {given} given."


class OthersHandedOver(AlreadyEnrolled):
    """More than were sold would be handed over."""

    nl = "Van regel {position} zijn al laders uitgegeven: {identities}. Wijzig hun serienummer of haal ze weg."
    en = "Chargers of line {position} were handed over: {identities}. Change their serial numbers or retire them."


class UnknownConnector(InvalidInput):
    code = "UNKNOWN_CONNECTOR"
    nl = "De lader heeft geen aansluiting {number}."
    en = "The charger has no connector {number}."
