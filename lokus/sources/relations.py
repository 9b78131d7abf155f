"""Which columns of a table are sums or percentages of its others, learned from its rows alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.sources.headers import JOIN
from lokus.sources.numbers import Decimal, looks_numeric, parse_numbers

Floats = NDArray[np.float64]

HOLDS = 0.8  # the share of its rows in which a relation must hold to be one
CLEAR = 0.95  # above this, a column equal to another total's sum has faults of its own, and is not merely like it
LEAST_ROWS = 8
LEAST_VALUES = 5  # different totals: 0 = 0 + 0 and 1 = 1 + 0 are no evidence
MOST_ROWS = 4000  # enough to learn from
EXACT = 2.0**53  # beyond it whole numbers are not all there are: such a cell is unknown
_PROBE, _PROBES = 4, 8
# Up to how many columns all sums of six, of four, and percentages of two columns together, are looked for.
_SIX, _FOUR, _TWO = 32, 64, 40
_RATE = re.compile(r"%|persen|prosen|percent|prevalen|cakupan|capaian|coverage|rate\b|rasio|proporsi|share", re.I)


@dataclass(frozen=True, slots=True)
class Relation:
    """A column that follows from others: `column` = the sum of `parts`, or that sum in per cent of `whole`.

    `expected`: what follows, in the column's own unit, by row number, for the rows where all is known. `broken`: the
    rows where the column says otherwise. `unit`: 1 for a sum and for per cents, 100 where the column holds shares 0–1.
    """

    column: str
    parts: tuple[str, ...]
    whole: str
    expected: pd.Series
    broken: pd.Index
    unit: float = 1.0


def numbers_of(cells: pd.DataFrame, decimal: Decimal = "auto") -> pd.DataFrame:
    """The columns of numbers among raw cells, float64 on the same index; serial numbers and texts are left out.

    cells: object columns. NaN where a cell is missing, no number or beyond `EXACT`; a column with more than one text in
    ten that is none, or whose notation is ambiguous, is not among them.
    """
    found = {}
    for column in cells.columns:
        some = [c for c in cells[column].to_numpy(dtype=object) if c is not None][:20]
        if sum(map(looks_numeric, some)) <= len(some) / 2:
            continue
        read = parse_numbers(cells[column], decimal)
        known = read.values.dropna()
        serial = len(known) > 1 and bool((known.diff().iloc[1:] == 1).all())
        if not read.ambiguous and not serial and len(known) >= 9 * len(read.bad):
            found[column] = read.values.where(read.values.abs() <= EXACT)
    return pd.DataFrame(found, index=cells.index, dtype="float64")


def counts_of(numbers: pd.DataFrame) -> pd.DataFrame:
    """The columns that count: whole and not negative in nearly all rows, and not all 0."""
    whole = ((numbers % 1 == 0) & (numbers >= 0)).sum() >= 0.95 * numbers.notna().sum()
    return numbers.loc[:, whole & (numbers.fillna(0) != 0).any()]


def sums(counts: pd.DataFrame) -> list[Relation]:
    """The columns that are the sum of others in at least four of five rows.

    All sums of up to six columns are looked for by an additive hash over a few rows, longer ones among columns that
    stand together or share a word of their headers; a sum found is completed by single columns while that mends rows.
    Of several sums for one column those with the fewest broken rows are kept, and others only where they share no part.

    counts: float64, NaN where unknown, by row number. Returns the sums in order of columns, whole = "".
    """
    if len(counts) < LEAST_ROWS or counts.shape[1] < 3:
        return []
    table = _Table(counts.iloc[:: -(-len(counts) // MOST_ROWS)])
    found = {table.completed(t, parts) for t, parts in {*_short(table.x), *_long(table)}}
    shares = {(t, parts): share for t, parts in found if (share := table.share(t, parts)) is not None}
    best: dict[frozenset[int], float] = {}
    for (_, parts), share in shares.items():
        best[parts] = max(best.get(parts, 0.0), share)
    chosen: list[tuple[int, frozenset[int]]] = []
    for (t, parts), share in sorted(shares.items(), key=lambda f: (f[0][0], -f[1], *table.plainness(f[0][1]))):
        mine = [p for of, p in chosen if of == t]
        # A total that is like another's has its sum in most rows, but not as its own.
        borrowed = best[parts] > share and (share < CLEAR or bool(mine))
        if not borrowed and all(parts.isdisjoint(p) for p in mine):
            chosen.append((t, parts))
    return [_sum(counts, counts.columns[t], [counts.columns[p] for p in sorted(parts)]) for t, parts in chosen]


def percentages(numbers: pd.DataFrame, counts: pd.DataFrame) -> list[Relation]:
    """The columns that are 100·a/b (or a/b) of two columns of counts, a of one or two, in at least four of five rows.

    numbers, counts: float64 on one index. A value may be rounded or cut at the decimals its column shows. Columns that
    hardly vary are left out: every ratio near 1 would explain them. Returns one relation for a column, with its whole.
    """
    if len(numbers) < LEAST_ROWS or counts.shape[1] < 2:
        return []
    names, x = list(counts.columns), counts.to_numpy()
    sets = _small_sets(len(names), 2 if len(names) <= _TWO else 1)[1:]
    found = []
    for column in numbers.columns:
        written = numbers[column].to_numpy()
        if column in counts and not _RATE.search(column):
            continue
        known = written[np.isfinite(written)]
        leeway = _leeway(known)
        if len(known) < LEAST_ROWS or np.mean(np.abs(known - np.median(known)) <= 2 * leeway) > 0.5:
            continue
        best = _ratio(written, x, sets, leeway, names.index(column) if column in counts else -1)
        if best is not None:
            b, s, scale, expected = best
            told = pd.Series(expected, index=numbers.index).where(numbers[column].notna()).dropna()
            broken = told.index[(told - numbers[column].loc[told.index]).abs() > leeway]
            parts = tuple(names[i] for i in sets[s] if i < len(names))
            found.append(Relation(column, parts, names[b], told, broken, 100 / scale))
    return found


def _ratio(
    written: Floats, x: Floats, sets: NDArray[np.intp], leeway: float, own: int
) -> tuple[int, int, float, Floats] | None:
    """Denominator, numerator, scale and what follows, for the pair that explains most rows; None for none."""
    usable = np.flatnonzero(np.isfinite(written))
    probe = usable[np.linspace(0, len(usable) - 1, min(24, len(usable))).astype(int)]
    padded = np.column_stack([x, np.zeros(len(x))])
    parts = padded[probe][:, sets].sum(axis=2).T
    best, most = None, 0.0
    for scale in (100.0, 1.0):
        for b in range(x.shape[1]):
            whole = np.where(x[:, b] > 0, x[:, b], np.nan)
            near = np.abs(parts * scale / whole[probe] - written[probe]) <= leeway
            seen = np.isfinite(parts / whole[probe]).sum(axis=1)
            for s in map(int, np.flatnonzero((near.sum(axis=1) >= 0.6 * seen) & (seen > 0))):
                if b == own or own in sets[s] or b in sets[s]:
                    continue
                expected = padded[:, sets[s]].sum(axis=1) * scale / whole
                compared = np.isfinite(expected) & np.isfinite(written)
                share = float(np.mean(np.abs(expected - written)[compared] <= leeway)) if compared.any() else 0.0
                # The first and simplest of equals: one column before two.
                if compared.sum() >= LEAST_ROWS and share >= HOLDS and share > most + 1e-12:
                    best, most = (b, s, scale, expected), share
    return best


def _leeway(known: Floats) -> float:
    """How far a value may be from the exact one, by the decimals its column is written with."""
    for decimals in range(5):
        # A tenth of all values close with a 0; more than a fifth with further digits are no slip.
        if np.mean(np.abs(known - np.round(known, decimals)) < 1e-9) > 0.8:
            return float((0.51 if decimals == 0 else 1.01) * 10.0**-decimals)
    return 1e-4


class _Table:
    """Columns of counts as one array, with what their headers have in common."""

    def __init__(self, counts: pd.DataFrame) -> None:
        self.x, self.names = counts.to_numpy(), list(counts.columns)
        self.groups = [c.rpartition(JOIN)[0] for c in self.names]

    def plainness(self, parts: frozenset[int]) -> tuple[int, int, list[int]]:
        """Among sums that hold alike: the classes of one group of the header first, then the fewest columns."""
        groups = {self.groups[p] or self.names[p] for p in parts} if any(self.groups) else set()
        return len(groups), len(parts), sorted(parts)

    def hits(self, t: int, parts: frozenset[int]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Where total and parts are known and not all 0, and where the sum is the total."""
        some = self.x[:, sorted(parts)]
        total, summed = self.x[:, t], some.sum(axis=1)
        live = np.isfinite(total) & np.isfinite(summed) & ((total != 0) | (summed != 0))
        return live, live & (np.abs(total - summed) < 1e-6)

    def completed(self, t: int, parts: frozenset[int]) -> tuple[int, frozenset[int]]:
        """The same sum with the columns added that mend most rows; one row alone is chance outside the parts' group."""
        groups = {self.groups[p] for p in parts} - {""}
        for _ in range(4):
            live, holds = self.hits(t, parts)
            torn = live & ~holds
            if not torn.any() or holds.sum() < 0.5 * live.sum():
                break
            rest = self.x[:, t] - self.x[:, sorted(parts)].sum(axis=1)
            mended = (self.x[torn] == rest[torn, None]).sum(axis=0) - (self.x[holds] != 0).sum(axis=0)
            mended[[t, *parts]] = 0
            least = np.array([1 if g in groups else 2 for g in self.groups])
            best = int(np.argmax(np.where(mended >= least, mended, 0)))
            if mended[best] < least[best]:
                break
            parts = parts | {best}
        return t, parts

    def share(self, t: int, parts: frozenset[int]) -> float | None:
        """The share of rows in which the sum holds; None where it holds in too few, or says too little."""
        live, holds = self.hits(t, parts)
        telling = live & ((self.x[:, sorted(parts)] != 0).sum(axis=1) > 1)
        enough = telling.sum() >= LEAST_ROWS and len(np.unique(self.x[holds & telling, t])) >= LEAST_VALUES
        if not enough or holds.sum() < HOLDS * live.sum() or (holds & telling).sum() < HOLDS * telling.sum():
            return None
        # A part that is 0 in every row where the sum holds is none.
        if not (self.x[holds][:, sorted(parts)] != 0).any(axis=0).all():
            return None
        return float(holds.sum() / live.sum())


def _sum(counts: pd.DataFrame, column: str, parts: list[str]) -> Relation:
    expected = counts[parts].sum(axis=1, skipna=False).where(counts[column].notna()).dropna()
    broken = expected.index[(expected - counts.loc[expected.index, column]).abs() > 1e-6]
    return Relation(column, tuple(parts), "", expected, broken)


def _short(x: Floats) -> Iterator[tuple[int, frozenset[int]]]:
    """Sums of few columns that hold in the four rows of one of eight probes: h(a) + h(b) = h(a + b), modulo 2⁶⁴."""
    width = x.shape[1]
    largest = 3 if width <= _SIX else 2 if width <= _FOUR else 0
    if not largest:
        return
    # Rows with most columns filled tell most; a probe of four is clean of faults more often than one of eight.
    rows = np.argsort(-((x > 0) & (x % 1 == 0)).sum(axis=1), kind="stable")[: _PROBE * _PROBES]
    probes = max(1, len(rows) // _PROBE)
    for k in range(probes):
        part = x[rows[k::probes][:_PROBE]]
        usable = np.flatnonzero(
            (np.isfinite(part) & (part >= 0) & (part % 1 == 0)).all(axis=0) & (part > 0).any(axis=0)
        )
        yield from _subset_sums(part[:, usable].astype(np.uint64), usable, largest)


def _subset_sums(
    part: NDArray[np.uint64], usable: NDArray[np.intp], largest: int
) -> Iterator[tuple[int, frozenset[int]]]:
    weights = np.array([pow(0x9E3779B97F4A7C15, r + 1, 2**64) for r in range(len(part))], dtype=np.uint64)
    hashes = np.append((part * weights[:, None]).sum(axis=0, dtype=np.uint64), np.uint64(0))
    sets = _small_sets(len(usable), largest)
    of_set = hashes[sets].sum(axis=1, dtype=np.uint64)
    order = np.argsort(of_set, kind="stable")
    ranked = of_set[order]
    for t in range(len(usable)):
        wanted = hashes[t] - of_set
        first = np.searchsorted(ranked, wanted)
        found = np.flatnonzero(ranked[np.minimum(first, len(ranked) - 1)] == wanted)
        for a in found:
            for b in order[first[a] : np.searchsorted(ranked, wanted[a], side="right")]:
                both = [int(c) for c in (*sets[a], *sets[b]) if c < len(usable)]
                if len(both) > 1 and len(set(both)) == len(both) and t not in both:
                    yield int(usable[t]), frozenset(int(usable[c]) for c in both)


@cache
def _small_sets(width: int, largest: int) -> NDArray[np.intp]:
    """All sets of up to `largest` of `width` columns, the empty one too, padded with `width`."""
    sets = [s + (width,) * (largest - len(s)) for n in range(largest + 1) for s in combinations(range(width), n)]
    return np.array(sets, dtype=np.intp).reshape(-1, largest)


def _long(table: _Table) -> Iterator[tuple[int, frozenset[int]]]:
    """Sums of three columns and more that stand together, or whose headers share a word or a group."""
    x, width = np.nan_to_num(table.x), table.x.shape[1]
    runs = [range(i, j) for i in range(width) for j in range(i + 3, width + 1)]
    member = np.zeros((len(runs), width), dtype=bool)
    for r, run in enumerate(runs):
        member[r, run.start : run.stop] = True
    kin = [[w in words for words in map(_words, table.names)] for w in sorted(set().union(*map(_words, table.names)))]
    member = np.unique(np.vstack([member, np.array(kin, dtype=bool).reshape(-1, width)]), axis=0)
    member = member[member.sum(axis=1) >= 3]
    rows = np.argsort(-(x > 0).sum(axis=1), kind="stable")[:12]
    summed = x[rows] @ member.T.astype(np.float64)
    for t in range(width):
        total = x[rows, t]
        others = summed - np.outer(total, member[:, t])
        for s in np.flatnonzero(np.mean(others == total[:, None], axis=0) >= 0.6):
            yield t, frozenset(int(c) for c in np.flatnonzero(member[s]) if c != t)


def _words(header: str) -> set[str]:
    return {w for w in re.split(r"[^\w<>≥≤+-]+|_", header.casefold()) if w} | set(header.split(JOIN)[:-1])


def listed(columns: Iterable[str]) -> list[str]:
    """Headers as a sentence holds them: the closing part, or the whole path where that alone is not clear.

    >>> listed(["TB/U > Pendek", "TB/U > Normal", "BB/TB > Normal"])
    ['Pendek', 'TB/U > Normal', 'BB/TB > Normal']
    """
    columns = list(columns)
    last = [c.rpartition(JOIN)[2] for c in columns]
    return [tail if last.count(tail) == 1 else c for c, tail in zip(columns, last, strict=True)]
