"""What the head of a mail says of where it is from and who wrote it; pure, for any bytes, in bounded time."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from functools import cached_property

from domain.inbound_mail.models import IgnoredMail

MOST_HOPS = 30
"""Received headers; more is a loop (RFC 5321, 6.3)."""
MOST_BYTES = 256 * 1024
_LONGEST_SUBJECT = 500
_LONGEST_NAME = 120
_LONGEST_ID = 998
_LONGEST_VALUE = 4_000
_BREAK = re.compile(rb"\r?\n\r?\n")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@]{1,64}@([a-z0-9](?:[a-z0-9-]{0,62}\.){0,8}[a-z0-9-]{1,63})")
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_RESULT = re.compile(r"(dmarc|dkim|spf)\s{0,3}=\s{0,3}(\w{1,20})", re.IGNORECASE)
_PROPERTY = re.compile(
    r"(header\.from|header\.d|header\.i|smtp\.mailfrom)\s{0,3}=\s{0,3}\"?([^\s;\"]{1,320})", re.IGNORECASE
)
_WRITTEN = (
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "content-type",
    "content-transfer-encoding",
)
"""Of the sender; relays write the other headers."""
_ROBOTS = frozenset({"mailer-daemon", "postmaster"})


@dataclass(frozen=True)
class Head:
    """The head of a mail. `envelope_sender` is what SMTP said, empty where a mail is not to be answered."""

    message: "Message[str, str]"
    envelope_sender: str = ""

    @cached_property
    def sender(self) -> str:
        """The one address in From, in lower case; empty where there is not exactly one."""
        found = [address.lower() for _, address in getaddresses(self._all("from"))] if self._count("from") == 1 else []
        good = len(found) == 1 and found[0].isprintable() and _ADDRESS.fullmatch(found[0])
        return found[0] if good else ""

    @property
    def sender_name(self) -> str:
        pairs = getaddresses(self._all("from")[:1])
        return plain(_decoded(pairs[0][0]), _LONGEST_NAME) if pairs else ""

    @property
    def subject(self) -> str:
        return plain(_decoded(self._first("subject")), _LONGEST_SUBJECT)

    @property
    def message_id(self) -> str:
        return plain(self._first("message-id"), _LONGEST_ID)

    @property
    def hops(self) -> int:
        return self._count("received")

    @property
    def answers_another(self) -> bool:
        return bool(self._first("in-reply-to"))

    @property
    def ignored(self) -> IgnoredMail | None:
        """What it is where nobody wrote it to us; the platform's own mail is told by its addresses, not here."""
        if self._is_report:
            return IgnoredMail.BOUNCE
        return IgnoredMail.AUTO_REPLY if self._is_auto_reply else None

    @property
    def by_program(self) -> bool:
        """Whether a program or a list sent it: it may be an order, and is not answered (RFC 3834)."""
        submitted = self._first("auto-submitted").lower()
        bulk = self._first("precedence").lower() in ("bulk", "list", "junk")
        listed = any(self._count(name) for name in ("list-id", "list-unsubscribe", "x-loop"))
        return bulk or listed or not self.envelope_sender or submitted not in ("", "no")

    def is_proven(self, authserv: str) -> bool:
        """Whether the mail server in front says that the mail is of the domain in From (RFC 8601, RFC 7489)."""
        said = next((value for value in self._all("authentication-results") if _server(value) == authserv.lower()), "")
        domain = self.sender.partition("@")[2]
        return bool(authserv and domain) and _vouches(_COMMENT.sub(" ", said), domain)

    @property
    def _is_report(self) -> bool:
        kind = self._first("content-type").lower()
        local = self.sender.partition("@")[0]
        return "multipart/report" in kind or (local in _ROBOTS and not self.envelope_sender)

    @property
    def _is_auto_reply(self) -> bool:
        submitted = self._first("auto-submitted").lower()
        marked = any(self._count(name) for name in ("x-autoreply", "x-autorespond", "x-auto-reply"))
        return marked or submitted.startswith("auto-replied") or self._first("precedence").lower() == "auto_reply"

    def _count(self, name: str) -> int:
        return sum(1 for key in self.message.keys() if key.lower() == name)  # noqa: SIM118  # every one, not each once

    def _all(self, name: str) -> list[str]:
        return [str(value)[:_LONGEST_VALUE] for value in self.message.get_all(name, [])]

    def _first(self, name: str) -> str:
        return next(iter(self._all(name)), "").strip()


def head_of(raw: bytes, envelope_sender: str = "") -> Head:
    """The head of the bytes of a mail; never raises."""
    head, _ = _split(raw)
    try:
        message = BytesHeaderParser().parsebytes(head)
    except (MessageError, ValueError, IndexError):  # the parser of the library on what is no mail at all
        message = Message()
    return Head(message, envelope_sender.strip().lower() if envelope_sender != "<>" else "")


def fingerprint(raw: bytes) -> str:
    """SHA-256 of what the sender wrote: the same however often, and over which relays, a mail comes."""
    _, body = _split(raw)
    head = head_of(raw)
    digest = hashlib.sha256()
    for name in _WRITTEN:
        for value in head._all(name):
            digest.update(f"{name}:{' '.join(value.split())}\n".encode("utf-8", "surrogateescape"))
    digest.update(b"\n" + body.replace(b"\r\n", b"\n").rstrip(b"\n"))
    return digest.hexdigest()


def plain(text: str, most: int) -> str:
    """One line without control, direction and invisible characters, cut to a length."""
    seen = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text[: 4 * most])
    safe = "".join(c for c in seen if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn"))
    return " ".join(unicodedata.normalize("NFC", safe).split())[:most]


def _split(raw: bytes) -> tuple[bytes, bytes]:
    found = _BREAK.search(raw, 0, MOST_BYTES)
    return (raw[: found.start()], raw[found.end() :]) if found else (raw[:MOST_BYTES], b"")


def _decoded(value: str) -> str:
    """RFC 2047; what cannot be decoded stays as it is."""
    try:
        return "".join(_pieces(value))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return value


def _pieces(value: str) -> Iterator[str]:
    for piece, charset in decode_header(value):
        yield piece if isinstance(piece, str) else piece.decode(charset or "utf-8", "replace")


def _server(value: str) -> str:
    """The name before the first `;`, without a version."""
    return next(iter(_COMMENT.sub(" ", value).partition(";")[0].split()), "").lower()


def _vouches(said: str, domain: str) -> bool:
    """DMARC passed, or SPF or DKIM for this domain or the one above it."""
    return any(_passes(part, domain) for part in said.split(";")[1:])


def _passes(part: str, domain: str) -> bool:
    result = _RESULT.search(part)
    if result is None or result[2].lower() != "pass":
        return False
    told: dict[str, str] = {name.lower(): value.lower() for name, value in _PROPERTY.findall(part)}
    if result[1].lower() == "dmarc":
        return told.get("header.from", domain) == domain
    named = {value.rpartition("@")[2] for name, value in told.items() if name != "header.from"}
    return any("." in name and (domain == name or domain.endswith(f".{name}")) for name in named)
