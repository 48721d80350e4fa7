"""A mail as lines with their places: what is read, in the order in which it counts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from domain.mail_reading.message import SUBJECT, MailMessage
from domain.mail_reading.parts import Cell, Part, PartKind, RegionKind

MOST_LINES = 4_000
LONGEST_LINE = 2_000
_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+")
_GAP = re.compile(r"[ \t]*\t[ \t]*| {2,}|[ \t]*\|[ \t]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `start` is the place of its first character. `cells`: its columns where it has more than one."""

    part: int
    start: int
    text: str
    kind: RegionKind
    cells: tuple[Cell, ...] = ()
    is_row: bool = False
    """Whether the format itself says that it is a row of a table."""
    from_pdf: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def subject_line(message: MailMessage) -> Line:
    """The subject as a line."""
    return Line(SUBJECT, 0, message.subject, RegionKind.BODY)


def lines_of(message: MailMessage) -> list[Line]:
    """All lines of all parts."""
    found: list[Line] = []
    for index, part in enumerate(message.parts):
        found.extend(_of_part(index, part))
        if len(found) > MOST_LINES:
            break
    return found[:MOST_LINES]


def _of_part(index: int, part: Part) -> Iterator[Line]:
    rows = {row[0].start: row for table in part.tables for row in table.rows if row and len(row) > 1}
    for region in part.regions:
        start = region.start
        for text in part.text[region.start : region.end].removesuffix("\n").split("\n"):
            yield _line(index, part, region.kind, start, text, rows)
            start += len(text) + 1


def _line(index: int, part: Part, kind: RegionKind, start: int, text: str, rows: dict[int, tuple[Cell, ...]]) -> Line:
    quote = _QUOTE.match(text)
    at = start + (quote.end() if quote else 0)
    at += len(part.text[at : start + len(text)]) - len(part.text[at : start + len(text)].lstrip())
    bare = part.text[at : start + len(text)].rstrip()[:LONGEST_LINE]
    row = next((rows[place] for place in range(start, min(at + 3, at + len(bare) + 1)) if place in rows), ())
    inside = tuple(cell for cell in row if cell.end <= at + len(bare))
    cells = inside or tuple(columns(bare, at))
    is_pdf = part.kind is PartKind.PDF
    return Line(index, at, bare, kind, cells if len(cells) > 1 else (), bool(inside), is_pdf)


def columns(text: str, start: int) -> Iterator[Cell]:
    """The columns of a line of text: apart by tabs, bars or two spaces."""
    at = 0
    for gap in (*_GAP.finditer(text), None):
        end = gap.start() if gap else len(text)
        if words := text[at:end].strip():
            before = len(text[at:end]) - len(text[at:end].lstrip())
            yield Cell(words, start + at + before, start + at + before + len(words))
        at = gap.end() if gap else end
