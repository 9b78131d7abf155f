"""Laws of the whole: what may not matter does not, and more need never ranks lower."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from studies import changed

from lokus import choosing, intake, pipeline, rates, steps
from lokus.demo import write_study
from lokus.errors import StudyError
from lokus.methods import weights
from lokus.sources.polygons import to_metric
from lokus.study import Study, make_study, open_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return open_study(write_study(tmp_path_factory.mktemp("laws") / "studi"))


@pytest.fixture(scope="module")
def found(study: Study) -> intake.Intake:
    return intake.read(study)


def scored(study: Study, villages: pd.DataFrame) -> pd.DataFrame:
    known = rates.estimates(study, villages).columns
    return steps.score(study, pd.concat([villages, known], axis=1)).columns


def test_the_order_of_a_tables_rows_does_not_matter(study: Study, tmp_path: Path) -> None:
    home = write_study(tmp_path / "studi")
    straight = intake.read(open_study(home)).villages
    krs = home / "data" / "krs.csv"
    header, *rows = krs.read_bytes().rstrip(b"\r\n").split(b"\n")
    krs.write_bytes(b"\n".join([header, *reversed(rows)]) + b"\n")
    pd.testing.assert_frame_equal(intake.read(open_study(home)).villages, straight)


@pytest.mark.parametrize("within", ["arithmetic", "geometric"])
@pytest.mark.parametrize("normalise", ["minmax", "zscore", "rank"])
def test_more_need_never_ranks_lower(study: Study, found: intake.Intake, within: str, normalise: str) -> None:
    study = changed(study, method__within=within, method__normalise=normalise, method__treatment="none")
    villages = found.villages
    before = scored(study, villages)
    code = str(before["rank"].dropna().sort_values().index[100])
    worse = villages.copy()
    # Fewer households reached, within the range that others span, so that no scale moves.
    worse.loc[code, "numerator_air_minum"] = np.floor(worse.loc[code, "numerator_air_minum"] * 0.9)
    after = scored(study, worse)
    assert after.loc[code, "score_units"] >= before.loc[code, "score_units"]
    assert after.loc[code, "rank"] <= before.loc[code, "rank"] + 1


def test_weights_are_scale_free(study: Study, found: intake.Intake) -> None:
    raw = study.resolved()
    for use in raw["indicator"]:
        use["weight"] *= 7
    again = scored(make_study(raw, study.folder), found.villages)
    pd.testing.assert_frame_equal(again, scored(study, found.villages))


def test_an_indicator_of_weight_zero_is_not_there(study: Study, found: intake.Intake) -> None:
    raw = study.resolved()
    next(u for u in raw["indicator"] if u["id"] == "krs")["weight"] = 0
    told = scored(make_study(raw, study.folder), found.villages)
    assert "need_krs" not in told


def test_no_target_group_is_no_lack_of_data(study: Study, found: intake.Intake) -> None:
    villages = found.villages
    table = scored(study, villages)
    nobody = villages.index[(villages["denominator_bumil_kek_pmt"] == 0) & (table["status"] == "ranked")]
    assert len(nobody) > 20
    assert table.loc[nobody, "need_bumil_kek_pmt"].isna().all()
    assert (table.loc[nobody, "observed_weight"] == 1).all()


def test_contributions_sum_to_the_score(study: Study, found: intake.Intake) -> None:
    table = scored(study, found.villages)
    ranked = table[table["status"] == "ranked"]
    parts = ranked[[c for c in ranked if c.startswith("contribution_")]].sum(axis=1)
    np.testing.assert_allclose(parts, ranked["score"], atol=1e-9)


def test_a_step_more_does_not_move_anothers_numbers(study: Study, found: intake.Intake) -> None:
    raw = study.resolved()
    raw["space"]["permutations"], raw["clusters"]["k_max"] = 199, 3
    other = pipeline.run(make_study(raw, study.folder), found).villages
    base = pipeline.run(study, found).villages
    for name in ("p_top", "rank_low", "rank_high", "score_units", "selected"):
        pd.testing.assert_series_equal(other[name], base[name])


def test_priors_by_kecamatan_differ_and_stay_between_raw_and_prior(study: Study, found: intake.Intake) -> None:
    wide = rates.estimates(study, found.villages).columns
    near = rates.estimates(changed(study, method__prior="kecamatan"), found.villages).columns
    assert not np.allclose(wide["estimate_stunting"].dropna(), near["estimate_stunting"].dropna())
    raw = found.villages["value_stunting"]
    low, high = raw.min(), raw.max()
    assert near["estimate_stunting"].dropna().between(low, high).all()


def test_last_years_villages_are_kept_when_asked(study: Study, found: intake.Intake) -> None:
    kept = changed(study, selection__keep_last_year=True)
    villages = pipeline.run(kept, found).villages
    assert villages["last_year"].sum() == 12
    assert villages.loc[villages["last_year"], "selected"].all()
    assert set(villages.loc[villages["last_year"], "selected_by"]) == {"keep"}


def test_a_village_added_by_the_meeting_carries_its_reason(study: Study, found: intake.Intake) -> None:
    last = pipeline.run(study, found).selection.dropna(subset="rank").index[-1]
    named = [{"village": last, "reason": "Hanya terjangkau kapal", "meeting": "Rembuk 12 September"}]
    run = pipeline.run(changed(study, selection__add=named), dataclasses.replace(found))
    row = run.villages.loc[last]
    assert (row["selected"], row["selected_by"]) == (True, "add")
    assert row["reason"] == "Hanya terjangkau kapal (Rembuk 12 September)"
    assert run.villages["selected"].sum() == study.selection.count


def test_a_dimension_inside_another_counts_by_both_weights(study: Study, found: intake.Intake) -> None:
    """Law: with arithmetic means a tree scores as the flat index whose weights are the products along it."""
    raw = study.resolved()
    raw["method"] |= {"within": "arithmetic", "across": "arithmetic"}
    ids = {m.dimension for m in study.measures if m.score}
    assert ids == {"burden", "services", "risk"}
    nested = [{"id": "gaps", "weight": 3}, {"id": "burden", "weight": 1}]
    nested += [{"id": "services", "weight": 2, "inside": "gaps"}, {"id": "risk", "weight": 1, "inside": "gaps"}]
    flat = [{"id": "burden", "weight": 1}, {"id": "services", "weight": 2}, {"id": "risk", "weight": 1}]
    one, two = (scored(make_study({**raw, "dimension": d}, study.folder), found.villages) for d in (nested, flat))
    full = one["observed_weight"] == 1
    np.testing.assert_allclose(one.loc[full, "score"], two.loc[full, "score"], atol=2e-2)
    assert one["dimension_gaps"].notna().sum() == len(
        one.dropna(subset=["dimension_services", "dimension_risk"], how="all")
    )


def test_neighbours_lend_a_rate_only_where_neighbours_are_alike(study: Study, found: intake.Intake) -> None:
    """Law: an estimate lies between the raw share and its neighbours' and the kabupaten's; islands keep the latter."""
    adjacency = steps.neighbours(study, to_metric(found.geometry))
    plain = rates.estimates(study, found.villages, adjacency).columns
    near = rates.estimates(changed(study, method__prior="neighbours"), found.villages, adjacency).columns
    moved = (near["estimate_stunting"] - plain["estimate_stunting"]).abs()
    assert 0 < moved.max() < 0.1
    pd.testing.assert_series_equal(near["shrinkage_stunting"], plain["shrinkage_stunting"])


def test_what_was_not_measured_lies_between_its_bounds(study: Study, found: intake.Intake) -> None:
    """Law: best ≤ all ≤ worst; more stunted among the unmeasured is more missed; nobody unmeasured leaves the rate."""
    v = rates.estimates(study, found.villages).columns
    told = v.dropna(subset=["all_stunting"])
    assert len(told) > 200
    assert (told["best_stunting"] <= told["all_stunting"] + 1e-9).all()
    assert (told["all_stunting"] <= told["worst_stunting"] + 1e-9).all()
    twice = rates.estimates(changed(study, method__unmeasured_ratio=2.0), found.villages).columns
    assert (twice["missed_stunting"].fillna(0) >= v["missed_stunting"].fillna(0) - 1e-9).all()
    assert {"good", "weak"} <= set(v["reliability"]) <= {"good", "fair", "weak", "none"}
    whole = told[told["missed_stunting"] == 0].index
    raw = found.villages.loc[whole, "value_stunting"]
    np.testing.assert_allclose(told.loc[whole, "all_stunting"], raw, atol=1e-9)


def chosen(study: Study, villages: pd.DataFrame) -> pd.DataFrame:
    """The village table with the choice, without uncertainty."""
    known = pd.concat([villages, rates.estimates(study, villages).columns], axis=1)
    known = pd.concat([known, steps.score(study, known).columns], axis=1)
    return pd.concat([known, steps.choice(study, known).columns], axis=1)


def test_no_village_below_a_threshold_is_chosen(study: Study, found: intake.Intake) -> None:
    rules = {"selection__threshold": [{"indicator": "stunting", "above": 0.3}], "selection__count": 12}
    told = chosen(changed(study, **rules, selection__least_kecamatan=None), found.villages)
    assert told["selected"].sum() == 12
    assert (told.loc[told["selected"], "estimate_stunting"] > 0.3).all()
    low = told["rank"].notna() & (told["estimate_stunting"] <= 0.3)
    assert set(told.loc[low, "left_out_by"]) == {"threshold"}


def test_money_for_so_many_villages_chooses_as_many(study: Study, found: intake.Intake) -> None:
    """Law: with one cost for all, a budget is a count."""
    by_count = chosen(study, found.villages)["selected"]
    by_money = chosen(changed(study, selection__count=None, selection__budget=24.9), found.villages)["selected"]
    pd.testing.assert_series_equal(by_money, by_count)


def test_the_list_for_children_reaches_the_most_of_them(study: Study, found: intake.Intake) -> None:
    for_children = changed(study, selection__objective="children")
    by_score, by_children = (chosen(s, found.villages) for s in (study, for_children))
    children = choosing.Choice(study, by_score).children
    assert children is not None
    assert children[by_children["selected"]].sum() > children[by_score["selected"]].sum()


def test_no_more_newcomers_than_the_meeting_allows(study: Study, found: intake.Intake) -> None:
    told = chosen(changed(study, selection__max_new=13), found.villages)
    assert (told["selected"] & ~told["last_year"]).sum() <= 13 and told["selected"].sum() == 24


WAYS = [{"method__weights": way} for way in weights.WEIGHTINGS]
WAYS += [{"method__normalise": way} for way in ("goalposts", "fraction", "zscore", "rank", "borda")]
WAYS += [{"method__treatment": way} for way in ("none", "winsorise_log")]
WAYS += [{"method__within": "harmonic"}, {"method__across": "topsis"}, {"method__across": "copeland"}]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "=".join(map(str, *way.items())))
def test_every_way_of_making_the_score_ranks_every_village_with_data(
    study: Study, found: intake.Intake, way: dict[str, str]
) -> None:
    """Law: the same villages are ranked, by scores of 0 to 100 that their contributions sum to."""
    if "goalposts" in way.values():
        raw = changed(study).resolved()
        for use in raw["indicator"]:
            use["goalposts"] = [0, 200 if use["id"] == "stunting_count" else 1]
        study = make_study(raw, study.folder)
    told = chosen(changed(study, **way), found.villages)
    usual = chosen(study, found.villages)
    assert told["rank"].notna().tolist() == usual["rank"].notna().tolist()
    parts = told.filter(like="contribution_").sum(axis=1)[told["rank"].notna()]
    np.testing.assert_allclose(parts, told["score"].dropna(), atol=1e-6)
    assert told["score"].dropna().between(0, 100).all() and told["score"].std() > 1


def spatial_step(study: Study, found: intake.Intake) -> steps.Found:
    metric = to_metric(found.geometry)
    near = steps.neighbours(study, metric)
    known = pd.concat([found.villages, rates.estimates(study, found.villages, near).columns], axis=1)
    return steps.space(study, known, near, metric)


def test_scan_clusters_are_of_the_villages_and_children_that_are_told(study: Study, found: intake.Intake) -> None:
    quick = changed(study, space__permutations=99, space__scan_replicas=99)
    made = spatial_step(quick, found)
    scan, member = made.extra["scan"], made.columns["scan_cluster"]
    assert scan["clusters"] and scan["skipped"] == "" and scan["villages"] == member.notna().sum()
    assert made.columns.loc[member.notna(), "gi_star"].notna().all()
    v = found.villages
    for told in scan["clusters"]:
        inside = v.loc[told["villages"]]
        assert member.index[member == told["number"]].tolist() == told["villages"]
        assert told["observed"] == inside["numerator_stunting"].sum() > told["expected"]
        assert told["population"] == inside["denominator_stunting"].sum()
        assert told["excess"] == pytest.approx(
            told["observed"] - scan["cases"] / scan["population"] * told["population"]
        )
        assert told["p"] <= scan["level"]
    near = made.extra["neighbours"]
    assert near["by"] == "queen" and near["pairs"] == near["touch"] + near["near"] + near.get("ferry", 0)


def test_of_a_coverage_the_cases_are_those_not_reached(study: Study, found: intake.Intake) -> None:
    of = next(m.id for m in study.services)
    made = spatial_step(changed(study, space__of=of, space__permutations=99, space__scan_replicas=99), found)
    v, seen = found.villages, made.columns["scan_cluster"].notna()
    people, had = v.loc[seen, f"denominator_{of}"], v.loc[seen, f"numerator_{of}"]
    assert made.extra["scan"]["cases"] == (people - had.clip(upper=people)).sum()


def test_what_was_not_scanned_says_why(study: Study, found: intake.Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = changed(study, space__permutations=99)
    by_value = next(m.id for m in study.measures if not m.denominator)
    villages = pd.concat([found.villages, rates.estimates(quick, found.villages).columns], axis=1)
    metric = to_metric(found.geometry)
    near = steps.neighbours(quick, metric)
    off = steps.space(changed(quick, space__scan="none"), villages, near, metric)
    without = steps.space(changed(quick, space__of=by_value), villages, near, metric)
    nowhere = steps.space(quick, villages, near)
    monkeypatch.setattr(steps, "MOST_SCANNED", 100)
    large = steps.space(quick, villages, near, metric)
    made = {"off": off, "no_counts": without, "no_polygons": nowhere, "too_many": large}
    for why, one in made.items():
        assert one.extra["scan"]["skipped"] == why and one.extra["scan"]["clusters"] == []
        assert one.columns["scan_cluster"].isna().all()


@pytest.mark.parametrize(("by", "evidence"), [("rook", {"touch"}), ("knn", {"nearest"}), ("distance", {"within"})])
def test_every_way_of_being_neighbours_runs(study: Study, found: intake.Intake, by: str, evidence: set[str]) -> None:
    quick = changed(study, space__by=by, space__k=4, space__permutations=99, space__scan="none")
    made = spatial_step(quick, found)
    assert evidence <= set(made.columns["neighbour_evidence"]) <= evidence | {"near", "ferry", "none"}
    assert (made.columns["neighbours"] > 0).sum() >= 238


def test_a_distance_that_makes_everybody_neighbours_of_all_is_refused(
    study: Study, found: intake.Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lokus.methods.spatial.MOST_PAIRS", 1_000)
    far = changed(study, space__by="distance", space__distance_m=50_000.0)
    with pytest.raises(StudyError) as told:
        steps.neighbours(far, to_metric(found.geometry))
    assert [p.code for p in told.value.problems] == ["neighbours_too_many"]
    assert told.value.problems[0].where.key == "space.distance_m"
