"""The study file: what it refuses, all at once and with key paths; what it fills in."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from lokus import messages
from lokus.errors import StudyError
from lokus.study import Study, judged_weights, make_study, open_study

GOOD: dict[str, Any] = {
    "lokus": 1,
    "study": {"title": "Contoh", "year": 2026},
    "boundaries": {"path": "boundaries/desa.shp", "code_system": "kemendagri"},
    "table": [{"id": "gizi", "path": "data/gizi.xlsx", "place": {"village": "Desa"}}],
    "indicator": [
        {"id": "stunting", "table": "gizi", "numerator": ["Pendek", "Sangat Pendek"], "denominator": "Diukur"},
        {"id": "stunting_count", "of": "stunting"},
    ],
    "selection": {"count": 10},
}


def changed(**paths: Any) -> dict[str, Any]:
    """The good study with values set by dotted paths written with `__` (numbers index lists)."""
    raw = copy.deepcopy(GOOD)
    for path, value in paths.items():
        *way, last = path.split("__")
        node: Any = raw
        for step in way:
            node = node[int(step)] if step.isdigit() else node.setdefault(step, {})
        node[last] = value
    return raw


def faults(raw: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(StudyError) as caught:
        make_study(raw, Path())
    for p in caught.value.problems:
        for lang in messages.LANGS:
            assert messages.problem(p, lang)
    return {p.where.key: p.code for p in caught.value.problems}


def test_the_good_study_is_read_and_written_out_and_read_again_as_itself() -> None:
    study = make_study(GOOD, Path("rumah"))
    assert study.path("data/gizi.xlsx") == Path("rumah/data/gizi.xlsx")
    assert make_study(study.resolved(), Path("rumah")) == study


def test_measures_take_the_catalogue_under_the_studys_own_words() -> None:
    study = make_study(changed(indicator__0__label_id="Prevalensi kita", indicator__0__target=0.12), Path())
    share, count = study.measures
    assert (share.label_id, share.target, share.better, share.kind) == ("Prevalensi kita", 0.12, "lower", "share")
    assert (count.kind, count.of, count.table) == ("count", "stunting", "gizi")
    assert share.columns == {"numerator": ("Pendek", "Sangat Pendek"), "denominator": ("Diukur",)}


@pytest.mark.parametrize(("year", "target"), [(2025, 0.188), (2029, 0.142), (2027, 0.142)])
def test_the_target_of_the_studys_year_is_taken_where_there_is_one(year: int, target: float) -> None:
    measure = make_study(changed(study__year=year), Path()).measures[0]
    assert measure.target == target
    assert (str(year) in measure.target_source) == (year != 2027)


def test_all_shape_faults_are_told_at_once_with_their_key_paths() -> None:
    raw = changed(study__year=1800, selection__cuont=3, boundaries__code_system="bp", table__0__place__desa="X")
    assert faults(raw) == {
        "study.year": "key_range",
        "selection.cuont": "key_unknown",
        "boundaries.code_system": "key_choice",
        "table[1].place.desa": "key_unknown",
    }


def test_the_nearest_known_key_is_named() -> None:
    with pytest.raises(StudyError) as caught:
        make_study(changed(selection__max_per_kec=3), Path())
    assert caught.value.problems[0].params["nearest"] == ["max_per_kecamatan"]


@pytest.mark.parametrize(
    ("change", "key", "code"),
    [
        ({"indicator__0__id": "stuntin"}, "indicator[1].id", "indicator_unknown"),
        ({"indicator__0__table": "gzi"}, "indicator[1].table", "table_unknown"),
        ({"indicator__0__denominator": []}, "indicator[1]", "columns_of_share"),
        ({"indicator__0__percent": "% Stunting"}, "indicator[1]", "columns_of_share"),
        ({"indicator__1__of": "krs"}, "indicator[2].of", "of_unknown"),
        ({"indicator__1__value": "Jumlah"}, "indicator[2].of", "of_with_columns"),
        ({"table__0__place": {"kecamatan": "Kec"}}, "table[1].place", "place_missing"),
        ({"table__0__place": {"code": "Kode"}}, "table[1].code_system", "code_system_missing"),
        ({"table__0__place": {"last4": "Kode", "kecamatan": "Kec"}}, "table[1].code_system", "code_system_missing"),
        ({"table__0__place": {"last4": "Kode"}}, "table[1].place.last4", "last4_alone"),
        ({"table__0__path": "../rahasia.xlsx"}, "table[1].path", "path_outside"),
        ({"boundaries__path": "C:\\data\\desa.shp"}, "boundaries.path", "path_outside"),
        ({"boundaries__path": "/data/desa.shp"}, "boundaries.path", "path_outside"),
        ({"crosswalk": "../crosswalk.csv", "outside_paths": True}, "crosswalk", "path_outside"),
        ({"selection__keep_last_year": True}, "selection.keep_last_year", "last_year_missing"),
        ({"selection__last_year": "lama"}, "selection.last_year", "table_unknown"),
        ({"indicator__0__weight": 0, "indicator__1__weight": 0}, "indicator", "weights_zero"),
        ({"clusters__k_min": 5, "clusters__k_max": 3}, "clusters.k_min", "bounds_crossed"),
        ({"dimension": [{"id": "risk"}]}, "indicator[1].dimension", "dimension_unknown"),
        ({"dimension": [{"id": "burden", "inside": "x"}]}, "dimension[1].inside", "dimension_unknown"),
        (
            {"dimension": [{"id": "burden", "inside": "a"}, {"id": "a", "inside": "burden"}]},
            "dimension[1].inside",
            "dimension_circle",
        ),
        ({"dimension": [{"id": "burden"}, {"id": "a", "inside": "burden"}]}, "dimension[2]", "dimension_unused"),
        ({"method__normalise": "goalposts"}, "indicator[2].goalposts", "goalposts_missing"),
        ({"method__normalise": "target"}, "method.normalise", "target_missing"),
        ({"method__weights": "ahp"}, "method.comparisons", "judgements_unlike"),
        ({"method__comparisons": [[1, 2], ["1/2", 1]]}, "method.comparisons", "judgements_unused"),
        ({"method": {"weights": "ahp", "comparisons": [[1, 2], [2, 1]]}}, "method.comparisons", "ahp_unsound"),
        ({"method": {"weights": "ahp", "comparisons": [[1, "dua"], [2, 1]]}}, "method.comparisons", "ahp_unsound"),
        ({"method": {"weights": "budget", "points": [[60, 30]]}}, "method.points", "budget_unsound"),
        ({"selection": {}}, "selection.count", "count_missing"),
        ({"selection__cost": "biaya"}, "selection.cost", "cost_unknown"),
        ({"selection__max_new": 2}, "selection.max_new", "last_year_missing"),
        (
            {"selection__threshold": [{"indicator": "idm", "above": 1}]},
            "selection.threshold[1].indicator",
            "threshold_unknown",
        ),
        ({"selection__threshold": [{"indicator": "stunting"}]}, "selection.threshold[1]", "threshold_without_limit"),
        ({"selection__least_under": {"share": 0.75, "count": 1}}, "selection.least_under.count", "services_too_few"),
    ],
)
def test_faults_between_keys(change: dict[str, Any], key: str, code: str) -> None:
    assert faults(changed(**change))[key] == code


def test_twins_are_refused() -> None:
    raw = changed()
    raw["table"].append(raw["table"][0])
    assert faults(raw) == {"table": "id_twice"}


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "study_missing"), (b"\xff\xfe\x00l", "study_not_utf8"), (b"[study\ntitle = 1", "study_syntax")],
)
def test_unreadable_files_are_told(tmp_path: Path, content: bytes | None, code: str) -> None:
    if content is not None:
        (tmp_path / "lokus.toml").write_bytes(content)
    with pytest.raises(StudyError) as caught:
        open_study(tmp_path)
    assert [p.code for p in caught.value.problems] == [code]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    text = '[study]\ntitle="X"\nyear=2026\n[boundaries]\npath="b.shp"\ncode_system="bps"\n'
    text += '[[table]]\nid="t"\npath="t.csv"\nplace={village="Desa"}\n'
    text += '[[indicator]]\nid="idm"\nlabel_id="IDM"\nkind="value"\nbetter="higher"\ntable="t"\nvalue="idm"\n'
    (tmp_path / "lokus.toml").write_text(text + "[selection]\ncount=3\n", "utf-8-sig")
    assert isinstance(open_study(tmp_path), Study)


def test_judgements_that_contradict_each_other_are_refused() -> None:
    """A over B over C over A: Saaty's consistency ratio is far over 0.1; a sound matrix gives the weights."""
    raw = changed(indicator__0__weight=1)
    raw["indicator"].append({"id": "krs", "table": "gizi", "numerator": "KRS", "denominator": "Keluarga"})
    circle = [[1, 5, "1/5"], ["1/5", 1, 5], [5, "1/5", 1]]
    raw["method"] = {"weights": "ahp", "comparisons": circle}
    assert faults(raw) == {"method.comparisons": "ahp_inconsistent"}
    raw["method"]["comparisons"] = [[1, 2, 6], ["1/2", 1, 3], ["1/6", "1/3", 1]]
    found = judged_weights(make_study(raw, Path()))
    assert found is not None and found.round(9).tolist() == [0.6, 0.3, 0.1]
