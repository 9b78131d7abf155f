"""Laws: a preset's list is the one its run makes, the study's own is the run's, and nothing is hidden or made up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from studies import pasangkayu

from lokus import intake, pipeline, rates, runs, steps, ways
from lokus.catalog.presets import presets
from lokus.cli import entry
from lokus.cli.analyses import tell_ways
from lokus.demo import write_study
from lokus.errors import InfeasibleSelection, LokusError, StudyError
from lokus.messages import LANGS, has
from lokus.outputs import ways as words
from lokus.study import Study, make_study, open_study

# Nothing here looks at chances or hot spots.
QUICK: dict[str, Any] = {"uncertainty": {"draws": 100}, "space": {"permutations": 99}}
ABLE = ("burden_only", "seimbang", "tanah_bumbu")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Study:
    """Pasangkayu with places enough for each of its 12 kecamatan."""
    return pasangkayu(shared_data, selection={"count": 15, "max_per_kecamatan": 3}, **QUICK)


@pytest.fixture(scope="module")
def read(real: Study) -> intake.Intake:
    return intake.read(real)


@pytest.fixture(scope="module")
def found(real: Study) -> ways.Ways:
    return ways.side_by_side(real)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo study, its simulations cut short."""
    folder = write_study(tmp_path_factory.mktemp("ways") / "studi")
    text = (folder / "lokus.toml").read_text("utf-8")
    text = text.replace("permutations = 9999", "permutations = 99") + "\n[uncertainty]\ndraws = 100\n"
    (folder / "lokus.toml").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def demo(home: Path) -> ways.Ways:
    return ways.side_by_side(open_study(home))


def changed(study: Study, **sections: Any) -> Study:
    return make_study({**study.resolved(), **sections}, study.folder)


def listed(chosen: pd.Series) -> set[str]:
    return set(chosen.index[chosen])


def way(found: ways.Ways, name: str) -> ways.Way:
    return next(w for w in found.every if w.id == name)


def own_list(study: Study, found: ways.Ways, read: intake.Intake) -> set[str]:
    """Oracle: the study's own choice, made by a run."""
    run = pipeline.run(study, read)
    told = run.facts["selection"]["children"]
    assert way(found, ways.OWN).children == pytest.approx(told)
    return listed(run.villages["selected"])


def test_the_studys_own_way_is_the_choice_of_its_run(real: Study, read: intake.Intake, found: ways.Ways) -> None:
    assert listed(found.chosen[ways.OWN]) == own_list(real, found, read)


def test_so_it_is_on_the_demo(home: Path, demo: ways.Ways) -> None:
    study = open_study(home)
    assert listed(demo.chosen[ways.OWN]) == own_list(study, demo, intake.read(study))


@pytest.mark.parametrize("rules", [{"objective": "probability", "budget": 7.0}, {"objective": "overlap", "count": 7}])
def test_so_it_is_by_another_objective(shared_data: Path, read: intake.Intake, rules: dict[str, Any]) -> None:
    study = pasangkayu(shared_data, selection=rules, **QUICK)
    found = ways.side_by_side(study)
    assert listed(found.chosen[ways.OWN]) == own_list(study, found, read)


@pytest.mark.parametrize("name", ABLE)
def test_a_presets_list_is_the_one_its_run_makes(real: Study, found: ways.Ways, name: str) -> None:
    study, read, told = ways.read(real, name)
    run = pipeline.run(study, read)
    assert listed(found.chosen[name]) == listed(run.villages["selected"])
    assert told["preset"] == {"id": name, "left_out": list(way(found, name).left_out)}


def test_every_preset_is_told_whether_it_can_run_or_not(real: Study, found: ways.Ways) -> None:
    assert [w.id for w in found.every] == [ways.OWN, *presets()]
    assert list(found.chosen) == [ways.OWN, *ABLE]
    for w in found.every:
        assert (w.chosen is None) == bool(w.missing or w.fault)
    assert way(found, "tanah_bumbu").left_out == ("services",)
    assert way(found, "gunungkidul").missing == ("bumil_kek_count", "air_minum")
    for w in (w for w in found.every if w.missing):
        with pytest.raises(StudyError) as fault:
            ways.read(real, w.id)
        assert fault.value.problems[0].params["missing"] == list(w.missing)


def test_a_preset_whose_rules_cannot_hold_is_told_and_stops_nothing(shared_data: Path) -> None:
    fewer = pasangkayu(shared_data, selection={"count": 10}, **QUICK)  # and 12 kecamatan that want one each
    found = ways.side_by_side(fewer)
    assert isinstance(way(found, "tanah_bumbu").fault, InfeasibleSelection)
    assert "selection.min_per_kecamatan" in "\n".join(words.closing(found, "id"))
    assert list(found.chosen) == [ways.OWN, "burden_only", "seimbang"]


def test_an_indicator_without_data_counts_as_none(real: Study, tmp_path: Path) -> None:
    tables = real.resolved()["table"]
    krs = pd.read_csv(real.path(tables[1]["path"]), sep=";", dtype="str", keep_default_na=False)
    krs.assign(**{"JUMLAH KRS": ""}).to_csv(tmp_path / "krs.csv", sep=";", index=False)
    tables[1]["path"] = str(tmp_path / "krs.csv")
    study = changed(real, table=tables, outside_paths=True)
    found = ways.side_by_side(study)
    assert way(found, "tanah_bumbu").missing == ("krs_count",)
    balanced, read, _ = ways.read(study, "seimbang")
    assert {m.id for m in balanced.measures if m.score} >= {"stunting", "jamban_tidak_layak"}
    assert "krs" not in {m.id for m in balanced.measures if m.score}
    villages, _ = scored(balanced, read)
    assert listed(found.chosen["seimbang"]) == listed(steps.choice(balanced, villages).columns["selected"])


def test_the_table_holds_who_is_chosen_by_any_and_by_how_many(demo: ways.Ways) -> None:
    table, chosen = demo.table(), demo.chosen
    assert set(table.index) == set().union(*(listed(chosen[name]) for name in chosen))
    for code, row in table.iterrows():
        by = [name for name in chosen if code in listed(chosen[name])]
        assert row["ways"] == len(by)
        most = 2 * len(by) > chosen.shape[1]
        word = "all" if len(by) == chosen.shape[1] else "one" if len(by) == 1 else "most" if most else "some"
        assert row["chosen_by"] == word
    assert table["ways"].is_monotonic_decreasing
    assert chosen.shape[1] == 4 and {"all", "most", "some", "one"} == set(table["chosen_by"])


def scored(study: Study, read: intake.Intake) -> tuple[pd.DataFrame, steps.Scored]:
    villages = pd.concat([read.villages, rates.estimates(study, read.villages).columns], axis=1)
    score = steps.score(study, villages)
    return pd.concat([villages, score.columns], axis=1), score.extra


def panel_of(study: Study, read: intake.Intake) -> tuple[dict[str, set[str]], set[str]]:
    """Each method's list, and the study's own."""
    villages, made = scored(study, read)
    lists = {name: listed(flags) for name, flags in ways.panel_lists(study, villages, made)}
    return lists, listed(steps.choice(study, villages).columns["selected"])


def test_mabac_of_the_panel_is_a_study_that_takes_weighted_means(real: Study, read: intake.Intake) -> None:
    """Its distances to the border are min-max needs less a constant."""
    lists, own = panel_of(changed(real, method={"within": "arithmetic"}), read)
    assert lists["mabac"] == own
    assert len({frozenset(one) for one in lists.values()}) > 3


def test_so_it_is_where_needs_are_missing(home: Path) -> None:
    """Weighted means over what is observed: 42 of the demo's villages have no target group for some service."""
    study = open_study(home)
    lists, own = panel_of(changed(study, dimension=[], method={"within": "arithmetic"}), intake.read(study))
    assert lists["mabac"] == own


def test_methods_count_lists_of_the_studys_length_and_none_twice(
    real: Study, read: intake.Intake, found: ways.Ways
) -> None:
    assert len(ways.PANEL) == 18
    assert not {"copras", "ram", "mairca"} & set(ways.PANEL)
    assert found.methods is not None
    assert found.methods.sum() == 18 * 15
    rules = found.villages.loc[found.methods == 18, "kecamatan_code"].value_counts()
    assert rules.max() <= 3
    lists, _ = panel_of(real, read)
    assert found.methods.to_dict() == {c: sum(c in one for one in lists.values()) for c in found.villages.index}


def test_a_judged_study_can_be_seen_by_every_preset(real: Study) -> None:
    judged = changed(real, method={"weights": "budget", "points": [[30, 20, 20, 15, 15], [40, 20, 20, 10, 10]]})
    assert ways.under(judged, "burden_only")[0].method.points == ()


def test_few_children_are_not_told(found: ways.Ways) -> None:
    few = replace(found, every=tuple(replace(w, children=3.2) if w.chosen is not None else w for w in found.every))
    assert all(told["children"] is None for told in words.as_values(few, "id")["ways"])
    assert "1–4" in "\n".join(words.heading(few, "id"))


@pytest.mark.parametrize("lang", LANGS)
def test_all_presets_are_told_with_source_and_warning(
    lang: str, found: ways.Ways, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry(["presets", "--lang", lang]) == 0
    told = capsys.readouterr().out
    for preset in presets().values():
        assert preset.source in told and getattr(preset, f"warning_{lang}") in told
        assert all(use.id in told for use in preset.indicator)
    for name in ABLE:
        assert presets()[name].source in "\n".join(words.heading(found, lang))
    assert len(words.village_rows(found, lang)) == len(found.table())


def test_a_run_under_a_preset_says_so_and_can_be_verified(real: Study, tmp_path: Path) -> None:
    study, read, told = ways.read(real, "tanah_bumbu")
    run = pipeline.run(study, read)
    folder = runs.write(replace(run, manifest={**run.manifest, **told}), tmp_path)
    stored = runs.read(folder)
    assert presets()["tanah_bumbu"].label_id in stored.facts["title"]
    assert presets()["tanah_bumbu"].warning_id in "\n".join(words.under(stored.manifest, "id"))
    assert not words.under(run.manifest, "id")
    assert runs.verify(folder, real.folder).outcome == "identical"


def test_every_step_told_on_the_way_has_its_word(real: Study, read: intake.Intake) -> None:
    told: set[str] = set()
    pipeline.run(real, read, tell=lambda step, done, of: told.add(step))
    ways.side_by_side(real, tell=lambda step, done, of: told.add(step))
    assert {"read", "selection"} < told
    assert not [step for step in told if not has(f"cli.step.{step}")]


def test_the_commands_say_the_same(
    home: Path, demo: ways.Ways, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cara.csv"
    assert entry(["presets", str(home), "-o", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {w["id"]: w["selected"] and set(w["selected"]) for w in told["ways"]} == {
        w.id: None if w.chosen is None else listed(w.chosen) for w in demo.every
    }
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    stored = pd.read_csv(file, dtype={"village_code": "str"}).set_index("village_code")
    assert stored["gunungkidul"].to_dict() == demo.table()["gunungkidul"].to_dict()
    assert entry(["run", str(home), "--preset", "gunungkidul", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert set(run["selected"]) == listed(demo.chosen["gunungkidul"])
    assert run["preset"] == {"id": "gunungkidul", "left_out": []}


def test_the_screen_shows_every_village_way_and_reason(demo: ways.Ways, capsys: pytest.CaptureFixture[str]) -> None:
    tell_ways(demo, "id")
    shown = capsys.readouterr().out
    assert all(name in shown for name in demo.table()["village"])
    assert all(words.label(w, "id") in shown for w in demo.every)
    assert "anggaran None" not in shown


def test_a_table_of_ways_runs_no_formula(found: ways.Ways, tmp_path: Path) -> None:
    words.write(replace(found, villages=found.villages.assign(village="=1+1")), tmp_path / "w.csv")
    assert set(pd.read_csv(tmp_path / "w.csv")["village"]) == {"'=1+1"}


def test_a_table_of_ways_overwrites_no_input(home: Path, demo: ways.Ways) -> None:
    before = (home / "data" / "krs.csv").read_bytes()
    for kept in (home / "data" / "krs.csv", home / "lokus.toml"):
        with pytest.raises(StudyError):
            words.write(demo, kept)
    with pytest.raises(LokusError, match="tidak dapat ditulis"):
        words.write(demo, home)
    assert (home / "data" / "krs.csv").read_bytes() == before


def test_a_wrong_name_and_a_lack_end_in_words(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry(["run", str(home), "--preset", "tanah_laut"]) == 2
    assert "tanah_bumbu" in capsys.readouterr().err
    assert entry(["run", str(home), "--preset", "pemalang"]) == 2
    assert "rawan_pangan, miskin_ekstrem" in capsys.readouterr().err
