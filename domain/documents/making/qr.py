"""QR codes (ISO/IEC 18004) of bytes at error correction level M, up to version 13: what an EPC payment code may use."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

import numpy as np

Grid: TypeAlias = "np.ndarray[tuple[int, int], np.dtype[np.bool_]]"

_BLOCKS: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (10, ((1, 16),)),
    (16, ((1, 28),)),
    (26, ((1, 44),)),
    (18, ((2, 32),)),
    (24, ((2, 43),)),
    (16, ((4, 27),)),
    (18, ((4, 31),)),
    (22, ((2, 38), (2, 39))),
    (22, ((3, 36), (2, 37))),
    (26, ((4, 43), (1, 44))),
    (30, ((1, 50), (4, 51))),
    (22, ((6, 36), (2, 37))),
    (22, ((8, 37), (1, 38))),
)
"""By version: codewords for correction in each block, and (blocks, codewords of data in each). Table 9, level M."""
_ALIGNED: tuple[tuple[int, ...], ...] = (
    (),
    (6, 18),
    (6, 22),
    (6, 26),
    (6, 30),
    (6, 34),
    (6, 22, 38),
    (6, 24, 42),
    (6, 26, 46),
    (6, 28, 50),
    (6, 30, 54),
    (6, 32, 58),
    (6, 34, 62),
)
"""By version: centres of the alignment patterns, annex E."""
_BYTE_MODE, _LEVEL_M = 0b0100, 0b00
_FORMAT_GENERATOR, _FORMAT_MASK, _VERSION_GENERATOR = 0x537, 0x5412, 0x1F25
_POLYNOMIAL = 0x11D
_FALSE_FINDERS = tuple(
    np.array([int(module) for module in pattern], dtype=bool) for pattern in ("10111010000", "00001011101")
)


class TooLong(ValueError):
    """The data do not fit version 13."""


def qr(data: bytes) -> Grid:
    """The modules without the quiet zone, row by row; True is dark. Raises: TooLong."""
    version = _version(data)
    patterns, reserved = _patterns(version)
    drawn = patterns.copy()
    _place(drawn, version, _codewords(data, version))
    return min((_masked(drawn, reserved, mask) for mask in range(8)), key=_penalty)


def _capacity(version: int) -> int:
    return sum(many * size for many, size in _BLOCKS[version - 1][1])


def _version(data: bytes) -> int:
    for version in range(1, len(_BLOCKS) + 1):
        header = 4 + (8 if version < 10 else 16)
        if header + 8 * len(data) <= 8 * _capacity(version):
            return version
    raise TooLong(f"{len(data)} bytes")


# --- codewords ----------------------------------------------------------------------------------------------------


def _codewords(data: bytes, version: int) -> list[int]:
    """Data and correction, interleaved over the blocks."""
    corrections, shape = _BLOCKS[version - 1]
    padded, blocks = iter(_padded(data, version)), []
    for many, size in shape:
        blocks += [[next(padded) for _ in range(size)] for _ in range(many)]
    corrected = [correction(block, corrections) for block in blocks]
    return [*_interleaved(blocks), *_interleaved(corrected)]


def _padded(data: bytes, version: int) -> list[int]:
    """Mode, length, data, terminator and padding."""
    bits = f"{_BYTE_MODE:04b}" + format(len(data), "08b" if version < 10 else "016b")
    bits += "".join(f"{byte:08b}" for byte in data)
    room = 8 * _capacity(version)
    bits += "0" * min(4, room - len(bits))
    bits += "0" * (-len(bits) % 8)
    found = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    return found + [(0xEC, 0x11)[at % 2] for at in range(room // 8 - len(found))]


def _interleaved(blocks: list[list[int]]) -> Iterator[int]:
    for at in range(max(map(len, blocks))):
        yield from (block[at] for block in blocks if at < len(block))


@lru_cache
def _logarithms() -> tuple[list[int], list[int]]:
    """Powers of 2 in GF(256), and their inverse."""
    powers, logs, value = [0] * 512, [0] * 256, 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logs[value] = exponent
        value = (value << 1) ^ (_POLYNOMIAL if value & 0x80 else 0)
    return powers, logs


@lru_cache
def _generator(degree: int) -> list[int]:
    """The product of (x - 2^i), highest power first, without the leading 1."""
    powers, logs = _logarithms()
    made = [1]
    for root in range(degree):
        scaled = [powers[logs[factor] + root] if factor else 0 for factor in made]
        made = [a ^ b for a, b in zip([*made, 0], [0, *scaled], strict=True)]
    return made[1:]


def correction(block: Iterable[int], size: int) -> list[int]:
    """Reed-Solomon: the remainder of the block by the generator of this degree."""
    powers, logs = _logarithms()
    generator, rest = _generator(size), [0] * size
    for codeword in block:
        factor = codeword ^ rest[0]
        rest = [*rest[1:], 0]
        if factor:
            rest = [a ^ (powers[logs[b] + logs[factor]] if b else 0) for a, b in zip(rest, generator, strict=True)]
    return rest


# --- modules ------------------------------------------------------------------------------------------------------


@lru_cache
def _patterns(version: int) -> tuple[Grid, Grid]:
    """What every code of the version shows, and which modules hold no data."""
    size = 17 + 4 * version
    drawn, reserved = np.zeros((size, size), bool), np.zeros((size, size), bool)
    drawn[6, ::2] = drawn[::2, 6] = True
    reserved[6, :] = reserved[:, 6] = True
    for row, column in ((0, 0), (0, size - 7), (size - 7, 0)):
        _finder(drawn, reserved, row, column)
    centres = _ALIGNED[version - 1]
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for row, column in {(row, column) for row in centres for column in centres} - corners:
        _alignment(drawn, reserved, row, column)
    reserved[8, :9] = reserved[:9, 8] = reserved[8, -8:] = reserved[-8:, 8] = True
    if version >= 7:
        _version_information(drawn, reserved, version)
    return drawn, reserved


def _finder(drawn: Grid, reserved: Grid, row: int, column: int) -> None:
    reserved[max(row - 1, 0) : row + 8, max(column - 1, 0) : column + 8] = True
    drawn[max(row - 1, 0) : row + 8, max(column - 1, 0) : column + 8] = False
    drawn[row : row + 7, column : column + 7] = True
    drawn[row + 1 : row + 6, column + 1 : column + 6] = False
    drawn[row + 2 : row + 5, column + 2 : column + 5] = True


def _alignment(drawn: Grid, reserved: Grid, row: int, column: int) -> None:
    reserved[row - 2 : row + 3, column - 2 : column + 3] = True
    drawn[row - 2 : row + 3, column - 2 : column + 3] = True
    drawn[row - 1 : row + 2, column - 1 : column + 2] = False
    drawn[row, column] = True


def _version_information(drawn: Grid, reserved: Grid, version: int) -> None:
    bits = version << 12 | _remainder(version << 12, _VERSION_GENERATOR, 12)
    for at in range(18):
        row, column = at // 3, drawn.shape[0] - 11 + at % 3
        drawn[row, column] = drawn[column, row] = bool(bits >> at & 1)
        reserved[row, column] = reserved[column, row] = True


def _remainder(value: int, generator: int, degree: int) -> int:
    while value.bit_length() > degree:
        value ^= generator << value.bit_length() - degree - 1
    return value


def _place(drawn: Grid, version: int, codewords: list[int]) -> None:
    """Upwards and downwards in columns of two from the right; what is left over stays light."""
    rows, columns = _path(version)
    bits = np.unpackbits(np.array(codewords, np.uint8)).astype(bool)
    drawn[rows[: bits.size], columns[: bits.size]] = bits


@lru_cache
def _path(version: int) -> tuple[list[int], list[int]]:
    rows, columns = zip(*free_modules(_patterns(version)[1]), strict=True)
    return list(rows), list(columns)


def free_modules(reserved: Grid) -> Iterator[tuple[int, int]]:
    """The modules that hold data, in the order of their bits."""
    size = reserved.shape[0]
    rights = [right for right in range(size - 1, 0, -2) if right > 6] + [5, 3, 1]
    for turn, right in enumerate(rights):
        for row in range(size - 1, -1, -1) if turn % 2 == 0 else range(size):
            for column in (right, right - 1):
                if not reserved[row, column]:
                    yield row, column


@lru_cache(128)
def mask_of(size: int, mask: int) -> Grid:
    """Table 10: the modules that a mask turns over."""
    i, j = np.indices((size, size))
    conditions = (
        (i + j) % 2,
        i % 2,
        j % 3,
        (i + j) % 3,
        (i // 2 + j // 3) % 2,
        i * j % 2 + i * j % 3,
        (i * j % 2 + i * j % 3) % 2,
        ((i + j) % 2 + i * j % 3) % 2,
    )
    made: Grid = conditions[mask] == 0
    return made


def _masked(drawn: Grid, reserved: Grid, mask: int) -> Grid:
    made = drawn ^ (mask_of(drawn.shape[0], mask) & ~reserved)
    data = (_LEVEL_M << 3 | mask) << 10
    bits = (data | _remainder(data, _FORMAT_GENERATOR, 10)) ^ _FORMAT_MASK
    size = drawn.shape[0]
    around = [(row, 8) for row in (0, 1, 2, 3, 4, 5, 7, 8)] + [(8, column) for column in (7, 5, 4, 3, 2, 1, 0)]
    beside = [(8, size - 1 - at) for at in range(8)] + [(size - 15 + at, 8) for at in range(8, 15)]
    for at in range(15):
        made[around[at]] = made[beside[at]] = bool(bits >> at & 1)
    made[size - 8, 8] = True
    return made


def _penalty(grid: Grid) -> int:
    """Table 11: what makes a code hard to read."""
    blocks = (grid[1:, 1:] == grid[:-1, 1:]) & (grid[1:, 1:] == grid[1:, :-1]) & (grid[1:, 1:] == grid[:-1, :-1])
    dark = abs(int(grid.sum()) * 20 - grid.size * 10) // grid.size
    return _lines(grid) + _lines(grid.T) + 3 * int(blocks.sum()) + 10 * dark


def _lines(grid: Grid) -> int:
    """Of rows: runs of one colour, and what looks like a finder."""
    same = grid[:, 1:] == grid[:, :-1]
    five = same[:, :-3] & same[:, 1:-2] & same[:, 2:-1] & same[:, 3:]
    runs = int(five[:, 0].sum()) + int((five[:, 1:] & ~five[:, :-1]).sum())
    windows = np.lib.stride_tricks.sliding_window_view(grid, 11, axis=1)
    finders = sum(int((windows == false).all(axis=2).sum()) for false in _FALSE_FINDERS)
    return int(five.sum()) + 2 * runs + 40 * finders


def svg(grid: Grid, quiet: int = 4) -> str:
    """The code as a picture of one path, with its quiet zone."""
    runs = []
    for y, row in enumerate(grid):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
        runs += [f"M{a + quiet} {y + quiet}h{b - a}v1h-{b - a}z" for a, b in zip(edges[::2], edges[1::2], strict=True)]
    whole = grid.shape[0] + 2 * quiet
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" shape-rendering="crispEdges">'
        f'<rect width="{whole}" height="{whole}" fill="#fff"/><path d="{"".join(runs)}" fill="#000"/></svg>'
    )
