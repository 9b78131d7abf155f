"""What the making of a list leaves open: the noise of every rate, and the methods that would do as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from lokus import rates
from lokus.methods import composite, prevalence
from lokus.methods.ranking import Ingredient, Menu
from lokus.scales import scale
from lokus.study import Study

if TYPE_CHECKING:
    from lokus.steps import Scored

# What a study may as well have said; its own word is always among the options.
NORMALISERS = ("minmax", "rank", "zscore")
MEANS = ("geometric", "arithmetic")
TREATMENTS = ("winsorise", "none")
PRIORS = ("kabupaten", "kecamatan")
# A prior that teaches nothing: y + ½ of n + 1.
RAW = prevalence.Prior(0.5, 0.5, 0.5, 1.0, 0, "none")


def ingredients(
    villages: pd.DataFrame,
    posteriors: Mapping[str, pd.DataFrame],
    scored: Scored,
    bounds: Mapping[str, composite.Bounds] | None = None,
) -> tuple[Ingredient, ...]:
    """The scored indicators as the draws need them, in the order of the scheme; `bounds`: other ones than scored by."""
    made = []
    for m in scored.measures:
        share = posteriors.get(m.of or m.id)
        a, b = (None, None) if share is None else (share[c].to_numpy(dtype=float) for c in ("a", "b"))
        people = villages[f"denominator_{m.of}"].to_numpy(dtype=float) if m.of else None
        values = villages[f"estimate_{m.id}"].to_numpy(dtype=float)
        made.append(Ingredient(values, (bounds or scored.bounds)[m.id], m.of or m.id, a, b, people))
    return tuple(made)


def menu(study: Study, villages: pd.DataFrame, scored: Scored, own: Sequence[Ingredient]) -> Menu:
    """The methods by which the list could as well have been made.

    Factors: scale (min-max, rank, z-score, where the study's is one of them) and with it outliers (drawn in or not);
    means (geometric or arithmetic, where there are several things to take the mean of); prior (kabupaten, kecamatan,
    none, where there are counts). A factor of one option is left out.

    :param own: the ingredients as the study makes them.
    """
    method, plan = study.method, scored.scheme
    scales = NORMALISERS if method.normalise in NORMALISERS else ()
    within: tuple[str, ...] = (method.within,)
    if any(len(plan.indicators_of(d)) > 1 for d in range(len(plan.dimensions))):
        within = _among(method.within, MEANS)
    # TOPSIS and contests are another idea than a mean, and stay.
    several = len(plan.dimensions) > 1 and method.across not in ("topsis", "copeland")
    across = _among(method.across, MEANS) if several else (method.across,)
    pairs = tuple((below, above) for below in within for above in across)
    return Menu(
        normalise=scales,
        aggregate=pairs if len(pairs) > 1 else (),
        treatment=_among(method.treatment, TREATMENTS) if scales else (),
        prior=_priors(study, villages, scored, own),
    )


def _among(own: str, options: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([own, *options]))


def _priors(
    study: Study, villages: pd.DataFrame, scored: Scored, own: Sequence[Ingredient]
) -> dict[str, Sequence[Ingredient]]:
    """The ingredients under each prior, each on the scale that its own estimates span."""
    used = {m.of or m.id for m in scored.measures}
    counted = [m for m in study.measures if m.denominator and m.id in used]
    if not counted:
        return {}
    made: dict[str, Sequence[Ingredient]] = {study.method.prior: own}
    for name in (name for name in PRIORS if name not in made):
        other = study.model_copy(update={"method": study.method.model_copy(update={"prior": name})})
        told = {m.id: rates.posterior_of(other, villages, m, None)[1] for m in counted}
        made[name] = _anew(study, villages, scored, told)
    seen = {m.id: rates.counts(villages, m.id) for m in counted}
    raw = {name: rates.alike(prevalence.posterior(*both, RAW), *both) for name, both in seen.items()}
    return {**made, "none": _anew(study, villages, scored, raw)}


def _anew(
    study: Study, villages: pd.DataFrame, scored: Scored, posteriors: Mapping[str, pd.DataFrame]
) -> tuple[Ingredient, ...]:
    estimates = {}
    for m in (m for m in scored.measures if (m.of or m.id) in posteriors):
        people = villages[f"denominator_{m.of}"] if m.of else 1.0
        estimates[f"estimate_{m.id}"] = posteriors[m.of or m.id]["estimate"] * people
    told = villages.assign(**estimates)
    bounds = {m.id: scale(study, m, told[f"estimate_{m.id}"])[1] for m in scored.measures}
    return ingredients(told, posteriors, scored, bounds)
