"""Who is next and what the rules cost, in words: as the run stored it, banded where few children are meant."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from lokus import messages
from lokus.outputs import consequences, sums
from lokus.pipeline import Run


def with_costs(run: Run, *costs: dict, **more: object) -> Run:
    facts = copy.deepcopy(dict(run.facts))
    facts["selection"] = {**facts["selection"], "rule_costs": list(costs), **more}
    return dataclasses.replace(run, facts=facts)


def cost(rule: str, **more: object) -> dict:
    return {"rule": f"selection.{rule}", "objective": 1.0, "children": 12.4, "enters": [], "leaves": [], **more}


@pytest.mark.parametrize("lang", messages.LANGS)
def test_the_next_villages_and_the_rules_that_bind_are_named(demo: Run, lang: str) -> None:
    """Oracle: the run's own facts."""
    said = "\n".join(consequences.lines(demo, lang))
    told = demo.facts["selection"]
    assert len(told["next"]) == 5
    for code in told["next"]:
        assert consequences.place(demo, code) in said
        assert not demo.villages.loc[code, "selected"]
        assert consequences.next_text(demo, code, lang)
    binding = [c for c in told["rule_costs"] if c["enters"]]
    assert binding
    for c in binding:
        assert all(str(demo.villages.loc[code, "village"]) in said for code in c["enters"][: consequences.NAMED])
    chosen = str(demo.villages.index[demo.villages["selected"]][0])
    assert consequences.next_text(demo, chosen, lang) == ""
    assert "None" not in said and "nan" not in said and "{" not in said


@pytest.mark.parametrize("lang", messages.LANGS)
def test_every_rule_has_its_words_and_which_way_the_children_go(demo: Run, lang: str) -> None:
    a, b = (str(c) for c in demo.villages.index[:2])
    swap = {"enters": [a], "leaves": [b]}
    rules = ("max_per_kecamatan", "keep", "drop", "add", "remove", "count")
    some = with_costs(demo, *(cost(rule, **swap) for rule in rules))
    lines = consequences.lines(some, lang)[1:]
    assert len(set(lines)) == len(rules)
    swaps = [swap, {"enters": [b], "leaves": [a]}, {"enters": [a], "leaves": [a]}]
    ends = [sums.price(demo, cost("keep", **one), public=False) for one in swaps]
    said = [consequences.lines(with_costs(demo, cost("keep", **one)), lang, public=False)[1] for one in swaps]
    assert len(set(said)) == 3
    assert ends[0] and ends[1] and ends[0][0] == -ends[1][0] != 0
    assert all(f" {messages.number(abs(round(ends[0][0])), lang)} " in line for line in said[:2])
    needed = with_costs(demo, cost("keep", objective=None, children=None), cost("least_kecamatan"))
    assert len(consequences.lines(needed, lang)) == 3
    silent = with_costs(demo, cost("keep", children=None, enters=[a]), children=None)
    assert "12" not in consequences.lines(silent, lang)[1]


def test_a_run_that_did_not_ask_says_nothing(run: Run) -> None:
    assert consequences.lines(run, "id") == []


def test_a_direction_against_the_catalogue_is_told(demo: Run) -> None:
    assert consequences.turned(demo, "id") == []
    facts = copy.deepcopy(dict(demo.facts))
    for entry in facts["indicators"]:
        if entry["id"] in ("krs", "air_minum"):
            entry["better"] = "higher" if entry["better"] == "lower" else "lower"
    for lang in messages.LANGS:
        assert len(set(consequences.turned(dataclasses.replace(demo, facts=facts), lang))) == 2
