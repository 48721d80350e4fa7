"""Refusals about trusted documents."""

from domain.errors import InvalidInput, InvalidState


class InvalidDocument(InvalidInput):
    """The text is no GraphQL document, or does not hold against the schema; `reason` says where."""

    code = "DOCUMENT_INVALID"
    nl = "Geen geldig document: {reason}"
    en = "Not a valid document: {reason}"


class HashMismatch(InvalidInput):
    code = "DOCUMENT_HASH_MISMATCH"
    nl = "De hash is niet de SHA-256 van de tekst; die is {found}."
    en = "The hash is not the SHA-256 of the text, which is {found}."


class NotYourself(InvalidInput):
    """A key that leaks must not be able to widen what it may send."""

    code = "NOT_FOR_ITSELF"
    nl = "Een sleutel of applicatie kan dit niet voor zichzelf doen."
    en = "A key or an application cannot do this for itself."


class NoTrustedDocuments(InvalidState):
    """A client that is restricted to an empty manifest could do nothing at all."""

    code = "NO_TRUSTED_DOCUMENTS"
    nl = "Registreer eerst documenten: zonder documenten kan deze client niets meer."
    en = "Register documents first: without any this client could do nothing."

    def __init__(self) -> None:
        super().__init__(current="EMPTY", wanted="restrict")
