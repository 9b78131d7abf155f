"""The solver: the greatest sum of values that linear limits allow, proven, and the first of equally good choices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Places told apart by powers of two in one solve: more would come near what the solver takes for rounding.
TOGETHER = 16
# Columns of the first core searched: enough to hold the best choice of a kabupaten, few enough to be quick.
CORE = 100


@dataclass(frozen=True, eq=False)
class Programme:
    """The choices x of whole numbers with least ≤ x ≤ most and low ≤ rows · x ≤ high.

    `rows` (m × n), `low`, `high` (m,), `least`, `most` (n,). The first n villages may be followed by columns that only
    link rules; a value given for the villages alone leaves those at zero.
    """

    rows: sparse.csr_array
    low: Floats
    high: Floats
    least: Floats
    most: Floats

    @classmethod
    def of(cls, villages: int) -> Programme:
        """Any subset of so many villages."""
        none = np.zeros(0)
        return cls(sparse.csr_array((0, villages)), none, none, np.zeros(villages), np.ones(villages))

    def limited(self, rows: npt.ArrayLike | sparse.csr_array, low: npt.ArrayLike, high: npt.ArrayLike) -> Programme:
        """With further limits; rows over the villages alone leave the linking columns out."""
        more = sparse.csr_array(rows if isinstance(rows, sparse.csr_array) else np.atleast_2d(np.asarray(rows, float)))
        more.resize((more.shape[0], self.rows.shape[1]))
        low, high = (np.broadcast_to(np.asarray(limit, dtype=float), more.shape[0]) for limit in (low, high))
        stacked = sparse.vstack([self.rows, more], format="csr")
        return replace(self, rows=stacked, low=np.r_[self.low, low], high=np.r_[self.high, high])

    def grouped(
        self,
        groups: npt.ArrayLike,
        low: npt.ArrayLike = 0,
        high: npt.ArrayLike | None = None,
        least_groups: int | None = None,
    ) -> Programme:
        """With low_k ≤ Σ_{i∈k} x_i ≤ high_k, and at least so many groups with a village.

        The number of groups reached is Σ_k y_k with y_k ∈ {0, 1} and y_k ≤ Σ_{i∈k} x_i: one linking column a group.
        """
        groups = np.asarray(groups, dtype=np.intp)
        number = int(groups.max(initial=-1)) + 1
        low = np.broadcast_to(np.asarray(low, dtype=float), number)
        high = np.broadcast_to(np.asarray(np.inf if high is None else high, dtype=float), number)
        member = sparse.csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(number, len(groups)))
        bound = (low > 0) | np.isfinite(high)
        bounded = self.limited(member[bound], low[bound], high[bound])
        if not least_groups:
            return bounded
        n = len(self.least)
        wider = sparse.hstack([bounded.rows, sparse.csr_array((bounded.rows.shape[0], number))], format="csr")
        member.resize((number, n))
        linked = sparse.hstack([member, -sparse.eye_array(number)], format="csr")
        used = np.r_[np.zeros(n), np.ones(number)]
        least, most = np.r_[self.least, np.zeros(number)], np.r_[self.most, np.ones(number)]
        widened = replace(bounded, rows=wider, least=least, most=most)
        return widened.limited(linked, 0, np.inf).limited(used, least_groups, np.inf)

    def fixed(self, where: Flags, at: npt.ArrayLike) -> Programme:
        """With some columns held at what they are in `at`."""
        at = np.asarray(at, dtype=float)
        return replace(self, least=np.where(where, at, self.least), most=np.where(where, at, self.most))


def solve(
    value: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    count: int | None = None,
    cost: npt.ArrayLike | None = None,
    budget: float | None = None,
    low: npt.ArrayLike = 0,
    high: npt.ArrayLike | None = None,
    least_groups: int | None = None,
    locked_in: npt.ArrayLike | None = None,
    locked_out: npt.ArrayLike | None = None,
) -> Flags | None:
    """An optimal choice, proven by branch and bound without a gap.

    max Σ v x,  x ∈ {0, 1},  Σ x = count,  Σ cost x ≤ budget,  low_k ≤ Σ_{i∈k} x_i ≤ high_k,
    at least `least_groups` groups with a village.

    :param value: length n, any unit. :param groups: length n, integers 0 … G − 1. :param cost, budget: one unit.
    :param low, high: per group (length G) or one number for all; None = no upper limit.
    :param locked_in, locked_out: length n, bool.
    :returns: bool of length n; None when no choice meets the rules.
    :raises RuntimeError: the solver stopped without a proof.

    Source: Huangfu & Hall 2018 (HiGHS, through `scipy.optimize`).
    """
    value = np.asarray(value, dtype=float)
    n = len(value)
    rules = Programme.of(n)
    if locked_in is not None:
        rules = replace(rules, least=np.asarray(locked_in, dtype=float))
    if locked_out is not None:
        rules = replace(rules, most=1.0 - np.asarray(locked_out, dtype=float))
    if count is not None:
        rules = rules.limited(np.ones(n), count, count)
    if cost is not None and budget is not None:
        rules = rules.limited(cost, -np.inf, budget)
    found = maximum(rules.grouped(groups, low, high, least_groups), value)
    return None if found is None else found[0][:n] > 0


def first_of_the_best(rules: Programme, values: Sequence[Ints], order: npt.ArrayLike) -> Flags | None:
    """Of the choices with the greatest total of the first value those with the greatest of the second, and so on; of
    these the first one in the given order of villages (the one with the village where two choices first differ).

    Parameters: `values`, each (n,), in whole units, so that equal totals are equal; `order` (n,) places of villages.
    Returns: bool (n,); None where no choice meets the rules. Raises: RuntimeError without a proof.
    Source: sequential (lexicographic) goal programming, Ignizio 1976; core problems, Balas & Zemel 1980.
    """
    n = len(values[0])
    for value in values:
        found = maximum(rules, value.astype(float))
        if found is None:
            return None
        x, open_ = found
        best = int(value @ x[:n].astype(np.int64))
        # What lies outside the core has the same place in every optimum.
        rules = rules.fixed(~open_, x).limited(value, best, np.inf)
    for together in _parts(np.asarray(order), rules):
        weight = np.zeros(n)
        weight[together] = 2.0 ** np.arange(len(together) - 1, -1, -1)
        found = maximum(rules, weight)
        if found is None:
            raise RuntimeError("the solver lost a choice that it had found")
        x, here = found[0], np.zeros(len(rules.least), dtype=bool)
        here[together] = True
        rules = rules.fixed(here, x)
    if any(int(v @ (x[:n] > 0)) < int(b) for v, b in zip(values, rules.low[-len(values) :], strict=True)):
        raise RuntimeError("the solver's choice is not as good as it said")
    return np.asarray(x[:n] > 0)


def _parts(order: npt.NDArray[np.intp], rules: Programme) -> Iterable[npt.NDArray[np.intp]]:
    undecided = order[(rules.least < rules.most)[order]]
    return (undecided[i : i + TOGETHER] for i in range(0, len(undecided), TOGETHER))


def maximum(rules: Programme, value: Floats) -> tuple[Floats, Flags] | None:
    """The choice with the greatest total value, proven; and the core: columns that may differ between optima.

    The relaxation to fractions bounds every choice from above, and each column's reduced cost says by how much the
    bound falls when the column leaves its place. So only columns whose fall is at most the distance between the bound
    and the best choice known are worth searching; the search starts with the few of the smallest fall.

    Returns: x and bool, both over all columns; None where nothing meets the rules. Raises: RuntimeError without proof.
    Source: Balas & Zemel 1980 (core problem); Huangfu & Hall 2018 (HiGHS).
    """
    value = np.r_[value, np.zeros(len(rules.least) - len(value))]
    if (rules.least > rules.most).any():
        return None
    relaxed = _relaxed(rules, value)
    if relaxed is None:
        return None
    bound, fraction, fall = relaxed
    margin = 1e-7 * max(1.0, abs(bound))
    width = float(np.sort(fall)[:CORE][-1])
    while True:
        open_ = fall <= width
        x = _whole(rules.fixed(~open_, np.rint(fraction)), value)
        if x is None and open_.all():
            return None
        gap = np.inf if x is None else bound - float(value @ x) + margin
        if x is not None and (gap <= width or open_.all()):
            return x, fall <= gap
        width = gap if x is not None else max(4 * width, float(fall[~open_].min()))


def _relaxed(rules: Programme, value: Floats) -> tuple[float, Floats, Floats] | None:
    """The relaxation's bound, its x, and how much the bound falls when a column leaves its place."""
    above, below = np.isfinite(rules.high), np.isfinite(rules.low)
    sides = {
        "A_ub": sparse.vstack([rules.rows[above], -rules.rows[below]], format="csr"),
        "b_ub": np.r_[rules.high[above], -rules.low[below]],
    }
    if not len(sides["b_ub"]):
        sides = {}
    found = linprog(-value, **sides, bounds=np.c_[rules.least, rules.most], method="highs")
    if found.status == 2:
        return None
    if found.status != 0:
        raise RuntimeError(found.message)
    return -float(found.fun), np.asarray(found.x), np.abs(found.lower.marginals) + np.abs(found.upper.marginals)


def _whole(rules: Programme, value: Floats) -> Floats | None:
    """The best choice of whole numbers, over the columns that are not held."""
    free, x = rules.least < rules.most, rules.least.copy()
    done = rules.rows @ np.where(free, 0.0, x)
    if not free.any():
        slack = 1e-6
        return x if ((done >= rules.low - slack) & (done <= rules.high + slack)).all() else None
    limits = LinearConstraint(rules.rows[:, free], rules.low - done, rules.high - done)
    found = milp(
        -value[free],
        integrality=np.ones(int(free.sum())),
        bounds=Bounds(rules.least[free], rules.most[free]),
        constraints=limits if len(done) else None,
        options={"mip_rel_gap": 0.0},
    )
    if found.status == 2:
        return None
    if found.status != 0:
        raise RuntimeError(found.message)
    x[free] = np.rint(found.x)
    return x
