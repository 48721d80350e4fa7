"""Articles and how many of them: in tables, beside labels, in lists, in sentences."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from domain.mail_reading import fields as f
from domain.mail_reading import labels, values
from domain.mail_reading.addresses import Found
from domain.mail_reading.articles import CODE, Product, known_sku, named, sku_in, unlisted
from domain.mail_reading.candidates import Candidate, Context, Stretch
from domain.mail_reading.labelled import SURE, weight_of
from domain.mail_reading.pairs import Layout, Pair, Understand
from domain.mail_reading.parts import Cell
from domain.mail_reading.source import Line

MOST_CODES, MOST_LISTED = 60, 200
_IN_NOTES = 1.0
_BEFORE = re.compile(
    r"(?<![\w.,-])(?P<count>\d{1,3}|één|een|twee|drie|vier|one|two|three|four)\s?(?:x|×|\*|stuks?|st\.?|"
    r"maal|pcs\.?|pieces?(?: of)?|units?(?: of)?)?"
    r"\s*(?:van |of |keer )?[\s(\"']*$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^[\s)\"']{0,3}(?:[-–:,;]?\s*\(?(?:aantal|qty|quantity)\s*[:=]?\s*(?P<labelled>\d{1,3})\b"
    r"|\(?\s?[x×*]\s?(?P<times>\d{1,3})\b|[\s(,:-]{0,3}(?P<count>\d{1,3})\s?(?:x\b|×|stuks?\b|st\b\.?|"
    r"pcs?\b\.?|pieces?\b|units?\b))",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"^[\s*•–>-]*(?:\d[.)]\s+)?(?P<count>\d{1,3})\s?(?:x|×|stuks?|st\.?|pcs\.?|pieces?(?: of)?|maal|"
    r"keer)\s+(?P<what>[^\n]{3,120})$",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\s*(?:sub)?tota+l|\s*btw\b|\s*vat\b|\s*excl|\s*incl|\s*verzend|\s*shipping|\s*korting|\s*sum\b", re.IGNORECASE
)
_TAIL = re.compile(r"\s*(?:[-–]\s*)?(?:€|EUR)\s?[\d.,]+.*$|[\s,;:(–-]+$")
_PRODUCT_LABELS = frozenset({labels.PRODUCT, f.SKU, f.QUANTITY, f.DESCRIPTION})
_WORD = {"één": 1, "een": 1, "twee": 2, "drie": 3, "vier": 4, "one": 1, "two": 2, "three": 3, "four": 4}


def in_tables(lines: Sequence[Line], layout: Layout, context: Context, understand: Understand) -> Iterator[Product]:
    """Rows below a head of columns that names an article number or a description."""
    number = 0
    while number < len(lines):
        head = head_of(lines[number], understand)
        if head is None or layout.sections[number] == "other":
            number += 1
            continue
        layout.take(number, 0, len(lines[number].text))
        number += 1
        while number < len(lines) and (cells := _row_under(lines[number], head)) is not None:
            if cells and not _TOTAL.match(lines[number].text):
                product = _of_row(lines[number], cells, context)
                if product is not None:
                    layout.take(number, 0, len(lines[number].text))
                    yield product
            number += 1


def head_of(line: Line, understand: Understand) -> dict[int, str] | None:
    """By column, what a row of words says the columns below hold; None for a row that is no head of products."""
    if len(line.cells) < 2:
        return None
    meanings = [understand(cell.text.rstrip(":")) for cell in line.cells]
    paths = [meaning.path if meaning else "" for meaning in meanings]
    product = f.DESCRIPTION if f.DESCRIPTION not in paths else f.SKU
    found: dict[int, str] = {}
    for index, path in enumerate(product if path == labels.PRODUCT else path for path in paths):
        if path in f.PRODUCT_FIELDS and path not in found.values():
            found[index] = path
    known = sum(meaning is not None for meaning in meanings)
    is_head = known * 2 > len(line.cells) and (f.SKU in found.values() or f.DESCRIPTION in found.values())
    return found if is_head and len(found) >= 2 else None


def _row_under(line: Line, head: dict[int, str]) -> dict[str, Cell] | None:
    """The cells of a row by field; empty for a rule between rows; None where the table ended."""
    if not line.text.strip() or re.fullmatch(r"[\s|+=_-]{3,}", line.text):
        return {} if line.text.strip() else None
    if len(line.cells) < 2 or len(line.cells) <= min(head):
        return None
    return {path: line.cells[index] for index, path in head.items() if index < len(line.cells)}


def _of_row(line: Line, cells: dict[str, Cell], context: Context) -> Product | None:
    sku = quantity = description = None
    if cell := cells.get(f.SKU):
        sku = sku_in(_stretch(line, cell), context, SURE, any_token=True)
    if cell := cells.get(f.QUANTITY):
        found = values.quantity_in(cell.text)
        aligned = found is not None and len(cell.text.split()) <= 2
        quantity = (
            _stretch(line, cell).candidate(f.QUANTITY, found, f.Method.COLUMN, SURE) if found and aligned else None
        )
    if cell := cells.get(f.DESCRIPTION):
        stretch = _stretch(line, cell)
        sku = sku or sku_in(stretch, context, 1.5, any_token=False) or named(stretch, context)
        if any(character.isalpha() for character in cell.text):
            description = stretch.candidate(f.DESCRIPTION, Found(cell.text, 0, len(cell.text)), f.Method.COLUMN, SURE)
    if sku is None and (description is None or quantity is None):
        return None
    return Product(sku, quantity, description)


def _stretch(line: Line, cell: Cell) -> Stretch:
    return Stretch(line, cell.text, cell.start)


class _Collecting:
    """Fields of products in the order in which they stand: one that is there already begins the next product."""

    def __init__(self) -> None:
        self.done: list[Product] = []
        self.open = Product()

    def add(self, product: Product) -> None:
        ours, theirs = self.open, product
        if (
            (ours.sku and theirs.sku)
            or (ours.quantity and theirs.quantity)
            or (ours.description and theirs.description)
        ):
            self.close()
            ours = self.open
        self.open = Product(
            ours.sku or theirs.sku, ours.quantity or theirs.quantity, ours.description or theirs.description
        )

    def close(self) -> None:
        if self.open != Product():
            self.done.append(self.open)
        self.open = Product()


def beside_labels(pairs: Sequence[Pair], layout: Layout, context: Context) -> list[Product]:
    """Products in fields of their own: what is said twice begins a new one."""
    collecting = _Collecting()
    apart = any(pair.meaning.path in (f.SKU, f.QUANTITY) for pair in pairs)
    for pair in pairs:
        path = pair.meaning.path
        if path not in _PRODUCT_LABELS or layout.sections[pair.line] == "other":
            continue
        weight = weight_of(pair.meaning)
        if path != labels.PRODUCT:
            collecting.add(_one(path, pair.values[0], context, weight))
            continue
        several = [product for stretch in pair.values for product in _several(stretch, context, weight)]
        for product in several:
            collecting.add(product)
            if not apart or len(several) > 1:
                collecting.close()
    collecting.close()
    return [product for product in collecting.done if product.sku or product.description]


def _one(path: str, stretch: Stretch, context: Context, weight: float) -> Product:
    if path == f.SKU:
        return Product(sku=sku_in(stretch, context, weight, any_token=True))
    if path == f.QUANTITY:
        found = values.quantity_in(stretch.text)
        return Product(quantity=stretch.candidate(f.QUANTITY, found, f.Method.LABEL, weight) if found else None)
    words = Found(stretch.text, 0, len(stretch.text))
    sku = sku_in(stretch, context, weight - 1.5, any_token=False) or named(stretch, context)
    return Product(sku, None, stretch.candidate(f.DESCRIPTION, words, f.Method.LABEL, weight))


def _several(stretch: Stretch, context: Context, weight: float) -> Iterator[Product]:
    """`2x GRO-ALFEN-11, 1x GRO-INSTALL-1 en ...`."""
    found = list(_around_codes(stretch, context, weight))
    yield from found
    if not found:
        counted = _COUNTED.match(stretch.text)
        what = counted.span("what") if counted else (0, len(stretch.text))
        bare = Stretch(stretch.line, stretch.text[slice(*what)].rstrip(" ,;."), stretch.start + what[0])
        if " " not in bare.text and len(bare.text) >= 6 and context.known.skus:
            code = unlisted(bare, bare.text, 0, context, weight)
            if code.method == f.Method.FUZZY:
                yield Product(code, _counted(counted, stretch, weight))
                return
        if any(character.isalpha() for character in bare.text):
            yield _described(bare, counted, stretch, context, weight)


def _described(
    bare: Stretch, counted: re.Match[str] | None, stretch: Stretch, context: Context, weight: float
) -> Product:
    """A product of which the words alone are given."""
    description = bare.candidate(f.DESCRIPTION, Found(bare.text, 0, len(bare.text)), f.Method.LABEL, weight - 0.4)
    return Product(named(bare, context), _counted(counted, stretch, weight), description)


def _counted(counted: re.Match[str] | None, stretch: Stretch, weight: float) -> Candidate | None:
    if counted is None:
        return None
    count = Found(str(int(counted["count"])), *counted.span("count"))
    return stretch.candidate(f.QUANTITY, count, f.Method.LABEL, weight)


def _around_codes(stretch: Stretch, context: Context, weight: float) -> Iterator[Product]:
    """Every article number of a text, with the number before or after it and the words behind."""
    codes = list(islice(_codes(stretch, context, weight), MOST_CODES))
    for code, following in zip(codes, [*codes[1:], None], strict=False):
        before = stretch.text[: code.start - stretch.start]
        until = following.start - stretch.start if following else len(stretch.text)
        after = stretch.text[code.end - stretch.start : until]
        yield Product(code, _count(stretch, code, before, after), _words_behind(stretch, code, after, following))


def _codes(stretch: Stretch, context: Context, weight: float) -> Iterator[Candidate]:
    seen = -1
    for token in values.TOKEN.finditer(stretch.text):
        known = known_sku(token["token"], context)
        is_code = known is not None or CODE.fullmatch(token["token"]) is not None
        if not is_code or token.start("token") < seen:
            continue
        seen = token.end("token")
        piece = Stretch(stretch.line, token["token"], stretch.start + token.start("token"))
        found = sku_in(piece, context, weight, any_token=False)
        if found is not None:
            yield found


def _count(stretch: Stretch, code: Candidate, before: str, after: str) -> Candidate | None:
    if (found := _BEFORE.search(before[-30:])) is not None:
        start = len(before) - len(before[-30:]) + found.start("count")
        number = _number(found["count"])
        is_ordinal = re.fullmatch(r"\s*\d{1,2}", before) is not None and not re.search(
            r"[x×*]|st|pcs", found[0], re.IGNORECASE
        )
        if number and not (is_ordinal and number > 20):
            return _quantity(stretch, number, start, start + len(found["count"]))
    if (found := _AFTER.search(after)) is not None:
        name = next(name for name in ("labelled", "times", "count") if found[name])
        offset = code.end - stretch.start
        return _quantity(stretch, int(found[name]), offset + found.start(name), offset + found.end(name))
    return None


def _number(written: str) -> int:
    return int(written) if written.isdigit() else _WORD[written.lower()]


def _quantity(stretch: Stretch, number: int, start: int, end: int) -> Candidate | None:
    if number < 1:
        return None
    return stretch.candidate(f.QUANTITY, Found(str(number), start, end), f.Method.PATTERN, SURE - 0.4)


def _words_behind(stretch: Stretch, code: Candidate, after: str, following: Candidate | None) -> Candidate | None:
    """A description in brackets or behind a dash."""
    found = re.match(r"\s*(?:\((?P<inside>[^()\n]{4,80})\)|[-–:|\t]\s*(?P<behind>[^\n]{4,100}))", after)
    if found is None:
        return None
    name = "inside" if found["inside"] else "behind"
    words = _TAIL.sub("", found[name]).rstrip(" ,;.")
    if _AFTER.match(found[0]) or sum(c.isalpha() for c in words) < 3 or (following is not None and name == "behind"):
        return None
    start = code.end - stretch.start + found.start(name)
    return stretch.candidate(f.DESCRIPTION, Found(words, start, start + len(words)), f.Method.PATTERN, 1.6)


def in_notes(pairs: Sequence[Pair], context: Context) -> Iterator[Product]:
    """Known article numbers in remarks: what they say is looked at by somebody."""
    for pair in pairs:
        for stretch in pair.values if pair.meaning.path == f.NOTES else ():
            for product in _around_codes(stretch, context, 0.0):
                if product.sku is not None and product.sku.method == f.Method.KNOWN:
                    yield Product(replace(product.sku, weight=_IN_NOTES), product.quantity)


def in_lines(lines: Sequence[Line], layout: Layout, context: Context) -> Iterator[Product]:
    """Known article numbers anywhere, and numbers that look like them in lists of products."""
    for number, line in enumerate(lines):
        if layout.sections[number] == "other":
            continue
        stretch = Stretch.of(line)
        is_list = layout.sections[number] == "products" or _COUNTED.match(line.text) is not None
        for product in _around_codes(stretch, context, 2.4 if is_list else 1.2):
            if product.sku is None or not layout.is_free(
                number, product.sku.start - line.start, product.sku.end - line.start
            ):
                continue
            certain = product.sku.method == f.Method.KNOWN
            if certain or is_list or product.quantity is not None:
                yield product
        if (
            is_list
            and number not in layout.taken
            and not any(True for _ in _codes(stretch, context, 0))
            and (counted := _COUNTED.match(stretch.text))
        ):
            start, end = counted.span("what")
            bare = Stretch(line, stretch.text[start:end].rstrip(" ,;."), stretch.start + start)
            yield _described(bare, counted, stretch, context, 2.0)
