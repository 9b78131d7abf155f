"""The rates of a run: every share with counts as a posterior, and what is known of the children not measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lokus.catalog.loader import BURDEN, MEASURED
from lokus.methods import prevalence, smoothing, unmeasured
from lokus.study import Measure, Study

TOLD = ("estimate", "low", "high", "shrinkage")
# Reliability asks how wide the 90 % interval is, whatever interval a study tells.
RELIABLE_AT = 0.90


@dataclass(frozen=True)
class Rates:
    """What the step "prevalence" found: its `columns`, and by share the `posteriors` and the `priors` of each group."""

    columns: pd.DataFrame
    posteriors: Mapping[str, pd.DataFrame]
    priors: Mapping[str, Mapping[str, prevalence.Prior]]


def estimates(study: Study, villages: pd.DataFrame, adjacency: pd.DataFrame | None = None) -> Rates:
    """Step "prevalence": every share with a denominator by empirical Bayes.

    :param adjacency: the neighbours, as `spatial.contiguity` gives them; needed for prior = "neighbours" alone.
    :raises ValueError: that prior is asked for without them.
    """
    made: dict[str, pd.Series] = {}
    posteriors: dict[str, pd.DataFrame] = {}
    priors: dict[str, Mapping[str, prevalence.Prior]] = {}
    for m in study.measures:
        if m.denominator:
            priors[m.id], posteriors[m.id] = posterior_of(study, villages, m, adjacency)
            told = posteriors[m.id]
        elif not m.of:
            told = pd.DataFrame({"estimate": villages[f"value_{m.id}"]}).reindex(columns=list(TOLD))
        for name in () if m.of else TOLD:
            made[f"{name}_{m.id}"] = told[name].astype("float64")
    for m in (m for m in study.measures if m.of):
        for name in TOLD:
            people: Any = 1.0 if name == "shrinkage" else villages[f"denominator_{m.of}"]
            made[f"{name}_{m.id}"] = made[f"{name}_{m.of}"] * people
    made |= _unmeasured(study, villages, posteriors)
    return Rates(pd.DataFrame(made, index=villages.index), posteriors, priors)


def posterior_of(
    study: Study, villages: pd.DataFrame, m: Measure, adjacency: pd.DataFrame | None
) -> tuple[Mapping[str, prevalence.Prior], pd.DataFrame]:
    """The priors of a share by group, and the posterior of every village."""
    y, n = counts(villages, m.id)
    kabupaten = villages["kabupaten_code"]
    priors = prevalence.priors_by(kabupaten, y, n)
    if study.method.prior == "kabupaten":
        return priors, alike(prevalence.posterior(y, n, priors, kabupaten, study.method.interval), y, n)
    # A prior fitted to the few villages of one kecamatan alone covers 75–80 % where 90 % is said (benchmarks, "Truth"):
    # a kecamatan lends its mean as far as its villages are alike, and the kabupaten says how much villages differ.
    near = _of_one(villages["kecamatan_code"]) if study.method.prior == "kecamatan" else adjacency
    if near is None:
        raise ValueError('prior = "neighbours" needs the neighbours')
    local = smoothing.spatial_prior(y, n, near, priors, kabupaten)
    return priors, alike(prevalence.posterior(y, n, local[["a", "b"]], level=study.method.interval), y, n)


def alike(known: pd.DataFrame, y: pd.Series, n: pd.Series) -> pd.DataFrame:
    """A posterior whose estimates are the one rate that all villages have, where they have one.

    Shrunk, they would differ by the villages' sizes alone, and a scale would stretch that to the whole of its range.
    """
    rates = (y / n.where(n > 0)).dropna()
    if not len(rates) or rates.max() > rates.min():
        return known
    return known.assign(estimate=known["estimate"].mask(n > 0, rates.iloc[0]))


def _of_one(group: pd.Series) -> pd.DataFrame:
    """All villages of one group as each other's neighbours, in the form of `spatial.contiguity`."""
    told = pd.DataFrame({"group": group.to_numpy(), "focal": group.index, "neighbor": group.index})
    pairs = told[["group", "focal"]].merge(told[["group", "neighbor"]], on="group")
    return pairs[pairs["focal"] != pairs["neighbor"]].drop(columns="group").set_index(["focal", "neighbor"])


def counts(villages: pd.DataFrame, share: str) -> tuple[pd.Series, pd.Series]:
    """The people counted in a share, and of how many."""
    n = villages[f"denominator_{share}"]
    # More people reached than there are in the target group (a projected denominator) counts as all reached.
    return villages[f"numerator_{share}"].clip(upper=n), n


def _unmeasured(study: Study, villages: pd.DataFrame, posteriors: Mapping[str, pd.DataFrame]) -> dict[str, pd.Series]:
    """How far the burden's rate can be trusted, and what it is if the children not measured are counted in."""
    if BURDEN not in posteriors:
        return {"reliability": pd.Series("", villages.index, dtype="str")}
    y, n = counts(villages, BURDEN)
    known = posteriors[BURDEN]
    target = villages.get(f"denominator_{MEASURED}", pd.Series(float("nan"), villages.index))
    level = RELIABLE_AT
    wide = (
        known
        if study.method.interval == level
        else prevalence.posterior(y, n, known[["a", "b"]] - _seen(y, n), level=level)
    )
    share = n / target.where(target > 0)
    made = {"reliability": unmeasured.reliability(n, share, wide["low"], wide["high"])}
    if f"denominator_{MEASURED}" not in villages:
        return made
    ends = unmeasured.bounds(y, n, target)
    told = unmeasured.scenario(y, n, target, known, ratio=study.method.unmeasured_ratio, level=study.method.interval)
    made |= {f"{name}_{BURDEN}": ends[name] for name in ("best", "worst")}
    made |= {f"missed_{BURDEN}": told["missed"], f"all_{BURDEN}": told["prevalence"]}
    made |= {f"all_{end}_{BURDEN}": told[f"prevalence_{end}"] for end in ("low", "high")}
    return made


def _seen(y: pd.Series, n: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"a": y, "b": n - y})
