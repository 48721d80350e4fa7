"""Reading a partner's article map from CSV: `partner_sku,sku,quantity`, every fault at its row and column.

The separator is a comma, semicolon or tab; the first line names the columns, in any order and in Dutch or English. A
row without our article number takes the mapping away. Quantities take a comma or a point.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from domain import validation
from domain.catalog import values
from domain.errors import DomainError, DomainErrors, Duplicate, Faults, Required, TooFew, TooLong, TooMany, WrongType
from domain.onboarding.errors import CsvUnreadable

MOST_ROWS = 5_000
MOST_CHARACTERS = 500_000
COLUMNS = ("partner_sku", "sku", "quantity")
_NAMES = {
    "partner_sku": (
        "partner_sku",
        "partnersku",
        "partner sku",
        "partnerartikel",
        "partner_artikelnummer",
        "uw artikel",
    ),
    "sku": ("sku", "artikel", "artikelnummer", "article", "ons artikel", "chargecars article"),
    "quantity": ("quantity", "aantal", "qty"),
}
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: what it says in normal form, and what is wrong with it."""

    line: int
    """Of the file, the heading is 1."""
    partner_sku: str
    sku: str | None
    """None: the number stands for nothing any more."""
    quantity: Decimal
    faults: tuple[DomainError, ...] = ()
    """Fields are `rows`, the line, and the column."""


def read(text: str) -> list[Row]:
    """The rows of a CSV text. Raises: TooLong, TooMany, TooFew, CsvUnreadable where no row can be told from another."""
    if len(text) > MOST_CHARACTERS:
        raise TooLong(maximum=MOST_CHARACTERS, field=("csv",))
    lines = _lines(text.removeprefix("\ufeff"))
    if not lines:
        raise TooFew(minimum=1, field=("csv",))
    places = _places(lines[0][1])
    filled = [(number, cells) for number, cells in lines[1:] if any(cell.strip() for cell in cells)]
    if not filled:
        raise TooFew(minimum=1, field=("csv",))
    if len(filled) > MOST_ROWS:
        raise TooMany(maximum=MOST_ROWS, field=("csv",))
    return _without_twins([_row(number, _cells(cells, places)) for number, cells in filled])


def written(rows: Iterable[tuple[str, str, Decimal]]) -> str:
    """The CSV of a map, which `read` gives back as it was."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for partner_sku, sku, quantity in rows:
        writer.writerow((partner_sku, sku, f"{quantity.normalize():f}"))
    return out.getvalue()


def _lines(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise CsvUnreadable(columns=", ".join(COLUMNS), field=("csv",)) from error


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(_DELIMITERS, key=heading.count)


def _places(heading: Sequence[str]) -> dict[str, int]:
    """Where each column stands; the quantity may be left out."""
    given = [cell.strip().lower() for cell in heading]
    found = {name: given.index(each) for name, known in _NAMES.items() for each in reversed(known) if each in given}
    if not {"partner_sku", "sku"} <= found.keys() or len(set(found.values())) < len(found):
        raise CsvUnreadable(columns=", ".join(COLUMNS), field=("csv",))
    return found


def _cells(cells: Sequence[str], places: dict[str, int]) -> dict[str, str]:
    return {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}


def _row(line: int, cells: dict[str, str]) -> Row:
    faults, found = Faults(), dict[str, Any]()
    for name, parse in (("partner_sku", _partner_sku), ("sku", _sku), ("quantity", _quantity)):
        found[name] = faults.take(parse, cells.get(name, ""), "rows", line, name)
    return Row(
        line, found["partner_sku"] or cells["partner_sku"][:64], found["sku"], found["quantity"] or Decimal(1),
        tuple(faults.errors),
    )  # fmt: skip


def _partner_sku(cell: str) -> str:
    if not cell:
        raise Required()
    return values.sku(_unquoted(cell))


def _sku(cell: str) -> str | None:
    return validation.name(_unquoted(cell), maximum=64).upper() if cell else None


def _unquoted(cell: str) -> str:
    """Spreadsheets write an apostrophe before what could be taken for a formula, and our own export does."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def _quantity(cell: str) -> Decimal:
    if not cell:
        return Decimal(1)
    try:
        return values.quantity(Decimal(cell.replace(",", ".")))
    except InvalidOperation:
        raise WrongType(expected={"nl": "een getal", "en": "a number"}) from None


def _without_twins(rows: Sequence[Row]) -> list[Row]:
    """A number that occurs again is a fault of the later row."""
    seen: set[str] = set()
    found = []
    for row in rows:
        twin = () if row.partner_sku not in seen else (Duplicate(field=("rows", row.line, "partner_sku")),)
        seen.add(row.partner_sku)
        found.append(Row(row.line, row.partner_sku, row.sku, row.quantity, row.faults + twin))
    return found


def refused(rows: Sequence[Row], most: int = 100) -> DomainErrors | None:
    """All faults together, the first hundred of them; None where there are none."""
    faults = [fault for row in rows for fault in row.faults]
    return DomainErrors(faults[:most]) if faults else None
