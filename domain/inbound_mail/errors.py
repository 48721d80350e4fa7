"""What can be wrong with mail that comes in, its addresses and its orders."""

from domain.errors import Conflict, DomainError, InvalidInput, NotFound


class TooManyAddresses(DomainError):
    code = "TOO_MANY_MAIL_ADDRESSES"
    nl = "Een partner heeft hoogstens {maximum} adressen."
    en = "A partner has at most {maximum} addresses."


class NotASender(InvalidInput):
    code = "NOT_A_SENDER"
    nl = "Geef een e-mailadres, of @domein voor iedereen van een domein."
    en = "Give an e-mail address, or @domain for everybody of a domain."


class PublicMailDomain(InvalidInput):
    """Everybody can have an address there."""

    code = "PUBLIC_MAIL_DOMAIN"
    nl = "Bij {domain} kan iedereen een adres nemen; noem de adressen zelf."
    en = "Anybody can have an address at {domain}; name the addresses."


class NoSuchMailAddress(NotFound):
    code = "NO_SUCH_MAIL_ADDRESS"
    nl = "Dit adres neemt geen post aan."
    en = "This address takes no mail."


class MailTooLarge(InvalidInput):
    code = "MAIL_TOO_LARGE"
    nl = "Een mail is hoogstens {maximum} bytes."
    en = "A mail is at most {maximum} bytes."


class MailLoop(DomainError):
    code = "MAIL_LOOP"
    nl = "Deze mail is al langs {hops} servers gegaan."
    en = "This mail has passed {hops} servers."


class MailErased(Conflict):
    """Its time was over."""

    code = "MAIL_ERASED"
    nl = "De mail is niet meer bewaard."
    en = "The mail is not kept any more."


class MustBeLookedAt(InvalidInput):
    """A field that is in doubt, about which the review says nothing."""

    code = "MUST_BE_LOOKED_AT"
    nl = "Bevestig of verbeter dit veld: er staat {value}."
    en = "Confirm or correct this field: it reads {value}."


class NotAField(InvalidInput):
    code = "NOT_A_FIELD"
    nl = "{path} is geen veld van een bestelling."
    en = "{path} is no field of an order."
