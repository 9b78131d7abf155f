"""How sure a rank is: the sampling noise of every rate and doubt about weights, carried through the score."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from lokus.methods.chance import stream
from lokus.methods.composite import need
from lokus.methods.scenarios import Ingredient as Ingredient
from lokus.methods.scenarios import Menu as Menu
from lokus.methods.scenarios import Scenario, places, scenarios, scores, taken, weight_draws
from lokus.methods.scoring import MISSING, Scheme, min_rank, need_units, score_units

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Scenarios = Mapping[tuple[int, ...], Scenario]

BLOCK = 1 << 16  # draws × villages drawn at once: fits a core's cache


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
    menu: Menu | None = None,
    anew: bool = False,
    threads: int = 2,
    on_chunk: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """The interval of every rank and the probability of belonging to the first `top_n`.

    Parameters: `ingredients` in the order of the scheme's indicators; `spread` of the weights as `dirichlet`; `ranked`
    (n,) villages that take part, all by default; `level` of the equal-tailed interval; `menu`: each draw takes one
    option of each factor by lot; `anew`: scales are those of each draw's own values; `on_chunk(done, draws)` is told
    how far it is. Memory: 2 (from 65,536 villages on: 4) bytes × draws × villages, and for each scenario of the menu
    16 × indicators × villages.
    Returns: on 0 … n−1: rank_low, rank_high (Int64), rank_median, p_top; missing where not ranked. Where nothing is
    uncertain every interval is the exact rank.
    Raises: ValueError for no draws, or as `scenarios`.
    Source: OECD/JRC 2008, step 7; Goldstein & Spiegelhalter 1996.
    """
    if draws < 1:
        raise ValueError("no draws")
    menu = menu or Menu()
    made = scenarios(ingredients, scheme, menu, anew=anew)
    exact = exact_ranks(ingredients, scheme, ranked)
    rows = exact > 0
    kept = np.empty((draws, int(rows.sum())), dtype=np.uint16 if rows.sum() < 1 << 16 else np.uint32)
    if spread == 0 and not menu.factors and not any(i.uncertain[rows].any() for i in ingredients):
        kept = exact[rows].astype(np.uint32)[None]
        draws = 0
    done = 0
    for block in rank_draws(taken(made, rows), draws=draws, spread=spread, seed=seed, threads=threads):
        kept[done : done + len(block)] = block
        done += len(block)
        if on_chunk is not None:
            on_chunk(done, draws)
    return _summary(kept, rows, top_n, level)


def exact_ranks(ingredients: Sequence[Ingredient], scheme: Scheme, ranked: Bools | None = None) -> Ints:
    """The ranks (n,) that the point values have by the exact score; 0 where nothing is observed or not `ranked`."""
    units = score_units(need_units(np.stack([need(i.values, i.bounds) for i in ingredients], axis=1)), scheme).units
    told = min_rank(units if ranked is None else np.where(ranked, units, MISSING))
    out: Ints = told.to_numpy(dtype=np.int64, na_value=0)
    return out


def score_moments(made: Scenarios, *, draws: int, seed: int, spread: float = 0.0, threads: int = 2) -> pd.DataFrame:
    """The mean and standard deviation of every village's score over draws: what `ranksets` takes for a composite.

    Rank sets ask for errors that are independent between villages: those of rates are, those of weights (`spread`) and
    of a menu are not.

    Parameters: as `rank_draws`; at least 2 draws. Returns: on 0 … n−1: score_mean, score_sd (points). Raises:
    ValueError for fewer draws.
    """
    if draws < 2:
        raise ValueError("a standard deviation needs two draws")
    total, square = (np.zeros(next(iter(made.values())).villages) for _ in range(2))
    for block in _blocks(made, np.asarray, draws, spread, seed, threads):
        total += block.sum(axis=0)
        square += (block**2).sum(axis=0)
    mean = total / draws
    sd = np.sqrt(np.maximum(square / draws - mean**2, 0.0) * draws / (draws - 1))
    return pd.DataFrame({"score_mean": mean, "score_sd": sd})


def rank_draws(made: Scenarios, *, draws: int, spread: float, seed: int, threads: int = 2) -> Iterator[Ints]:
    """Blocks (draws × villages) of ranks, 1 = the greatest need; equal scores (to 1e-6 points) share the better rank.

    Each block has its own streams, so neither threads nor the number of draws change what a draw is.

    Parameters: `made` by `scenarios`; the others as `rank_uncertainty`.
    """
    return _blocks(made, ranks_of, draws, spread, seed, threads)


def ranks_of(scores: Floats) -> Ints:
    """Min-ranks along each row, 1 = the greatest score; scores equal to 1e-6 points share the better rank.

    Parameters: `scores` (B × n), finite, up to some ten thousand points. Returns: (B × n).
    """
    # Rounded, so that villages alike in everything are not told apart by the last bit. Key and place in one number, key
    # first: a plain sort is twice as fast as an argsort.
    bits = max(scores.shape[1] - 1, 0).bit_length()
    told = np.rint(scores * -1e6) * 2.0**bits + np.arange(scores.shape[1])
    told.sort(axis=1)
    whole = told.astype(np.int64)
    return places(whole & (2**bits - 1), whole >> bits)


def _blocks(
    made: Scenarios, end: Callable[[Floats], NDArray[Any]], draws: int, spread: float, seed: int, threads: int
) -> Iterator[NDArray[Any]]:
    # Draws of a menu are shared out among its scenarios: more of them, so that each has some.
    size = max(1, BLOCK * min(len(made), 16) // max(next(iter(made.values())).villages, 1))
    cuts = [(number, min(size, draws - start)) for number, start in enumerate(range(0, draws, size))]
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[NDArray[Any]]] = deque()
        for number, count in cuts:
            waiting.append(pool.submit(_block, made, end, spread, seed, number, count))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _block(
    made: Scenarios, end: Callable[[Floats], NDArray[Any]], spread: float, seed: int, number: int, count: int
) -> NDArray[Any]:
    one = next(iter(made.values()))
    options = np.array(list(made)).max(axis=0) + 1
    picks = stream(seed, "menu", number).integers(0, options, (count, options.size))
    names = dict.fromkeys(name for scenario in made.values() for name in scenario.drawn)
    errors = {
        name: stream(seed, "uncertainty", number, name).standard_normal((count, one.villages), dtype=np.float32)
        for name in names
    }
    weights, above = weight_draws(one.scheme, spread, count, lambda name: stream(seed, "weights", number, name))
    return end(scores(made, picks, errors, weights, above))


def certainty(p_top: pd.Series) -> pd.Series:
    """The probability in words: "certain" from .9, "likely" from .6, "borderline" from .4, else "unlikely".

    Returns: str on the same index; "" where not ranked.

    >>> certainty(pd.Series([0.95, 0.5, float("nan")])).tolist()
    ['certain', 'borderline', '']
    """
    words = np.select([p_top >= 0.9, p_top >= 0.6, p_top >= 0.4, p_top.notna()],
                      ["certain", "likely", "borderline", "unlikely"], "")  # fmt: skip
    return pd.Series(words, index=p_top.index, dtype="str", name="certainty")


def value_of_measuring(a: Floats, b: Floats, children: Floats, *, more: int, top_n: int) -> Floats:
    """How many more stunted children a list is expected to reach if `more` children were measured in one village first.

    The list: the `top_n` villages with the most expected stunted children, v = children · a/(a + b). Measuring finds y
    of `more` stunted, Beta-binomially, and moves that village to v' = children · (a + y)/(a + b + more); the list is
    then made anew. With t the last value in the list (the first outside, for a village of the list), the gain is
    Σ_y P(y) max(v' − t, 0) for a village outside, Σ_y P(y) max(t − v', 0) for one inside.

    Parameters: `a`, `b` (n,) > 0 of the posterior of each village's share; `children` (n,) ≥ 0 in the village; `more`,
    `top_n` ≥ 0. Returns: (n,) children ≥ 0, for measuring in that village alone; 0 where the list holds all villages
    or none; NaN where a number is missing (such a village is not on the list). Raises: ValueError for negative numbers.
    Source: Raiffa & Schlaifer 1961, ch. 5 (expected value of sample information).

    >>> a, b, children = np.array([1.0, 5.0]), np.array([1.0, 5.0]), np.array([9.0, 10.0])
    >>> value_of_measuring(a, b, children, more=1, top_n=1).round(3).tolist()
    [0.5, 0.0]
    """
    if more < 0 or top_n < 0 or (a <= 0).any() or (b <= 0).any() or (children < 0).any():
        raise ValueError("numbers of children, villages and the posterior are not negative")
    known = ~np.isnan(a + b + children)
    value = np.where(known, children * a / (a + b), np.nan)
    order = np.argsort(-np.where(known, value, -np.inf), kind="stable")
    if not 0 < top_n < known.sum():
        return np.where(known, 0.0, np.nan)
    inside = np.zeros(known.size, dtype=bool)
    inside[order[:top_n]] = True
    cut = np.where(inside, value[order[top_n]], value[order[top_n - 1]])
    gain = np.zeros(known.size)
    for y in range(more + 1):
        ways = gammaln(more + 1) - gammaln(y + 1) - gammaln(more - y + 1)
        chance = np.exp(ways + betaln(a + y, b + more - y) - betaln(a, b))
        after = children * (a + y) / (a + b + more)
        gain += chance * np.maximum(np.where(inside, cut - after, after - cut), 0.0)
    return np.where(known, gain, np.nan)


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
