"""Laws of doubt: the study's own method is on its menu, other methods are those another study would use."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from studies import changed

from lokus import doubts, intake, rates, steps
from lokus.demo import write_study
from lokus.errors import DataError, StudyError
from lokus.methods.scenarios import scenarios
from lokus.study import Study, make_study, open_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return open_study(write_study(tmp_path_factory.mktemp("doubts") / "studi"))


@pytest.fixture(scope="module")
def joined(study: Study) -> pd.DataFrame:
    return intake.read(study).villages


def scored(study: Study, joined: pd.DataFrame) -> tuple[pd.DataFrame, rates.Rates, steps.Scored]:
    known = rates.estimates(study, joined)
    table = pd.concat([joined, known.columns], axis=1)
    found = steps.score(study, table)
    return pd.concat([table, found.columns], axis=1), known, found.extra


@pytest.mark.parametrize("normalise", ["minmax", "rank", "zscore"])
@pytest.mark.parametrize("prior", ["kabupaten", "kecamatan"])
def test_the_studys_own_method_is_on_the_menu(study: Study, joined: pd.DataFrame, normalise: str, prior: str) -> None:
    """Law: the scenario of the study's own options has the needs and the scheme of the score."""
    own = changed(study, method__normalise=normalise, method__prior=prior, method__within="harmonic")
    table, known, made = scored(own, joined)
    parts = doubts.ingredients(table, known.posteriors, made)
    menu = doubts.menu(own, table, made, parts)
    said = {"normalise": normalise, "aggregate": "harmonic/arithmetic", "treatment": "winsorise", "prior": prior}
    assert set(menu.factors) == set(said)
    place = tuple(options.index(said[name]) for name, options in menu.factors.items())
    one = scenarios(parts, made.scheme, menu)[place]
    assert one.scheme == made.scheme
    for ready, m in zip(one.ready, made.measures, strict=True):
        np.testing.assert_allclose(ready.fixed, table[f"need_{m.id}"].fillna(0), atol=1e-12)


def test_another_prior_is_what_a_study_with_it_would_use(study: Study, joined: pd.DataFrame) -> None:
    """Oracle: the same steps under a study that says so; no prior at all is y + ½ of n + 1."""
    table, known, made = scored(study, joined)
    menu = doubts.menu(study, table, made, doubts.ingredients(table, known.posteriors, made))
    there, near, told = scored(changed(study, method__prior="kecamatan"), joined)
    for part, other in zip(menu.prior["kecamatan"], doubts.ingredients(there, near.posteriors, told), strict=True):
        assert part.bounds == other.bounds
        np.testing.assert_array_equal(part.values, other.values)
        np.testing.assert_array_equal(part.a, other.a)
    raw = menu.prior["none"][[m.id for m in made.measures].index("stunting")]
    y, n = joined["numerator_stunting"], joined["denominator_stunting"].where(lambda n: n > 0)
    np.testing.assert_allclose(raw.values, (y + 0.5) / (n + 1))


def test_doubt_of_method_moves_chances_and_keeps_their_sum(study: Study, joined: pd.DataFrame) -> None:
    """Law: N places are shared out in every draw, whatever method it takes; a sure village stays a member."""
    table, known, made = scored(study, joined)
    own, other = (
        steps.uncertainty(
            changed(study, uncertainty__alternatives=flag, uncertainty__draws=500),
            table, known.posteriors, made, lambda *_: None,
        ).columns
        for flag in (False, True)
    )  # fmt: skip
    for told in (own, other):
        assert told["p_top"].sum() == pytest.approx(study.selection.count, abs=0.05)
        assert (told["rank_low"] <= told["rank_high"]).dropna().all()
    assert (own["p_top"] - other["p_top"]).abs().max() > 0.05
    width = [(told["rank_high"] - told["rank_low"]).mean() for told in (own, other)]
    assert width[0] < width[1] < 2 * width[0]
    assert (other["rank_high"] - other["rank_low"]).max() < len(joined)


def test_what_has_no_alternative_is_left_out(study: Study, joined: pd.DataFrame) -> None:
    """Law: fixed goalposts have no other scale, contests are no mean, and one indicator has none to be mixed with."""
    raw = study.resolved()
    raw["method"] |= {"normalise": "goalposts", "across": "copeland"}
    posts = {m.id: (0.0, 500.0) if m.kind == "count" else (0.0, 1.0) for m in study.measures}
    raw["indicator"] = [{**u, "goalposts": posts[u["id"]]} for u in raw["indicator"]]
    fixed = make_study(raw, study.folder)
    table, known, made = scored(fixed, joined)
    menu = doubts.menu(fixed, table, made, doubts.ingredients(table, known.posteriors, made))
    assert set(menu.factors) == {"aggregate", "prior"}
    assert {across for _, across in menu.aggregate} == {"copeland"}
    raw["indicator"] = [{**u, "score": u["id"] == "stunting"} for u in raw["indicator"]]
    alone = make_study({**raw, "dimension": []}, study.folder)
    table, known, made = scored(alone, joined)
    assert set(doubts.menu(alone, table, made, doubts.ingredients(table, known.posteriors, made)).factors) == {"prior"}


def test_contests_of_too_many_villages_are_refused_in_words(study: Study, joined: pd.DataFrame) -> None:
    many = pd.concat([joined] * 9)
    contests = changed(study, method__across="copeland")
    with pytest.raises(StudyError) as told:
        steps.score(contests, many)
    assert [(p.code, p.where.key, p.params["most"]) for p in told.value.problems] == [
        ("copeland_too_large", "method.across", 2000)
    ]
    # More draws are more contests.
    with pytest.raises(StudyError, match="894"):
        steps.score(changed(contests, uncertainty__draws=10_000), pd.concat([joined] * 4))


def test_a_fraction_of_nothing_is_refused_in_words(study: Study, joined: pd.DataFrame) -> None:
    """A greatest value of 0 or less bounds no fraction; where all are equal the indicator says nothing, as always."""
    fractions = changed(study, method__normalise="fraction")
    table = pd.concat([joined, rates.estimates(fractions, joined).columns], axis=1)
    with pytest.raises(DataError) as told:
        steps.score(fractions, table.assign(estimate_krs=-table["estimate_krs"]))
    assert [(p.code, p.params) for p in told.value.problems] == [("fraction_not_positive", {"id": "krs"})]
    even = steps.score(fractions, table.assign(estimate_krs=0.0)).columns["need_krs"]
    assert set(even) == {0.5}


def test_a_need_begins_at_the_target(study: Study, joined: pd.DataFrame) -> None:
    """Law: under normalise = "target" nothing is needed where the target is met, and everything where it is worst."""
    raw = study.resolved()
    raw["method"]["normalise"] = "target"
    raw["indicator"] = [
        {**u, "target": 0.5, "score": u["id"] in ("krs", "sanitasi", "stunting")} for u in raw["indicator"]
    ]
    table, _, made = scored(make_study(raw, study.folder), joined)
    for m in made.measures:
        x, need = table[f"estimate_{m.id}"], table[f"need_{m.id}"]
        met = x <= 0.5 if m.better == "lower" else x >= 0.5
        assert ((need == 0) == met)[x.notna()].all()
        if not met[x.notna()].all():
            worst = x.max() if m.better == "lower" else x.min()
            assert (need[x == worst] == 1).all()
