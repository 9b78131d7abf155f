"""The audit of a stored run: what it says is what the run's own steps would say of another study."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lokus import audits, messages, runs, schema, steps
from lokus.cli import entry
from lokus.errors import LokusError
from lokus.outputs import audit, banding, words
from lokus.pipeline import Run
from lokus.study import make_study

TABLES = {
    "indicators", "groups", "flags", "without", "list", "borderline", "movers", "rank_sets", "measuring",
    "availability", "absent", "sizes", "filled", "favourable", "chosen", "cautious",
}  # fmt: skip
TITLES = ("drives", "without", "moves", "sets", "measuring", "data", "choice", "weights")


@pytest.fixture(scope="module")
def told(demo: Run) -> audits.Audit:
    return audit.ask(demo)


def test_the_list_it_speaks_of_is_the_runs(demo: Run, told: audits.Audit) -> None:
    for column in ("score_units", "rank", "need_krs", "dimension_burden", "estimate_stunting"):
        pd.testing.assert_series_equal(told.made.villages[column], demo.villages[column])
    assert told.made.top_n == demo.facts["top_n"]
    weights = {e["id"]: e["weight"] for e in demo.facts["indicators"] if e["scored"]}
    np.testing.assert_allclose(told.indicators["effective"], [weights[i] for i in told.indicators.index], atol=1e-4)


@pytest.mark.parametrize(
    ("node", "gone"),
    [
        ("need_krs", ["krs"]),
        ("need_stunting_count", ["stunting_count"]),
        ("dimension_risk", ["krs", "air_tidak_layak", "jamban_tidak_layak"]),
    ],
)
def test_the_list_without_a_part_is_that_of_a_study_without_it(
    demo: Run, told: audits.Audit, node: str, gone: list[str]
) -> None:
    """Oracle: the study that does not score it, run through the same steps."""
    raw = demo.manifest["study"]
    raw = {**raw, "indicator": [{**u, "score": u["score"] and u["id"] not in gone} for u in raw["indicator"]]}
    left = {m.dimension for m in told.made.scored.measures if m.id not in gone}
    raw["dimension"] = [d for d in raw["dimension"] if d["id"] in left]
    known = [c for c in demo.villages if schema.column(c).step in ("places", "join", "prevalence")]
    other = steps.score(make_study(raw, Path()), demo.villages[known]).columns["rank"]
    first, n = demo.villages["rank"], told.made.top_n
    row = told.without.loc[node]
    assert row["mean_change"] == pytest.approx((first - other).abs().mean())
    assert row["most_change"] == (first - other).abs().max()
    assert set(row["entered"]) == set(other.index[(other <= n).fillna(False) & ~(first <= n).fillna(False)])
    assert set(row["left"]) == set(other.index[~(other <= n).fillna(False) & (first <= n).fillna(False)])


def test_what_drives_the_score_is_what_its_correlation_says(demo: Run, told: audits.Audit) -> None:
    """Oracle: pandas' own correlation over the ranked villages."""
    v = demo.villages[demo.villages["status"] == "ranked"]
    for name, row in told.indicators.iterrows():
        assert row["correlation"] == pytest.approx(v[f"need_{name}"].corr(v["score"]))


def test_rank_sets_hold_the_rank_and_all_at_once_are_wider(demo: Run, told: audits.Audit) -> None:
    """Law: a set holds its own rank; what holds for all at once is no narrower for hardly anyone; who is surely in
    is chosen by the score."""
    sets, rank = told.sets, demo.villages["rank"]
    assert sets is not None and list(sets.index) == list(rank.dropna().index)
    for kind in ("marginal", "simultaneous"):
        assert ((sets[f"low_{kind}"] <= rank[sets.index]) & (rank[sets.index] <= sets[f"high_{kind}"])).all()
    width = {k: (sets[f"high_{k}"] - sets[f"low_{k}"]).astype(float) for k in ("marginal", "simultaneous")}
    assert width["simultaneous"].mean() > width["marginal"].mean()
    n = told.made.top_n
    assert (rank[sets.index][sets["high_simultaneous"] <= n] <= n).all()
    assert (rank[sets.index][sets["low_simultaneous"] > n] > n).all()


def test_the_assumptions_that_move_the_list_are_all_asked(told: audits.Audit) -> None:
    """Law: every factor has its indices, nothing failed, and N places are shared out whatever is assumed."""
    some = told.sensitivity
    assert some is not None and some.failed == 0
    assert set(some.of_list["factor"]) == {"sampling", "weights", "normalise", "aggregate", "treatment", "prior"}
    assert np.nansum(some.p_top) == pytest.approx(told.made.top_n, abs=0.05)
    firsts = some.of_list.groupby("output")["first"].sum()
    assert (firsts < 1.1).all() and (some.of_list["total"] > -1e-9).all()


def test_measuring_more_asks_for_children_that_are_there(demo: Run, told: audits.Audit) -> None:
    v = demo.villages.loc[told.measuring.index]
    left = v["denominator_measured"] - v["denominator_stunting"]
    assert len(told.measuring) >= 5
    assert (told.measuring["more"] <= left).all() and told.measuring["more"].between(5, 20).all()
    assert told.measuring["gain"].is_monotonic_decreasing and (told.measuring["gain"] > 0).all()


@pytest.mark.parametrize("lang", messages.LANGS)
def test_every_question_is_answered_in_words(demo: Run, told: audits.Audit, lang: str) -> None:
    said = "\n".join(audit.lines(demo, told, lang))
    for name in TITLES:
        assert messages.text(f"audit.{name}.title", lang) in said
    for entry_ in demo.facts["indicators"]:
        if entry_["scored"]:
            assert words.short(entry_, lang) in said
    assert "None" not in said and " nan" not in said and "{" not in said and "need_" not in said
    some = told.sensitivity
    assert some is not None
    beyond = dataclasses.replace(some, of_list=some.of_list.assign(first=-0.02, total=1.02))
    said = "\n".join(audit.lines(demo, dataclasses.replace(told, sensitivity=beyond), lang))
    assert "102" not in said and ": 0 %; 100 %." in said


@pytest.mark.parametrize("lang", messages.LANGS)
def test_each_doubt_has_its_sentence_and_no_doubt_has_one_too(demo: Run, told: audits.Audit, lang: str) -> None:
    pairs = [
        ("collinear", "need_krs", "need_air_tidak_layak", 0.95, "dimension_risk"),
        ("negative", "need_krs", "need_air_tidak_layak", -0.5, "dimension_risk"),
        ("negative", "dimension_risk", "score", -0.5, "score"),
        ("weak", "need_krs", "dimension_risk", 0.1, "dimension_risk"),
    ]
    flags = pd.DataFrame(pairs, columns=["kind", "first", "second", "correlation", "group"])
    said = audit.lines(demo, dataclasses.replace(told, flags=flags), lang)
    assert len({line for line in said if line.startswith("  ! ")}) >= 4
    sound = told.indicators.assign(drives=told.indicators["effective"])
    quiet = dataclasses.replace(told, flags=flags[:0], groups=told.groups[:0], indicators=sound, sizes=told.sizes[:0])
    said = audit.lines(demo, quiet, lang)
    assert messages.text("audit.drives.nothing", lang) in said
    assert not [line for line in said if line.startswith("  ! ")]


def test_the_public_reads_no_gain_that_tells_a_hidden_count(demo: Run, told: audits.Audit) -> None:
    """Law: where a village's rate is told by a band, neither the gain nor how many are left is told."""
    entry_ = words.indicator(demo, "stunting")
    few = [c for c in demo.villages.index if entry_ and banding.band(demo, words.row_of(demo, c), entry_)][:5]
    assert len(few) == 5
    hidden = dataclasses.replace(told, measuring=pd.DataFrame({"more": 17, "gain": 0.123}, index=few))
    public, full = (audit.tables(demo, hidden, public=flag)["measuring"] for flag in (True, False))
    assert public[["more", "gain"]].isna().all(axis=None) and full[["more", "gain"]].notna().all(axis=None)
    said = "\n".join(audit.lines(demo, hidden, "id"))
    assert "0,12" not in said.split(messages.text("audit.measuring.title", "id"))[1]
    assert "0,12" in "\n".join(audit.lines(demo, hidden, "id", public=False))


def test_too_many_villages_skip_what_would_take_minutes(
    demo: Run, told: audits.Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "MOST_VILLAGES", 10)
    large = audit.ask(demo)
    assert large.sensitivity is None and large.sets is None
    pd.testing.assert_frame_equal(large.without, told.without)
    assert audit.lines(demo, large, "id").count("Dilewati: lebih dari 10 desa.") == 2
    assert not {"list", "borderline", "movers", "rank_sets"} & set(audit.tables(demo, large))


def test_what_is_missing_is_counted_and_nobody_to_reach_is_no_lack(demo: Run, told: audits.Audit) -> None:
    """Oracle: the columns of the run, and that filling what is missing ranks the rest of the villages."""
    v = demo.villages
    for name, row in told.absent.iterrows():
        assert row["missing"] == v[f"estimate_{name}"].isna().sum()
    assert told.absent.loc["bumil_kek_pmt", "no_target"] == (v["denominator_bumil_kek_pmt"] == 0).sum() > 20
    assert (told.availability["missing"] - told.availability["no_target"]).sum() == (
        told.absent["missing"] - told.absent["no_target"]
    ).sum()
    assert (told.filled["ranked"] == v["rank"].isna().sum()).all()
    for side in ("entered", "left"):
        assert (told.filled["entered"].map(len) == told.filled[side].map(len)).all()


def test_filling_what_is_missing_is_filling_the_table(demo: Run, told: audits.Audit) -> None:
    """Oracle: the run's own steps on a table whose gaps hold the mean of the kecamatan."""
    study = make_study(demo.manifest["study"], Path())
    v = told.made.villages.copy()
    for m in told.made.scored.measures:
        mean = v.groupby("kecamatan_code")[f"estimate_{m.id}"].transform("mean")
        none = v.get(f"denominator_{m.of or m.id}", pd.Series(1.0, v.index)) == 0
        v[f"estimate_{m.id}"] = v[f"estimate_{m.id}"].fillna(mean).mask(none)
    again = steps.score(study, v.drop(columns=[c for c in v if schema.column(c).step == "score"])).columns
    listed = again["score_units"].dropna().sort_values(ascending=False, kind="stable").index[: told.made.top_n]
    first = set(demo.villages.index[(demo.villages["rank"] <= told.made.top_n).fillna(False)])
    assert set(told.filled.loc["group_mean", "entered"]) == set(listed) - first


def test_the_indicators_that_follow_size_are_the_counts(demo: Run, told: audits.Audit) -> None:
    assert list(told.sizes["indicator"]) == ["stunting_count"]
    v = demo.villages[demo.villages["status"] == "ranked"]
    by = v[f"denominator_{told.sizes['denominator'][0]}"]
    assert told.sizes["correlation"][0] == pytest.approx(v["estimate_stunting_count"].corr(by))


def test_kind_weights_bring_no_village_up_that_others_exceed_in_everything(demo: Run, told: audits.Audit) -> None:
    """Law: who has N villages in front in every indicator has no rank up to N under any weights; more freedom never
    bars the one who leads under less."""
    some, top = told.favourable, told.made.top_n
    assert some is not None
    for column in ("rank_any", "rank_moderate"):
        assert (some[column] <= len(some)).all() and (some[column] >= 1).all()
    assert (some.loc[some["behind"] == 0, "rank_any"] == 1).any()
    assert ((some["rank_any"] == 1) >= (some["rank_moderate"] == 1)).all()
    # Equals may share a rank: those in front strictly in one are counted by chance of rounding alone.
    assert (some.loc[some["behind"] >= top, "rank_moderate"] > top).all()


def test_lists_chosen_again_hold_as_many_villages_and_obey_the_rules(demo: Run, told: audits.Audit) -> None:
    """Law: shares of the draws sum to N; no kecamatan holds more than it may on average; the sure are chosen."""
    assert told.frequency is not None and told.frequency.sum() == pytest.approx(demo.facts["selection"]["count"])
    most = next(r["value"] for r in demo.facts["selection"]["rules"] if r["key"] == "selection.max_per_kecamatan")
    assert told.frequency.groupby(demo.villages["kecamatan_code"]).sum().max() <= most + 1e-9
    assert demo.villages["selected"][told.frequency > 0.95].all()


def test_the_cautious_list_is_the_best_where_data_mislead(demo: Run, told: audits.Audit) -> None:
    """Law: each list is the best by its own measure, of as many villages, under the same rules."""
    some = told.cautious
    assert some is not None
    assert (some.lists.sum() == demo.facts["selection"]["count"]).all()
    assert some.children["mean"].idxmax() in ("mean", "worst")
    assert some.children.loc["mean", "mean"] >= some.children["mean"].max() - 1e-9
    assert some.children.loc["worst", "worst"] >= some.children["worst"].max() - 1e-9
    assert (some.children["worst"] <= some.children["mean"]).all()
    in_each = some.lists["worst"].groupby(demo.villages["kecamatan_code"]).sum()
    assert in_each.max() <= 4 and (in_each > 0).sum() >= 10


def test_children_of_a_short_list_are_banded(demo: Run, told: audits.Audit) -> None:
    some = told.cautious
    assert some is not None
    few = dataclasses.replace(some, children=some.children * 0 + 3.0)
    small = dataclasses.replace(told, cautious=few)
    assert audit.tables(demo, small)["cautious"][["mean", "worst"]].isna().all(axis=None)
    assert audit.tables(demo, small, public=False)["cautious"][["mean", "worst"]].notna().all(axis=None)
    said = [line for line in audit.lines(demo, small, "id") if "Daftar paling aman" in line]
    assert said and all("1–4" in line for line in said)


def test_the_command_writes_tables_and_tells_values(
    demo: Run, told: audits.Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = runs.write(demo, tmp_path / "runs"), tmp_path / "audit"
    assert entry(["audit", str(folder), "-o", str(out), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["run"] == demo.facts["run_id"] and values["failed"] == 0 and values["text"]
    assert {path.stem for path in out.iterdir()} == TABLES
    for name in TABLES:
        assert (out / f"{name}.csv").read_bytes().startswith(b"\xef\xbb\xbf")
        table = pd.read_csv(out / f"{name}.csv", dtype={"village": "str"})
        assert len(table) == len(values[name])
    assert set(pd.read_csv(out / "rank_sets.csv")["village"]) <= set(demo.villages.index)
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(LokusError) as fault:
        audit.write(audit.tables(demo, told), blocked)
    assert fault.value.code == "run_unwritable" and fault.value.exit_code == 1
