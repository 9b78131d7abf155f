"""The story of a run: its numbers held against the village table, its words against those who read them."""

import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from studies import idm, pasangkayu

from lokus import messages, pipeline
from lokus.outputs import banding, comparison, story
from lokus.outputs.layers import layers
from lokus.outputs.telling import LONGEST_NAME

ORDER = [
    "question",
    "where",
    "score",
    "children",
    "services",
    "patterns",
    "chosen",
    "rules",
    "uncertain",
    "coming",
    "changed",
]


@pytest.fixture(scope="module")
def shown(demo):
    return [layer.id for layer in layers(demo, "id")]


@pytest.fixture(scope="module")
def told(demo, shown):
    """The steps of the demo in Indonesian, for the public and for the office, by id."""
    return {public: {s.id: s for s in story.steps(demo, public=public, shown=shown)} for public in (True, False)}


def numbers(text):
    """The whole numbers of an Indonesian text."""
    return [int(n.replace(".", "")) for n in re.findall(r"\d[\d.]*(?![\d,])", text)]


def every_text(steps):
    return [part for s in steps for part in (s.heading, *s.lines, s.figure, s.caption, s.notes)]


@pytest.mark.parametrize("lang", messages.LANGS)
@pytest.mark.parametrize("which", ["demo", "run"])
def test_a_story_has_six_to_eight_steps_that_the_map_can_show(request, which, lang):
    run = request.getfixturevalue(which)
    steps = story.steps(run, lang)
    ids = [s.id for s in steps]
    assert story.FEWEST <= len(ids) <= story.MOST
    assert ids == sorted(ids, key=ORDER.index)
    on_map = {layer.id for layer in layers(run, lang)}
    for step in steps:
        assert step.layer in on_map
        assert set(step.villages) <= set(run.villages.index)
        assert len(set(step.villages)) == len(step.villages)
        assert step.heading
        assert step.lines
        assert step.notes
    assert not [text for text in every_text(steps) if re.search(r"\bnan\b|None|\{|\}|  ", text)]
    assert not [line for s in steps for line in s.lines if not line.endswith(".")]


def test_the_demo_has_every_step_of_the_meeting(told):
    expected = ["question", "where", "children", "services", "chosen", "rules", "uncertain", "changed"]
    assert list(told[True]) == list(told[False]) == expected


def test_both_languages_tell_the_same(demo, shown, told):
    english = story.steps(demo, "en", shown=shown)
    assert [(s.id, s.layer, s.villages) for s in english] == [(s.id, s.layer, s.villages) for s in told[True].values()]
    assert all(len(e.lines) == len(i.lines) for e, i in zip(english, told[True].values(), strict=True))


def test_a_story_is_the_same_twice_and_leaves_the_run_alone(demo, shown, told):
    kept = demo.villages.copy()
    assert list(story.steps(demo, shown=shown)) == list(told[True].values())
    pd.testing.assert_frame_equal(demo.villages, kept)


def test_the_question_counts_villages_and_children(demo, told):
    step = told[False]["question"]
    v = demo.villages
    assert numbers(step.figure) == [len(v)]
    assert numbers(step.lines[0])[0] == v["denominator_stunting"].sum()
    assert step.layer == "measured"


def test_the_worst_kecamatan_is_the_one_with_the_greatest_share(demo, told):
    step = told[False]["where"]
    v = demo.villages.dropna(subset=["numerator_stunting"])
    by = v.groupby("kecamatan")[["numerator_stunting", "denominator_stunting"]].sum()
    share = (by["numerator_stunting"] / by["denominator_stunting"]).sort_values(ascending=False)
    assert [f"Kec. {name} ({round(100 * x)} %)" for name, x in share.iloc[:2].items()] == re.findall(
        r"Kec\. [^(]+\(\d+ %\)", step.lines[-1]
    )
    assert numbers(step.lines[0]) == [v["denominator_stunting"].sum(), v["numerator_stunting"].sum()]
    assert step.figure == messages.percent(v["numerator_stunting"].sum() / v["denominator_stunting"].sum(), "id")


def test_half_of_the_children_live_in_so_few_villages_and_no_fewer(demo, told):
    step = told[False]["children"]
    most = np.sort(demo.villages["numerator_stunting"].dropna())[::-1]
    half = int(step.figure)
    assert most[:half].sum() >= most.sum() / 2 > most[: half - 1].sum()
    assert step.villages[0] == demo.villages["numerator_stunting"].idxmax()


def test_the_services_are_those_furthest_below_their_target_in_people(demo, told):
    step = told[False]["services"]
    entries = [e for e in demo.facts["indicators"] if e["dimension"] == "services" and e["total_denominator"]]
    entries = [e for e in entries if e["interval"]]
    lacking = {e["id"]: e["total_denominator"] - e["total_numerator"] for e in entries}
    short = {
        e["id"]: e["target"] * e["total_denominator"] - e["total_numerator"] for e in entries
        if round(100 * e["total_numerator"] / e["total_denominator"]) < round(100 * e["target"])
    }  # fmt: skip
    assert len(short) < len(entries), "one service of the demo is at its target"
    order = sorted(short, key=short.get, reverse=True)
    assert step.layer == f"{order[0]}_gap"
    assert numbers(step.figure) == [lacking[order[0]]]
    assert step.villages[0] == demo.villages[f"gap_people_{order[0]}"].idxmax()
    assert [numbers(line)[-1] for line in step.lines] == [lacking[name] for name in order[: len(step.lines)]]


def test_the_chosen_are_counted_placed_and_explained(demo, told):
    step, v = told[False]["chosen"], demo.villages
    chosen = v[v["selected"]]
    assert set(step.villages) == set(chosen.index)
    assert list(v.loc[list(step.villages), "rank"]) == sorted(chosen["rank"])
    assert numbers(step.heading)[0] == len(chosen)
    assert numbers(step.lines[0])[:2] == [chosen["kecamatan_code"].nunique(), v["kecamatan_code"].nunique()]
    assert numbers(step.lines[0])[2] == 10 * round(demo.facts["selection"]["children"] / 10)
    for count in numbers(step.lines[1]):
        assert count in [(chosen[c] > v[c].mean()).sum() for c in v if c.startswith("need_")]


def test_every_village_brought_in_by_a_rule_is_marked_and_counted(demo, told):
    step, v = told[False]["rules"], demo.villages
    brought = v.index[v["selected_by"] == "rule"]
    assert int(step.figure) == len(brought)
    costs = {c["rule"]: c for c in demo.facts["selection"]["rule_costs"]}
    kept_out = costs["selection.max_per_kecamatan"]["enters"]
    assert set(step.villages) == {*brought, *kept_out}
    children = costs["selection.max_per_kecamatan"]["children"]
    assert 10 * round(abs(children) / 10) in numbers(step.lines[1])
    assert ("lebih sedikit" if children < 0 else "lebih banyak") in step.lines[1]


def test_the_uncertain_step_counts_every_chosen_village_once(demo, told):
    step, v = told[False]["uncertain"], demo.villages
    sure = int(step.figure)
    assert sure == (v["selected"] & (v["certainty"] == "certain")).sum()
    assert sure + sum(numbers(step.lines[0])) == v["selected"].sum()
    assert {bool(v["selected"][code]) for code in step.villages} == {True, False}


def test_the_change_counts_stays_enters_and_leaves(demo, told):
    step, v = told[False]["changed"], demo.villages
    both = (v["last_year"] & v["selected"]).sum()
    assert numbers(step.lines[0]) == [both, v["selected"].sum() - both, v["last_year"].sum() - both]
    assert step.layer == "last_year"


def earlier(demo):
    """The demo a year before, with half as many stunted children again."""
    v = demo.villages.copy()
    more = (1.5 * v["numerator_stunting"]).round().clip(upper=v["denominator_stunting"])
    step = (1 - v["shrinkage_stunting"]) / v["denominator_stunting"]
    v["estimate_stunting"] = (v["estimate_stunting"] + step * (more - v["numerator_stunting"])).clip(0, 1)
    v["numerator_stunting"], v["value_stunting"] = more, more / v["denominator_stunting"]
    total = float(more.sum())
    entries = [{**e, "total_numerator": total} if e["id"] == "stunting" else e for e in demo.facts["indicators"]]
    return replace(demo, villages=v, facts={**demo.facts, "year": demo.facts["year"] - 1, "indicators": entries})


def test_with_an_earlier_run_the_change_tells_what_really_fell(demo, shown):
    before = earlier(demo)
    step = story.steps(demo, before=before, shown=shown)[-1]
    moved = comparison.table(before, demo)["verdict"].value_counts()
    assert numbers(step.lines[-1]) == [moved.get(kind, 0) for kind in ("fell", "rose", "unclear")]
    assert moved["fell"] > 0
    assert messages.text("compare.verdict.fell", "id") in step.lines[1]


def test_no_public_story_depends_on_a_hidden_count(demo, shown):
    """Of every kind of band one village: with another count of its band the story is the same."""
    kinds = {}
    for entry in (e for e in demo.facts["indicators"] if e["kind"] == "share"):
        for code, row in demo.villages.to_dict("index").items():
            if kind := banding.band(demo, row, entry):
                kinds.setdefault((entry["id"], kind), (code, entry, row))
    told = [asdict(s) for s in story.steps(demo, shown=shown)]
    changes = [(name, kind, *found) for (name, kind), found in kinds.items() if kind in ("part", "rest")][:6]
    assert changes
    for name, kind, code, _, row in changes:
        n, y = row[f"denominator_{name}"], row[f"numerator_{name}"]
        few = y if kind == "part" else n - y
        new = (5 - few) if kind == "part" else n - (5 - few)
        v = demo.villages.copy()
        v.loc[code, [f"numerator_{name}", f"value_{name}"]] = [new, new / n]
        v.loc[code, f"estimate_{name}"] += (new - y) * (1 - row[f"shrinkage_{name}"]) / n
        assert [asdict(s) for s in story.steps(replace(demo, villages=v), shown=shown)] == told, (name, kind, code)


def test_no_step_names_a_village_with_a_count_of_one_to_four(demo, told):
    entry = next(e for e in demo.facts["indicators"] if e["id"] == "stunting")
    for step in ("where", "children"):
        rows = demo.villages.loc[list(told[True][step].villages)].to_dict("index").values()
        assert not [row for row in rows if banding.band(demo, row, entry)]


def test_names_are_cut_to_a_line(run):
    long = max(run.villages["village"], key=len)
    texts = " ".join(every_text(story.steps(run)))
    assert len(long) > 200
    assert long[: LONGEST_NAME + 1] not in texts
    everyone = replace(run, villages=run.villages.assign(village=long, kecamatan=long, kabupaten=long))
    for step in story.steps(everyone):
        assert max(map(len, step.lines)) < 500


def test_many_kabupaten_are_counted_and_a_kecamatan_is_told_with_its_own(demo, shown):
    v = demo.villages.copy()
    v["kabupaten"] = np.where(v["kecamatan_code"] > v["kecamatan_code"].iloc[100], "Kirana", "Senja")
    several = replace(demo, villages=v, facts={**demo.facts, "kabupaten": ["Kirana", "Senja"]})
    steps = {s.id: s for s in story.steps(several, shown=shown)}
    assert "2 kabupaten/kota" in steps["question"].caption
    assert re.search(r"Kec\. [\w ]+, (Kirana|Senja) \(", steps["where"].lines[-1])


def test_a_study_without_chance_says_nothing_of_certainty(demo, shown):
    sure = replace(demo, facts={**demo.facts, "uncertain": False})
    assert "uncertain" not in [s.id for s in story.steps(sure, shown=[name for name in shown if name != "p_top"])]


def test_a_study_of_gaps_alone_is_told_without_prevalence(shared_data: Path):
    run = pipeline.run(idm(shared_data, "kaur", "17.04", 12))
    steps = {s.id: s for s in story.steps(run)}
    assert len(steps) >= 5
    assert "children" not in steps
    assert messages.text("map.note.no_prevalence", "id") in steps["question"].lines
    assert steps["where"].heading == messages.text("story.where_need.heading", "id")
    worst = run.villages.groupby("kecamatan")["value_" + steps["where"].layer].mean().idxmin()
    assert worst in steps["where"].lines[-1]


def test_the_story_of_a_real_kabupaten(shared_data: Path):
    run = pipeline.run(pasangkayu(shared_data))
    steps = {s.id: s for s in story.steps(run)}
    assert list(steps) == ["question", "where", "children", "services", "chosen", "rules", "uncertain"]
    assert steps["services"].heading == messages.text("story.risks.heading", "id")
    assert set(steps["chosen"].villages) == set(run.villages.index[run.villages["selected"]])
