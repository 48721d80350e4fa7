"""What was read in a mail as orders to keep: which fields somebody has to look at, and why. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.agreements.partner_terms import PartnerTerms
from domain.inbound_mail.models import EmailDoubt
from domain.mail_reading.fields import (
    ORDER_ID,
    PRODUCTS,
    THRESHOLD,
    ExtractedField,
    ExtractedOrder,
    missing_in,
    product_field,
)
from domain.mail_reading.message import SUBJECT, MailMessage
from domain.mail_reading.parts import Problem, ProblemCode

DERIVED = "DERIVED"
"""The method of a reference that is made of the mail and the position."""
MOST_ORDERS = 20
_LONGEST_PART = 100_000
_UNSEEN = frozenset(
    {
        ProblemCode.TOO_LARGE,
        ProblemCode.TOO_MANY_PARTS,
        ProblemCode.TOO_MUCH_TEXT,
        ProblemCode.UNREADABLE_PDF,
        ProblemCode.ENCRYPTED_PDF,
        ProblemCode.PDF_WITHOUT_TEXT,
    }
)
_DOCUMENT = re.compile(
    r"\.(docx?|odt|rtf|xlsx?|ods|pages|numbers|zip|7z|rar|gz|xml|json|eml|msg|tiff?)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of a mail beside what it says."""

    sha256: str
    known_sender: bool
    automatic: bool
    """Whether its address lets orders through that nothing is in doubt about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One order of a mail."""

    position: int
    fields: Mapping[str, ExtractedField]
    missing: Sequence[str]
    asked: Sequence[str]
    doubts: Sequence[EmailDoubt]
    reference: str
    derived: bool = field(default=False)

    def values(self) -> dict[str, Any]:
        """By column of email_order."""
        return {
            "position": self.position,
            "fields": {path: found.as_json() for path, found in self.fields.items()},
            "missing": list(self.missing),
            "asked": list(self.asked),
            "doubts": [doubt.value for doubt in self.doubts],
            "reference": self.reference,
            "derived": self.derived,
        }


def findings(sent: Sent, message: MailMessage, orders: Sequence[ExtractedOrder], terms: PartnerTerms) -> list[Finding]:
    """One per order; one without fields where none was found, so that no mail is lost."""
    of_the_mail = list(_of_the_mail(sent, message, orders))
    read = list(orders[:MOST_ORDERS]) or [ExtractedOrder({}, ())]
    return [_finding(sent, number, order, terms, of_the_mail) for number, order in enumerate(read, 1)]


def parts_of(message: MailMessage) -> list[dict[str, Any]]:
    """The text that places refer to: plain text, whatever the mail was written in."""
    return [{"kind": part.kind.value, "name": part.name, "text": part.text[:_LONGEST_PART]} for part in message.parts]


def problems_of(message: MailMessage) -> list[str]:
    """Codes, each once."""
    return sorted({problem.code.value for problem in message.problems})


def _finding(
    sent: Sent, position: int, order: ExtractedOrder, terms: PartnerTerms, of_the_mail: list[EmailDoubt]
) -> Finding:
    read = dict(order.fields)
    derived = ORDER_ID not in read and bool(read)
    if derived:
        read[ORDER_ID] = _derived(sent, position)
    missing = list(dict.fromkeys([*missing_in(read), *_demanded(read, terms.required_fields)]))
    asked = [*(path for path, found in read.items() if found.confidence < THRESHOLD), *missing]
    doubts = list(of_the_mail)
    if len(asked) > len(missing):
        doubts.append(EmailDoubt.LOW_CONFIDENCE)
    if missing and read:
        doubts.append(EmailDoubt.MISSING_FIELD)
    return Finding(position, read, missing, asked, doubts, _reference(read), derived)


def _reference(read: Mapping[str, ExtractedField]) -> str:
    found = read.get(ORDER_ID)
    return str(found.value)[:100] if found else ""


def _derived(sent: Sent, position: int) -> ExtractedField:
    """The same for the same mail, however often it is read."""
    return ExtractedField(derived_id(sent.sha256, position), 1.0, SUBJECT, 0, 0, "", DERIVED)


def derived_id(sha256: str, position: int) -> str:
    return f"MAIL-{sha256[:12].upper()}-{position}"


def _demanded(read: Iterable[str], paths: Sequence[str]) -> list[str]:
    """What the partner's terms ask for and is not there; `[*]` stands for each product."""
    there = set(read)
    products = sorted({found[0] for path in there if (found := product_field(path))})
    wanted = [path.replace("[*]", f"[{number}]") for path in paths for number in (products if "[*]" in path else [0])]
    return [path for path in wanted if path not in there and not (path == PRODUCTS and products)]


def _of_the_mail(sent: Sent, message: MailMessage, orders: Sequence[ExtractedOrder]) -> Iterable[EmailDoubt]:
    if not sent.known_sender:
        yield EmailDoubt.UNKNOWN_SENDER
    if not orders:
        yield EmailDoubt.NOTHING_FOUND
    if len(orders) > MOST_ORDERS or any(_hides(problem) for problem in message.problems):
        yield EmailDoubt.NOT_WHOLE
    if not sent.automatic:
        yield EmailDoubt.BY_HAND


def _hides(problem: Problem) -> bool:
    """Whether an order may be in what could not be read; a picture in a signature is none."""
    attached = problem.code is ProblemCode.UNREAD_ATTACHMENT and bool(_DOCUMENT.search(problem.detail))
    return attached or problem.code in _UNSEEN
