"""How sure a rank is: the sampling noise of every rate and doubt about weights, carried through the score."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.methods.chance import stream
from lokus.methods.composite import Bounds, need
from lokus.methods.scoring import Scheme, min_rank, need_units, score_draws, score_units
from lokus.methods.weights import dirichlet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BLOCK = 1 << 17  # draws × villages drawn at once: fits a core's cache


@dataclass(frozen=True, eq=False)
class Ingredient:
    """One indicator as the draws need it, on n villages.

    `values` (n,): the point values that were scored, NaN where missing. `a`, `b` (n,): its Beta posterior, NaN where a
    village has a value without counts (it then stays fixed); None where the indicator has no interval at all.
    `multiplier` (n,): people of the target group, where the value is a count = share × people. `draw` names the share:
    indicators of the same name move together.
    """

    values: Floats
    bounds: Bounds
    draw: str = ""
    a: Floats | None = None
    b: Floats | None = None
    multiplier: Floats | None = None

    def take(self, rows: Bools) -> Ingredient:
        """The ingredient of some villages."""
        cut = (None if x is None else x[rows] for x in (self.a, self.b, self.multiplier))
        return Ingredient(self.values[rows], self.bounds, self.draw, *cut)

    @property
    def uncertain(self) -> Bools:
        """Villages whose value is drawn."""
        if self.a is None:
            return np.zeros(self.values.size, dtype=bool)
        return ~np.isnan(self.a) & ~np.isnan(self.values)


def rank_uncertainty(
    ingredients: Sequence[Ingredient],
    scheme: Scheme,
    *,
    top_n: int,
    draws: int,
    spread: float,
    seed: int,
    level: float = 0.90,
    ranked: Bools | None = None,
    threads: int = 2,
    on_chunk: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """The interval of every rank and the probability of belonging to the first `top_n`.

    Parameters: `ingredients` in the order of the scheme's indicators; `spread` of the weights as `dirichlet`; `ranked`
    (n,) villages that take part, all by default; `level` of the equal-tailed interval; `on_chunk(done, draws)` is told
    how far it is. Memory: 2 (from 65,536 villages on: 4) bytes × draws × villages.
    Returns: on 0 … n−1: rank_low, rank_high (Int64), rank_median, p_top; missing where not ranked. Where nothing is
    uncertain every interval is the exact rank.
    Raises: ValueError for no draws, too few or many ingredients, or a shared draw with two posteriors.
    Source: OECD/JRC 2008, step 7; Goldstein & Spiegelhalter 1996.
    """
    _check(ingredients, scheme, draws)
    units = score_units(need_units(np.stack([need(i.values, i.bounds) for i in ingredients], axis=1)), scheme).units
    rows = (units >= 0) & (True if ranked is None else ranked)
    taken = [i.take(rows) for i in ingredients]
    if spread == 0 and not any(i.uncertain.any() for i in taken):
        kept = min_rank(units[rows]).to_numpy(dtype=np.uint32)[None]
    else:
        kept = np.empty((draws, int(rows.sum())), dtype=np.uint16 if rows.sum() < 1 << 16 else np.uint32)
        done = 0
        for block in rank_draws(taken, scheme, draws=draws, spread=spread, seed=seed, threads=threads):
            kept[done : done + len(block)] = block
            done += len(block)
            if on_chunk is not None:
                on_chunk(done, draws)
    return _summary(kept, rows, top_n, level)


def rank_draws(
    ingredients: Sequence[Ingredient], scheme: Scheme, *, draws: int, spread: float, seed: int, threads: int = 2
) -> Iterator[NDArray[np.int64]]:
    """Blocks (draws × villages) of ranks, 1 = the greatest need; equal scores (to 1e-6 points) share the better rank.

    Each block has its own streams, so neither threads nor the number of draws change what a draw is.
    """
    size = max(1, BLOCK // max(ingredients[0].values.size, 1))
    work = partial(
        _block,
        [_prepare(i, name) for i, name in zip(ingredients, scheme.indicators, strict=True)],
        scheme,
        spread,
        seed,
    )
    cuts = [(number, min(size, draws - start)) for number, start in enumerate(range(0, draws, size))]
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[NDArray[np.int64]]] = deque()
        for number, count in cuts:
            waiting.append(pool.submit(work, number, count))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def certainty(p_top: pd.Series) -> pd.Series:
    """The probability in words: "certain" from .9, "likely" from .6, "borderline" from .4, else "unlikely".

    Returns: str on the same index; "" where not ranked.

    >>> certainty(pd.Series([0.95, 0.5, float("nan")])).tolist()
    ['certain', 'borderline', '']
    """
    words = np.select([p_top >= 0.9, p_top >= 0.6, p_top >= 0.4, p_top.notna()],
                      ["certain", "likely", "borderline", "unlikely"], "")  # fmt: skip
    return pd.Series(words, index=p_top.index, dtype="str", name="certainty")


def _check(ingredients: Sequence[Ingredient], scheme: Scheme, draws: int) -> None:
    if draws < 1:
        raise ValueError("no draws")
    if len(ingredients) != len(scheme.indicators) or not ingredients:
        raise ValueError(f"{len(ingredients)} ingredients for {len(scheme.indicators)} indicators")
    first: dict[str, tuple[Floats, Floats]] = {}
    for i in ingredients:
        if i.a is None or i.b is None:
            if i.a is not i.b:
                raise ValueError("a posterior needs both a and b")
            continue
        if not i.draw:
            continue
        a, b = first.setdefault(i.draw, (i.a, i.b))
        if not np.array_equal(i.a, a, equal_nan=True) or not np.array_equal(i.b, b, equal_nan=True):
            raise ValueError(f"two posteriors of one draw {i.draw!r}")


@dataclass(frozen=True, eq=False)
class _Ready:
    """An ingredient with all that is the same in every draw: its fixed needs (0 where missing) and filled a and b."""

    of: Ingredient
    name: str
    fixed: Floats
    observed: Bools
    drawn: Bools
    a: Floats
    b: Floats


def _prepare(ingredient: Ingredient, indicator: str) -> _Ready:
    drawn = ingredient.uncertain
    fill = np.ones(drawn.size)
    return _Ready(
        ingredient,
        ingredient.draw or indicator,
        np.nan_to_num(need(ingredient.values, ingredient.bounds)),
        ~np.isnan(ingredient.values),
        drawn,
        fill if ingredient.a is None else np.where(np.isnan(ingredient.a), fill, ingredient.a),
        fill if ingredient.b is None else np.where(np.isnan(ingredient.b), fill, ingredient.b),
    )


def _block(
    ready: Sequence[_Ready], scheme: Scheme, spread: float, seed: int, number: int, count: int
) -> NDArray[np.int64]:
    shares: dict[str, Floats] = {}
    needs = []
    for r, weight in zip(ready, scheme.weights, strict=True):
        if weight == 0 or not r.drawn.any():
            needs.append(r.fixed)
            continue
        if r.name not in shares:
            rng = stream(seed, "uncertainty", number, r.name)
            shares[r.name] = rng.beta(r.a, r.b, (count, r.drawn.size))
        share, people = shares[r.name], r.of.multiplier
        moved = need(share if people is None else share * people, r.of.bounds, extend=True)
        needs.append(moved if r.drawn.all() else np.where(r.drawn, moved, r.fixed))
    weights, above = np.zeros((count, len(scheme.indicators))), np.zeros((count, len(scheme.dimensions)))
    for node, name in ((-1, ()), *((d, (name,)) for d, name in enumerate(scheme.dimensions))):
        own, below = scheme.indicators_of(node), scheme.dimensions_of(node)
        drawn = _weights(scheme.level(node), spread, count, stream(seed, "weights", number, *name))
        weights[:, own], above[:, below] = drawn[:, : len(own)], drawn[:, len(own) :]
    return _ranks(score_draws(needs, np.stack([r.observed for r in ready]).T, weights, above, scheme))


def _weights(units: Sequence[int], spread: float, count: int, rng: np.random.Generator) -> Floats:
    given = np.array(units, dtype=float)
    return dirichlet(given, spread, count, rng) if given.any() else np.zeros((count, given.size))


def _ranks(scores: Floats) -> NDArray[np.int64]:
    """Min-ranks along each row, 1 = the greatest."""
    # Rounded, so that villages alike in everything are not told apart by the last bit.
    key = np.rint(scores * -1e6)
    order = np.argsort(key, axis=1)
    key = np.take_along_axis(key, order, axis=1)
    place = np.broadcast_to(np.arange(1, key.shape[1] + 1), key.shape)
    fresh = key[:, 1:] != key[:, :-1]
    if not fresh.all():
        place = place.copy()
        place[:, 1:] *= fresh
        np.maximum.accumulate(place, axis=1, out=place)
    out = np.empty(key.shape, dtype=np.int64)
    np.put_along_axis(out, order, place, axis=1)
    return out


def _summary(kept: NDArray[np.unsignedinteger], rows: Bools, top_n: int, level: float) -> pd.DataFrame:
    """Order statistics of each village's ranks: the lowest and highest ⌊B(1−level)/2⌋ draws are left out."""
    last = len(kept) - 1
    # 1 − 0.9 is a hair under 0.1: without the allowance 2,000 draws would leave out 99 at each end.
    low, middle, upper = int(len(kept) * (1 - level) / 2 + 1e-9), last // 2, last - last // 2
    out = np.full((4, rows.size), np.nan)
    at = np.flatnonzero(rows)
    for start in range(0, at.size, 4096):
        part = np.ascontiguousarray(kept[:, start : start + 4096].T)
        out[3, at[start : start + 4096]] = (part <= top_n).mean(axis=1)
        part.partition(sorted({low, middle, upper, last - low}), axis=1)
        out[0, at[start : start + 4096]] = part[:, low]
        out[1, at[start : start + 4096]] = (part[:, middle] + part[:, upper].astype(float)) / 2
        out[2, at[start : start + 4096]] = part[:, last - low]
    table = pd.DataFrame(out.T, columns=["rank_low", "rank_median", "rank_high", "p_top"])
    return table.astype({"rank_low": "Int64", "rank_high": "Int64"})
