"""The choice under rules beside PuLP with CBC, in one run: seconds, proofs and ratios.

python benchmarks/choice.py ../shared/data/published/opt
PuLP is no dependency: where it is not installed its column is left out (`pip install pulp` into the same environment).
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from stopwatch import best

from lokus.methods.consequences import margin, next_in, rule_costs, selection_frequency
from lokus.methods.robust import robust_choice
from lokus.methods.selection import Candidates, Rules, choose, solve


def by_pulp(villages: pd.DataFrame, told: dict[str, Any], low: np.ndarray, high: np.ndarray) -> float:
    """The same choice by PuLP with the CBC it carries, without a gap: the objective."""
    import pulp

    problem = pulp.LpProblem("lokus", pulp.LpMaximize)
    x = [pulp.LpVariable(f"x{i}", cat="Binary") for i in range(len(villages))]
    problem += pulp.lpSum(v * c for v, c in zip(villages["stunted_children"], x, strict=True))
    problem += pulp.lpSum(x) == told["N"]
    problem += pulp.lpSum(v * c for v, c in zip(villages["cost"], x, strict=True)) <= told["budget"]
    for k, members in villages.groupby("kecamatan").indices.items():
        some = pulp.lpSum(x[i] for i in members)
        problem += some >= low[k]
        problem += some <= high[k]
    problem.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0, gapAbs=0))
    return float(pulp.value(problem.objective))


def published(folder: Path) -> None:
    """The three published programmes: N, budget, least and most in each kecamatan."""
    pulp = find_spec("pulp") is not None
    if not pulp:
        print("PuLP is not installed: its column is left out (METHODS 9: 0.93 s for the largest)")
    for told in json.loads((folder / "optima.json").read_text()):
        villages = pd.read_csv(folder / told["file"])
        counts = np.bincount(villages["kecamatan"])
        low = np.minimum(1, counts)
        high = np.maximum(low, np.ceil(0.35 * counts + 2))
        value, cost = villages["stunted_children"], villages["cost"]
        limits = {"count": told["N"], "cost": cost, "budget": told["budget"], "low": low, "high": high}
        ours, found = best(lambda v=value, k=villages["kecamatan"], rules=limits: solve(v, k, **rules))
        line = f"{told['file']:<30} {value[found].sum():12.2f} ({told['optimal_objective']:.2f})   lokus {ours:6.3f} s"
        if pulp:
            theirs, total = best(lambda v=villages, t=told, lo=low, hi=high: by_pulp(v, t, lo, hi), 3)
            line += f"   PuLP/CBC {theirs:6.3f} s ({total:.2f})   {theirs / ours:5.1f} ×"
        print(line)


def made_up(n: int, kecamatan: int, seed: int = 1) -> Candidates:
    """Villages with scores, costs and a list of last year."""
    rng = np.random.default_rng(seed)
    index = pd.Index([f"v{i:06}" for i in range(n)], name="village_code")
    return Candidates(
        pd.Series(rng.integers(0, 1_000_000, n), index, dtype="Int64"),
        pd.Series([f"k{k:04}" for k in rng.integers(0, kecamatan, n)], index),
        cost=pd.Series(rng.integers(80, 350, n) * 1e6, index),
        last_year=pd.Series(rng.random(n) < 0.1, index),
    )


def whole() -> None:
    """The product's own calls: a kabupaten, the largest published size, the country."""
    rng = np.random.default_rng(2)
    for n, kecamatan, count in ((250, 12, 25), (5_000, 300, 500), (83_000, 7_000, 5_000)):
        given = made_up(n, kecamatan)
        plain, full = Rules(count, 5, least_kecamatan=10), Rules(count, 5, budget=0.8 * count * 2e8, max_new=count // 2)
        asked = {"cost": given.cost, "last_year": given.last_year}
        seconds, found = best(lambda g=given, r=plain: choose(g.score, g.kecamatan, r), 3)
        print(f"{n:>6} villages  rules of the kecamatan {seconds:6.2f} s", end="")
        seconds, _ = best(lambda g=given, r=full, a=asked: choose(g.score, g.kecamatan, r, **a), 1)
        print(f"   and budget and newcomers, ties settled {seconds:6.2f} s", end="")
        selected = found["selected"]
        seconds, _ = best(lambda g=given, r=plain, s=selected: (margin(g, r, s), next_in(g, r, s)), 1)
        print(f"   margin and next {seconds:5.2f} s", end="")
        draws = (given.score.to_numpy(float) * rng.lognormal(0, 0.3, (200, n)) for _ in range(5))
        seconds, _ = best(lambda g=given, r=plain, d=draws: selection_frequency(g, r, d), 1)
        print(f"   frequency over 1,000 draws {seconds:6.2f} s")
    given = made_up(250, 12)
    seconds, _ = best(lambda: rule_costs(given, Rules(25, 4, 1, 10, budget=4e9, max_new=15)), 3)
    print(f"   250 villages  cost of 6 rules {seconds:6.2f} s")
    for n, number in ((250, 100), (500, 200)):
        given = made_up(n, 12)
        scenarios = given.score.to_numpy(float) / 1e4 * rng.lognormal(0, 0.4, (number, n))
        seconds, robust = best(lambda g=given, s=scenarios: robust_choice(g, Rules(len(g.score) // 10, 6), s), 1)
        print(f"{n:>6} villages  worst fifth of {number} scenarios {seconds:6.2f} s   gap {robust.gap:.1e}")


if __name__ == "__main__":
    published(Path(sys.argv[1]))
    whole()
