"""What lokus says beside what is true, on simulated kabupaten whose true rates are known.

python benchmarks/truth.py [../shared/data/indicators/pasangkayu] [--share 1.0]

Each kabupaten goes through lokus/steps.py as a study does: rates, score, uncertainty of ranks (weights without doubt,
so that there is one truth), choice. Two sizes, as Pasangkayu and as Muara Enim; two studies, the burden alone (share
and number of stunted children) and six shares; true rates lie Beta around the level of their kecamatan, with or without
a pattern in space; counts are binomial. The truth is what the same study finds where every rate is known. `--share` of
the kabupaten is for a quick look. Standard errors hold kabupaten, not villages, for independent.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

# One process a core: a linear algebra that takes all cores for itself makes each wait for the other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import Delaunay
from scipy.special import betaincinv, ndtr

from lokus import rates, steps
from lokus.methods.chance import stream
from lokus.study import Study, make_study

Floats = NDArray[np.float64]

DRAWS = 1000
PLACES = {"Pasangkayu": (63, 12, 10), "Muara Enim": (254, 22, 25)}  # villages, kecamatan, places on the list
NUMBER = {"Pasangkayu": 1600, "Muara Enim": 520}  # kabupaten of each study and pattern
LISTS = {"score": "lokus, by score", "probability": "lokus, by P(top N)", "children": "lokus, by children expected"}
SIZES = {"< 50": 50, "50–99": 100, "100–199": 200, "≥ 200": np.inf}  # people counted in a village

# Mean of the true rates, and how alike kecamatan are, and the villages of one (strengths of the Beta). The first four
# give the means and strengths that lokus fits to Pasangkayu's own tables: .216, 49; .26, 8.5; .07, 5; .11, 5.
RATES = {
    "stunting": (0.215, 150.0, 75.0),
    "krs": (0.26, 30.0, 11.0),
    "air_tidak_layak": (0.07, 20.0, 7.0),
    "jamban_tidak_layak": (0.11, 20.0, 7.0),
    "idl": (0.75, 30.0, 10.0),
    "asi_eks": (0.60, 30.0, 10.0),
}
BETTER_HIGH = {"idl", "asi_eks"}
COMMON = 0.3  # correlation of the (normal) places of two indicators' true rates: poor in one way, poor in others
REACH = 0.15  # of the side of the kabupaten: how far a pattern in space reaches


@dataclass(frozen=True)
class Case:
    """One simulated kabupaten: a size of `PLACES`, a study, with or without a pattern in space, and its number."""

    place: str
    study: str
    spatial: bool
    number: int


@dataclass(frozen=True)
class Simulated:
    """A kabupaten as lokus reads it (`villages`), its `true` rates by indicator, all its `children` under five."""

    villages: pd.DataFrame
    true: pd.DataFrame
    children: pd.Series


@dataclass(frozen=True)
class Told:
    """What a kabupaten showed: `rates` a row for each rate, `ranks` one for each village, `reached` stunted children by
    each list, each told with the number of its kabupaten."""

    rates: pd.DataFrame
    ranks: pd.DataFrame
    reached: pd.Series


@cache
def study_of(kind: str, top_n: int, prior: str = "kabupaten", objective: str = "score") -> Study:
    """The study file of a case: lokus' defaults, but weights without doubt."""
    uses: list[dict[str, Any]] = [
        {"id": i, "table": "t", "numerator": "y", "denominator": "n", "weight": 2 if i == "stunting" else 1}
        for i in (RATES if kind == "six shares" else ["stunting"])
    ]
    if kind == "burden":
        uses.append({"id": "stunting_count", "of": "stunting", "weight": 2})
    raw = {
        "study": {"title": "Simulasi", "year": 2025, "seed": 1},
        "boundaries": {"path": "none.shp", "code_system": "kemendagri"},
        "table": [{"id": "t", "path": "none.csv", "code_system": "kemendagri", "place": {"code": "code"}}],
        "indicator": uses,
        "method": {"prior": prior},
        "uncertainty": {"draws": DRAWS, "weight_spread": 0.0},
        "selection": {"count": top_n, "objective": objective},
    }
    return make_study(raw, Path())


def simulate(case: Case) -> Simulated:
    """Children, true rates and counts of one kabupaten.

    Children of a village: e^(5.32 + 0.60 z − 0.06 z²) of a normal z, at least 20; measured of them: a Beta(6, 1.9)
    share. A fifth of the children are under one, a tenth under six months; families are about twice the children.
    """
    n, groups, _ = PLACES[case.place]
    rng = stream(20261122, case.place, case.study, int(case.spatial), case.number)
    land = Land.of(case.place)
    among, within = (land.among, land.within) if case.spatial else (np.eye(groups), np.eye(n))
    size = rng.normal(size=n)
    children = np.maximum(np.rint(np.exp(5.32 + 0.60 * size - 0.06 * size**2)), 20).astype(int)
    measured = np.maximum(rng.binomial(children, rng.beta(6.0, 1.9, n)), 1)
    counted = {"stunting": measured, "idl": rng.binomial(children, 0.2), "asi_eks": rng.binomial(children, 0.1)}
    families = np.rint(2 * children * np.exp(rng.normal(0, 0.2, n))).astype(int)
    made: dict[str, Any] = {"kabupaten_code": "76.01", "kecamatan_code": land.codes.str[:8], "last_year": False}
    true: dict[str, Floats] = {}
    above, own = among @ rng.normal(size=groups), within @ rng.normal(size=n)
    for m in (m for m in study_of(case.study, 1).measures if not m.of):
        mean, alike, inside = RATES[m.id]
        way = -1 if m.id in BETTER_HIGH else 1
        level = _beta(among @ rng.normal(size=groups), way * above, np.full(groups, mean), alike)
        true[m.id] = _beta(within @ rng.normal(size=n), way * own, level[land.kecamatan], inside)
        people = counted.get(m.id, families)
        made |= {f"numerator_{m.id}": rng.binomial(people, true[m.id]) * 1.0, f"denominator_{m.id}": people * 1.0}
    tables = (pd.DataFrame(made, land.codes), pd.DataFrame(true, land.codes), pd.Series(children, land.codes))
    return Simulated(*(t.sort_index() for t in tables))


@dataclass(frozen=True, eq=False)
class Land:
    """Where the villages of a place lie: `codes`, `kecamatan` 0, 1, …; what makes normal numbers alike `among` the
    kecamatan and `within` them; the pairs of villages that are `near` (border).
    """

    codes: pd.Index
    kecamatan: NDArray[np.intp]
    among: Floats
    within: Floats
    near: pd.DataFrame

    @classmethod
    @cache
    def of(cls, place: str) -> Land:
        """The land of each simulated kabupaten of a place."""
        n, groups, _ = PLACES[place]
        points = stream(1, place).random((n, 2))
        strips = round(groups**0.5)
        strip = np.argsort(np.argsort(points[:, 0])) * strips // n
        # To and fro along strips, so that the villages of a kecamatan are neighbours.
        order = np.lexsort((np.where(strip % 2, -points[:, 1], points[:, 1]), strip))
        kecamatan = np.empty(n, dtype=np.intp)
        kecamatan[order] = np.arange(n) * groups // n
        codes = pd.Index([f"76.01.{k + 1:02d}.{2001 + i}" for i, k in enumerate(kecamatan)], name="village_code")
        centres = np.stack([points[kecamatan == k].mean(axis=0) for k in range(groups)])
        border, corners = np.zeros((n, n), dtype=bool), Delaunay(points).simplices
        for a, b in ((0, 1), (1, 2), (2, 0)):
            border[corners[:, a], corners[:, b]] = border[corners[:, b], corners[:, a]] = True
        return cls(codes, kecamatan, _pattern(centres), _pattern(points), _pairs(codes, border))


def _pairs(codes: pd.Index, linked: NDArray[np.bool_]) -> pd.DataFrame:
    """Pairs in the form of `spatial.contiguity`."""
    ends = [codes[end] for end in np.nonzero(linked)]
    return pd.DataFrame({"weight": 1.0}, pd.MultiIndex.from_arrays(ends, names=["focal", "neighbor"])).sort_index()


def _pattern(points: Floats) -> Floats:
    """Makes independent normal numbers alike where points are near: correlation e^(−distance / `REACH`)."""
    away = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    return np.linalg.cholesky(np.exp(-away / REACH))


def _beta(own: Floats, common: Floats, mean: Floats, strength: float) -> Floats:
    """Beta rates around a mean, by their place among normal numbers that have a part in common."""
    place = ndtr(np.sqrt(1 - COMMON) * own + np.sqrt(COMMON) * common)
    return np.clip(betaincinv(mean * strength, (1 - mean) * strength, place), 1e-9, 1 - 1e-9)


def observe(case: Case) -> Told:
    """One kabupaten through the steps of a run, and what is true of it."""
    made, top_n = simulate(case), PLACES[case.place][2]
    study = study_of(case.study, top_n)
    known = rates.estimates(study, made.villages)
    told = [_rates(made, study, "kabupaten", known.columns)]
    if case.study == "burden":
        told += [_rates(made, study, prior, one) for prior, one in _other_priors(case, made)]
    villages = pd.concat([made.villages, known.columns], axis=1)
    scored = steps.score(study, villages)
    villages = pd.concat([villages, scored.columns], axis=1)
    ranks = steps.uncertainty(study, villages, known.posteriors, scored.extra, lambda *_: None).columns
    villages = pd.concat([villages, ranks], axis=1)
    truth = _score(study, made, made.true)
    place = truth.rank(ascending=False, method="min")
    ranks = pd.DataFrame({
        "p": ranks["p_top"],
        "top": place <= top_n,
        "inside": place.between(ranks["rank_low"], ranks["rank_high"]),
        "wide": (ranks["rank_high"] - ranks["rank_low"]).astype(float),
    })  # fmt: skip
    tables = (pd.concat(told).assign(number=case.number), ranks.assign(number=case.number))
    return Told(*tables, _reached(case.study, made, villages, truth, top_n))


def _other_priors(case: Case, made: Simulated) -> Iterator[tuple[str, pd.DataFrame]]:
    """Estimates by the other priors of a study."""
    near = Land.of(case.place).near
    for prior in ("kecamatan", "neighbours"):
        yield prior, rates.estimates(study_of(case.study, 1, prior), made.villages, near).columns


def _rates(made: Simulated, study: Study, prior: str, found: pd.DataFrame) -> pd.DataFrame:
    """Every estimated share beside the true one; a village without a target group has none."""
    parts = []
    for m in (m for m in study.measures if not m.of):
        n, true = made.villages[f"denominator_{m.id}"], made.true[m.id]
        part = pd.DataFrame({
            "n": n,
            "raw": (made.villages[f"numerator_{m.id}"] / n - true) ** 2,
            "estimate": (found[f"estimate_{m.id}"] - true) ** 2,
            "inside": true.between(found[f"low_{m.id}"], found[f"high_{m.id}"]),
        })  # fmt: skip
        parts.append(part[n > 0].assign(rate="stunting" if m.id == "stunting" else "other", prior=prior))
    return pd.concat(parts)


def _score(study: Study, made: Simulated, shares: pd.DataFrame) -> pd.Series:
    """The score that the study gives where the rates are `shares`."""
    table = made.villages.copy()
    for m in study.measures:
        people = table[f"denominator_{m.of or m.id}"]
        table[f"estimate_{m.id}"] = (shares[m.of] * people if m.of else shares[m.id]).where(people > 0)
    score: pd.Series = steps.score(study, table).columns["score"]
    return score


def _reached(kind: str, made: Simulated, villages: pd.DataFrame, truth: pd.Series, count: int) -> pd.Series:
    """Truly stunted children, measured or not, in the villages of each list."""
    y, n = villages["numerator_stunting"], villages["denominator_stunting"]
    stunted, study = made.true["stunting"] * made.children, study_of(kind, count)
    shares = pd.DataFrame(
        {i: villages[f"numerator_{i}"] / villages[f"denominator_{i}"].where(lambda d: d > 0) for i in made.true}
    )
    lists = {
        name: steps.choice(study_of(kind, count, objective=objective), villages).columns["selected"]
        for objective, name in LISTS.items()
    }
    lists |= {
        "the same, of the unmeasured too": _first(villages["estimate_stunting"] * made.children, count),
        "the score of raw rates": _first(_score(study, made, shares), count),
        "raw prevalence": _first(y / n, count),
        "raw count": _first(y, count),
        "oracle of the score": _first(truth, count),
        "oracle of the children": _first(stunted, count),
    }
    reached = {name: float(stunted[chosen].sum()) for name, chosen in lists.items()}
    return pd.Series({**reached, "chance": float(stunted.mean() * count)})


def _first(values: pd.Series, count: int) -> pd.Series:
    """The greatest, equal ones by code."""
    best = values.sort_values(ascending=False, kind="stable").index[:count]
    return pd.Series(values.index.isin(best), values.index)


def share(part: pd.Series, whole: pd.Series | float, cluster: pd.Series) -> tuple[float, float]:
    """Σ part / Σ whole and its standard error, clusters being independent (ratio estimator; Cochran 1977, ch. 6)."""
    whole = pd.Series(1.0, part.index) * whole if isinstance(whole, float) else whole
    ratio = part.sum() / whole.sum()
    residual = (part - ratio * whole).groupby(cluster).sum()
    return float(ratio), float(np.sqrt((residual**2).sum()) / whole.sum())


def gather(cases: Sequence[Case], pool: ProcessPoolExecutor | None = None) -> dict[tuple[str, str, bool], Told]:
    """What the kabupaten of each place, study and pattern showed, together."""
    told = list(pool.map(observe, cases, chunksize=8)) if pool else [observe(c) for c in cases]
    kinds = [(c.place, c.study, c.spatial) for c in cases]
    out = {}
    for kind in dict.fromkeys(kinds):
        some = [t for t, k in zip(told, kinds, strict=True) if k == kind]
        tables = (pd.concat([t.rates for t in some]), pd.concat([t.ranks for t in some]))
        out[kind] = Told(*(t.reset_index(drop=True) for t in tables), pd.DataFrame([t.reached for t in some]))
    return out


def pooled(told: dict[tuple[str, str, bool], Told], what: str) -> pd.DataFrame:
    """One table of all kinds; `cluster` tells kabupaten apart."""
    parts = []
    for (place, study, spatial), one in told.items():
        table = getattr(one, what)
        where = {"place": place, "study": study, "spatial": "pattern" if spatial else "none"}
        number = table["number"] if "number" in table else pd.Series(range(len(table)), table.index)
        parts.append(table.assign(**where, cluster=f"{place} {study} {spatial} " + number.astype(str)))
    return pd.concat(parts, ignore_index=True)


def errors(found: pd.DataFrame) -> pd.DataFrame:
    """Mean squared error of the estimate against raw, coverage of the interval, overall and by people counted."""
    rows = {}
    for key, one in found.groupby(["rate", "prior", "place", "spatial"], sort=False):
        ratio, se = share(one["estimate"], one["raw"], one["cluster"])
        cover, of_cover = share(one["inside"] * 1.0, 1.0, one["cluster"])
        size = pd.cut(one["n"], [0, *SIZES.values()], right=False, labels=list(SIZES))
        by_size = one.groupby(size, observed=False)["inside"].mean()
        rows[key] = {"MSE / raw": ratio, "±": se, "covers": cover, "± ": of_cover, **by_size}
    return pd.DataFrame(rows).T.rename_axis(["rate", "prior", "as", "in space"])


def calibration(ranks: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """P(top N) beside the share that truly belongs there, in bins of the probability; points."""
    at = np.minimum((ranks["p"] * bins).astype(int), bins - 1)
    rows = []
    for _, one in ranks.groupby(at):
        off, se = share(one["top"] - one["p"], 1.0, one["cluster"])
        rows.append({"said": one["p"].mean(), "true": one["top"].mean(), "points off": off * 100, "±": se * 100})
    return pd.DataFrame(rows).assign(villages=ranks.groupby(at).size().to_numpy())


def intervals(ranks: pd.DataFrame) -> pd.DataFrame:
    """How often the 90 % interval of a rank holds the true rank, and its mean width."""
    rows = {}
    for key, one in ranks.groupby(["study", "place", "spatial"], sort=False):
        cover, se = share(one["inside"] * 1.0, 1.0, one["cluster"])
        rows[key] = {"covers": cover, "±": se, "mean width": one["wide"].mean()}
    return pd.DataFrame(rows).T.rename_axis(["study", "as", "in space"])


def reach(reached: pd.DataFrame) -> pd.DataFrame:
    """Children reached by each list: mean, share of the most there are to reach, and points less than lokus' score."""
    best, ours = reached["oracle of the children"], reached["lokus, by score"]
    rows = {}
    for name in [c for c in reached if c not in ("place", "study", "spatial", "cluster")]:
        part, se = share(reached[name], best, reached["cluster"])
        gain, of_gain = share(reached[name] - ours, best, reached["cluster"])
        rows[name] = {"children": reached[name].mean(), "% of most": part * 100, "±": se * 100,
                      "to lokus' score": gain * 100, "± ": of_gain * 100}  # fmt: skip
    return pd.DataFrame(rows).T.rename_axis("list")


def show(title: str, table: pd.DataFrame, digits: int = 3) -> None:
    """A table in Markdown, as it stands in README.md."""
    flat = table.reset_index() if table.index.names != [None] else table
    print(f"\n{title}\n\n| {' | '.join(c.strip() for c in map(str, flat.columns))} |\n|{'---|' * flat.shape[1]}")
    for row in flat.itertuples(index=False):
        cells = (f"{v:,.{digits}f}" if isinstance(v, float) and v % 1 else f"{v:,.0f}" if not isinstance(v, str) else v
                 for v in row)  # fmt: skip
        print(f"| {' | '.join(cells)} |")


def sizes(real: Path) -> pd.DataFrame:
    """Quantiles of what the generator makes, beside those of the file as downloaded, where that lies."""
    some = [simulate(Case("Muara Enim", "burden", False, k)) for k in range(100)]
    made = {"children": pd.concat([s.children for s in some]),
            "measured": pd.concat([s.villages["denominator_stunting"] for s in some])}  # fmt: skip
    rows = {f"{name}, simulated": values for name, values in made.items()}
    if (sheet := real / "eppgbm_status_gizi_2024-01-17.xlsx").is_file():
        table = pd.read_excel(sheet, header=None, skiprows=3, engine="calamine")
        table = table[table[1].notna()]
        rows |= {"children, Pasangkayu": table[2], "measured, Pasangkayu": table[13]}
    at = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    return pd.DataFrame({k: v.astype(float).quantile(at).round() for k, v in rows.items()}).T.rename_axis("quantile")


def main() -> None:
    """Runs all kabupaten and prints the tables of README.md."""
    import space_truth  # it takes its land from here

    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("pasangkayu", nargs="?", type=Path, default=Path("../shared/data/indicators/pasangkayu"))
    asked.add_argument("--share", type=float, default=1.0)
    given, start = asked.parse_args(), time.perf_counter()
    show("Villages", sizes(given.pasangkayu))
    kinds = product(PLACES, ("burden", "six shares"), (False, True))
    cases = [Case(*kind, k) for kind in kinds for k in range(max(2, round(NUMBER[kind[0]] * given.share)))]
    with ProcessPoolExecutor(2) as pool:
        told = gather(cases, pool)
        many = max(2, round(40 * given.share))
        show(f"Planted clusters, {many} kabupaten a line, all at 5 %", space_truth.observed(many, pool))
    ranks, reached = pooled(told, "ranks"), pooled(told, "reached")
    show("Rates (asked: at most 0.75 of raw; 0.88–0.92)", errors(pooled(told, "rates")))
    for study, one in ranks.groupby("study", sort=False):
        show(f"P(top N), {study} (asked: within 3 points)", calibration(one))
    show("Intervals of ranks", intervals(ranks))
    for (study, place), one in reached.groupby(["study", "place"], sort=False):
        show(f"Stunted children reached, {study}, as {place}", reach(one), 1)
    print(f"\n{len(cases):,} kabupaten, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
