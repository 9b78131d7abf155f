"""The choice of a run: the meeting's rules as the study writes them, applied to what was found of each village."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from lokus.catalog.loader import BURDEN, MEASURED
from lokus.errors import DataError, Problem, Where
from lokus.methods import concordance, consequences, selection, thresholds
from lokus.study import Study

LIMITS = ("count", "budget", "max_per_kecamatan", "min_per_kecamatan", "least_kecamatan", "max_new", "least_kept")
BY_HAND = ("keep", "drop", "add", "remove")
NEXT = 5
# What the rules cost is found by choosing again without each: too slow for a whole country.
MOST_VILLAGES = 10_000


@dataclass(frozen=True)
class Choice:
    """The villages to choose from and the rules to choose by, made of a study and the village table."""

    study: Study
    villages: pd.DataFrame

    @cached_property
    def rules(self) -> selection.Rules:
        """The study's rules; last year's villages give way to what the meeting dropped."""
        given = self.study.selection
        told: dict[str, Any] = {name: tuple(n.village for n in getattr(given, name)) for name in BY_HAND}
        gone = {*told["drop"], *told["remove"]}
        last_year = [c for c in self.villages.index[self.villages["last_year"]] if c not in gone]
        # One that the meeting both keeps and drops does not give way: that is a contradiction, and is told.
        told["keep"] = tuple(dict.fromkeys([*told["keep"], *(last_year if given.keep_last_year else [])]))
        return selection.Rules(**{name: getattr(given, name) for name in LIMITS}, **told)

    @cached_property
    def candidates(self) -> selection.Candidates:
        """Every village with what the rules look at."""
        v = self.villages
        passes = self._passes()
        return selection.Candidates(
            score=v["score_units"],
            kecamatan=v["kecamatan_code"],
            objective=self._objective(),
            cost=None if self.study.selection.budget is None else self._cost(),
            last_year=v["last_year"],
            passes=pd.DataFrame(passes) if passes else None,
        )

    @property
    def children(self) -> pd.Series | None:
        """Stunted children expected in each village: the estimated share of its target group, of those measured where
        no target is known; None without such counts.
        """
        v, share, measured = self.villages, f"estimate_{BURDEN}", f"denominator_{BURDEN}"
        if share not in v or measured not in v:
            return None
        # What was not measured is not healthy.
        target = v.get(f"denominator_{MEASURED}", v[measured])
        return (v[share] * np.fmax(target, v[measured])).rename("children")

    def chosen(self) -> pd.DataFrame:
        """As `selection.choose`."""
        c = self.candidates
        return selection.choose(
            c.score, c.kecamatan, self.rules,
            objective=c.objective, cost=c.cost, last_year=c.last_year, passes=c.passes,
        )  # fmt: skip

    def _objective(self) -> pd.Series | None:
        how = self.study.selection.objective
        if how == "children" and self.children is None:
            where = Where(file="lokus.toml", key="selection.objective")
            raise DataError([Problem("objective_without_counts", True, where, {"indicator": BURDEN})])
        if how == "overlap":
            return concordance.overlap(self.villages[[c for c in self.villages if c.startswith("need_")]])
        if how == "probability":
            return self.villages["p_top"]
        return self.children if how == "children" else None

    def _passes(self) -> dict[str, pd.Series]:
        """Who passes each threshold: by the estimate, since 1 child of 2 would pass any."""
        v, given = self.villages, self.study.selection
        passes = {
            f"selection.threshold[{n}]": thresholds.passing(v[f"estimate_{t.indicator}"], **t.limits)
            for n, t in enumerate(given.threshold, 1)
        }
        if given.least_under:
            services = [f"estimate_{m.id}" for m in self.study.services]
            under = thresholds.services_under(v[services], given.least_under.share)
            passes["selection.least_under"] = under >= given.least_under.count
        return passes

    def _cost(self) -> pd.Series:
        cost = self.study.selection.cost
        if not isinstance(cost, str):
            return pd.Series(float(cost), self.villages.index)
        values = self.villages[f"value_{cost}"]
        lacking = values.index[(values.isna() | (values < 0)) & self.villages["rank"].notna()]
        if len(lacking):
            where = Where(file="lokus.toml", key="selection.cost")
            told = {"indicator": cost, "count": len(lacking), "villages": lacking[:NEXT].tolist()}
            raise DataError([Problem("cost_missing", True, where, told)])
        return values.fillna(0.0)


def top_n(study: Study, villages: pd.DataFrame) -> int:
    """How many villages the list has: as asked for, or as many as the money buys by the score."""
    if study.selection.count is not None:
        return study.selection.count
    by_score = study.model_copy(update={"selection": study.selection.model_copy(update={"objective": "score"})})
    return int(Choice(by_score, villages).chosen()["selected"].sum())


def beside(choice: Choice, selected: pd.Series) -> dict[str, Any]:
    """What stands beside the list, as JSON values: the end of it, who is next, and what each rule costs.

    Empty for more than `MOST_VILLAGES`.
    """
    if len(selected) > MOST_VILLAGES:
        return {}
    end = consequences.margin(choice.candidates, choice.rules, selected)
    coming = consequences.next_in(choice.candidates, choice.rules, selected, NEXT)
    costs = consequences.rule_costs(choice.candidates, choice.rules, choice.children)
    unit = 1.0 if choice.candidates.objective is not None else 1e-4
    return {
        "last_in": end.last_in,
        "first_out": end.first_out,
        "swap": [end.leaves, end.enters] if end.leaves else [],
        "next": coming.index.tolist(),
        "children": None if choice.children is None else float(choice.children[selected].sum()),
        "rule_costs": [
            {
                "rule": name,
                "objective": row["objective_lost"] * unit,
                "children": row["children_lost"],
                "enters": list(row["enters"]),
                "leaves": list(row["leaves"]),
            }
            for name, row in costs.iterrows()
        ],
    }
