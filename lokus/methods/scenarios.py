"""The ways in which one list could as well have been made: rates, scales, outliers and means, each with its scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lokus.methods.composite import HELD, Bounds, bounds, need
from lokus.methods.posterior import Draws, curve, share
from lokus.methods.scoring import Scheme, score_draws
from lokus.methods.treatment import TREATMENTS, log_ct
from lokus.methods.weights import dirichlet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

PULLED = ("minmax", "zscore")  # scales that an outlier pulls; no other is treated


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


@dataclass(frozen=True, eq=False)
class Menu:
    """Options of method, all as likely; a factor without options stays as it is.

    `normalise` of `composite.NORMALISERS` ("goalposts", "target" where the ingredients' bounds are such); `aggregate`
    pairs (within, across) of `scoring.AGGREGATIONS`; `treatment` of `treatment.TREATMENTS` (on min-max and z-scores
    alone); `prior` name → ingredients, in the same order and on the same villages.
    """

    normalise: tuple[str, ...] = ()
    aggregate: tuple[tuple[str, str], ...] = ()
    treatment: tuple[str, ...] = ()
    prior: Mapping[str, Sequence[Ingredient]] = field(default_factory=dict)

    @property
    def factors(self) -> dict[str, tuple[str, ...]]:
        """The factors with options, in order, and the names of these."""
        told = {"normalise": self.normalise, "aggregate": tuple("/".join(pair) for pair in self.aggregate),
                "treatment": self.treatment, "prior": tuple(self.prior)}  # fmt: skip
        return {name: options for name, options in told.items() if options}


@dataclass(frozen=True, eq=False)
class Ready:
    """An ingredient with all that is the same in every draw: its fixed needs (0 where missing) and its quantiles."""

    of: Ingredient
    name: str
    fixed: Floats
    observed: Bools
    drawn: Bools
    quantiles: Floats


@dataclass(frozen=True, eq=False)
class Scenario:
    """One way to make the list. `anew`: scales are taken from each draw's own values."""

    ready: tuple[Ready, ...]
    scheme: Scheme
    anew: bool

    @classmethod
    def of(cls, needs: Floats, scheme: Scheme) -> Scenario:
        """One in which nothing is drawn, from needs (n × k) 0–1 or beyond, NaN where missing."""
        none = np.zeros(len(needs), dtype=bool)
        scale = Bounds("goalposts", "lower", 0.0, 1.0, 0.0, 0.0)
        made = (
            Ready(Ingredient(x, scale), name, np.nan_to_num(x), ~np.isnan(x), none, np.empty((0, len(needs))))
            for x, name in zip(np.ascontiguousarray(needs.T), scheme.indicators, strict=True)
        )
        return cls(tuple(made), scheme, anew=False)

    @property
    def villages(self) -> int:
        """n."""
        return self.ready[0].drawn.size

    @cached_property
    def observed(self) -> Bools:
        """(n × k) where a value is known."""
        return np.stack([r.observed for r in self.ready], axis=1)

    @property
    def drawn(self) -> list[str]:
        """The shares that its scores need an error for."""
        used = zip(self.ready, self.scheme.weights, strict=True)
        return list(dict.fromkeys(r.name for r, weight in used if weight and r.drawn.any()))


def scenarios(
    ingredients: Sequence[Ingredient], scheme: Scheme, menu: Menu, *, anew: bool = False
) -> dict[tuple[int, ...], Scenario]:
    """All combinations of the menu's options, by their places in `menu.factors`.

    Parameters: `ingredients` in the order of the scheme's indicators, which also say what stays; `anew`: min-max,
    z-score, rank and Borda scales are those of each draw instead of the observed ones (goalposts stay goalposts).
    Raises: ValueError for another number of ingredients, posteriors without both a and b or two of one share, an
    unknown option, goalposts that nobody gave, or a scale that cannot be taken anew.
    """
    for some in (ingredients, *menu.prior.values()):
        _check(some, scheme)
    curves: dict[int, Floats] = {}
    kept: dict[tuple[Any, ...], tuple[Ready, ...]] = {}
    made = {}
    for places in product(*(range(len(options)) for options in menu.factors.values())):
        at = dict(zip(menu.factors, places, strict=True))
        normalise = menu.normalise[at["normalise"]] if "normalise" in at else None
        treatment = menu.treatment[at["treatment"]] if "treatment" in at else None
        within, across = menu.aggregate[at["aggregate"]] if "aggregate" in at else (scheme.within, scheme.across)
        key = normalise, treatment, at.get("prior")
        if key not in kept:
            some = list(menu.prior.values())[at["prior"]] if "prior" in at else ingredients
            pairs = zip(some, scheme.indicators, strict=True)
            kept[key] = tuple(_ready(i, name, _scale(i, normalise, treatment), curves) for i, name in pairs)
        made[places] = Scenario(kept[key], replace(scheme, within=within, across=across), anew)
    used = {r.of.bounds.method for ready in kept.values() for r in ready}
    if anew and (fixed := used - {*ANEW, *HELD}):
        raise ValueError(f"scales {sorted(fixed)} cannot be taken anew")
    return made


def taken(made: Mapping[tuple[int, ...], Scenario], rows: Bools) -> dict[tuple[int, ...], Scenario]:
    """The scenarios of some villages, on the scale of all; numbers that scenarios share they share still."""
    kept: dict[int, Any] = {}

    def cut(x: Any) -> Any:
        if x is not None and id(x) not in kept:
            kept[id(x)] = np.ascontiguousarray(x[..., rows])
        return None if x is None else kept[id(x)]

    def ready(r: Ready) -> Ready:
        of = replace(r.of, values=cut(r.of.values), a=cut(r.of.a), b=cut(r.of.b), multiplier=cut(r.of.multiplier))
        return Ready(of, r.name, cut(r.fixed), cut(r.observed), cut(r.drawn), cut(r.quantiles))

    every = {id(one.ready): one.ready for one in made.values()}
    some = {key: tuple(ready(r) for r in those) for key, those in every.items()}
    return {pick: replace(one, ready=some[id(one.ready)]) for pick, one in made.items()}


def scores(
    made: Mapping[tuple[int, ...], Scenario], picks: Ints, errors: Mapping[str, Draws], weights: Floats, above: Floats
) -> Floats:
    """The scores of B draws, each by its own scenario.

    Parameters: `made` by `scenarios`; `picks` (B × factors): the place of each draw's option in each factor; `errors`
    of each share that is drawn: (B × n) standard normal; `weights` (B × k) and `above` (B × d) as `score_draws`.
    Returns: (B × n) points.
    """
    if len(made) == 1:
        return _scores(next(iter(made.values())), errors, weights, above)
    out = np.empty((len(picks), next(iter(made.values())).villages))
    for pick, scenario in made.items():
        rows = np.flatnonzero((picks == pick).all(axis=1))
        if rows.size:
            some = {name: errors[name][rows] for name in scenario.drawn}
            out[rows] = _scores(scenario, some, weights[rows], above[rows])
    return out


def blocks(picks: Ints, size: int) -> list[NDArray[np.intp]]:
    """The draws in blocks, those of one scenario side by side, so that a block has few scenarios."""
    order = np.lexsort(picks.T) if picks.shape[1] else np.arange(len(picks))
    return [order[start : start + size] for start in range(0, len(order), size)]


def _scores(scenario: Scenario, errors: Mapping[str, Draws], weights: Floats, above: Floats) -> Floats:
    shares: dict[str, Draws] = {}
    needs = []
    for r, weight in zip(scenario.ready, scenario.scheme.weights, strict=True):
        if weight == 0 or not r.drawn.any():
            needs.append(r.fixed)
            continue
        if r.name not in shares:
            shares[r.name] = share(r.quantiles, errors[r.name])
        moved = shares[r.name] if r.of.multiplier is None else shares[r.name] * r.of.multiplier
        needs.append(_needs(r, moved, scenario.anew))
    return score_draws(needs, scenario.observed, weights, above, scenario.scheme)


def weight_draws(
    scheme: Scheme, spread: float, count: int, chance: Callable[[str], np.random.Generator]
) -> tuple[Floats, Floats]:
    """Weights drawn around the scheme's at every level, as `weights.dirichlet`.

    Parameters: `spread` ≥ 0; `chance`: the stream of a dimension, and of the index, "". Returns: (count × k) of the
    indicators and (count × d) of the dimensions; a level without weights stays 0.
    """
    weights, above = np.zeros((count, len(scheme.indicators))), np.zeros((count, len(scheme.dimensions)))
    for node, name in enumerate(("", *scheme.dimensions), start=-1):
        own, below, level = scheme.indicators_of(node), scheme.dimensions_of(node), np.array(scheme.level(node), float)
        if level.any():
            drawn = dirichlet(level, spread, count, chance(name))
            weights[:, own], above[:, below] = drawn[:, : len(own)], drawn[:, len(own) :]
    return weights, above


def _needs(r: Ready, moved: Draws, anew: bool) -> Floats:
    scale = r.of.bounds
    # Where all villages are alike an indicator says nothing, and chance is not stretched to a scale.
    if anew and scale.method in ANEW and scale.low < scale.high:
        x: Any = moved if r.drawn.all() else np.where(r.drawn, moved, np.nan_to_num(r.of.values))
        x = x if scale.limits == (None, None) else np.clip(x, *scale.limits)
        x = log_ct(x, scale.log) if scale.log else x
        return ANEW[scale.method](x if scale.better == "lower" else -x, r.observed)
    needs: Floats = need(moved, scale, extend=True)
    return needs if r.drawn.all() else np.where(r.drawn, needs, r.fixed)


def _span(x: Floats, observed: Bools) -> Floats:
    seen = x if observed.all() else x[:, observed]
    low = seen.min(axis=1, keepdims=True)
    return _told(x - low, seen.max(axis=1, keepdims=True) - low, 0.0)


def _standard(x: Floats, observed: Bools) -> Floats:
    seen = x if observed.all() else x[:, observed]
    sd = seen.std(axis=1, ddof=1, keepdims=True) if seen.shape[1] > 1 else np.zeros((len(x), 1))
    return _told(x - seen.mean(axis=1, keepdims=True), 6 * sd, 0.5)


def _told(gap: Floats, width: Floats, start: float) -> Floats:
    """start + gap / width; ½ in draws where the width is 0."""
    gap *= 1 / np.where(width > 0, width, np.inf)
    gap += np.where(width > 0, start, 0.5)
    return gap


def _place(x: Floats, observed: Bools) -> Floats:
    out, others = np.zeros(x.shape), int(observed.sum()) - 1
    # The least need has the first rank here: as many are strictly better off as have a smaller rank.
    out[:, observed] = (min_ranks(x[:, observed]) - 1) / others if others else 0.5
    return out


def _points(x: Floats, observed: Bools) -> Floats:
    # All but those worse off: of villages that are equal all count, where `_place` counts none.
    return np.where(observed, 1 - _place(-x, observed), 0.0)


ANEW: Mapping[str, Callable[[Floats, Bools], Floats]] = {
    "minmax": _span,
    "zscore": _standard,
    "rank": _place,
    "borda": _points,
}


def min_ranks(keys: Floats) -> Ints:
    """Ranks along each row, 1 = the smallest key; equal keys share the better rank."""
    order = np.argsort(keys, axis=1)
    return places(order, np.take_along_axis(keys, order, axis=1))


def places(order: NDArray[np.integer[Any]], key: NDArray[Any]) -> Ints:
    """The min-ranks of what stands in rows in ascending `order`, with the keys so ordered."""
    n = key.shape[1]
    place = np.broadcast_to(np.arange(1, n + 1), key.shape)
    same = key[:, 1:] == key[:, :-1]
    if (tied := np.flatnonzero(same.any(axis=1))).size:
        place = place.copy()
        some = place[tied]
        some[:, 1:][same[tied]] = 0
        place[tied] = np.maximum.accumulate(some, axis=1)
    out = np.empty(key.size, dtype=np.int64)
    out[order + np.arange(len(key))[:, None] * n] = place
    return out.reshape(key.shape)


def _scale(i: Ingredient, normalise: str | None, treatment: str | None) -> Bounds:
    if normalise is None and treatment is None:
        return i.bounds
    method = normalise or i.bounds.method
    if treatment is None:
        treatment = "winsorise_log" if i.bounds.log else "none" if i.bounds.limits == (None, None) else "winsorise"
    if treatment not in TREATMENTS:
        raise ValueError(f"no treatment {treatment!r}")
    if method in HELD and method != i.bounds.method:
        raise ValueError(f"nobody gave {method}")
    told = TREATMENTS[treatment if method in PULLED else "none"](pd.Series(i.values), None)
    return bounds(
        told.values,
        method,
        i.bounds.better,
        goalposts=(i.bounds.low, i.bounds.high) if method == "goalposts" else None,
        target=i.bounds.ends[0] if method == "target" else None,
        limits=told.limits,
        log=told.log,
    )


def _ready(i: Ingredient, indicator: str, scale: Bounds, curves: dict[int, Floats]) -> Ready:
    drawn = i.uncertain
    if id(i) not in curves:
        a, b = (np.ones(drawn.size) if x is None else np.where(drawn, x, 1.0) for x in (i.a, i.b))
        curves[id(i)] = curve(a, b) if drawn.any() else np.empty((0, drawn.size))
    fixed = np.nan_to_num(need(i.values, scale))
    return Ready(replace(i, bounds=scale), i.draw or indicator, fixed, ~np.isnan(i.values), drawn, curves[id(i)])


def _check(ingredients: Sequence[Ingredient], scheme: Scheme) -> None:
    if len(ingredients) != len(scheme.indicators) or not ingredients:
        raise ValueError(f"{len(ingredients)} ingredients for {len(scheme.indicators)} indicators")
    first: dict[str, tuple[Any, Any]] = {}
    for i in ingredients:
        if i.a is None or i.b is None:
            if i.a is not i.b:
                raise ValueError("a posterior needs both a and b")
            continue
        a, b = first.setdefault(i.draw, (i.a, i.b)) if i.draw else (i.a, i.b)
        if not np.array_equal(i.a, a, equal_nan=True) or not np.array_equal(i.b, b, equal_nan=True):
            raise ValueError(f"two posteriors of one draw {i.draw!r}")
