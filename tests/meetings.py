"""Small meetings with every kind of rule, and the slow way of choosing: every set of villages is looked at."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from lokus.methods.rules import Candidates
from lokus.methods.selection import Rules, choose

N = 8
CODES = pd.Index([f"v{i}" for i in range(N)], name="village_code")
few = st.one_of(st.none(), st.none(), st.integers(1, 3))
none_named = st.one_of(st.just(()), st.just(()), st.sampled_from(CODES.tolist()).map(lambda code: (code,)))


@st.composite
def meetings(draw: st.DrawFn) -> tuple[Candidates, Rules]:
    numbers = st.lists(st.integers(0, 4), min_size=N, max_size=N)
    flags = st.lists(st.booleans(), min_size=N, max_size=N)
    score = draw(st.lists(st.one_of(st.integers(0, 4), st.integers(0, 4), st.none()), min_size=N, max_size=N))
    candidates = Candidates(
        pd.Series(score, CODES, dtype="Int64"),
        pd.Series([f"k{k}" for k in draw(numbers)], CODES),
        objective=draw(st.one_of(st.none(), numbers.map(lambda v: pd.Series(v, CODES) / 4))),
        cost=pd.Series(draw(numbers), CODES) / 10 + 0.1,
        last_year=pd.Series(draw(flags), CODES),
        passes=draw(st.one_of(st.none(), flags.map(lambda f: pd.DataFrame({"selection.threshold[1]": f}, CODES)))),
    )
    budget = draw(st.one_of(st.none(), st.sampled_from([0.3, 0.6, 1.0, 1.5])))
    count = draw(st.integers(1, 4)) if budget is None else draw(few)
    limits = {name: draw(few) for name in ("max_per_kecamatan", "least_kecamatan", "max_new", "least_kept")}
    named = {name: draw(none_named) for name in ("keep", "drop", "add", "remove")}
    low = draw(st.sampled_from([None, None, None, 1]))
    return candidates, Rules(count, min_per_kecamatan=low, budget=budget, **limits, **named)


def asked(candidates: Candidates, rules: Rules) -> pd.DataFrame:
    return choose(**{"rules": rules, **{name: getattr(candidates, name) for name in Candidates.__annotations__}})


EVERY = (np.arange(2**N)[:, None] >> np.arange(N)) % 2 == 1  # one row for each set of villages


def met(given: Candidates, rules: Rules, hands: tuple[str, ...] = ()) -> np.ndarray:
    """Which sets of villages keep every rule, as told to a meeting; `hands` may be chosen though unranked."""
    in_each = np.stack([EVERY[:, given.kecamatan == k].sum(axis=1) for k in given.kecamatan.unique()])
    named = CODES.isin([*rules.keep, *rules.add])
    out = CODES.isin([*rules.drop, *rules.remove])
    fails = (given.score.isna() | given.value.isna()).to_numpy(bool)
    if given.passes is not None:
        fails = fails | ~given.passes.to_numpy(bool).all(axis=1)
    size, kept = EVERY.sum(axis=1), EVERY @ given.last_year.to_numpy(int)
    ok = EVERY[:, named].all(axis=1) & ~EVERY[:, out | (fails & ~named & ~CODES.isin(hands))].any(axis=1)
    ok &= in_each.max(axis=0) <= (N if rules.max_per_kecamatan is None else rules.max_per_kecamatan)
    ok &= in_each.min(axis=0) >= (rules.min_per_kecamatan or 0)
    ok &= (in_each > 0).sum(axis=0) >= (rules.least_kecamatan or 0)
    ok &= (size - kept <= (N if rules.max_new is None else rules.max_new)) & (kept >= (rules.least_kept or 0))
    if rules.budget is not None:
        ok &= EVERY @ np.rint(given.cost.to_numpy() * 10).astype(int) <= round(rules.budget * 10)
    return ok if rules.count is None else ok & (size == rules.count)


def best_choice(given: Candidates, rules: Rules) -> set[str] | None:
    """Of all sets that keep the rules: by objective, then score, then the first village where two differ."""
    known = (given.score.notna() & given.value.notna()).to_numpy(bool)
    value = np.where(known, np.rint(given.value.fillna(0).to_numpy(float) * 4), 0).astype(int)
    score = np.where(known, given.score.fillna(0).to_numpy(int), 0)
    free = known & ~CODES.isin([*rules.keep, *rules.add])
    order = np.lexsort((CODES, -score, -value, ~known))
    sets = EVERY[met(given, rules)]
    if not len(sets):
        return None
    first = max(sets, key=lambda s: ((s & free) @ value, (s & free) @ score, s[order].tolist()))
    return set(CODES[first])
