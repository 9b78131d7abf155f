"""How much each indicator counts: given by experts, equal, or by what the data tell apart; and chance around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lokus.methods import mcdm_weights as told
from lokus.methods.judged_weights import equal, expert, shares
from lokus.methods.optimised_weights import importance

Floats = NDArray[np.float64]
Weighting = Callable[[Floats, Floats], Floats]


def data_driven(
    amounts: Callable[[Floats, Floats], Floats],
    weights: Floats,
    needs: Floats,
    *,
    complete: bool = False,
    positive: bool = False,
) -> Floats:
    """Weights in proportion to what a kernel of `mcdm_weights` finds in the needs.

    Parameters: `amounts` the kernel; `weights` (k,) ≥ 0, of which only the zeros are looked at; `needs` (n × k) 0–1,
    NaN where missing; `complete` leaves out villages that miss a need of any indicator with weight (a kernel not so
    told uses all that each column, or pair of columns, has); `positive` puts needs on 1 … 100.
    Returns: (k,), sum 1; an indicator of weight 0, of equal needs or without any has 0. Where the method cannot decide,
    equal weights for the rest; where nothing tells villages apart (one village, all constant), for all with weight.
    Raises: ValueError for impossible weights, or needs the kernel refuses.
    """
    use = shares(weights) > 0
    x = needs[~np.isnan(needs[:, use]).any(axis=1)] if complete else needs
    use &= np.array([np.unique(c[~np.isnan(c)]).size > 1 for c in x.T])
    found = np.zeros(len(weights))
    if use.any():
        found[use] = amounts(x[:, use] * 99 + 1 if positive else x[:, use], np.ones(int(use.sum())))
    # What is left by rounding alone is nothing; so is what a kernel could not tell.
    found = np.where(found > 1e-12 * np.nanmax(found, initial=0.0), found, 0.0)
    return shares(found) if found.any() else equal(use.astype(float) if use.any() else weights, needs)


# The data-driven ones are never the default: what varies most is not what matters most.
WEIGHTINGS: Mapping[str, Weighting] = {
    "expert": expert,
    "equal": equal,
    "entropy": partial(data_driven, told.entropy),
    "deviation": partial(data_driven, told.deviation),
    "variance": partial(data_driven, told.variance),
    "gini": partial(data_driven, told.gini),
    "angle": partial(data_driven, told.angle),
    "critic": partial(data_driven, told.critic),
    "merec": partial(data_driven, told.merec, complete=True, positive=True),
    "cilos": partial(data_driven, told.cilos, complete=True),
    "idocriw": partial(data_driven, told.idocriw, complete=True),
    "lopcow": partial(data_driven, told.lopcow, complete=True),
    "pca": partial(data_driven, told.pca, complete=True),
    "importance": importance,
}


def dirichlet(weights: Floats, spread: float, size: int, rng: np.random.Generator) -> Floats:
    """Weights drawn around the given ones: Dirichlet(κ·w), κ = (k − 1)/spread² − 1 for k weights above 0.

    A weight of 1/k then has the relative standard deviation `spread`: √((k − 1)/(κ + 1)). κ is at least 0.01.

    Parameters: `weights` (k,) ≥ 0; `spread` ≥ 0, 0 = fixed; `size` draws.
    Returns: (size × k), rows sum to 1; a weight of 0 stays 0.
    Raises: ValueError for a negative or missing weight or spread, or all weights 0.
    Source: Saisana, Saltelli & Tarantola 2005 (weights as a source of uncertainty).
    """
    mean = shares(weights)
    drawn = np.flatnonzero(mean)
    if not spread >= 0:
        raise ValueError("the spread of weights is negative")
    out = np.tile(mean, (size, 1))
    if spread > 0 and drawn.size > 1:
        kappa = max((drawn.size - 1) / max(spread, 1e-6) ** 2 - 1, 0.01)
        out[:, drawn] = rng.dirichlet(kappa * mean[drawn], size)
    return out
