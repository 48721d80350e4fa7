"""Where one order of a mail ends and the next begins."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from domain.mail_reading import addresses, labels, values
from domain.mail_reading import fields as f
from domain.mail_reading.articles import CODE
from domain.mail_reading.candidates import Stretch
from domain.mail_reading.pairs import Layout, Pair, Understand, heading_of
from domain.mail_reading.source import Line

MOST_ORDERS = 50
_IDENTIFYING = frozenset(
    {
        f.NAME,
        f.EMAIL,
        f.PHONE,
        f.POSTCODE,
        f.CITY,
        f.STREET,
        f.ORDER_ID,
        labels.ADDRESS,
        labels.PLACE,
        labels.LAST_NAME,
        labels.NUMBERED_STREET,
    }
)
_ANCHORS = (
    f.ORDER_ID,
    f.NAME,
    labels.LAST_NAME,
    f.EMAIL,
    labels.ADDRESS,
    labels.NUMBERED_STREET,
    labels.PLACE,
    f.POSTCODE,
    f.PHONE,
    f.STREET,
)
_ORDINALS = {"eerste": 1, "first": 1, "tweede": 2, "second": 2, "derde": 3, "third": 3, "vierde": 4, "fourth": 4}
_COUNTS = {
    "een": 1,
    "één": 1,
    "one": 1,
    "a": 1,
    "i": 1,
    "twee": 2,
    "two": 2,
    "b": 2,
    "ii": 2,
    "drie": 3,
    "three": 3,
    "c": 3,
    "iii": 3,
}
_THING = (
    r"(?:order|opdracht|bestelling|klant|aanvraag|installatie|customer|installation|job|request|locatie|"
    r"location|adres|site)"
)
_NUMBERED = re.compile(
    rf"[\s=*#_>•~-]*(?:{_THING}\s*(?:nr\.?|no\.?|#)?\s*(?P<number>\d{{1,2}}|[abcABC]|een|één|one|twee|two|"
    rf"drie|three|i{{1,3}}|I{{1,3}})"
    rf"(?:\s*(?:van|of|/)\s*(?:de\s)?\d{{1,2}})?|(?P<ordinal>eerste|first|tweede|second|derde|third|vierde|"
    rf"fourth) {_THING})"
    r"\s*(?:(?P<closed>[:.)=*#_>~-]+|[-–(]\s)|$)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?P<number>\d{1,2})\s?[.):](?:\s+|$)(?!\d{1,2}[.:]\d)")
_PIECES = re.compile(r"\b\d{1,3} ?(?:x|×|stuks?|pcs)\b", re.IGNORECASE)
_REFERENCE = re.compile(
    rf"(?:(?:{_THING})\W{{0,3}})?(?:n[ro]\.?\W{{0,2}})?(?=[\w/-]*\d)[A-Z0-9][\w/-]{{2,30}}:?", re.IGNORECASE
)
_RULE = re.compile(r"\s*[-=_*~#]{3,}\s*")


@dataclass
class Segment:
    """Lines of one order; `rows` are pairs that a table of orders gives, one order per row."""

    lines: list[Line]
    rows: list[Pair] = field(default_factory=list)


@dataclass
class Split:
    """The orders of a mail, and the lines that are said of all of them."""

    segments: list[Segment]
    shared: list[Line] = field(default_factory=list)


def split(lines: list[Line], layout: Layout, understand: Understand) -> Split:
    """By rows of a table, numbered headings, attachments, labels that recur, or passages that each hold a customer."""
    for way in (_by_rows, _by_headings, _by_parts, _by_labels, _by_passages):
        found = way(lines, layout, understand)
        if found is not None and 1 < len(found.segments) <= MOST_ORDERS:
            return found
    rows = _by_rows(lines, layout, understand)
    return rows or Split([Segment(lines)])


def _by_rows(lines: list[Line], layout: Layout, understand: Understand) -> Split | None:
    """A table whose head names what identifies a customer."""
    for number, line in enumerate(lines):
        head = _head(line, understand)
        if head is None:
            continue
        rows, end = [], number + 1
        while end < len(lines) and (len(lines[end].cells) >= 2 or _RULE.fullmatch(lines[end].text)):
            if lines[end].cells and (pairs := list(_row(lines[end], line, head))):
                rows.append(Segment([lines[end]], pairs))
            end += 1
        rest = lines[:number] + lines[end:]
        if len(rows) == 1:
            return Split([Segment(rest, rows[0].rows)])
        return Split(_same_orders(rows), rest) if rows else None
    return None


def _head(line: Line, understand: Understand) -> dict[int, labels.Meaning] | None:
    meanings = {i: m for i, cell in enumerate(line.cells) if (m := understand(cell.text.rstrip(":"))) is not None}
    paths = {meaning.path for meaning in meanings.values()}
    is_head = len(meanings) * 3 > len(line.cells) * 2 and len(paths & _IDENTIFYING) >= 3 and len(paths) >= 3
    return meanings if is_head else None


def _row(line: Line, head: Line, meanings: dict[int, labels.Meaning]) -> Iterator[Pair]:
    if len(line.cells) < len(head.cells) and not line.is_row:
        return  # columns cannot be told where one of a plain text is empty
    for index, meaning in meanings.items():
        if index < len(line.cells) and line.cells[index].text:
            cell = line.cells[index]
            yield Pair(head.cells[index].text, meaning, (Stretch(line, cell.text, cell.start),), 0, f.Method.COLUMN)


def _same_orders(rows: list[Segment]) -> list[Segment]:
    """Rows with one order's number are one order."""
    kept: dict[str, Segment] = {}
    for index, row in enumerate(rows):
        numbers = [pair.values[0].text.casefold() for pair in row.rows if pair.meaning.path == f.ORDER_ID]
        key = numbers[0] if numbers else f"row {index}"
        if key in kept:
            kept[key].rows.extend(row.rows)
            kept[key].lines.extend(row.lines)
        else:
            kept[key] = row
    return list(kept.values())


def _by_headings(lines: list[Line], layout: Layout, understand: Understand) -> Split | None:
    """`Order 1`, `Klant 2:`, or items `1.`, `2.` that each hold a postcode."""
    headings = [(i, number) for i, line in enumerate(lines) if (number := _number_of(line.text)) is not None]
    starts = _counting(headings)
    if len(starts) > 1:
        return _cut(lines, starts)
    items = [(i, int(found["number"])) for i, line in enumerate(lines) if (found := _ITEM.match(line.text))]
    starts = _counting(items)
    if len(starts) < 2:
        return None
    parts = _cut(lines, starts)
    return parts if all(_has_postcode(segment.lines) for segment in parts.segments) else None


def _number_of(text: str) -> int | None:
    found = _NUMBERED.match(text)
    if found is None or len(text) > 200:
        return None
    if found["ordinal"]:
        return _ORDINALS[found["ordinal"].lower()]
    number = found["number"].lower()
    if not number.isdigit() and not found["closed"] and text[found.end() :].strip():
        return None
    return int(number) if number.isdigit() else _COUNTS.get(number)


def _counting(found: Sequence[tuple[int, int]]) -> list[int]:
    """The lines that are numbered 1, 2, 3 … in this order."""
    starts: list[int] = []
    for place, number in found:
        if number == len(starts) + 1:
            starts.append(place)
    return starts


def _cut(lines: list[Line], starts: list[int]) -> Split:
    """From each start to the next; the last one ends at a blank line after which nothing of a customer is said."""
    segments = [Segment(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    tail = _tail(segments[-1].lines)
    last = segments[-1].lines
    segments[-1] = Segment(last[: len(last) - tail])
    return Split(segments, lines[: starts[0]] + last[len(last) - tail :])


def _tail(lines: list[Line]) -> int:
    """How many lines at the end are a passage of running text that speaks of all orders."""
    for count in range(1, min(8, len(lines))):
        line = lines[len(lines) - count - 1]
        if not line.text.strip():
            tail = [line for line in lines[len(lines) - count :] if line.text.strip()]
            words = " ".join(line.text for line in tail)
            plural = re.search(
                r"\b(?:beide|alle|allebei|both|all|each|iedere|elke|orders|opdrachten|klanten|customers)\b",
                words,
                re.IGNORECASE,
            )
            return count if plural and not _has_postcode(tail) else 0
    return 0


def _has_postcode(lines: Sequence[Line]) -> bool:
    return any(True for line in lines for _ in addresses.postcodes_in(line.text, labelled=False))


def _by_parts(lines: list[Line], layout: Layout, understand: Understand) -> Split | None:
    """Attachments that each hold a customer of their own."""
    parts = [[line for line in lines if line.part == part] for part in dict.fromkeys(line.part for line in lines)]
    whole = [part for part in parts if part[0].from_pdf and _customer(part) is not None]
    if len({_customer(part) for part in whole}) < 2:
        return None
    return Split([Segment(part) for part in whole], [line for part in parts if part not in whole for line in part])


def _by_labels(lines: list[Line], layout: Layout, understand: Understand) -> Split | None:
    """Labels that recur with other values: two of them, or one that identifies an order."""
    pairs = [pair for pair in layout.pairs if layout.sections[pair.line] != "other"]
    recurring: dict[str, list[Pair]] = {}
    for anchor in _ANCHORS:
        of_anchor = _changing([pair for pair in pairs if pair.meaning.path == anchor and pair.meaning.certainty >= 0.6])
        if len(of_anchor) > 1:
            recurring[anchor] = of_anchor
    enough = len(recurring) > 1
    if not enough:
        return None
    count = max(len(of_anchor) for of_anchor in recurring.values())
    leading = min((p for p in recurring.values() if len(p) == count), key=lambda of_anchor: of_anchor[0].line)
    starts = [_with_heading(lines, pair.line) for pair in leading]
    return _cut(lines, starts) if len(set(starts)) == len(starts) else None


def _changing(pairs: list[Pair]) -> list[Pair]:
    """The pairs whose value differs from every one before."""
    seen: set[str] = set()
    kept = []
    for pair in pairs:
        text = "".join(pair.values[0].text.casefold().split()) if pair.values else ""
        if text and text not in seen:
            seen.add(text)
            kept.append(pair)
    return kept


def _with_heading(lines: list[Line], number: int) -> int:
    """The line, or a heading, rule or line with a number right above it."""
    while number > 0 and lines[number - 1].part == lines[number].part and _announces(lines[number - 1]):
        number -= 1
    return number


def _announces(line: Line) -> bool:
    text = line.text.strip()
    if not text or len(text.split()) > 8:
        return False
    is_marked = text.startswith(("*", "=", "#", "--", "__")) or _RULE.fullmatch(text) is not None
    return is_marked or heading_of(line) is not None or _REFERENCE.fullmatch(text) is not None


def _by_passages(lines: list[Line], layout: Layout, understand: Understand) -> Split | None:
    """Passages apart by rules, else by blank lines, that each hold a customer of their own."""
    for is_gap in (lambda line: _RULE.fullmatch(line.text) is not None, lambda line: not line.text.strip()):
        starts = list(_customers_in(lines, is_gap, layout))
        parts = _cut(lines, starts) if len(starts) > 1 else None
        if parts is not None and all(_names_an_article(segment.lines) for segment in parts.segments):
            return parts
    return None


def _names_an_article(lines: Sequence[Line]) -> bool:
    """Whether something like an article number or a number of pieces stands there: an address alone is no order."""
    return any(CODE.search(line.text) or _PIECES.search(line.text) for line in lines)


def _customers_in(lines: list[Line], is_gap: object, layout: Layout) -> Iterator[int]:
    assert callable(is_gap)
    seen: set[str] = set()
    start = 0
    for number in range(len(lines) + 1):
        if (
            number < len(lines)
            and not is_gap(lines[number])
            and (number == 0 or lines[number].part == lines[number - 1].part)
        ):
            continue
        passage = lines[start:number]
        customer = _customer(passage)
        of_others = any(layout.sections[place] == "other" for place in range(start, number))
        if customer is not None and customer not in seen and not of_others:
            seen.add(customer)
            yield start
        start = number + (number < len(lines) and is_gap(lines[number]))


def _customer(lines: Sequence[Line]) -> str | None:
    """What tells one customer from another: a postcode together with a way to reach somebody."""
    postcode = next(
        (found.value for line in lines for found in addresses.postcodes_in(line.text, labelled=False)), None
    )
    reach = next(
        (found.value for line in lines for found in (*values.emails_in(line.text), *values.phones_in(line.text))), None
    )
    return f"{postcode} {reach}" if postcode and reach else None
