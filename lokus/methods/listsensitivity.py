"""What moves a list, and whom: sampling noise, weights and the options of method, each with who is chosen under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.methods.chance import stream
from lokus.methods.ranking import exact_ranks, ranks_of
from lokus.methods.scenarios import Ingredient, Menu, Scenario, blocks, scenarios, scores, taken, weight_draws
from lokus.methods.scoring import Scheme
from lokus.methods.sensitivity import design, indices

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ranks = NDArray[np.unsignedinteger]

BLOCK = 1 << 16  # draws × villages worked on at once: fits a core's cache
BORDERLINE = (0.1, 0.9)


@dataclass(frozen=True, eq=False)
class ListSensitivity:
    """What moves a list, and whom.

    `of_list`: output ("rank_change": mean |rank − nominal rank|; "kept": share of the nominal list that stays), factor
    and the columns of `Indices`. `of_villages`: the same for each borderline village (p_top .1 – .9), by the columns
    village (its place) and output ("selected", "rank"). `p_top` (n,): share of the draws in which a village is
    selected, NaN where not ranked; `selected` (n × (factor, option)): the same among draws with that option.
    `together`: share of draws in which two borderline villages are both selected. `failed` of `evaluations` replays
    gave no scores and are left out.
    """

    of_list: pd.DataFrame
    of_villages: pd.DataFrame
    p_top: Floats
    selected: pd.DataFrame
    together: pd.DataFrame
    evaluations: int
    failed: int


def list_sensitivity(
    ingredients: Sequence[Ingredient],
    scheme: Scheme,
    menu: Menu,
    *,
    top_n: int,
    spread: float,
    seed: int,
    points: int = 1024,
    ranked: Bools | None = None,
    threads: int = 2,
) -> ListSensitivity:
    """Which doubt moves the list and each borderline village: sampling noise, weights, and each factor of a menu.

    Each factor is one coordinate of a Sobol design: "sampling" and "weights" name the random stream that all errors, or
    all weights, of a replay come from; an error keeps its place under another prior. Factors that cannot vary are left
    out.

    Parameters: `points` N: N(factors + 2) replays; the others as `ranking.rank_uncertainty`. Memory: 2 (from 65,536
    villages on: 4) bytes × 2N × villages.
    Returns: `ListSensitivity`. Raises: ValueError where no factor varies, or as `design` and `scenarios`.
    Source: Saisana, Saltelli & Tarantola 2005; Saltelli et al. 2010.
    """
    nominal = exact_ranks(ingredients, scheme, ranked)
    rows = nominal > 0
    work = _prepared(ingredients, scheme, menu, rows, spread, seed, threads)
    factors = work.factors
    at = design(len(factors), points, seed)
    sample = at[:2].reshape(-1, len(factors))
    ranks, failed = work.ranks(sample)
    top, was, villages = ranks[~failed] <= top_n, nominal[rows], np.flatnonzero(rows)
    p_top = top.mean(axis=0) if len(top) else np.full(len(was), np.nan)
    edge = np.flatnonzero((p_top >= BORDERLINE[0]) & (p_top <= BORDERLINE[1]))
    outputs = [_outputs(ranks, failed, was, top_n, edge)]
    outputs += [_outputs(*work.ranks(mixed), was, top_n, edge) for mixed in at[2:]]
    told = indices(np.concatenate(outputs).reshape(len(factors) + 2, points, -1), seed)
    keys = [(-1, "rank_change"), (-1, "kept"), *((v, o) for o in ("selected", "rank") for v in villages[edge])]
    long = told.table(factors, pd.MultiIndex.from_tuples(keys, names=["village", "output"]))
    both = top[:, edge].astype(float)
    return ListSensitivity(
        of_list=long[long["village"] == -1].drop(columns="village").reset_index(drop=True),
        of_villages=long[long["village"] >= 0].reset_index(drop=True),
        p_top=_among_all(p_top, rows),
        selected=_by_option(top, sample[~failed], factors, menu.factors, rows),
        together=pd.DataFrame(both.T @ both / max(len(both), 1), villages[edge], villages[edge]),
        evaluations=told.evaluations,
        failed=told.failed,
    )


def movers(selected: pd.DataFrame) -> pd.DataFrame:
    """Who moves whom: for each factor the villages whose selection hangs most on the option taken.

    Parameters: `selected` of a `ListSensitivity`.
    Returns: factor, village, option_least, option_most, p_least, p_most, difference; the greatest difference first,
    villages that no option moves left out.
    """
    parts = []
    for factor, by in selected.dropna().T.groupby(level=0):
        p = by.droplevel(0).T
        told = {"factor": factor, "village": p.index, "option_least": p.idxmin(axis=1), "option_most": p.idxmax(axis=1),
                "p_least": p.min(axis=1), "p_most": p.max(axis=1)}  # fmt: skip
        parts.append(pd.DataFrame(told))
    columns = ["factor", "village", "option_least", "option_most", "p_least", "p_most"]
    out = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    out["difference"] = out["p_most"] - out["p_least"]
    out = out[out["difference"] > 0].sort_values(["difference", "factor", "village"], ascending=[False, True, True])
    return out.reset_index(drop=True)


def _prepared(
    ingredients: Sequence[Ingredient], scheme: Scheme, menu: Menu, rows: Bools, spread: float, seed: int, threads: int
) -> _Work:
    made = taken(scenarios(ingredients, scheme, menu), rows)
    sizes = {name: len(some) for name, some in menu.factors.items()}
    noisy = any(one.drawn for one in made.values())
    factors = [*["sampling"] * noisy, *["weights"] * (spread > 0), *(name for name in sizes if sizes[name] > 1)]
    if not factors or not rows.any():
        raise ValueError("no factor varies, or no village is ranked")
    return _Work(made, sizes, factors, spread, seed, threads)


@dataclass(frozen=True, eq=False)
class _Work:
    """What a replay needs besides its point of the unit cube."""

    made: Mapping[tuple[int, ...], Scenario]
    sizes: Mapping[str, int]
    factors: Sequence[str]
    spread: float
    seed: int
    threads: int

    def ranks(self, at: Floats) -> tuple[Ranks, Bools]:
        """The ranks (rows × n) at points of the unit cube, and which rows failed."""
        column = {name: at[:, j] for j, name in enumerate(self.factors)}
        picks = np.zeros((len(at), len(self.sizes)), dtype=np.int64)
        for j, (name, size) in enumerate(self.sizes.items()):
            picks[:, j] = column[name] * size if name in column else 0
        villages = next(iter(self.made.values())).villages
        out = np.zeros((len(at), villages), dtype=np.uint16 if villages < 1 << 16 else np.uint32)
        failed = np.zeros(len(at), dtype=bool)

        def work(rows: NDArray[np.intp]) -> None:
            told = scores(self.made, picks[rows], *self.drawn({name: u[rows] for name, u in column.items()}, len(rows)))
            failed[rows] = ~np.isfinite(told).all(axis=1)
            out[rows] = ranks_of(np.where(failed[rows, None], 0.0, told))

        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(work, blocks(picks, max(1, BLOCK // villages))))
        return out, failed

    def drawn(self, at: Mapping[str, Floats], count: int) -> tuple[dict[str, NDArray[np.float32]], Floats, Floats]:
        """The errors of each share and the weights of replays, each from the stream that its coordinate names."""
        one = next(iter(self.made.values()))
        names = list(dict.fromkeys(name for scenario in self.made.values() for name in scenario.drawn))
        errors = np.empty((len(names), count, one.villages), dtype=np.float32)
        weights, above = weight_draws(one.scheme, 0.0, count, lambda name: stream(self.seed, name))
        for r in range(count):
            if "sampling" in at:
                chance = stream(self.seed, "sampling", _named(at["sampling"][r]))
                errors[:, r] = chance.standard_normal((len(names), one.villages), dtype=np.float32)
            if "weights" in at:
                chance = stream(self.seed, "weights", _named(at["weights"][r]))
                weights[[r]], above[[r]] = weight_draws(one.scheme, self.spread, 1, partial(_always, chance))
        return dict(zip(names, errors, strict=True)), weights, above


def _always(chance: np.random.Generator, _name: str) -> np.random.Generator:
    return chance


def _named(u: float) -> int:
    return int(u * 2**53)


def _outputs(ranks: Ranks, failed: Bools, was: NDArray[np.int64], top_n: int, edge: NDArray[np.intp]) -> Floats:
    """Of each row: mean |rank − nominal rank|, the share of the nominal list kept, and each edge village's place."""
    before, now = was <= top_n, ranks[:, edge].astype(float)
    change = np.array([np.abs(row - was).mean() for row in ranks])
    kept = (ranks[:, before] <= top_n).sum(axis=1) / max(int(before.sum()), 1)
    out = np.column_stack([change, kept, now <= top_n, now])
    out[failed] = np.nan
    return out


def _by_option(
    top: Bools, at: Floats, factors: Sequence[str], options: Mapping[str, Sequence[str]], rows: Bools
) -> pd.DataFrame:
    """The share of draws with an option in which a village is selected; NaN where no draw had it."""
    made = {}
    for name in (name for name in factors if name in options):
        taken = (at[:, factors.index(name)] * len(options[name])).astype(int)
        for j, option in enumerate(options[name]):
            some = top[taken == j]
            made[name, option] = _among_all(some.mean(axis=0) if len(some) else np.full(top.shape[1], np.nan), rows)
    columns = pd.MultiIndex.from_tuples(list(made), names=["factor", "option"]) if made else None
    return pd.DataFrame(dict(enumerate(made.values())), index=np.arange(rows.size)).set_axis(
        pd.MultiIndex.from_tuples([], names=["factor", "option"]) if columns is None else columns, axis=1
    )


def _among_all(values: Floats, rows: Bools) -> Floats:
    out = np.full(rows.size, np.nan)
    out[rows] = values
    return out
