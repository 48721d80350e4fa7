"""The code that people pay from: read back by a decoder that shares no arithmetic with what drew it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.documents.making.epc import payload_of, payment_code
from domain.documents.making.qr import Grid, TooLong, correction, qr
from domain.documents.printable import PrintableInvoice
from domain.invoices.models import InvoiceKind
from tests.domain.documents import samples

FORMATS_M = {
    0b101010000010010: 0,
    0b101000100100101: 1,
    0b101111001111100: 2,
    0b101101101001011: 3,
    0b100010111111001: 4,
    0b100000011001110: 5,
    0b100111110010111: 6,
    0b100101010100000: 7,
}
"""ISO/IEC 18004, table C.1: the format of level M by mask."""
VERSIONS = {7: 0x07C94, 8: 0x085BC, 9: 0x09A99, 10: 0x0A4D3, 11: 0x0BBF6, 12: 0x0C762, 13: 0x0D847}
"""Table D.1."""
BLOCKS = {
    1: [16],
    2: [28],
    3: [44],
    4: [32] * 2,
    5: [43] * 2,
    6: [27] * 4,
    7: [31] * 4,
    8: [38] * 2 + [39] * 2,
    9: [36] * 3 + [37] * 2,
    10: [43] * 4 + [44],
    11: [50] + [51] * 4,
    12: [36] * 6 + [37] * 2,
    13: [37] * 8 + [38],
}
TOTAL = [26, 44, 70, 100, 134, 172, 196, 242, 292, 346, 404, 466, 532]


def is_function(row: int, column: int, version: int) -> bool:
    """Whether a module shows no data, said geometrically."""
    size = 17 + 4 * version
    corner = (row < 9 and column < 9) or (row < 9 and column >= size - 8) or (row >= size - 8 and column < 9)
    information = version >= 7 and (
        (row < 6 and size - 11 <= column < size - 8) or (column < 6 and size - 11 <= row < size - 8)
    )
    return corner or information or row == 6 or column == 6 or is_aligned(row, column, version)


def is_aligned(row: int, column: int, version: int) -> bool:
    if version == 1:
        return False
    last, between = 10 + 4 * version, [] if version < 7 else [8 + 2 * version]
    centres = [6, *between, last]
    corners = [(6, 6), (6, last), (last, 6)]
    return any(abs(row - y) <= 2 and abs(column - x) <= 2 for y in centres for x in centres if (y, x) not in corners)


MASKS = [
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
]


def read(grid: Grid) -> bytes:
    """The bytes in a code without damage."""
    size = grid.shape[0]
    version = (size - 17) // 4
    assert (grid[0, :7].all(), grid[1, 1:6].any(), grid[6, 8], grid[6, 9], grid[size - 8, 8]) == (1, 0, 1, 0, 1)
    beside = [grid[size - 1 - at, 8] for at in range(7)] + [grid[8, size - 8 + at] for at in range(8)]
    around = [grid[8, at] for at in (0, 1, 2, 3, 4, 5, 7, 8)] + [grid[at, 8] for at in (7, 5, 4, 3, 2, 1, 0)]
    assert [bool(bit) for bit in beside] == [bool(bit) for bit in around]
    mask = FORMATS_M[int("".join("1" if bit else "0" for bit in around), 2)]
    if version >= 7:
        bits = [grid[at // 3, size - 11 + at % 3] for at in range(17, -1, -1)]
        assert int("".join("1" if bit else "0" for bit in bits), 2) == VERSIONS[version]
    return content(codewords(grid, version, mask), version)


def codewords(grid: Grid, version: int, mask: int) -> list[int]:
    size, bits, column, up = grid.shape[0], [], grid.shape[0] - 1, True
    while column > 0:
        column -= column == 6
        for row in reversed(range(size)) if up else range(size):
            for x in (column, column - 1):
                if not is_function(row, x, version):
                    bits.append(bool(grid[row, x]) ^ MASKS[mask](row, x))
        column, up = column - 2, not up
    total = TOTAL[version - 1]
    return [sum(bit << 7 - at for at, bit in enumerate(bits[8 * n : 8 * n + 8])) for n in range(total)]


def content(found: list[int], version: int) -> bytes:
    """Put the blocks together again, check each, and take the data out."""
    sizes, blocks = BLOCKS[version], [[] for _ in BLOCKS[version]]
    stream = iter(found)
    for at in range(max(sizes)):
        for block, size in zip(blocks, sizes, strict=True):
            if at < size:
                block.append(next(stream))
    data = [codeword for block in blocks for codeword in block]
    rest = list(stream)
    for number, block in enumerate(blocks):
        assert not any(syndromes(block + rest[number :: len(blocks)], len(rest) // len(blocks)))
    bits = "".join(f"{codeword:08b}" for codeword in data)
    width = 8 if version < 10 else 16
    assert bits[:4] == "0100"
    length = int(bits[4 : 4 + width], 2)
    return bytes(int(bits[4 + width + 8 * at : 12 + width + 8 * at], 2) for at in range(length))


def syndromes(block: list[int], many: int) -> list[int]:
    """The polynomial at each root of the generator; all 0 where nothing is damaged."""
    found = []
    for root in range(many):
        point, value = 1, 0
        for _ in range(root):
            point = times(point, 2)
        for codeword in block:
            value = times(value, point) ^ codeword
        found.append(value)
    return found


def times(a: int, b: int) -> int:
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


def test_correction_is_that_of_the_standard() -> None:
    """The worked example of annex I is numeric; this one, HELLO WORLD at 1-M, is as widely known."""
    data = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17]
    assert correction(data, 10) == [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]


@pytest.mark.parametrize("length", [1, 14, 15, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331])
def test_every_version_reads_back(length: int) -> None:
    data = bytes((7 * at + length) % 256 for at in range(length))
    assert read(qr(data)) == data


@settings(max_examples=8, deadline=None)
@given(st.binary(min_size=1, max_size=120))
def test_any_bytes_read_back(data: bytes) -> None:
    assert read(qr(data)) == data


def test_too_much_is_refused() -> None:
    with pytest.raises(TooLong):
        qr(b"x" * 332)


def test_the_code_says_what_epc069_12_asks_for() -> None:
    assert read(qr(payload_of(samples.PLAIN))).decode().split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "",
        "LaderThuis Demo B.V.",
        "NL20INGB0001234567",
        "EUR1722.27",
        "",
        "RF63LT202600001",
    ]
    picture = payment_code(samples.PLAIN)
    assert picture.startswith("<svg")
    assert drawn(picture) == {tuple(map(int, at)) for at in np.argwhere(qr(payload_of(samples.PLAIN)))}


def drawn(picture: str) -> set[tuple[int, int]]:
    """The dark modules of the picture, without its quiet zone of four."""
    found = set()
    for run in picture.split('d="')[1].split('"')[0].split("z")[:-1]:
        place, rest = run[1:].split("h", 1)
        x, y = map(int, place.split())
        found |= {(y - 4, x - 4 + at) for at in range(int(rest.split("v")[0]))}
    return found


@pytest.mark.parametrize(
    "invoice",
    [
        replace(samples.PLAIN, kind=InvoiceKind.CREDIT_NOTE),
        replace(samples.PLAIN, kind=InvoiceKind.SELF_BILLING),
        replace(samples.PLAIN, gross_cents=0),
        replace(samples.PLAIN, gross_cents=100_000_000_000),
        replace(samples.PLAIN, currency="USD"),
        replace(samples.PLAIN, seller=replace(samples.SELLER, iban="")),
    ],
)
def test_what_is_not_paid_to_us_in_euros_has_no_code(invoice: PrintableInvoice) -> None:
    assert payment_code(invoice) == ""
