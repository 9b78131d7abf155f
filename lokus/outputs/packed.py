"""What a page carries for thousands of villages: polygons and long lists as columns of small integers, deflated.

A list is taken apart by what it holds: numbers become bytes, texts that differ in their numbers alone become those
numbers, records and short lists become columns. Whatever does not shrink so stays JSON. `web/packed.js` puts every list
together again, value by value, when it is read.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

# Shorter lists stay as they are.
LONG = 500
# A list of lists is taken apart by position up to this many.
MOST_POSITIONS = 24
# Texts of more patterns than one to so many are no patterns.
LEAST_ALIKE = 4
DIGITS = re.compile(r"0|[1-9][0-9]{0,8}")
HOLE = "\x00"
SCALES = (1, 10, 100, 1000, 10_000, 100_000)

Spec = dict[str, Any]


class Parts:
    """Byte strings one after another; what was put in before is not put in twice."""

    def __init__(self) -> None:
        self.bytes, self.known = bytearray(), dict[bytes, list[int]]()

    def add(self, part: bytes) -> list[int]:
        """Where a part lies: its offset and length in bytes."""
        if part not in self.known:
            self.known[part] = [len(self.bytes), len(part)]
            self.bytes += part
        return self.known[part]

    def base64(self) -> str:
        """All parts, compressed, as text that can stand in a page; the same parts give the same text."""
        return base64.b64encode(gzip.compress(bytes(self.bytes), 9, mtime=0)).decode()


def packed(data: Any, parts: Parts) -> Any:
    """Page data with every list of 500 or more values moved into `parts`; `{"packed": …}` stands where it was.

    >>> parts = Parts()
    >>> packed({"ranks": list(range(500)), "title": "x"}, parts)["title"]
    'x'
    """
    if isinstance(data, Mapping):
        return {key: packed(value, parts) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return {"packed": column(data, parts)} if len(data) >= LONG else [packed(value, parts) for value in data]
    return data


def column(values: Sequence[Any], parts: Parts) -> Spec:
    """How a list lies in `parts`, as `web/packed.js` reads it."""
    kinds = {type(value) for value in values}
    some = kinds - {type(None)}
    if some <= {int, bool} or some == {float} or some == {int, float}:
        return _numbers(values, parts) or _json(values, parts)
    if some == {str}:
        return _texts(values, parts) or _json(values, parts)
    if kinds == {dict} and len({tuple(value) for value in values}) == 1:
        fields = {key: column([value[key] for value in values], parts) for key in values[0]}
        return {"kind": "fields", "n": len(values), "fields": fields}
    if some and some <= {list, tuple}:
        return _lists(values, parts)
    return _json(values, parts)


def _json(values: Sequence[Any], parts: Parts) -> Spec:
    told = json.dumps(list(values), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return {"kind": "json", "n": len(values), "at": parts.add(told)}


def _numbers(values: Sequence[Any], parts: Parts) -> Spec | None:
    """Numbers of at most five decimals, as whole ones; None (the value) takes the place below the least."""
    known = np.array([value is not None for value in values], bool)
    some = np.array([value for value in values if value is not None], "f8")
    scale = next((s for s in SCALES if np.array_equal(np.rint(some * s) / s, some)), None)
    if scale is None or (len(some) and np.abs(some * scale).max() >= 2**31):
        return None
    whole = np.rint(some * scale).astype("i8")
    least, absent = int(whole.min(initial=0)), int(not known.all())
    coded = np.zeros(len(values), "i8")
    coded[known] = whole - least + absent
    boolean = isinstance(next((v for v in values if v is not None), None), bool)
    return {
        "kind": "flags" if boolean else "numbers", "n": len(values), "least": least - absent, "absent": absent,
        "scale": scale, **_bytes(coded, parts),
    }  # fmt: skip


def _bytes(coded: np.ndarray, parts: Parts) -> Spec:
    """Numbers from 0 as bytes, the low ones of all first; as steps from one to the next where that is shorter."""
    steps = np.diff(coded, prepend=0)
    plain, stepped = (_planes(x) for x in (coded, np.where(steps < 0, -2 * steps - 1, 2 * steps)))
    by_step = len(zlib.compress(stepped[0], 6)) < len(zlib.compress(plain[0], 6))
    told, width = stepped if by_step else plain
    return {"at": parts.add(told), "width": width, "steps": int(by_step)}


def _planes(coded: np.ndarray) -> tuple[bytes, int]:
    width = max(1, (int(coded.max(initial=0)).bit_length() + 7) // 8)
    return coded.astype("<u8").view("u1").reshape(len(coded), 8)[:, :width].T.tobytes(), width


def _texts(values: Sequence[Any], parts: Parts) -> Spec | None:
    """Texts as patterns and the numbers in them: `48,8 % (79 dari 162)` is `#,# % (# dari #)` and four columns."""
    patterns: dict[str | None, int] = {}
    of = [patterns.setdefault(None if v is None else DIGITS.sub(HOLE, v), len(patterns)) for v in values]
    if len(patterns) * LEAST_ALIKE > len(values) or any(v is not None and HOLE in v for v in values):
        return None
    rows: list[list[list[int]]] = [[] for _ in patterns]
    for k, value in zip(of, values, strict=True):
        rows[k].append([int(run) for run in DIGITS.findall(value or "")])
    holes = [[_numbers(list(own), parts) for own in zip(*found, strict=True)] for found in rows]
    return {
        "kind": "texts", "n": len(values), "of": _numbers(of, parts), "patterns": _json(list(patterns), parts),
        "holes": holes,
    }  # fmt: skip


def _lists(values: Sequence[Any], parts: Parts) -> Spec:
    """Lists by position: how long each is, then all first values, all second ones, …"""
    longest = max(len(value) for value in values if value is not None)
    if longest > MOST_POSITIONS:
        return _json(values, parts)
    lengths = _numbers([None if value is None else len(value) for value in values], parts)
    here = [[value[p] for value in values if value is not None and len(value) > p] for p in range(longest)]
    return {"kind": "lists", "n": len(values), "lengths": lengths, "positions": [column(own, parts) for own in here]}


def polygons(shapes: np.ndarray, step: float, parts: Parts) -> Spec:
    """Polygons on a grid of `step` degrees, every ring as the steps from one corner to the next.

    A ring of fewer than three corners on the grid is left out; a village without any ring keeps its largest as the
    least triangle the grid has, so that none vanishes.

    :param shapes: polygons, multipolygons or None, in degrees; None has no rings.
    :param step: degrees; corners move by at most half of it.
    """
    pieces, village = shapely.get_parts(shapes, return_index=True)
    rings, piece = shapely.get_rings(pieces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    grid = np.rint(xy / step).astype("i8")
    # The last corner of a ring is its first one again, which the browser knows.
    keep = np.ones(len(ring), bool)
    keep[:-1] = ring[:-1] == ring[1:]
    keep[-1:] = False
    keep[1:] &= (grid[1:] != grid[:-1]).any(axis=1) | (ring[1:] != ring[:-1])
    grid, ring = grid[keep], ring[keep]
    corners = np.bincount(ring, minlength=len(rings))
    alive = corners >= 3
    owner = village[piece]
    grid, ring, corners = _smallest(grid, ring, corners, alive, owner, rings, step)
    alive = corners >= 3
    grid, ring = grid[alive[ring]], ring[alive[ring]]
    first = np.ones(len(ring), bool)
    first[1:] = ring[1:] != ring[:-1]
    moves = np.diff(grid, axis=0, prepend=np.zeros((1, 2), "i8"))
    moves[first] = np.diff(grid[first], axis=0, prepend=np.zeros((1, 2), "i8"))
    streams = {
        "rings": np.bincount(owner[alive], minlength=len(shapes)),
        "corners": corners[alive],
        "moves": np.where(moves < 0, -2 * moves - 1, 2 * moves).ravel(),
    }
    told = {name: parts.add(varint(stream)) for name, stream in streams.items()}
    return {"n": len(shapes), "step": step, "ringed": int(alive.sum()), "cornered": len(ring), **told}


def _smallest(
    grid: np.ndarray, ring: np.ndarray, corners: np.ndarray, alive: np.ndarray, owner: np.ndarray, rings: np.ndarray,
    step: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """The least triangle for the longest ring of every village that has lost them all."""
    lost = np.setdiff1d(owner, owner[alive])
    if not len(lost):
        return grid, ring, corners
    length = shapely.length(rings)
    kept = [np.flatnonzero(owner == v)[np.argmax(length[owner == v])] for v in lost]
    middle = np.floor(shapely.get_coordinates(shapely.centroid(rings[kept])) / step).astype("i8")
    triangles = (middle[:, None, :] + np.array([[0, 0], [1, 0], [0, 1]])).reshape(-1, 2)
    others = ~np.isin(ring, kept)
    grid = np.concatenate([grid[others], triangles])
    ring = np.concatenate([ring[others], np.repeat(kept, 3)])
    order = np.argsort(ring, kind="stable")
    return grid[order], ring[order], np.bincount(ring, minlength=len(rings))


def varint(values: np.ndarray) -> bytes:
    """Whole numbers from 0, seven bits a byte, low ones first; the high bit says that more follow.

    >>> varint(np.array([1, 127, 128, 300])).hex()
    '017f8001ac02'
    """
    rest = values.astype("u8")
    size = np.maximum(1, np.ceil(np.array([int(v).bit_length() for v in np.unique(rest)]) / 7).astype(int))
    size = size[np.searchsorted(np.unique(rest), rest)]
    start = np.concatenate([[0], np.cumsum(size)])
    out = np.zeros(start[-1], "u1")
    for k in range(int(size.max(initial=0))):
        here = size > k
        more = np.where(size[here] > k + 1, 128, 0)
        out[start[:-1][here] + k] = ((rest[here] >> np.uint64(7 * k)) & np.uint64(127)) + more.astype("u8")
    return out.tobytes()
