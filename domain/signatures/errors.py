"""Expected failures of signing."""

from domain.errors import Conflict, DomainError, InvalidInput


class NotAParty(DomainError):
    """The actor sees the quote, but nothing is asked of it or its organization."""

    code = "NOT_A_PARTY"
    nl = "U bent geen partij bij deze offerte."
    en = "You are not a party to this quote."


class SignerNotAPerson(DomainError):
    """A key or a process cannot sign."""

    code = "SIGNER_NOT_A_PERSON"
    nl = "Alleen een ingelogde persoon kan ondertekenen."
    en = "Only a person who is logged in can sign."


class VersionChanged(Conflict):
    """The document is that of a version which is no longer in force."""

    code = "VERSION_CHANGED"
    nl = "De offerte is herzien: versie {current} geldt nu. Bekijk die en onderteken daarna."
    en = "The quote was revised: version {current} is in force now. Look at it before you sign."


class UnknownDocument(InvalidInput):
    code = "UNKNOWN_DOCUMENT"
    nl = "Dit is geen document van deze offerte."
    en = "This is not a document of this quote."


class AlreadySigned(Conflict):
    code = "ALREADY_SIGNED"
    nl = "Deze partij heeft al getekend: {signer}, {at}."
    en = "This party has already signed: {signer}, {at}."


class NothingAsked(DomainError):
    """The party was waived by a recorded policy."""

    code = "NOTHING_ASKED"
    nl = "Van deze partij wordt geen handtekening gevraagd."
    en = "No signature is asked of this party."


class SigningCodeInvalid(InvalidInput):
    """The mailed code is wrong, was used, or has expired."""

    code = "SIGNING_CODE_INVALID"
    nl = "De code is onjuist, al gebruikt of verlopen. Vraag een nieuwe code aan."
    en = "The code is wrong, was used, or has expired. Ask for a new code."
