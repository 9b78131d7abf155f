"""Whether an old `.xls` workbook can be opened without harm: a damaged cell address would be unrolled into memory.

Follows the compound file's sectors to the workbook stream and reads the place of every cell record, nothing else
([MS-CFB] and [MS-XLS], Microsoft Open Specifications).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MOST_ROWS, MOST_COLUMNS = 65_536, 256

_DIMENSIONS, _MULTIPLE = 0x0200, (0x00BD, 0x00BE)
_CELLS = (0x0006, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E, *_MULTIPLE)
_LAST_SECTOR = 0xFFFF_FFFA


def is_sound(raw: bytes) -> bool:
    """Whether all cells of a compound file's workbook lie within 65,536 rows and 256 columns.

    raw: the whole file. False as well where the file's own structure cannot be followed.
    """
    try:
        return all(_fits(kind, body) for kind, body in _records(_workbook_stream(raw)))
    except (struct.error, IndexError, ValueError):
        return False


def _fits(kind: int, body: bytes) -> bool:
    if kind == _DIMENSIONS and len(body) >= 10:
        places: tuple[int, ...] = struct.unpack_from("<IIHH" if len(body) >= 12 else "<HHHH", body)
        return places[1] <= MOST_ROWS and places[3] <= MOST_COLUMNS
    if kind not in _CELLS:
        return True
    last: int = struct.unpack_from("<H", body, len(body) - 2 if kind in _MULTIPLE else 2)[0]
    return last < MOST_COLUMNS


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + length]
        place += 4 + length


def _workbook_stream(raw: bytes) -> bytes:
    shift, mini_shift = struct.unpack_from("<HH", raw, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise ValueError("sector size")
    directory, cutoff, mini_first = struct.unpack_from("<I4xII", raw, 48)

    def sector(number: int) -> bytes:
        return raw[(number + 1) << shift : (number + 2) << shift]

    listed = list(struct.unpack_from("<109I", raw, 76))
    more, per_sector = struct.unpack_from("<I", raw, 68)[0], (1 << shift) // 4
    while more < _LAST_SECTOR and len(listed) < len(raw):
        *numbers, more = struct.unpack(f"<{per_sector}I", sector(more))
        listed += numbers
    table = _integers(b"".join(sector(n) for n in listed if n < _LAST_SECTOR))
    entries = b"".join(sector(n) for n in _chain(directory, table))
    if len(entries) % 128:
        raise ValueError("a directory cut short")
    found = {entries[i : i + 64].decode("utf-16-le", "replace").split("\0")[0]: i for i in range(0, len(entries), 128)}
    at = next((found[name] for name in ("Workbook", "Book", "WORKBOOK", "BOOK") if name in found), len(entries))
    start, size = struct.unpack_from("<II", entries, at + 116)
    if size >= cutoff:
        return b"".join(sector(n) for n in _chain(start, table))[:size]
    small = b"".join(sector(n) for n in _chain(struct.unpack_from("<I", entries, 116)[0], table))
    minis = _chain(start, _integers(b"".join(sector(n) for n in _chain(mini_first, table))))
    return b"".join(small[n << mini_shift : (n + 1) << mini_shift] for n in minis)[:size]


def _integers(block: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])


def _chain(start: int, table: tuple[int, ...]) -> Iterator[int]:
    steps = 0
    while start < _LAST_SECTOR:
        yield start
        start = table[start]
        steps += 1
        if steps > len(table):
            raise ValueError("sectors in a circle")
