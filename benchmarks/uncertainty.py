"""What uncertainty costs: seconds of each job of METHODS 9, and in the same run what the usual packages take.

python benchmarks/uncertainty.py [../shared/data/published] [--large]

`--large` adds the lists of 5,000 and 83,000. scikit-criteria and pymcdm are no dependencies: install them into an
environment of their own (python -m venv /tmp/mcdm; /tmp/mcdm/bin/pip install scikit-criteria pymcdm), and name its
interpreter in MCDM_PYTHON; without it their lines are left out.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lokus.methods import composite, ranksets
from lokus.methods.listsensitivity import list_sensitivity
from lokus.methods.ranking import Ingredient, Menu, rank_uncertainty, ranks_of
from lokus.methods.scenarios import Scenario
from lokus.methods.scoring import Scheme, scheme_of
from lokus.methods.sensitivity import replay
from lokus.methods.treatment import winsorise_log

RNG = np.random.default_rng(1)

# What a loop over each package's own objects takes: weighted sum after min-max scaling, one replay after the other.
OTHERS = """
import json, sys, time
import numpy as np
draws, units, indicators = map(int, sys.argv[1:4])
rng = np.random.default_rng(1)
x, told = rng.random((units, indicators)), {}
weights = rng.dirichlet(np.full(indicators, 20.0), draws)
def timed(name, work):
    rounds = []
    for _ in range(3):
        start = time.perf_counter(), time.process_time()
        for w in weights:
            work(w)
        rounds.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    told[name] = [min(x) / draws for x in zip(*rounds)]
def scikit_criteria():
    import skcriteria as skc
    from skcriteria.agg.simple import WeightedSumModel
    from skcriteria.pipeline import mkpipe
    from skcriteria.preprocessing.scalers import MinMaxScaler
    pipe = mkpipe(MinMaxScaler(target="matrix"), WeightedSumModel())
    timed("scikit-criteria", lambda w: pipe.evaluate(skc.mkdm(x, [max] * indicators, weights=w)).rank_)
def pymcdm():
    from pymcdm.methods import WSM
    from pymcdm.normalizations import minmax_normalization
    method, types = WSM(normalization_function=minmax_normalization), np.ones(indicators)
    timed("pymcdm", lambda w: method.rank(method(x, w, types)))
for package in (scikit_criteria, pymcdm):
    try:
        package()
    except ImportError as missing:
        print(missing, file=sys.stderr)
print(json.dumps(told))
"""


def seconds(work: Callable[[], Any], repeats: int = 3) -> tuple[float, float]:
    """The least wall and CPU seconds of a few repeats."""
    told = []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        work()
        told.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, cpu = (min(x) for x in zip(*told, strict=True))
    return wall, cpu


def line(name: str, took: tuple[float, float], asked: str = "") -> None:
    """One job, its seconds and what is asked for."""
    print(f"{name:<72} {took[0]:8.3f} s  CPU {took[1]:8.3f} s   {asked}", flush=True)


def rates(villages: int, indicators: int, priors: dict[str, tuple[float, float]]) -> dict[str, list[Ingredient]]:
    """Shares of 10–200 measured, under each prior."""
    made: dict[str, list[Ingredient]] = {name: [] for name in priors}
    for j in range(indicators):
        n = RNG.integers(10, 200, villages)
        y = RNG.binomial(n, RNG.beta(4, 14, villages))
        for name, (a0, b0) in priors.items():
            a, b = a0 + y, b0 + n - y
            scale = composite.bounds(pd.Series(a / (a + b)), "minmax", "lower" if j % 2 else "higher")
            made[name].append(Ingredient(a / (a + b), scale, a=a, b=b))
    return made


def plan(indicators: int, within: str = "geometric") -> Scheme:
    """Indicators of unlike weights in three dimensions."""
    return scheme_of(
        {f"i{j}": ("abc"[j % 3], 1.0 + j) for j in range(indicators)}, {"a": 1, "b": 2, "c": 3}, within=within
    )


def asem(published: Path) -> Callable[[], Any]:
    """COINr's vignette "sensitivity": treatment, normalisation, weights, aggregation, 3,000 times, from raw values."""
    told = pd.read_csv(published / "coinr/asem_iMeta.csv").set_index("iCode")
    raw = pd.read_csv(published / "coinr/expected_Screened.csv").set_index("uCode")
    own, groups = told[told["Type"] == "Indicator"], told[(told["Type"] == "Aggregate") & (told.index != "Index")]
    inside = groups["Parent"].replace("Index", "").to_dict()
    ways = [
        scheme_of({i: (p, 1.0) for i, p in own["Parent"].items()}, dict.fromkeys(inside, 1.0),
                  within=how, across=how, parents=inside)
        for how in ("arithmetic", "geometric")
    ]  # fmt: skip

    def work() -> None:
        made = {}
        for winmax in range(5):
            treated = {name: winsorise_log(raw[name], winmax + 1) for name in own.index}
            for n, method in enumerate(("minmax", "zscore")):
                needs = []
                for name, direction in own["Direction"].items():
                    t = treated[name]
                    scale = composite.bounds(t.values, method, "lower" if direction > 0 else "higher",
                                             limits=t.limits, log=t.log)  # fmt: skip
                    x = composite.need(raw[name].to_numpy(), scale, extend=True)
                    needs.append(x if method == "minmax" else (9 + 12 * (x - 0.5)) / 99)
                made |= {(winmax, n, a): Scenario.of(np.column_stack(needs), way) for a, way in enumerate(ways)}
        picks = RNG.integers(0, [5, 2, 2], (3000, 3))
        above = 1 + 0.25 * (2 * RNG.random((3000, 10)) - 1)
        replay(made, picks, np.ones((3000, len(own))), above, then=ranks_of)

    return work


def others(draws: int, units: int, indicators: int) -> dict[str, tuple[float, float]]:
    """Wall and CPU seconds of one replay by each package that is there."""
    python = os.environ.get("MCDM_PYTHON", sys.executable)
    done = subprocess.run(
        [python, "-c", OTHERS, str(draws), str(units), str(indicators)], capture_output=True, encoding="utf-8"
    )
    for missing in filter(None, done.stderr.splitlines()):
        if "No module" in missing:
            print(f"left out: {missing} (see the head of this script)")
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}


def beside(units: int, indicators: int, draws: int) -> None:
    """The same job, min-max and a weighted sum and ranks for each draw of weights, by all."""
    needs = RNG.random((units, indicators))
    one = {
        (): Scenario.of(
            needs, scheme_of({f"i{j}": ("d", 1.0) for j in range(indicators)}, {"d": 1.0}, within="arithmetic")
        )
    }
    weights = RNG.dirichlet(np.full(indicators, 20.0), draws)
    picks, above = np.zeros((draws, 0), dtype=np.int64), np.ones((draws, 1))
    ours = seconds(lambda: replay(one, picks, weights, above, then=ranks_of))
    line(f"{draws:,} draws of weights × {units:,} × {indicators}, ranked", ours)
    for name, (wall, cpu) in others(min(draws, 50), units, indicators).items():
        line(
            f"    {name}",
            (wall * draws, cpu * draws),
            f"{wall * draws / ours[0]:.0f} × (CPU {cpu * draws / ours[1]:.0f} ×)",
        )


def main(published: Path, large: bool) -> None:
    """Prints one line for each job."""
    line("ASEM, 3,000 replays from raw values (COINr 504 s)", seconds(asem(published)), "asked ≤ 1 s")
    fixed = [RNG.random((5000, 25)) for _ in range(4)]
    made = {
        (i, j): Scenario.of(x, plan(25, how))
        for i, x in enumerate(fixed)
        for j, how in enumerate(("arithmetic", "geometric"))
    }
    picks, weights = RNG.integers(0, [4, 2], (1000, 2)), RNG.dirichlet(np.full(25, 20.0), 1000)
    above = RNG.dirichlet(np.full(3, 20.0), 1000)
    took = seconds(lambda: replay(made, picks, weights, above, then=ranks_of))
    line("1,000 draws × 5,000 units × 25 indicators, 8 scenarios (COINr ≈ 1,180 s)", took, "asked ≤ 1.5 s")
    beside(250, 12, 2000)
    beside(5000, 25, 500)
    priors = {"kabupaten": (4.0, 14.0), "kecamatan": (6.0, 20.0), "none": (0.5, 0.5)}
    some = rates(250, 12, priors)
    for anew in (False, True):
        took = seconds(lambda anew=anew: rank_uncertainty(
            some["kabupaten"], plan(12), top_n=25, draws=10_000, spread=0.25, seed=1, anew=anew, threads=1
        ))  # fmt: skip
        line(f"10,000 draws × 250 × 12, one thread{', each on its own scale' if anew else ''}", took, "asked ≤ 1.5 s")
    menu = Menu(
        ("minmax", "rank", "zscore"),
        (("arithmetic", "arithmetic"), ("geometric", "arithmetic")),
        ("none", "winsorise"),
        some,
    )
    more = {"top_n": 25, "spread": 0.25, "seed": 1}
    line("10,000 draws × 250 × 12 over a menu of 36 ways", seconds(
        lambda: rank_uncertainty(some["kabupaten"], plan(12), menu=menu, draws=10_000, **more)))  # fmt: skip
    line("Sobol indices of the list, N = 1,024, 6 factors", seconds(
        lambda: list_sensitivity(some["kabupaten"], plan(12), menu, **more)))  # fmt: skip
    for n, asked in ((300, "asked ≤ 0.5 s"), *(((5000, "asked ≤ 30 s"),) if large else ())):
        se = RNG.uniform(0.2, 0.8, n)
        x = RNG.normal(size=n) + se * RNG.normal(size=n)
        for kind in ranksets.KINDS:
            took = seconds(lambda x=x, se=se, kind=kind: ranksets.rank_sets(x, se, kind=kind, seed=1), 2)
            line(f"{kind} rank sets, p = {n:,}, R = 1,000" + (" (csranks 25 s)" if n == 300 else ""), took, asked)
    if large:
        one = rates(83_000, 12, {"kabupaten": (4.0, 14.0)})["kabupaten"]
        draw = partial(rank_uncertainty, one, plan(12), top_n=5000, draws=1000, spread=0.25, seed=1)
        line("1,000 draws × 83,000 × 12", seconds(draw, 1), "asked ≤ 60 s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    paths = [a for a in sys.argv[1:] if not a.startswith("--")]
    main(Path(paths[0] if paths else "../shared/data/published"), "--large" in sys.argv)
