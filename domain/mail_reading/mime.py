"""From the bytes of a mail to its parts as text.

Headers are decoded here and not by the policies of `email`, whose structured parsers raise on some of them and take
quadratic time on others.
"""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

from domain.mail_reading import html_text, pdf_text
from domain.mail_reading.cleaning import cleaned, decoded
from domain.mail_reading.parts import Cell, Part, PartKind, Problem, ProblemCode, Table

MOST_BYTES = 20_000_000
MOST_PARTS = 60
MOST_TEXT = 100_000
"""Characters that are looked at, of all parts together."""
MOST_HTML = 400_000
MOST_PDFS = 5
MOST_RECIPIENTS = 100
_LONGEST_HEADER = 4_000
_LONGEST_SUBJECT = 500
_MULTIPARTS = re.compile(rb"content-type:\s{0,200}(?:multipart|message)/", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>,;\"]{1,64}@[^\s<>,;\"]{1,190}")


@dataclass(frozen=True, slots=True)
class Head:
    message_id: str | None
    sender: str | None
    recipients: tuple[str, ...]
    subject: str
    date: datetime | None


def opened(raw: bytes) -> tuple[Head, list[Part], list[Problem]]:
    """The head, the parts that can be read, and what could not."""
    problems: list[Problem] = []
    message = _parsed(raw, problems)
    parts: list[Part] = []
    room = MOST_TEXT
    for part in _parts(message, problems):
        if room <= 0 or len(part.text) > room:
            problems.append(Problem(ProblemCode.TOO_MUCH_TEXT, part.name or ""))
            part = _cut(part, max(0, room))
        room -= len(part.text)
        if part.text.strip():
            parts.append(part)
    return _head(message), parts, problems


def _cut(part: Part, room: int) -> Part:
    whole = [table for table in part.tables if table.rows and table.rows[-1] and table.rows[-1][-1].end <= room]
    return replace(part, text=part.text[:room], tables=tuple(whole))


def _parsed(raw: bytes, problems: list[Problem]) -> Message:
    if len(raw) > MOST_BYTES:
        problems.append(Problem(ProblemCode.TOO_LARGE))
        raw = raw[:MOST_BYTES]
    # The parser recurses, and compares each line with the boundaries of every part around it.
    if len(_MULTIPARTS.findall(raw)) > MOST_PARTS:
        problems.append(Problem(ProblemCode.TOO_MANY_PARTS))
        raw = _MULTIPARTS.sub(b"content-type: text/", raw)
    try:
        return email.message_from_bytes(raw, policy=compat32)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):
        problems.append(Problem(ProblemCode.MALFORMED))
        plain: Message = Message(policy=compat32)
        plain.set_payload(raw[:MOST_TEXT].decode("latin-1"))
        return plain


def _head(message: Message) -> Head:
    senders = _addresses(message, "From") or _addresses(message, "Sender")
    recipients = [address for name in ("To", "Cc", "Delivered-To") for address in _addresses(message, name)]
    return Head(
        message_id=_header(message, "Message-ID").strip() or None,
        sender=senders[0] if senders else None,
        recipients=tuple(dict.fromkeys(recipients))[:MOST_RECIPIENTS],
        subject=" ".join(_header(message, "Subject").split())[:_LONGEST_SUBJECT],
        date=_date(_header(message, "Date")),
    )


def _header(message: Message, name: str) -> str:
    given = str(message.get(name, ""))[:_LONGEST_HEADER]
    try:
        pieces = decode_header(given)
    except (MessageError, ValueError, LookupError):
        return cleaned(given)
    return cleaned("".join(_piece(text, charset) for text, charset in pieces))


def _piece(text: bytes | str, charset: str | None) -> str:
    return text if isinstance(text, str) else decoded(text, charset)


def _addresses(message: Message, name: str) -> list[str]:
    given = _header(message, name)
    try:
        found = [address for _, address in getaddresses([given], strict=False)]
    except (MessageError, ValueError, TypeError, IndexError, RecursionError):
        found = []
    good = [address.lower() for address in found if _ADDRESS.fullmatch(address)]
    return good or [address.lower() for address in _ADDRESS.findall(given)]


def _date(given: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(given.strip())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _parts(message: Message, problems: list[Problem]) -> Iterator[Part]:
    pdfs = 0
    for count, (leaf, forwarded) in enumerate(_leaves(message)):
        if count >= MOST_PARTS:
            problems.append(Problem(ProblemCode.TOO_MANY_PARTS))
            return
        part = _text_part(leaf)
        if part is None and _is_pdf(leaf) and pdfs < MOST_PDFS:
            pdfs += 1
            part = _pdf_part(leaf, problems)
        elif part is None and _name(leaf):
            problems.append(Problem(ProblemCode.UNREAD_ATTACHMENT, _name(leaf) or ""))
        if part is not None:
            yield replace(part, forwarded=forwarded)


def _leaves(message: Message, forwarded: bool = False, depth: int = 0) -> Iterator[tuple[Message, bool]]:
    """Parts without parts, of alternatives the best one; a multipart without parts is a leaf."""
    inside = message.get_payload()
    if not isinstance(inside, list) or depth > MOST_PARTS:
        yield message, forwarded
        return
    if message.get_content_type() == "multipart/alternative":
        inside = _best([part for part in inside if isinstance(part, Message)])
    nested = forwarded or message.get_content_type() == "message/rfc822"
    for part in inside:
        if isinstance(part, Message):
            yield from _leaves(part, nested, depth + 1)


def _best(alternatives: list[Message]) -> list[Message]:
    """HTML where it holds a table, else plain text where that says anything; and whatever is no alternative text."""
    texts = [part for part in alternatives if part.get_content_type() == "text/plain"]
    richer = [part for part in alternatives if part not in texts]
    if not texts:
        return alternatives
    plain = decoded(_bytes_of(texts[0]), _charset(texts[0]))
    if len(plain.split()) < 3 or any(b"<td" in _bytes_of(leaf).lower() for part in richer for leaf, _ in _leaves(part)):
        return richer or texts
    others = [part for part in richer if part.is_multipart()]  # related and mixed ones carry attachments
    attached = [leaf for part in others for leaf, _ in _leaves(part) if _name(leaf)]
    return [texts[0], *attached]


def _text_part(leaf: Message) -> Part | None:
    kind = leaf.get_content_type()
    if kind == "text/html":
        return html_text.as_part(decoded(_bytes_of(leaf)[: 2 * MOST_HTML], _charset(leaf))[:MOST_HTML], _name(leaf))
    if kind in ("text/plain", "text/csv") or (kind.startswith("text/") and not _name(leaf)):
        text = cleaned(decoded(_bytes_of(leaf)[: 4 * MOST_TEXT], _charset(leaf)))
        is_csv = kind == "text/csv" or (_name(leaf) or "").lower().endswith(".csv")
        rows = tuple(_csv_rows(text[:MOST_TEXT])) if is_csv else ()
        return Part(PartKind.TEXT, text[: MOST_TEXT + 1], (Table(rows),) if rows else (), _name(leaf))
    return None


def _csv_rows(text: str) -> Iterator[tuple[Cell, ...]]:
    """The cells of lines that are apart by the mark that the first line has most of; quotes belong to no cell."""
    mark = max(";,\t", key=text.partition("\n")[0].count)
    start = 0
    for line in text.split("\n"):
        cells, at = [], start
        for piece in line.split(mark):
            bare = piece.strip(' "')
            lead = piece.index(bare) if bare else 0
            cells.append(Cell(bare, at + lead, at + lead + len(bare)))
            at += len(piece) + 1
        if len(cells) > 1:
            yield tuple(cells)
        start += len(line) + 1


def _is_pdf(leaf: Message) -> bool:
    return leaf.get_content_type() == "application/pdf" or (_name(leaf) or "").lower().endswith(".pdf")


def _pdf_part(leaf: Message, problems: list[Problem]) -> Part | None:
    text, problem = pdf_text.text_of(_bytes_of(leaf))
    if problem is not None:
        problems.append(Problem(problem, _name(leaf) or ""))
    return Part(PartKind.PDF, text, name=_name(leaf)) if text else None


def _bytes_of(leaf: Message) -> bytes:
    try:
        payload = leaf.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError):
        payload = None
    if isinstance(payload, bytes):
        return payload
    text = leaf.get_payload()
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else b""


def _charset(leaf: Message) -> str | None:
    try:
        charset = leaf.get_param("charset")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return charset if isinstance(charset, str) else None


def _name(leaf: Message) -> str | None:
    try:
        given = leaf.get_filename()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return " ".join(cleaned(str(given)).split())[:200] if given else None
