"""The table of four-digit postcodes: imported from a file, all or nothing."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Float, Text, all_, bindparam, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.errors import DomainError, DomainErrors, Duplicate, InvalidInput
from domain.geo.location import Point, distance_km
from domain.geo.models import Pc4
from domain.geo.pc2 import pc2_centre
from tenants.actor import SYSTEM
from tenants.engine import Database

HEADER = ["pc4", "place", "municipality", "province", "latitude", "longitude"]
MAX_BYTES = 5_000_000
MAX_FAULTS = 20
BELIEVABLE_KM = 60
"""How far a postcode may lie from the centre of its two-digit area; public tables hold some that are off by 100 km."""
_LOCK = 0x6765_6F70_6334  # an arbitrary constant: the advisory lock of imports


class UnreadableFile(InvalidInput):
    code = "UNREADABLE_FILE"
    nl = "Het bestand kan niet worden gelezen: {reason}."
    en = "The file cannot be read: {reason}."


class WrongHeader(InvalidInput):
    code = "WRONG_HEADER"
    nl = "Regel 1: verwacht de kolommen {expected}."
    en = "Line 1: expected the columns {expected}."


class WrongLine(InvalidInput):
    code = "WRONG_LINE"
    nl = "Regel {line}, {column}: {problem}"
    en = "Line {line}, {column}: {problem}"


class InvalidPc4(InvalidInput):
    code = "INVALID_PC4"
    nl = "Geen postcode van vier cijfers (1000 tot en met 9999)."
    en = "Not a postcode of four digits (1000 to 9999)."


class InvalidCoordinate(InvalidInput):
    code = "INVALID_COORDINATE"
    nl = "Geen coördinaat in Nederland (WGS 84, graden)."
    en = "Not a coordinate in the Netherlands (WGS 84, degrees)."


class WrongColumnCount(InvalidInput):
    code = "WRONG_COLUMN_COUNT"
    nl = "{found} kolommen in plaats van {expected}."
    en = "{found} columns instead of {expected}."


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file."""

    pc4: str
    place: str
    municipality: str
    province: str
    point: Point

    @property
    def is_believable(self) -> bool:
        return is_believable(self.pc4, self.point)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import changed. `implausible`: postcodes that are kept, but located by their two-digit area."""

    rows: int
    written: int
    removed: int
    implausible: tuple[str, ...]


def is_believable(pc4: str, point: Point) -> bool:
    """Whether a postcode can lie there, seen from the centre of its two-digit area."""
    centre = pc2_centre(pc4)
    return centre is None or distance_km(centre, point) <= BELIEVABLE_KM


def read_file(path: Path) -> list[Row]:
    """The rows of a UTF-8 CSV file with the columns of HEADER; DomainErrors names the lines at fault, at most 20."""
    lines = _lines(_decoded(path))
    _, header = next(lines, (1, []))
    if header != HEADER:
        raise WrongHeader(expected=",".join(HEADER), field=(1,))
    rows, faults = _rows(lines)
    if faults:
        raise DomainErrors(faults[:MAX_FAULTS])
    if not rows:
        raise UnreadableFile(reason={"nl": "er staan geen regels in", "en": "it holds no rows"})
    return rows


def _decoded(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        content = data.decode("utf-8-sig")
    except OSError as error:
        raise UnreadableFile(reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(reason={"nl": f"regel {line} is geen UTF-8", "en": f"line {line} is not UTF-8"}) from error
    if len(data) > MAX_BYTES:
        raise UnreadableFile(reason={"nl": "het is groter dan 5 MB", "en": "it is larger than 5 MB"})
    return content


def _lines(content: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and cells, without empty lines."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        at = {"nl": f"regel {reader.line_num}: {error}", "en": f"line {reader.line_num}: {error}"}
        raise UnreadableFile(reason=at) from error


def _rows(lines: Iterator[tuple[int, list[str]]]) -> tuple[list[Row], list[DomainError]]:
    rows: dict[str, Row] = {}
    faults: list[DomainError] = []
    for number, cells in lines:
        try:
            row = _row(cells)
            if row.pc4 in rows:
                raise Duplicate(field=("pc4",))
            rows[row.pc4] = row
        except DomainError as error:
            faults.append(_on_line(number, error))
    return list(rows.values()), faults


def _on_line(number: int, error: DomainError) -> WrongLine:
    column = str(error.field[0]) if error.field else "-"
    problem = {language: error.message(language) for language in ("nl", "en")}
    return WrongLine(line=number, column=column, problem=problem, field=(number, *error.field))


def _row(cells: list[str]) -> Row:
    if len(cells) != len(HEADER):
        raise WrongColumnCount(found=len(cells), expected=len(HEADER))
    pc4, place, municipality, province, latitude, longitude = cells
    if not (len(pc4) == 4 and pc4.isascii() and pc4.isdigit() and pc4[0] != "0"):
        raise InvalidPc4(field=("pc4",))
    return Row(
        pc4,
        validation.name(place, "place", maximum=100),
        validation.name(municipality, "municipality", minimum=0, maximum=100),
        validation.name(province, "province", maximum=100),
        _point(latitude, longitude),
    )


def _point(latitude: str, longitude: str) -> Point:
    middle = Point(52.0, 5.0)
    if not Point(_degrees(latitude, "latitude"), middle.longitude).in_netherlands:
        raise InvalidCoordinate(field=("latitude",))
    if not Point(middle.latitude, _degrees(longitude, "longitude")).in_netherlands:
        raise InvalidCoordinate(field=("longitude",))
    return Point(float(latitude), float(longitude))


def _degrees(value: str, column: str) -> float:
    try:
        return float(value) if len(value) <= 24 else float("nan")
    except ValueError as error:
        raise InvalidCoordinate(field=(column,)) from error


async def import_file(database: Database, path: Path) -> Imported:
    """Replace the table by the rows of the file, in one transaction; the same file again changes nothing."""
    rows = read_file(path)
    async with database.session(SYSTEM) as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        written = await _write(session, rows)
        removed = await _remove_others(session, rows)
    return Imported(len(rows), written, removed, tuple(row.pc4 for row in rows if not row.is_believable))


async def _write(session: AsyncSession, rows: list[Row]) -> int:
    table = func.unnest(*(_column(rows, name) for name in HEADER)).table_valued(*HEADER).render_derived()
    statement = insert(Pc4).from_select(HEADER, select(*(table.c[name] for name in HEADER)))
    new = {name: statement.excluded[name] for name in HEADER[1:]}
    changed = or_(*(getattr(Pc4, name).is_distinct_from(value) for name, value in new.items()))
    upsert = statement.on_conflict_do_update(index_elements=["pc4"], set_=new, where=changed)
    return len((await session.execute(upsert.returning(Pc4.pc4))).all())


def _column(rows: list[Row], name: str) -> BindParameter[Any]:
    on_point = name in ("latitude", "longitude")
    values = [getattr(row.point if on_point else row, name) for row in rows]
    return bindparam(name, values, type_=ARRAY(Float if on_point else Text), unique=True)


async def _remove_others(session: AsyncSession, keep: list[Row]) -> int:
    others = Pc4.pc4 != all_(_column(keep, "pc4"))
    gone = await session.execute(delete(Pc4).where(others).returning(Pc4.pc4))
    return len(gone.all())


@dataclass(frozen=True, slots=True)
class Area:
    """What the table says of a four-digit postcode: a row, or that it is not in a table that was imported."""

    row: Pc4 | None
    is_imported: bool


async def area_of(session: AsyncSession, pc4: str) -> Area:
    """Look a postcode up; readable in the context of any actor."""
    row = await session.get(Pc4, pc4)
    if row is not None:
        return Area(row, True)
    return Area(None, bool(await session.scalar(select(select(Pc4.pc4).exists()))))
