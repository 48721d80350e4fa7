"""Labels and what stands beside or below them, line by line, and the sections of a mail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from domain.mail_reading import fields as f
from domain.mail_reading import labels
from domain.mail_reading.candidates import Stretch
from domain.mail_reading.labels import IGNORED, Meaning
from domain.mail_reading.source import Line


class Understand(Protocol):
    """What the words of a label mean; `exactly`: misspelt ones mean nothing."""

    def __call__(self, words: str, exactly: bool = False) -> Meaning | None: ...


_MOST_MARKS = 40
_MOST_WORDS, _LONGEST_LABEL = 6, 60
_WORD = re.compile(r"\S+")
_SEPARATOR = re.compile(r"\s{0,3}[:=](?!//)\s{0,3}|\s[-–]\s|\?\s")
_SURE_OF_FORM = frozenset(
    {f.PHONE, f.EMAIL, f.POSTCODE, f.ORDER_ID, f.PURCHASE_ORDER, f.CUSTOMER_ACCOUNT, f.DEALER_GROUP, labels.PLACE}
)
_REFERENCES = frozenset({f.ORDER_ID, f.PURCHASE_ORDER, f.CUSTOMER_ACCOUNT, f.DEALER_GROUP})
_LINES_BELOW = {f.NOTES: 12, labels.ADDRESS: 3, IGNORED: 0}
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-Z])")
_RULE = re.compile(r"[\s=_*~.#-]{3,}")


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and the stretches that it speaks of, in order."""

    label: str
    meaning: Meaning
    values: tuple[Stretch, ...]
    line: int
    """The index of the label's line."""
    method: str = f.Method.LABEL


@dataclass
class Layout:
    """What the lines of a segment are: pairs, and for each line its section and how much of it is spoken for."""

    pairs: list[Pair] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    taken: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """By line, the stretches (in the line) that belong to labels."""
    headings: set[int] = field(default_factory=set)

    def take(self, line: int, start: int, end: int) -> None:
        self.taken.setdefault(line, []).append((start, end))

    def is_free(self, line: int, start: int, end: int) -> bool:
        """Whether nothing of it belongs to a label."""
        return not any(a < end and start < b for a, b in self.taken.get(line, ()))


def layout_of(lines: list[Line], understand: Understand) -> Layout:
    """Read the labels of all lines."""
    layout = Layout()
    section, lines_in = "", 0
    for number, line in enumerate(lines):
        if not line.text.strip():
            section = "" if section == "other" and lines_in else section
            layout.sections.append(section)
            continue
        heading = heading_of(line)
        if heading is not None:
            section, lines_in = heading, 0
            layout.headings.add(number)
        layout.sections.append(section)
        lines_in += heading is None
        if number not in layout.taken:
            layout.pairs.extend(_pairs_of(lines, number, layout, understand))
    return layout


def heading_of(line: Line) -> str | None:
    """Which section a line opens."""
    words = line.text.strip().strip("=-*#_~:.<>[] ")
    return labels.section(words) if words and len(words.split()) <= 4 and not line.cells else None


def _pairs_of(lines: list[Line], number: int, layout: Layout, understand: Understand) -> Iterator[Pair]:
    line = lines[number]
    if line.cells:
        found = list(_of_cells(line, number, layout, understand))
        if found:
            yield from found
            return
        if line.is_row:
            return
    found = list(_inline(line, number, layout, understand))
    if found:
        yield from found
        return
    alone = _label_alone(line, understand)
    if alone is not None:
        yield from _below(lines, number, alone, layout, understand)
        return
    yield from _without_colon(line, number, layout, understand)


def _of_cells(line: Line, number: int, layout: Layout, understand: Understand) -> Iterator[Pair]:
    """Label and value in neighbouring columns; a row of labels only is the head of a table."""
    meanings = [_of_cell(cell.text, understand) for cell in line.cells]
    if sum(meaning is not None for meaning in meanings) > (len(meanings) + 1) // 2:
        return
    for left, meaning, right, next_meaning in zip(line.cells, meanings, line.cells[1:], meanings[1:], strict=False):
        if meaning is None or (next_meaning is not None and right.text.rstrip().endswith(":")):
            continue
        mark = len(right.text) - len(right.text.lstrip(":= "))
        start = right.start - line.start + mark
        layout.take(number, left.start - line.start, right.end - line.start)
        value = Stretch(line, line.text[start : right.end - line.start], right.start + mark)
        yield Pair(left.text, meaning, (value,), number)


def _of_cell(text: str, understand: Understand) -> Meaning | None:
    bare = text.strip().rstrip(":").strip()
    return understand(bare) if bare and not any(sign in bare for sign in "@") else None


def _inline(line: Line, number: int, layout: Layout, understand: Understand) -> Iterator[Pair]:
    """`label: value`, several of them on one line."""
    marks: list[tuple[int, int, str, Meaning]] = []
    floor = 0
    for found in islice(_SEPARATOR.finditer(line.text), _MOST_MARKS):
        read = _label_before(line.text, floor, found.start(), understand, found[0].strip() in ("-", "–", "?"))
        if read is not None:
            marks.append((read[0], found.end(), read[1], read[2]))
            floor = found.end()
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        end = following[0] if following else len(line.text)
        if mark[3].path in _SURE_OF_FORM and (stop := _SENTENCE_END.search(line.text, mark[1], end)):
            end = stop.start()
        value = line.text[mark[1] : end].rstrip(" ,;|\t")
        if value.strip():
            layout.take(number, mark[0], mark[1] + len(value))
            yield Pair(mark[2], mark[3], (Stretch.of(line, mark[1], mark[1] + len(value)),), number)
        elif following is not None:
            layout.take(number, mark[0], mark[1])


def _label_before(
    text: str, floor: int, end: int, understand: Understand, is_dash: bool
) -> tuple[int, str, Meaning] | None:
    """Where the label that ends there begins, its words, and what they mean: the longest that means something."""
    lowest = max(floor, end - _LONGEST_LABEL)
    begin = max((text.rfind(mark, lowest, end) for mark in ",;|\t"), default=-1) + 1 or lowest
    starts = [found.start() for found in _WORD.finditer(text, begin, end)][-_MOST_WORDS:]
    if is_dash and starts and text[floor : starts[0]].strip(" *•-–>"):
        return None
    for start in starts:
        at_start = not text[floor:start].strip(" *•-–>,;|(") or text[:start].rstrip()[-1:] in ",;|("
        meaning = understand(text[start:end], exactly=not at_start)
        if is_dash and any(character.isdigit() for character in text[start:end]):
            continue
        if meaning is not None and (meaning.certainty == 1 or (at_start and not is_dash)):
            return start, text[start:end], meaning
    return None


def _label_alone(line: Line, understand: Understand) -> Meaning | None:
    """The meaning of a line that holds a label and no value."""
    words = line.text.strip()
    if len(words.split()) > 5 or line.cells:
        return None
    found = understand(words.rstrip(" :=?*"))
    if found is None:
        return None
    has_colon = words.rstrip(" *").endswith((":", "="))
    return found if has_colon or (found.certainty == 1 and len(words) > 3) else None


def _below(lines: list[Line], number: int, meaning: Meaning, layout: Layout, understand: Understand) -> Iterator[Pair]:
    """What stands under a label that has its line to itself."""
    layout.take(number, 0, len(lines[number].text))
    most = _LINES_BELOW.get(meaning.path, 1)
    values: list[Stretch] = []
    for place in range(number + 1, min(len(lines), number + 2 + most)):
        line = lines[place]
        if not line.text.strip():
            if values or place > number + 1:
                break
            continue
        if (
            len(values) >= most
            or _is_head(line, understand)
            or _has_label(line, understand)
            or heading_of(line)
            or _RULE.fullmatch(line.text)
        ):
            break
        values.append(Stretch.of(line))
        layout.take(place, 0, len(line.text))
    if values:
        yield Pair(lines[number].text, meaning, tuple(values), number)


def _is_head(line: Line, understand: Understand) -> bool:
    """Whether the line names columns."""
    return sum(understand(cell.text.rstrip(":")) is not None for cell in line.cells) > 1


def _has_label(line: Line, understand: Understand) -> bool:
    in_columns = line.cells and any(True for _ in _of_cells(line, 0, Layout(), understand))
    return bool(
        in_columns or list(_inline(line, 0, Layout(), understand)) or _label_alone(line, understand) is not None
    )


def _without_colon(line: Line, number: int, layout: Layout, understand: Understand) -> Iterator[Pair]:
    """`Tel 06-12345678`: where the value's form confirms the label."""
    words = list(re.finditer(r"\S+", line.text.lstrip("*•-– ")))
    lead = len(line.text) - len(line.text.lstrip("*•-– "))
    for count in range(min(4, len(words) - 1), 0, -1):
        end = lead + words[count - 1].end()
        meaning = understand(line.text[lead:end])
        if meaning is not None and meaning.certainty == 1 and _fits(meaning.path, line.text[end:].split()):
            until = lead + words[count].end() if meaning.path in _REFERENCES else len(line.text)
            layout.take(number, lead, until)
            yield Pair(line.text[lead:end], Meaning(meaning.path, 0.8), (Stretch.of(line, end, until),), number)
            return


def _fits(path: str, value: list[str]) -> bool:
    words = len(value)
    if path in _SURE_OF_FORM:
        return words <= 5
    if path in (f.QUANTITY, f.SKU):
        return words == 1
    if path in (labels.ADDRESS, labels.NUMBERED_STREET, f.STREET):
        return words <= 8 and any(word[0].isdigit() for word in value[1:])
    return path in (f.NAME, f.CITY, labels.LAST_NAME, labels.FIRST_NAME, f.HOUSE_NUMBER) and words <= 4


def continued(pair: Pair, lines: list[Line], layout: Layout, understand: Understand, most: int) -> Iterator[Stretch]:
    """The values of a pair and the lines below that go on with it, up to a blank one or a label."""
    yield from pair.values
    last = pair.values[-1].line
    for place in range(pair.line + 1, min(len(lines), pair.line + 1 + most)):
        line = lines[place]
        if line.start <= last.start and line.part == last.part:
            continue
        if not line.text.strip() or line.cells or place in layout.headings or _has_label(line, understand):
            return
        if place in layout.taken or _RULE.fullmatch(line.text):
            return
        layout.take(place, 0, len(line.text))
        yield Stretch.of(line)
