import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from domain.errors import DomainError, DomainErrors
from domain.geo.postcodes import MAX_BYTES, MAX_FAULTS, Imported, UnreadableFile, area_of, import_file, read_file
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database, role_password
from tenants.permissions import Role
from tenants.settings import Settings

HEADER = "pc4,place,municipality,province,latitude,longitude\n"
NIJKERK = "3861,Nijkerk,Nijkerk,Gelderland,52.2200,5.4861\n"
EDE = '6711,"Ede, Gld",,Gelderland,52.0402,5.6649\n'
Make = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Make:
    def make(content: str) -> Path:
        path = tmp_path / "pc4.csv"
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
        return path

    return make


@pytest.fixture
async def empty(fresh_database: Callable[[], Awaitable[str]], settings: Settings) -> AsyncIterator[Database]:
    made = Database(await fresh_database(), role_password(settings))
    yield made
    await made.close()


def faults_of(path: Path) -> list[tuple[str, str]]:
    with pytest.raises((DomainError, DomainErrors)) as caught:
        read_file(path)
    assert isinstance(caught.value, DomainError | DomainErrors)
    return [(error.code, error.message("en")) for error in caught.value.errors]


TWO_ROWS = HEADER + NIJKERK + EDE


@pytest.mark.parametrize("content", [TWO_ROWS, f"\ufeff{HEADER}\n{NIJKERK}\n{EDE}", TWO_ROWS.replace("\n", "\r\n")])
def test_rows_are_read(write: Make, content: str) -> None:
    rows = read_file(write(content))
    assert [(row.pc4, row.place, row.municipality, row.point.latitude) for row in rows] == [
        ("3861", "Nijkerk", "Nijkerk", 52.22),
        ("6711", "Ede, Gld", "", 52.0402),
    ]


@pytest.mark.parametrize(
    "header", ["", "\n\n", "pc4,place\n", "place,pc4,municipality,province,latitude,longitude\n", "\x00"]
)
def test_another_header_is_refused(write: Make, header: str) -> None:
    (code, message), *_ = faults_of(write(header + NIJKERK if header.strip() else header))
    assert code == "WRONG_HEADER"
    assert "pc4,place,municipality,province,latitude,longitude" in message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("386,Nijkerk,,Gelderland,52.22,5.48", "Line 3, pc4: Not a postcode of four digits"),
        ("0861,Nijkerk,,Gelderland,52.22,5.48", "Line 3, pc4: Not a postcode of four digits"),
        ("\uff13861,Nijkerk,,Gelderland,52.22,5.48", "Line 3, pc4: Not a postcode of four digits"),
        ("3861,Nijkerk,,Gelderland,52.22,5.48", "Line 3, pc4: This value occurs more than once."),
        ("3862,,,Gelderland,52.22,5.48", "Line 3, place: This field is required."),
        ("3862,Nij\x07kerk,,Gelderland,52.22,5.48", "Line 3, place: The character U+0007"),
        ("3862," + "x" * 101 + ",,Gelderland,52.22,5.48", "Line 3, place: At most 100 characters."),
        ("3862,Nijkerk,,,52.22,5.48", "Line 3, province: This field is required."),
        ("3862,Nijkerk,,Gelderland,5.48,52.22", "Line 3, latitude: Not a coordinate in the Netherlands"),
        ("3862,Nijkerk,,Gelderland,nan,5.48", "Line 3, latitude: Not a coordinate in the Netherlands"),
        ("3862,Nijkerk,,Gelderland,52.22,inf", "Line 3, longitude: Not a coordinate in the Netherlands"),
        ('3862,Nijkerk,,Gelderland,"52,22",5.48', "Line 3, latitude: Not a coordinate in the Netherlands"),
        ("3862,Nijkerk,,Gelderland,52.22", "Line 3, -: 5 columns instead of 6."),
        ("3862,Nijkerk,,Gelderland,52.22,5.48,extra", "Line 3, -: 7 columns instead of 6."),
    ],
)  # fmt: skip
def test_a_fault_names_its_line_and_column(write: Make, line: str, problem: str) -> None:
    ((code, message),) = faults_of(write(HEADER + NIJKERK + line + "\n" + EDE))
    assert code == "WRONG_LINE"
    assert message.startswith(problem)


def test_all_faults_are_named_up_to_a_limit(write: Make) -> None:
    assert [message[:6] for _, message in faults_of(write(HEADER + "x\n" + NIJKERK + "y\n"))] == ["Line 2", "Line 4"]
    assert len(faults_of(write(HEADER + "x\n" * 100))) == MAX_FAULTS


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (HEADER, "it holds no rows"),
        (HEADER + NIJKERK + "\udcff", "line 3 is not UTF-8"),
        (HEADER + '"3861', "line 2"),
        (HEADER + '3861,"Nij"kerk,,Gelderland,52.22,5.48', "line 2"),
        (HEADER + " " * MAX_BYTES, "larger than 5 MB"),
    ],
)
def test_a_file_that_is_no_table_is_refused(write: Make, content: str, problem: str) -> None:
    ((code, message),) = faults_of(write(content))
    assert code == "UNREADABLE_FILE"
    assert problem in message


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(UnreadableFile):
            read_file(path)


async def test_an_import_replaces_the_table_and_repeating_it_changes_nothing(empty: Database, write: Make) -> None:
    first = write(HEADER + NIJKERK + EDE)
    assert await import_file(empty, first) == Imported(rows=2, written=2, removed=0, implausible=())
    assert await import_file(empty, first) == Imported(rows=2, written=0, removed=0, implausible=())
    second = write(HEADER + NIJKERK.replace("52.2200", "52.2300") + "9999,Elders,,Groningen,52.29,5.9174\n")
    assert await import_file(empty, second) == Imported(rows=2, written=2, removed=1, implausible=("9999",))
    async with empty.session(SYSTEM) as session:
        area = await area_of(session, "3861")
        assert area.row is not None
        assert area.row.latitude == 52.23
        assert (await area_of(session, "6711")).row is None


async def test_a_file_with_one_bad_line_leaves_the_table_as_it_was(empty: Database, write: Make) -> None:
    await import_file(empty, write(HEADER + NIJKERK))
    with pytest.raises(DomainErrors):
        await import_file(empty, write(HEADER + EDE + "bad\n"))
    async with empty.session(SYSTEM) as session:
        assert (await area_of(session, "3861")).row is not None
        assert (await area_of(session, "6711")).row is None


async def test_two_imports_at_once_leave_one_of_the_files(empty: Database, tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text(HEADER + NIJKERK)
    other.write_text(HEADER + EDE)
    await asyncio.gather(*(import_file(empty, path) for path in (one, other, one, other)))
    async with empty.session(SYSTEM) as session:
        known = [(await area_of(session, pc4)).row is not None for pc4 in ("3861", "6711")]
    assert sorted(known) == [False, True]


async def test_whether_a_table_was_imported_is_known(empty: Database, write: Make) -> None:
    async with empty.session(SYSTEM) as session:
        assert not (await area_of(session, "3861")).is_imported
    await import_file(empty, write(HEADER + NIJKERK))
    async with empty.session(SYSTEM) as session:
        assert (await area_of(session, "6711")).is_imported


async def test_every_audience_reads_postcodes_and_none_writes_them(empty: Database, write: Make) -> None:
    await import_file(empty, write(HEADER + NIJKERK))
    for role in (Role.OPERATIONS, Role.PARTNER_USER, Role.CUSTOMER, Role.TECHNICIAN):
        async with empty.session(Actor(role)) as session:
            assert (await area_of(session, "3861")).row is not None
        await cannot_write(await empty.pool(Actor(role).audience))


async def cannot_write(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    assert await pool.fetch("SELECT * FROM pc4") == []
    for statement in (
        "DELETE FROM pc4",
        "UPDATE pc4 SET place = ''",
        "INSERT INTO pc4 VALUES ('1', '', '', '', 1, 1)",
        "SELECT * FROM geocode_cache",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
