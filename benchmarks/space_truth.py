"""Are planted clusters found, and nothing else: hot spots and the scan on simulated kabupaten.

python benchmarks/space_truth.py [kabupaten a line]

Kabupaten as Muara Enim (254 villages): rates of villages differ by a Beta of mean .215 and strength 49, as lokus fits
it to Pasangkayu's own table, without a pattern; in a circle of some villages children are so many times as often
stunted.
Found: villages of the planted circle that are told. False: told villages that are not of it, the mean over kabupaten of
their share in all that is told (none told counts as 0). Alarms: kabupaten in which anything is told. All at 5 %.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
from truth import Land

from lokus.methods import hotspots, scan
from lokus.methods.chance import stream

PLACE, SIDE = "Muara Enim", 60_000.0
MEAN, STRENGTH = 0.215, 49.0
LEVEL, PERMUTATIONS, REPLICAS = 0.05, 9999, 999
CASES = ((1.0, 0), (1.3, 12), (1.6, 12), (2.0, 12), (1.3, 25), (1.6, 25), (2.0, 25))  # times as often, villages


@dataclass(frozen=True)
class Kabupaten:
    """A simulated kabupaten: counts, places (metres), neighbours, and which villages lie in the planted circle."""

    stunted: pd.Series
    measured: pd.Series
    points: pd.DataFrame
    near: pd.DataFrame
    planted: pd.Series


@cache
def land() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Places and neighbours of the villages."""
    codes = Land.of(PLACE).codes
    points = pd.DataFrame(stream(1, PLACE).random((len(codes), 2)) * SIDE, codes, ["x", "y"])
    return points.sort_index(), Land.of(PLACE).near


def simulate(risk: float, size: int, number: int) -> Kabupaten:
    """Children measured as in truth.py; the circle is about a village by lot."""
    points, near = land()
    rng = stream(20261122, "space", round(risk * 10), size, number)
    z = rng.normal(size=len(points))
    children = np.maximum(np.rint(np.exp(5.32 + 0.60 * z - 0.06 * z**2)), 20).astype(int)
    measured = np.maximum(rng.binomial(children, rng.beta(6.0, 1.9, len(points))), 1)
    away = np.hypot(*(points - points.iloc[rng.integers(len(points))]).to_numpy().T)
    planted = pd.Series(away.argsort().argsort() < size, points.index)
    rate = rng.beta(MEAN * STRENGTH, (1 - MEAN) * STRENGTH, len(points))
    stunted = rng.binomial(measured, np.minimum(np.where(planted, rate * risk, rate), 1.0))
    counts = (pd.Series(c.astype(float), points.index) for c in (stunted, measured))
    return Kabupaten(*counts, points, near, planted)


def told(one: Kabupaten, seed: int) -> Iterator[tuple[str, pd.Series]]:
    """The villages each method tells."""
    rate = hotspots.eb_standardise(one.stunted, one.measured)
    local = hotspots.local_moran(rate, one.near, permutations=PERMUTATIONS, seed=seed)
    sure = local["q"] <= LEVEL
    yield "local Moran, high-high", hotspots.hotspot(local, LEVEL) == "high-high"
    yield "Gi* > 0", sure & (hotspots.gi_star(rate, one.near) > 0)
    for model in scan.MODELS:
        found = scan.scan(
            one.stunted, one.measured, one.points, model=model, replicas=REPLICAS, seed=seed, workers=1, level=LEVEL
        )
        likely = found.found.index[found.found["p"] <= LEVEL]
        yield f"scan, {model}", found.member.isin(likely)


def observe(risk: float, size: int, number: int) -> list[dict[str, object]]:
    """What each method tells of one kabupaten."""
    one = simulate(risk, size, number)
    rows = []
    for method, said in told(one, number):
        right, many = int((said & one.planted).sum()), int(said.sum())
        row = {"times": risk, "planted": size, "method": method, "alarms": many > 0}
        rows.append(row | {"found": right / size if size else np.nan, "false": (many - right) / max(many, 1)})
    return rows


def observed(kabupaten: int, pool: ProcessPoolExecutor) -> pd.DataFrame:
    """Means over kabupaten, and the standard error of found and false, for each case and method."""
    rows = []
    for risk, size in CASES:
        rows += [row for rows in pool.map(partial(observe, risk, size), range(kabupaten)) for row in rows]
    found = pd.DataFrame(rows).groupby(["times", "planted", "method"], sort=False)
    table = found[["found", "false", "alarms"]].mean()
    return table.assign(**{"± found": found["found"].sem(), "± false": found["false"].sem()})


def main(kabupaten: int = 100) -> None:
    """Prints the table of README.md."""
    from truth import show

    with ProcessPoolExecutor(2) as pool:
        show(f"Planted clusters, {kabupaten} kabupaten a line, all at 5 %", observed(kabupaten, pool))


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
