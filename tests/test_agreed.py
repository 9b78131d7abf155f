"""Laws of an agreed file: what a map saved makes the very list by an official run, and anything else is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lokus import agreed, runs
from lokus.cli import entry
from lokus.demo import write_study
from lokus.errors import InfeasibleSelection, LokusError, StudyError
from lokus.methods import scoring
from lokus.outputs.explain import explanation
from lokus.outputs.papers import agreement
from lokus.pipeline import Run
from lokus.study import make_study, open_study

REASON = "Akses jalan putus sejak banjir"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo study, its simulations cut short, with its run."""
    folder = write_study(tmp_path_factory.mktemp("agreed") / "studi")
    text = (folder / "lokus.toml").read_text("utf-8")
    text = text.replace("permutations = 9999", "permutations = 99") + "\n[uncertainty]\ndraws = 100\n"
    (folder / "lokus.toml").write_text(text, "utf-8")
    assert entry(["run", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def base(home: Path) -> Run:
    """The run on whose map the meeting agrees."""
    return runs.read(oldest(home))


def oldest(home: Path) -> Path:
    return min((home / "runs").iterdir(), key=lambda f: (f / "run.json").stat().st_mtime)


def saved(base: Run, **changes: Any) -> dict[str, Any]:
    """A file as the map saves it: services weigh double, one village more by hand."""
    scheme = base.facts["scheme"]
    told = {
        "lokus_agreed": 1,
        "run": base.manifest["run_id"],
        "meeting": {"name": "Rembuk stunting", "date": "2026-11-22", "note": "Layanan lebih penting"},
        "weights": {
            "indicators": dict(zip(scheme["indicators"], scheme["weights"], strict=True)),
            "dimensions": {"burden": 3500, "services": 5000, "risk": 1500},
        },
        "selection": {
            "count": 20, "max_per_kecamatan": 3, "min_per_kecamatan": None, "least_kecamatan": 8, "max_new": None,
            "least_kept": None, "keep_last_year": False, "keep": [], "drop": [], "remove": [],
            "add": [{"village": base.villages.index[7], "reason": REASON, "meeting": ""}],
        },
        "list": [],
    }  # fmt: skip
    for path, value in changes.items():
        *way, last = path.split("__")
        inner: Any = told
        for part in way:
            inner = inner[part]
        inner[last] = value
    return told


def right(base: Run, home: Path, **changes: Any) -> dict[str, Any]:
    """Such a file with the list that its setting makes."""
    told = saved(base, **changes)
    study = agreed.lay(agreed.Agreed.model_validate(told), base, home)
    made = agreed.chosen(study, base)
    return {**told, "list": made.index[made].tolist()}


def put(tmp_path: Path, told: Any) -> Path:
    file = tmp_path / "kesepakatan.json"
    file.write_text(told if isinstance(told, str) else json.dumps(told), "utf-8")
    return file


def refused(home: Path, tmp_path: Path, told: Any, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    before = sorted(f.name for f in (home / "runs").iterdir())
    capsys.readouterr()
    code = entry(["run", str(home), "--agreed", str(put(tmp_path, told)), "--json"])
    assert sorted(f.name for f in (home / "runs").iterdir()) == before
    return code, json.loads(capsys.readouterr().out)


def test_an_agreed_file_becomes_an_official_run_that_says_so(
    home: Path, base: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = right(base, home)
    file = put(tmp_path, told)
    capsys.readouterr()
    assert entry(["run", str(home), "--agreed", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["agreed"]["of"] == base.manifest["run_id"] != answer["run_id"]
    assert sorted(answer["selected"]) == told["list"]
    run = runs.read(answer["folder"])
    meeting = "Rembuk stunting, 2026-11-22"
    assert run.facts["title"].endswith(f"({meeting})")
    assert run.manifest["agreed"]["name"] == "Rembuk stunting"
    assert run.manifest["agreed"]["date"] == "2026-11-22"
    code = base.villages.index[7]
    reasons = [{"rule": "add", "village": code, "reason": REASON, "meeting": meeting}]
    assert run.manifest["agreed"]["reasons"] == reasons
    assert run.selection.loc[code, "reason"] == f"{REASON} ({meeting})"
    assert any(meeting in line for line in explanation(run, code)["text"][:1])
    quoted = " ".join((*agreement.agreed(run, "id"), *agreement.named(run, "id", ("add",))))
    assert all(said in quoted for said in ("Rembuk stunting", "22 November 2026", "Layanan lebih penting", REASON))
    scheme = run.facts["scheme"]
    assert dict(zip(scheme["indicators"], scheme["weights"], strict=True)) == told["weights"]["indicators"]
    assert dict(zip(scheme["dimensions"], scheme["dimension_weights"], strict=True)) == told["weights"]["dimensions"]
    assert runs.verify(answer["folder"]).outcome == "identical"
    # On what was agreed one can agree again: the list is made of the stored rates alone.
    again = right(run, home, selection__count=18, selection__add=[])
    study, _, noted = agreed.read(agreed.Agreed.model_validate(again), run, home)
    assert noted["agreed"]["of"] == answer["run_id"]
    assert study.selection.count == len(again["list"]) == 18


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("desa,alasan\n", "agreed_no_json"),
        ("[1, 2]", "agreed_no_json"),
        ("[" * 100_000, "agreed_no_json"),
        ('{"hasil": 1}', "agreed_no_json"),
        ('{"lokus_agreed": 2}', "agreed_format"),
        ('{"lokus_agreed": true}', "agreed_format"),
        ('{"lokus_agreed": 1, "run": "../../lain"}', "agreed_values"),
    ],
)
def test_what_is_no_agreed_file_is_refused(
    home: Path, tmp_path: Path, told: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(home, tmp_path, told, capsys)[1]["error"] == code


def test_a_file_that_is_not_there_is_told(home: Path, tmp_path: Path) -> None:
    with pytest.raises(LokusError) as fault:
        agreed.open_agreed(tmp_path / "tidak-ada.json")
    assert fault.value.code == "agreed_unreadable"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"run": "0123456789ab"}, "agreed_other_run"),
        ({"weights__indicators": {"stunting": 10_000}}, "agreed_unknown"),
        ({"weights__dimensions": {"burden": 5000, "services": 3000, "lain": 2000}}, "agreed_unknown"),
        ({"list": ["99.99.99.9999"]}, "agreed_unknown"),
        ({"selection__add": [{"village": "99.99.99.9999", "reason": REASON}]}, "agreed_unknown"),
        ({"weights__dimensions": {"burden": 5000, "services": 3000, "risk": 1999}}, "agreed_weights"),
        ({"weights__dimensions": {"burden": 0, "services": 0, "risk": 0}}, "agreed_weights"),
        ({"weights__dimensions": {"burden": 1.5, "services": 3000, "risk": 1999}}, "agreed_values"),
        ({"weights__dimensions": {"burden": -1, "services": 8000, "risk": 2001}}, "agreed_values"),
        ({"selection__count": 0}, "agreed_values"),
        ({"selection__budget": 5}, "agreed_values"),
        ({"selection__add": [{"village": "88.01.01.1001", "reason": ""}]}, "agreed_values"),
        ({"meeting__date": "kemarin"}, "agreed_values"),
        ({"selection__min_per_kecamatan": 3}, "selection_infeasible"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_run_is_refused_by_name(
    home: Path, base: Run, tmp_path: Path, changes: dict[str, Any], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = refused(home, tmp_path, saved(base, **changes), capsys)
    assert told["error"] == code
    assert status == (InfeasibleSelection.exit_code if code == "selection_infeasible" else LokusError.exit_code)


def test_an_altered_list_is_refused_and_says_which_villages(
    home: Path, base: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = right(base, home)
    gone, come = told["list"][3], next(c for c in base.villages.index if c not in told["list"])
    altered = {**told, "list": sorted({*told["list"], come} - {gone})}
    _, answer = refused(home, tmp_path, altered, capsys)
    named = {side: [f"{base.villages['village'][c]} ({c})"] for side, c in (("more", come), ("less", gone))}
    assert (answer["error"], answer["params"]) == ("agreed_altered", named)
    twice = {**told, "list": [*told["list"], told["list"][0]]}
    assert refused(home, tmp_path, twice, capsys)[1]["error"] == "agreed_values"


def test_data_that_changed_since_the_meeting_are_refused(
    base: Run, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = right(base, home)
    changed = next(home / i["path"] for i in base.manifest["inputs"] if i["path"].endswith(".csv"))
    before = changed.read_bytes()
    try:
        changed.write_bytes(before + b"\n")
        _, answer = refused(home, tmp_path, told, capsys)
        assert answer["error"] == "agreed_inputs"
        assert changed.relative_to(home).as_posix() in answer["params"]["files"]
    finally:
        changed.write_bytes(before)


def test_preset_and_agreed_together_are_a_usage_fault(home: Path, tmp_path: Path) -> None:
    assert entry(["run", str(home), "--agreed", str(tmp_path / "x.json"), "--preset", "seimbang"]) == 2


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        ({"budget": 30.0}, "budget"),
        ({"budget": 30.0, "count": None}, "budget"),
        ({"objective": "probability"}, "probability"),
        ({"max_new": 5}, "both"),
    ],
)
def test_a_list_that_no_browser_chooses_keeps_its_rules(
    base: Run, home: Path, selection: dict[str, Any], why: str
) -> None:
    raw = copy.deepcopy(base.manifest["study"])
    raw["selection"] |= selection
    study = make_study(raw, home)
    assert agreed.fixed(study.selection) == why
    run = Run(
        base.villages, base.geometry, base.selection, base.join, base.points, (), base.facts,
        {**base.manifest, "study": raw},
    )  # fmt: skip
    own = {name: raw["selection"][name] for name in agreed.Rules.model_fields}
    own["count"] = own["count"] or 24  # as many as the money bought
    laid = agreed.lay(agreed.Agreed.model_validate(saved(run, selection=own)), run, home)
    assert laid.selection == study.selection
    for wrong in ({"selection": {**own, "max_per_kecamatan": 2}}, {"selection": own, "list": ["88.01.01.1001"]}):
        with pytest.raises(LokusError) as fault:
            agreed.lay(agreed.Agreed.model_validate(saved(run, **wrong)), run, home)
        assert fault.value.code in ("agreed_fixed", "agreed_unknown")


@given(st.lists(st.integers(0, 20), min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_units_are_weights_that_come_back_unchanged(weights: list[int]) -> None:
    units = scoring.weight_units([float(w) for w in weights])
    assert scoring.weight_units([float(u) for u in units]) == units
    if any(units):
        # As a study makes them of its weights: scaled to sum 1 over all indicators first.
        shares = np.array(units) / 37.0
        assert scoring.weight_units((shares / shares.sum()).tolist()) == units


def test_a_study_without_dimensions_gets_the_levels_of_its_scheme(home: Path, base: Run) -> None:
    """Its weights were of the whole score; the official units as an agreed file change neither score nor list."""
    raw = copy.deepcopy(open_study(home).resolved())
    raw["dimension"] = []
    study = make_study(raw, home)
    plain = relaid(base, study)
    scheme = plain.facts["scheme"]
    units = {
        "indicators": dict(zip(scheme["indicators"], scheme["weights"], strict=True)),
        "dimensions": dict(zip(scheme["dimensions"], scheme["dimension_weights"], strict=True)),
    }
    own = {name: raw["selection"][name] for name in agreed.Rules.model_fields}
    laid = agreed.lay(agreed.Agreed.model_validate(saved(plain, weights=units, selection=own)), plain, home)
    assert {d.id: d.weight for d in laid.dimension} == units["dimensions"]
    pd.testing.assert_series_equal(agreed.chosen(laid, plain), plain.villages["selected"])


def relaid(base: Run, study: Any) -> Run:
    """The run of another study on the same rates, as far as its list."""
    from dataclasses import asdict

    from lokus import schema, steps

    later = ("score", "uncertainty", "spatial", "clusters", "selection")
    known = base.villages.drop(columns=[c for c in base.villages if schema.column(str(c)).step in later])
    found = steps.score(study, known)
    villages = pd.concat([known, found.columns], axis=1)
    villages = pd.concat([villages, steps.choice(study, villages).columns], axis=1)
    facts = {**base.facts, "scheme": asdict(found.extra.scheme)}
    manifest = {**base.manifest, "study": study.resolved()}
    return Run(villages, base.geometry, base.selection, base.join, base.points, (), facts, manifest)


def test_a_study_that_contradicts_itself_by_its_weights_is_told(home: Path, base: Run) -> None:
    scheme = base.facts["scheme"]
    none = dict.fromkeys(scheme["indicators"], 0)
    told = saved(base, weights={"indicators": none, "dimensions": dict.fromkeys(scheme["dimensions"], 0)})
    with pytest.raises((LokusError, StudyError)) as fault:
        agreed.lay(agreed.Agreed.model_validate(told), base, home)
    assert fault.value.code == "agreed_weights"


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("name", {"name": "Rembuk\nstunting"}),
        ("name", {"name": "Rembuk \x00\x1b[31m"}),
        ("date", {"date": "2026-99-99"}),
        ("date", {"date": "٢٠٢٦-١١-٢٢"}),
        ("date", {"date": "20261122"}),
        ("note", {"note": "x\x07"}),
    ],
)
def test_a_meeting_is_a_line_and_a_day(part: str, values: dict[str, str]) -> None:
    meeting = {"name": "Rembuk stunting", "date": "2026-11-22", **values}
    with pytest.raises(ValidationError) as fault:
        agreed.Meeting.model_validate(meeting)
    assert [e["loc"] for e in fault.value.errors()] == [(part,)]


def test_weights_are_whole_numbers_and_reasons_no_reports(base: Run, home: Path) -> None:
    whole = right(base, home)
    name = next(iter(whole["weights"]["indicators"]))
    for units in ("5000", 5000.0, True):
        told = {**whole, "weights": {**whole["weights"], "indicators": {**whole["weights"]["indicators"], name: units}}}
        with pytest.raises(ValidationError):
            agreed.Agreed.model_validate(told)
    long = [{"village": base.villages.index[0], "reason": "alasan " * 200}]
    with pytest.raises(ValidationError):
        agreed.Agreed.model_validate({**whole, "selection": {**whole["selection"], "keep": long}})
