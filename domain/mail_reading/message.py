"""A mail as what can be read of it: parts of text with the places of tables and regions, and what was wrong with it."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.mail_reading import mime, regions
from domain.mail_reading.parts import Part, Problem

SUBJECT = -1
"""The index that places in the subject carry instead of that of a part."""


@dataclass(frozen=True, slots=True)
class MailMessage:
    """What a mail says. `parts` in their order; those of an attached mail are marked as forwarded."""

    message_id: str | None
    sender: str | None
    """The address in From, in lower case, as it is claimed."""
    recipients: tuple[str, ...]
    subject: str
    date: datetime | None
    """With its zone; UTC where the mail names none."""
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...] = field(default=())

    def text_of(self, part: int) -> str:
        """The text that places with this part's index speak of; empty for one there is not."""
        if part == SUBJECT:
            return self.subject
        return self.parts[part].text if 0 <= part < len(self.parts) else ""


def read(raw: bytes) -> MailMessage:
    """Whatever can be read of the bytes of a mail; never raises, and ends in bounded time.

    It parses, and runs a process of its own for PDF files: not for an event loop, `asyncio.to_thread` is.
    """
    head, parts, problems = mime.opened(raw)
    forwarded = regions.is_forward(head.subject)
    marked = tuple(regions.marked(part, forwarded) for part in parts)
    return MailMessage(head.message_id, head.sender, head.recipients, head.subject, head.date, marked, tuple(problems))
