"""Expected failures of taking in orders of partners."""

from domain.errors import Conflict, DomainError, InvalidInput, PermissionDenied


class IntegrationNotLive(DomainError):
    code = "INTEGRATION_NOT_LIVE"
    nl = "De koppeling heeft status {status} en neemt geen orders aan."
    en = "The integration is {status} and takes no orders."


class NotAnOrderingPartner(DomainError):
    """The organization is no partner of the entity."""

    code = "NOT_AN_ORDERING_PARTNER"
    nl = "Deze organisatie is geen partner van de onderneming."
    en = "This organization is not a partner of the business entity."


class AddressNotAllowed(PermissionDenied):
    """The request comes from outside the networks of the allow-list."""

    code = "ADDRESS_NOT_ALLOWED"
    nl = "Verzoeken van internetadres {address} worden niet aangenomen."
    en = "Requests from internet address {address} are not taken."


class InvalidNetwork(InvalidInput):
    code = "INVALID_NETWORK"
    nl = "Geen netwerk in CIDR-notatie, zoals 192.0.2.0/24."
    en = "Not a network in CIDR notation, such as 192.0.2.0/24."


class PersonRequired(PermissionDenied):
    """A key that could change how keys are checked would be worth more than it was given for."""

    code = "PERSON_REQUIRED"
    nl = "Dit doet een persoon die is ingelogd, geen sleutel of applicatie."
    en = "This is done by a person who is logged in, not by a key or an application."


# --- signatures ---------------------------------------------------------------------------------------------------


class SignatureFault(DomainError):
    """The request proves nothing. Says nothing of the secret."""

    code = "SIGNATURE_FAULT"
    nl = "De ondertekening van het verzoek klopt niet."
    en = "The signature of the request does not hold."


class SignatureRequired(SignatureFault):
    code = "SIGNATURE_REQUIRED"
    nl = "Stuur de headers chargecars-timestamp en chargecars-signature mee."
    en = "Send the headers chargecars-timestamp and chargecars-signature."


class SignatureMalformed(SignatureFault):
    code = "SIGNATURE_MALFORMED"
    nl = (
        "Verwacht: chargecars-timestamp in hele seconden sinds 1970 en chargecars-signature als v1= met 64 "
        "hexadecimale cijfers."
    )
    en = (
        "Expected: chargecars-timestamp in whole seconds since 1970 and chargecars-signature as v1= with 64 "
        "hexadecimal digits."
    )


class SignatureExpired(SignatureFault):
    code = "SIGNATURE_EXPIRED"
    nl = "Het tijdstip ligt meer dan {minutes} minuten van het onze: {now}."
    en = "The timestamp is more than {minutes} minutes from ours: {now}."


class SignatureInvalid(SignatureFault):
    code = "SIGNATURE_INVALID"
    nl = "De handtekening hoort niet bij dit verzoek en deze partner."
    en = "The signature does not belong to this request and this partner."


# --- exceptions and what is done about them -----------------------------------------------------------------------


class ExceptionClosed(DomainError):
    code = "EXCEPTION_CLOSED"
    nl = "Dit punt is al afgehandeld (status {state})."
    en = "This item was dealt with already (state {state})."


class ExceptionStillOpen(DomainError):
    code = "EXCEPTION_STILL_OPEN"
    nl = "Dit punt staat nog open."
    en = "This item is still open."


class OneWayToResolve(InvalidInput):
    code = "ONE_WAY_TO_RESOLVE"
    nl = "Geef precies een van deze: een uitleg, een artikel, een adres."
    en = "Give exactly one of these: words, an article, an address."


class ArticleNotApplicable(InvalidInput):
    """An article answers an unknown number only."""

    code = "ARTICLE_NOT_APPLICABLE"
    nl = "Alleen bij een onbekend artikel kan een artikel worden gekozen."
    en = "An article can be chosen for an unknown product only."


class AddressNotApplicable(InvalidInput):
    """An address answers one that could not be verified only."""

    code = "ADDRESS_NOT_APPLICABLE"
    nl = "Alleen bij een adres dat niet klopt kan een adres worden opgegeven."
    en = "An address can be given for an address that is not right only."


class LinesFixed(DomainError):
    """The order exists, or the quote ended: its lines are agreed."""

    code = "LINES_FIXED"
    nl = "Aan {number} kan geen regel meer worden toegevoegd: de regels liggen vast. Handel het met de hand af."
    en = "No line can be added to {number} any more: its lines are fixed. Deal with it by hand."


class PartnerOrderCancelled(Conflict):
    code = "PARTNER_ORDER_CANCELLED"
    nl = "Bestelling {partner_order_id} is al geannuleerd."
    en = "Order {partner_order_id} was cancelled already."
