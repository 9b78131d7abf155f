"""Why a village is on the list or not: the rule that is named is the rule that decided."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from lokus.errors import InfeasibleSelection
from lokus.methods.selection import Rules, choose
from lokus.outputs import choice

few = st.one_of(st.none(), st.integers(1, 4))


def chosen_run(scores, kecamatan, rules):
    """The part of a run that the words about the choice read."""
    index = pd.Index([f"v{i:02}" for i in range(len(scores))], name="village_code")
    score, group = pd.Series(scores, index, dtype="Int64"), pd.Series(kecamatan, index).astype("str")
    found = choose(score, group, rules)
    villages = found.assign(
        rank=score.rank(ascending=False, method="min").astype("Int64"), kecamatan_code=group, kecamatan=group, reason=""
    )
    limits = ("max_per_kecamatan", "min_per_kecamatan", "least_kecamatan")
    given_rules = [{"key": f"selection.{k}", "value": getattr(rules, k)} for k in limits if getattr(rules, k)]
    return SimpleNamespace(villages=villages, facts={"selection": {"count": rules.count, "rules": given_rules}})


@st.composite
def runs(draw):
    n = draw(st.integers(4, 20))
    scores = draw(st.lists(st.integers(0, 60), min_size=n, max_size=n, unique=True))
    kecamatan = draw(st.lists(st.sampled_from("ABCDE"), min_size=n, max_size=n))
    kept = draw(st.lists(st.integers(0, n - 1), max_size=2, unique=True))
    rules = Rules(
        count=draw(st.integers(1, n - 1)), max_per_kecamatan=draw(few),
        min_per_kecamatan=draw(st.one_of(st.none(), st.just(1))),
        least_kecamatan=draw(few), keep=tuple(f"v{i:02}" for i in kept),
    )  # fmt: skip
    try:
        return chosen_run(scores, kecamatan, rules)
    except InfeasibleSelection:
        assume(False)


@given(runs())
def test_the_sentence_names_a_rule_only_where_it_binds(run):
    v = run.villages
    counts = v.loc[v["selected"], "kecamatan_code"].value_counts()
    limits = choice.limits(run)
    for _, row in v.iterrows():
        said = choice.why(run, row, "en")
        own = counts.get(row["kecamatan_code"], 0)
        if row["left_out_by"] == "rule":
            full = own == limits.get("max_per_kecamatan", np.inf)
            assert ("already has" in said) == full
            assert full or "another rule" in said
        if row["selected_by"] == "rule":
            held = v[(v["left_out_by"] == "rule") & (v["rank"] < row["rank"])]
            full = held["kecamatan_code"].map(
                lambda code: counts.get(code, 0) == limits.get("max_per_kecamatan", np.inf)
            )
            assert len(held)
            if "at most" in said:
                assert full.any()
            if "to represent" in said:
                assert not full.all()
                assert own == 1 or own <= (limits.get("min_per_kecamatan") or 0)
        if "at least" in said and "kecamatan represented" in said:
            assert limits["least_kecamatan"] == len(counts)


@given(runs())
def test_left_out_by_score_is_below_all_that_nobody_named(run):
    v = run.villages
    last = v.loc[v["selected_by"].isin(["score", "rule"]), "rank"].max()
    out = v.loc[v["left_out_by"] == "score", "rank"]
    assert pd.isna(last) or (out > last).all()


def test_a_full_kecamatan_is_told_with_its_number():
    run = chosen_run([9, 8, 7, 1], list("AAAB"), Rules(count=3, max_per_kecamatan=2))
    assert choice.why(run, run.villages.loc["v02"], "id") == (
        "Tidak terpilih walau peringkat 3: Kec. A sudah terwakili 2 desa (paling banyak 2)."
    )
    assert choice.why(run, run.villages.loc["v03"], "id").endswith("aturan (paling banyak 2 desa per kecamatan).")


def test_a_village_for_its_kecamatan_and_the_one_that_gave_way():
    run = chosen_run([9, 8, 7, 1], list("AAAB"), Rules(count=3, least_kecamatan=2))
    assert choice.why(run, run.villages.loc["v03"], "id") == "Terpilih di peringkat 4 untuk mewakili Kec. B."
    assert choice.why(run, run.villages.loc["v02"], "id").endswith(
        "aturan lain (paling sedikit 2 kecamatan terwakili)."
    )


def test_the_place_of_a_kept_village_is_told_as_such():
    run = chosen_run([9, 8, 7, 1], list("AAAA"), Rules(count=2, keep=("v03",)))
    assert choice.why(run, run.villages.loc["v01"], "id").endswith("(desa yang dipertahankan atau ditambahkan).")
