"""Copeland's contests and the aggregation of draws beside a plain Python double loop, in one run: seconds and ratios.

python benchmarks/composite.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
from stopwatch import best

from lokus.methods.aggregation import aggregate, copeland
from lokus.methods.hierarchy import Hierarchy

COINR_SECONDS = 28.8  # COINr 1.1.14, 400 units, as measured for METHODS 9


def by_pairs(needs: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Every pair of villages in turn, as the definition says it: the share of the others beaten."""
    rows, w = needs.tolist(), weights.tolist()
    points = np.zeros(len(rows))
    for i in range(len(rows)):
        for j in range(i):
            lead = sum((a > b) * v - (a < b) * v for a, b, v in zip(rows[i], rows[j], w, strict=True))
            won = 0.0 if abs(lead) < 1e-9 else float(np.sign(lead))
            points[i] += won
            points[j] -= won
    return (points / (len(rows) - 1) + 1) / 2


def main() -> None:
    """Copeland of 400 villages beside the double loop; of 5,000 alone; 50 draws of the weights of a tree."""
    rng = np.random.default_rng(1)
    needs, weights = rng.random((400, 25)), rng.integers(1, 4, 25).astype(float)
    ours, told = best(lambda: copeland(needs, weights))
    theirs, slow = best(lambda: by_pairs(needs, weights), 1)
    assert np.allclose(told, slow)
    print(f"Copeland, 400 × 25      lokus {ours:8.4f} s   Python double loop {theirs:7.2f} s   {theirs / ours:7.0f} ×")
    print(
        f"{'':<24}asked for ≤ 0.05 s        COINr (METHODS 9)  {COINR_SECONDS:7.2f} s   {COINR_SECONDS / ours:7.0f} ×"
    )
    many = rng.random((5000, 25))
    ours, _ = best(lambda: copeland(many, weights), 1)
    print(f"Copeland, 5,000 × 25    lokus {ours:8.4f} s")
    groups = {f"g{d}": ("index", 1.0) for d in range(5)}
    tree = Hierarchy.of({f"i{j}": (f"g{j % 5}", 1.0) for j in range(25)}, {**groups, "index": ("", 1.0)})
    drawn = rng.random((50, len(tree.names)))
    for how in ("arithmetic", "geometric"):
        ours, _ = best(lambda how=how: aggregate(many, tree, how, drawn), 3)
        print(f"{how:<10} mean, 50 draws of weights × 5,000 × 25   lokus {ours:8.4f} s")


if __name__ == "__main__":
    main()
