"""From year to year: did the rate really fall, who came and went and by which indicator, whom a list would reach."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

Floats = NDArray[np.float64]

# Points of a posterior that stand for it: P(fell) is right to about 1 / (4 · POINTS).
POINTS = 256
FELL, ROSE = 0.95, 0.05
# A share of children measured that moved so far, or a group that grew or shrank by so much, is no longer the same one.
MEASURED_MOVED = 0.20
GROUP_MOVED = 1.5


def change_in_rate(before: pd.DataFrame, after: pd.DataFrame, level: float = 0.90) -> pd.DataFrame:
    """How a rate changed between two posteriors, and how surely it fell.

    P(fell) = ∫ F_after(x) dF_before(x); the interval is that of the difference of two independent Beta variables, both
    by the midpoint rule over `POINTS` quantiles of each.

    Parameters: `before`, `after` with the posterior's `a` and `b` (> 0, NaN = nothing known), one index; `level` 0–1.
    Returns: on the same index `change` (after − before, of the means), `low`, `high`, `p_fell` 0–1, NaN where either is
    unknown; `verdict` "fell" (p ≥ 0.95), "rose" (p ≤ 0.05), "unclear" or "" (unknown).
    Raises: ValueError for two indexes.
    Source: Cook 2005, Exact calculation of beta inequalities.

    >>> one = pd.DataFrame({"a": [40.0], "b": [60.0]})
    >>> told = change_in_rate(one, pd.DataFrame({"a": [20.0], "b": [80.0]}))
    >>> told[["change", "low", "high"]].round(2).to_numpy().tolist(), told["verdict"].item()
    ([[-0.2, -0.3, -0.1]], 'fell')
    """
    if not before.index.equals(after.index):
        raise ValueError("before and after need one index")
    a1, b1, a2, b2 = (frame[c].to_numpy(dtype=float) for frame in (before, after) for c in ("a", "b"))
    at = (np.arange(POINTS) + 0.5) / POINTS
    tail = (1 - level) / 2
    out = np.full((len(a1), 4), np.nan)
    for i in np.flatnonzero(~np.isnan(a1 + b1 + a2 + b2)):
        was, now = betaincinv(a1[i], b1[i], at), betaincinv(a2[i], b2[i], at)
        apart = np.subtract.outer(now[1::4], was[1::4]) + np.subtract.outer(now[2::4], was[2::4])
        low, high = np.quantile(apart / 2, [tail, 1 - tail])
        mean = a2[i] / (a2[i] + b2[i]) - a1[i] / (a1[i] + b1[i])
        out[i] = mean, low, high, betainc(a2[i], b2[i], was).mean()
    told = pd.DataFrame(out, before.index, ["change", "low", "high", "p_fell"])
    sure = [told["p_fell"] >= FELL, told["p_fell"] <= ROSE, told["p_fell"].notna()]
    return told.assign(verdict=pd.array(np.select(sure, ["fell", "rose", "unclear"], ""), dtype="str"))


def doubts(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """What besides the children's growth may have moved a rate.

    Parameters: `before`, `after` with `numerator`, `denominator` and `measured` (share of the target group measured,
    0–1), NaN where unknown; one index.
    Returns: bools on the same index. `measured_moved`: the measured share moved by 20 points or more; `group_moved`:
    the denominator by a factor of 1.5 or more; `opposite`: count and rate moved in opposite directions.
    """
    ratio = after["denominator"] / before["denominator"].where(before["denominator"] > 0)
    rate = [f["numerator"] / f["denominator"].where(f["denominator"] > 0) for f in (before, after)]
    count = after["numerator"] - before["numerator"]
    return pd.DataFrame(
        {
            "measured_moved": (after["measured"] - before["measured"]).abs() >= MEASURED_MOVED - 1e-9,
            "group_moved": (ratio >= GROUP_MOVED) | (ratio <= 1 / GROUP_MOVED),
            "opposite": count * (rate[1] - rate[0]) < 0,
        }
    )


def moves(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Who stays on the list, enters and graduates, and the indicator that moved each village's score most.

    Parameters: `before`, `after`: `selected` (bool), `rank`, `score` and contributions `contribution_{id}` (points, NaN
    = not ranked or no data), index village_code; villages that stand in one alone are told as "new" or "gone".
    Returns: on the union of both, sorted: `move` "stays" | "enters" | "leaves" | "out" | "new" | "gone"; `rank_before`,
    `rank_after`, `score_change` (points), `by` (the id whose points moved most in the direction of the score, "" where
    unknown), `by_points`.
    """
    index = before.index.union(after.index)
    was, now = (f["selected"].reindex(index) for f in (before, after))
    there = [was.isna(), now.isna(), (was == True) & (now == True), now == True, was == True]  # noqa: E712
    move = np.select(there, ["new", "gone", "stays", "enters", "leaves"], "out")
    one, two = before.reindex(index), after.reindex(index)
    columns = [c for c in before.columns if c.startswith("contribution_") and c in after.columns]
    points = (two[columns].fillna(0) - one[columns].fillna(0)).to_numpy(dtype=float)
    change = two["score"] - one["score"]
    signed = points * np.sign(np.nan_to_num(change.to_numpy(dtype=float)))[:, None]
    best = signed.argmax(axis=1) if columns else np.zeros(len(index), dtype=int)
    rows = np.arange(len(index))
    clear = (signed[rows, best] > 0) if columns else np.zeros(len(index), dtype=bool)
    ids = np.array([c.removeprefix("contribution_") for c in columns] or [""])
    return pd.DataFrame(
        {
            "move": pd.array(move, dtype="str"),
            "rank_before": one["rank"],
            "rank_after": two["rank"],
            "score_change": change,
            "by": pd.array(np.where(clear, ids[best], ""), dtype="str"),
            "by_points": np.where(clear, points[rows, best] if columns else 0.0, np.nan),
        },
        index=index,
    )


def causes(before: pd.DataFrame, after: pd.DataFrame, counts: tuple[int, int]) -> pd.Series:
    """What brought each village onto the list or off it, the decisive first.

    A village that neither the meeting nor a rule moved stands by its rank; the number of villages explains it where its
    rank would lie on the other side of the line with the other list's number, its rank where it crossed both lines.

    Parameters: `before`, `after`: `selected`, `rank`, `selected_by`, `left_out_by` of `selection.choose`, index
    village_code; `counts` of villages on either list.
    Returns: tuples on the union of both, sorted: of "after" (what the later run decided beside the rank), "before"
    (what the earlier one had), "number", "rank"; empty for who did not move.
    """
    index = before.index.union(after.index)
    sides = [f.reindex(index) for f in (before, after)]
    was, now = (f["selected"].fillna(False).astype(bool) for f in sides)
    known = index.isin(before.index) & index.isin(after.index)
    told = [() if not k or w == n else _causes(sides[0].loc[c], sides[1].loc[c], counts)
            for c, k, w, n in zip(index, known, was, now, strict=True)]  # fmt: skip
    return pd.Series(told, index, dtype=object)


def _causes(before: pd.Series, after: pd.Series, counts: tuple[int, int]) -> tuple[str, ...]:
    if _decided(after):
        return ("after",)
    entered = bool(after["selected"])
    inside, outside = (after, before) if entered else (before, after)
    most, least = (counts[1], counts[0]) if entered else counts
    ends = [float("inf") if pd.isna(side["rank"]) else float(side["rank"]) for side in (inside, outside)]
    own = ("before",) if _decided(before) else ()
    # Only where nothing else had a hand is the line at the length of the list.
    number = ("number",) if most > least and least < ends[0] <= most else ()
    crossed = ("rank",) if ends[1] > most or not (own or number) else ()
    return own + number + crossed


def _decided(row: pd.Series) -> bool:
    """Whether something else than its rank put a village where it is."""
    by = row["selected_by" if row["selected"] else "left_out_by"]
    return isinstance(by, str) and by not in ("", "score")


def backtest(lists: Mapping[str, pd.Series], children: pd.Series) -> pd.DataFrame:
    """What share of this year's stunted children each list of last year would have reached.

    reached = Σ children in the list's villages / Σ children; beside it the best list of the same length, and chance:
    length / villages, the expectation of a list drawn at random.

    Parameters: `lists` name → bool by village (missing villages count as not chosen); `children` of this year by
    village, ≥ 0, NaN = not measured (left out of both sums).
    Returns: by name, in the given order: `villages` on the list, `children`, `reached`, `best`, `chance`, shares 0–1.
    Raises: ValueError where nobody was counted.
    """
    counted = children.dropna()
    total = float(counted.sum())
    if total <= 0:
        raise ValueError("no child was counted")
    ordered = counted.sort_values(ascending=False).cumsum()
    told = {}
    for name, chosen in lists.items():
        on = chosen.reindex(counted.index).fillna(False).astype(bool)
        number = int(on.sum())
        told[name] = {
            "villages": number,
            "children": float(counted[on].sum()),
            "reached": float(counted[on].sum()) / total,
            "best": float(ordered.iloc[number - 1]) / total if number else 0.0,
            "chance": number / len(counted),
        }
    return pd.DataFrame.from_dict(told, orient="index")
