"""The browser's score, ranks and choice are Python's: over all villages, for a thousand settings and more."""

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser import chromium
from studies import changed, pasangkayu

from lokus import agreed, pipeline, schema, steps
from lokus.choosing import Choice
from lokus.errors import InfeasibleSelection
from lokus.messages import LANGS
from lokus.methods import scoring, selection
from lokus.outputs import banding
from lokus.outputs.offline import web
from lokus.outputs.steering import gives_away, steering
from lokus.study import make_study

ENGINE = "\n".join(web(name) for name in ("engine.js", "chooser.js"))
ASK = """(told) => {
  const plan = planOf(told.plan, told.group, told.groups);
  return told.settings.map((raw) => {
    const units = unitsOf(plan.scheme, raw.weights, raw.dimension_weights);
    const setting = { ...raw, ...units };
    const score = scoreUnits(plan, setting);
    const { by, broken } = raw.count ? choose(plan, setting, score) : {};
    return { ...units, score: [...score], ranks: [...minRanks(score)], by, broken };
  });
}"""
NO_RULES: dict[str, Any] = dict.fromkeys(agreed.NUMBERS) | {name: [] for name in agreed.BY_HAND}
QUICK: dict[str, Any] = {"uncertainty": {"draws": 100}, "space": {"permutations": 99}}


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        page = opened.new_page()
        yield lambda told: page.evaluate(f"(() => {{ {ENGINE}\nreturn ({ASK})({json.dumps(told)}); }})()")


@pytest.fixture(scope="module")
def real(shared_data):
    return pipeline.run(pasangkayu(shared_data, **QUICK))


def plan_of(run, **changes):
    told = {**steering(run, "id", meeting=True), **changes}
    codes = sorted(set(run.villages["kecamatan_code"]))
    return {"plan": told, "group": [codes.index(c) for c in run.villages["kecamatan_code"]], "groups": len(codes)}


def random_rules(rng, n: int, kecamatan: int, years: bool = True) -> dict[str, Any]:
    """Rules of the kecamatan or of last year's list, villages by hand, often many at once and sometimes too many."""
    told = {**NO_RULES, "count": int(rng.integers(1, max(2, n // 3))), "keep_last_year": False}
    kind = rng.integers(3 if years else 2)
    if kind == 1:
        told["max_per_kecamatan"] = int(rng.integers(1, 7)) if rng.random() < 0.6 else None
        told["min_per_kecamatan"] = int(rng.integers(0, 3)) if rng.random() < 0.2 else None
        told["least_kecamatan"] = int(rng.integers(1, kecamatan + 1)) if rng.random() < 0.5 else None
    if kind == 2:
        told["max_new"] = int(rng.integers(0, told["count"] + 1)) if rng.random() < 0.6 else None
        told["least_kept"] = int(rng.integers(0, 8)) if rng.random() < 0.6 else None
        told["keep_last_year"] = bool(rng.random() < 0.3)
    for name in agreed.BY_HAND:
        told[name] = rng.choice(n, int(rng.integers(1, 4)), replace=False).tolist() if rng.random() < 0.25 else []
    return told


def random_weights(rng, scheme) -> dict[str, list[int]]:
    """From the run's own to nearly any, with zeros; never all zero."""
    told = {}
    for key in ("weights", "dimension_weights"):
        own = np.array(scheme[key])
        kind = rng.integers(4)
        drawn = rng.integers(0, 10_001, len(own)) if kind else own.copy()
        if kind == 1:
            drawn = own * rng.integers(0, 4, len(own))
        told[key] = [int(w) for w in (drawn if drawn.any() else own)]
    return told


def laid(run, folder, setting, units):
    """The study that an agreed file of the setting makes."""
    scheme, codes = run.facts["scheme"], run.villages.index
    hands = {name: [{"village": codes[i], "reason": "uji"} for i in setting[name]] for name in agreed.BY_HAND}
    given = agreed.Agreed.model_validate(
        {
            "lokus_agreed": 1, "run": "0" * 12, "meeting": {"name": "Rembuk", "date": "2026-11-22"},
            "weights": {"indicators": dict(zip(scheme["indicators"], units["weights"], strict=True)),
                        "dimensions": dict(zip(scheme["dimensions"], units["dimension_weights"], strict=True))},
            "selection": {**{name: setting[name] for name in agreed.NUMBERS}, **hands,
                          "keep_last_year": setting["keep_last_year"]},
            "list": [],
        }
    )  # fmt: skip
    return agreed.lay(given, run, folder)


def scored_by(run, study) -> pd.DataFrame:
    """The score of a study on a run's stored rates: the very functions of the run, without the scales, which stay."""
    measures = tuple(m for m in study.measures if m.score and m.weight > 0)
    needs = run.villages[[f"need_{m.id}" for m in measures]].set_axis([m.id for m in measures], axis=1)
    plan = steps.scheme(study, measures, np.array([m.weight for m in measures]))
    parts, _, status = steps.weigh(study, measures, run.villages, needs, plan)
    exact = np.where(status == "ranked", parts.units, scoring.MISSING)
    units = pd.Series(exact, run.villages.index, dtype="Int64").mask(exact < 0)
    return run.villages.assign(score_units=units, rank=scoring.min_rank(exact))


def compare(run, browser, number: int, seed: int, *, least_weight: int = 0) -> int:
    """Holds every village of so many settings against Python's; returns how many had a list."""
    rng, told = np.random.default_rng(seed), plan_of(run)
    codes, scheme = run.villages.index, run.facts["scheme"]
    years = told["plan"]["can_keep"]
    settings = [
        {**random_rules(rng, len(codes), told["groups"], years), **random_weights(rng, scheme)} for _ in range(number)
    ]
    for setting in settings:
        setting["weights"] = [max(w, least_weight) for w in setting["weights"]]
    listed = 0
    for setting, found in zip(settings, browser({**told, "settings": settings}), strict=True):
        study = laid(run, Path(), setting, found) if any(found["dimension_weights"]) else None
        if study is None:  # every indicator of a dimension with a weight was drawn as 0
            continue
        villages = scored_by(run, study)
        assert [u if u >= 0 else None for u in found["score"]] == villages["score_units"].astype(object).where(
            villages["score_units"].notna(), None
        ).tolist()
        assert found["ranks"] == villages["rank"].fillna(0).tolist()
        try:
            chosen = Choice(study, villages).chosen()
        except InfeasibleSelection as fault:
            ours = {"selection.threshold" if "threshold" in r else r for r in fault.rules}
            assert {"villages" if r == "villages" else f"selection.{r}" for r in found["broken"]} == ours
            continue
        assert not found.get("broken")
        assert found["by"] == chosen["selected_by"].tolist()
        listed += 1
    return listed


def test_a_thousand_settings_over_all_villages_of_the_demo_and_of_pasangkayu(browser, demo, real):
    assert compare(demo, browser, 500, 1) > 300
    assert compare(real, browser, 500, 2) > 250


@pytest.mark.parametrize(
    "method",
    [
        {"within": "arithmetic", "across": "geometric"},
        {"within": "harmonic", "across": "harmonic"},
        {"across": "topsis"},
        {"across": "copeland"},
    ],
)
def test_every_mean(browser, demo, method):
    study = changed(make_study(demo.manifest["study"], Path()), **{f"method__{k}": v for k, v in method.items()})
    assert compare(rerun(demo, study), browser, 30, 3) > 15


@pytest.mark.parametrize("selection", [{"objective": "children"}, {"objective": "overlap"}])
def test_another_objective(browser, demo, selection):
    study = changed(make_study(demo.manifest["study"], Path()), **{f"selection__{k}": v for k, v in selection.items()})
    assert compare(rerun(demo, study), browser, 40, 4, least_weight=1) > 20


def test_thresholds_and_little_data(browser, demo):
    limits = {"selection__threshold": [{"indicator": "air_minum", "at_most": 0.8}], "method__least_observed": 0.95}
    study = changed(make_study(demo.manifest["study"], Path()), **limits)
    assert compare(rerun(demo, study), browser, 60, 5) > 20


def rerun(run, study):
    """A run as another study would have made it of the same rates: what the page and the choice look at."""
    later = [c for c in run.villages if schema.column(str(c)).step in ("score", "selection")]
    known = run.villages.drop(columns=later)
    found = steps.score(study, known)
    villages = pd.concat([known, found.columns], axis=1)
    chosen = steps.choice(study, villages).columns
    facts = {**run.facts, "scheme": json.loads(json.dumps(asdict(found.extra.scheme)))}
    manifest = {**run.manifest, "study": study.resolved()}
    return pipeline.Run(
        pd.concat([villages, chosen], axis=1), run.geometry, run.selection, run.join, run.points, (), facts, manifest
    )


def random_tree(rng) -> tuple[dict[str, tuple[str, int]], dict[str, int], dict[str, str]]:
    """Indicators under dimensions under dimensions, each with a weight, some 0."""
    dimensions = [f"d{i}" for i in range(int(rng.integers(2, 7)))]
    parents = {d: str(rng.choice(["", *dimensions[:i]])) for i, d in enumerate(dimensions)}
    indicators = {f"i{j}": (str(rng.choice(dimensions)), int(rng.integers(0, 9))) for j in range(9)}
    return indicators, {d: int(rng.integers(1, 9)) for d in dimensions}, parents


@pytest.mark.parametrize("seed", range(40))
def test_trees_of_any_depth_with_missing_needs(browser, seed):
    rng = np.random.default_rng(seed)
    indicators, dimensions, parents = random_tree(rng)
    within = str(rng.choice(["arithmetic", "geometric", "harmonic"]))
    across = str(rng.choice(["arithmetic", "geometric", "harmonic", "topsis"]))
    whole = scoring.scheme_of(indicators, dimensions, within=within, across=across, parents=parents)
    needs = rng.integers(-1, 10_001, (30, 9))
    needs[rng.random(needs.shape) < 0.3] = rng.choice([-1, 0, 10_000])
    plan = {
        "scheme": asdict(whole), "none": None, "least": 0.0, "last_year": [], "short": [], "value": None,
        "needs": [_base64(column) for column in needs.T],
    }  # fmt: skip
    raw = {
        "weights": [w for _, w in indicators.values()],
        "dimension_weights": [dimensions[d] for d in whole.dimensions],
    }
    found = browser({"plan": plan, "group": [0] * 30, "groups": 1, "settings": [raw]})[0]
    # As a study has it: an indicator without a weight is none, a dimension that holds nothing counts for nothing.
    bearing = dict(zip(whole.dimensions, found["dimension_weights"], strict=True))
    scheme = scoring.scheme_of(
        {i: told for i, told in indicators.items() if told[1]},
        {d: w if bearing[d] else 0 for d, w in dimensions.items()},
        within=within, across=across, parents=parents,
    )  # fmt: skip
    counted = [j for j, (_, w) in enumerate(indicators.values()) if w]
    assert [found["weights"][j] for j in counted] == list(scheme.weights)
    assert [bearing[d] for d in scheme.dimensions] == list(scheme.dimension_weights)
    parts = scoring.score_units(needs[:, counted], scheme)
    expected = np.where(parts.observed_weight > 0, parts.units, -1)
    assert found["score"] == expected.tolist()


def _base64(column):
    return base64.b64encode(column.astype("<i2").tobytes()).decode()


def test_tight_rules_on_few_villages_down_to_the_contradiction(browser):
    rng = np.random.default_rng(6)
    for _ in range(6):
        needs = rng.integers(0, 5, 14) * 1000
        group = np.sort(rng.integers(0, 4, 14))
        group = np.unique(group, return_inverse=True)[1]
        old = rng.random(14) < 0.4
        settings = [
            {**random_rules(rng, 14, int(group.max()) + 1), "weights": [1], "dimension_weights": [1]} for _ in range(60)
        ]
        scheme = asdict(scoring.scheme_of({"a": ("d", 1)}, {"d": 1}, within="arithmetic"))
        plan = {
            "scheme": scheme, "none": None, "least": 0.0, "short": [], "value": None, "needs": [_base64(needs)],
            "last_year": np.flatnonzero(old).tolist(),
        }  # fmt: skip
        told = {"plan": plan, "group": group.tolist(), "groups": int(group.max()) + 1, "settings": settings}
        codes = pd.Index([f"v{i:02}" for i in range(14)], name="village_code")
        for setting, found in zip(settings, browser(told), strict=True):
            assert _python(setting, codes, needs, group, old) == (found["broken"] or found["by"])


def _python(setting, codes, needs, group, old):
    hands = {name: tuple(codes[setting[name]]) for name in agreed.BY_HAND}
    gone = {*hands["drop"], *hands["remove"]}
    if setting["keep_last_year"]:
        hands["keep"] = tuple(dict.fromkeys([*hands["keep"], *(c for c in codes[old] if c not in gone)]))
    rules = selection.Rules(**{name: setting[name] for name in agreed.NUMBERS}, **hands)
    score, kecamatan = pd.Series(needs * 100, codes, dtype="Int64"), pd.Series([f"k{k}" for k in group], codes)
    try:
        made = selection.choose(score, kecamatan, rules, last_year=pd.Series(old, codes))
    except InfeasibleSelection as fault:
        return [rule.rpartition(".")[2] for rule in fault.rules]
    return made["selected_by"].tolist()


def test_no_table_of_logarithms_hangs_on_a_computers_last_digit():
    """The browser makes the table by its own logarithm: none of its entries lies where a last digit would round."""
    exact = 1e7 * np.log(scoring.SHIFTED / scoring.UNIT)
    assert np.abs(exact - np.floor(exact) - 0.5).min() > 1e-6


def test_the_start_is_the_runs_own_list(browser, demo):
    told = plan_of(demo)
    scheme, start = demo.facts["scheme"], told["plan"]["setting"]
    start = {**start, **{name: [i for i, *_ in start[name]] for name in agreed.BY_HAND}}
    own = {key: scheme[key] for key in ("weights", "dimension_weights")}
    found = browser({**told, "settings": [{**start, **own}]})[0]
    assert {key: found[key] for key in own} == own
    assert found["ranks"] == demo.villages["rank"].fillna(0).tolist()
    assert found["by"] == demo.villages["selected_by"].tolist()


@pytest.mark.parametrize("lang", LANGS)
def test_a_public_page_of_small_counts_carries_no_needs(demo, lang):
    assert gives_away(demo)
    assert set(steering(demo, lang)) == {"closed", "texts"}
    open_page = steering(demo, lang, meeting=True)
    assert open_page["mark"]
    assert "closed" not in open_page
    assert not steering(demo, lang, public=False)["mark"]


def test_children_of_a_banded_village_say_no_more_than_its_band(demo):
    """Another count of the same band gives the same number."""
    told = steering(demo, "id", meeting=True)["children"]
    entry = next(e for e in demo.facts["indicators"] if e["id"] == "stunting")
    rows = list(demo.villages.to_dict("index").values())
    banded = [i for i, row in enumerate(rows) if banding.band(demo, row, entry) == "part"]
    assert banded
    for i in banded:
        row = rows[i]
        low, high = banding.ends(demo, row, entry)
        target = row.get("denominator_measured", row["denominator_stunting"])
        target = max(target, row["denominator_stunting"])
        assert told[i] == pytest.approx(target * (low + high) / 2, abs=0.06)
