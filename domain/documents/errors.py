"""What can be wrong with documents."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import DomainError, InvalidInput


class DocumentTooLarge(InvalidInput):
    code = "DOCUMENT_TOO_LARGE"
    nl = "Het document is groter dan {maximum} bytes."
    en = "The document is larger than {maximum} bytes."


class EmptyDocument(InvalidInput):
    code = "EMPTY_DOCUMENT"
    nl = "Het document is leeg."
    en = "The document is empty."


class NoRecipient(DomainError):
    code = "NO_RECIPIENT"
    nl = "Er is geen e-mailadres bekend; geef een adres op."
    en = "No email address is known; give an address."


class NotRenderedYet(DomainError):
    code = "DOCUMENTS_NOT_READY"
    nl = "De documenten van factuur {number} zijn nog niet gereed."
    en = "The documents of invoice {number} are not ready yet."


class DocumentsThere(DomainError):
    code = "DOCUMENTS_ALREADY_MADE"
    nl = "De documenten van factuur {number} zijn er al."
    en = "The documents of invoice {number} are there already."


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule of XML Schema, EN 16931 or NLCIUS that a document breaks."""

    rule: str
    """Such as `BR-CO-15`."""
    text: str
    location: str = ""


class InvalidDocument(Exception):
    """A document that breaks a rule: it is neither kept nor sent."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("invalid document: " + ", ".join(dict.fromkeys(fault.rule for fault in faults)))


class BrokenSeal(Exception):
    """The rows of an invoice are not what was issued: no document is made of them."""

    def __init__(self, number: str) -> None:
        super().__init__(f"the seal of {number} does not hold")
