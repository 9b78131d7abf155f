"""The method sheet: every indicator and rule, weights that make the whole, doubts, and few pages."""

import re
from dataclasses import replace
from types import MappingProxyType

import pytest
from pdfs import pages, text

from lokus.messages import catalogue, percent
from lokus.outputs import words
from lokus.outputs.papers.method import method_page, rules

SECTIONS = ("measured", "estimated", "scored", "chosen", "certain", "unknown", "sources")


def whole(pdf):
    return " ".join(text(page) for page in pages(pdf))


@pytest.mark.parametrize("lang", ["id", "en"])
def test_it_tells_every_part_on_at_most_two_pages(demo, lang):
    pdf = method_page(demo, lang)
    assert len(pages(pdf)) <= 2
    told = whole(pdf)
    for section in SECTIONS:
        assert catalogue(lang)[f"method.{section}.heading"] in told
    for entry in demo.facts["indicators"]:
        assert words.label(entry, lang) in told
    for rule in rules(demo, lang):
        assert rule in told
    for table in demo.facts["tables"]:
        assert table["source"] in told
    assert demo.facts["run_id"] in told
    assert "INTERN" not in told


def test_the_weights_it_prints_make_the_whole(demo):
    scored = [entry for entry in demo.facts["indicators"] if entry["scored"]]
    assert sum(entry["weight"] for entry in scored) == pytest.approx(1, abs=1e-3)
    told = whole(method_page(demo, "id"))
    assert all(percent(entry["weight"], "id") in told for entry in scored)


def test_every_rule_of_the_study_is_said(run):
    given = {"max_per_kecamatan": 4, "least_kept": 3, "keep": [{"name": "A"}], "keep_last_year": True,
             "least_under": {"count": 2, "share": 0.5},
             "threshold": [{"indicator": "stunting", "above": 0.2, "below": None}]}  # fmt: skip
    listed = [{"key": f"selection.{key}", "value": value} for key, value in given.items()]
    selection = {**run.facts["selection"], "rules": listed}
    ruled = replace(run, facts=MappingProxyType({**run.facts, "selection": selection}))
    said = rules(ruled, "id")
    assert len(said) == len(given)
    assert "Prevalensi balita stunting di atas 20,0 %" in said
    told = whole(method_page(ruled, "id"))
    assert all(line in told for line in said)


def test_the_same_run_is_the_same_bytes(run):
    assert method_page(run, "en") == method_page(run, "en")


def test_inside_the_office_every_page_says_so(run):
    assert all(text(page).count("INTERN") >= 2 for page in pages(method_page(run, "id", public=False)))


def test_averages_are_as_coarse_as_bands_ask(run):
    """A share of few people is not told to a tenth: the banded figures could be subtracted."""
    entry = words.indicator(run, "asi_eks")
    exact = percent(entry["average"], "id")
    public, inside = (whole(method_page(run, "id", public=public)) for public in (True, False))
    row = re.compile(rf"{re.escape(words.label(entry, 'id'))} [\d,]+ % (\S+ \S+)")
    assert row.search(inside)[1].startswith(exact)
    assert not row.search(public)[1].startswith(exact)


def test_a_study_of_very_many_indicators_takes_more_pages_and_loses_none(run):
    water = next(e for e in run.facts["indicators"] if e["id"] == "air_minum")
    more = [{**water, "label_id": f"Indikator nomor {k}. " + "Panjang" * 20} for k in range(40)]
    full = replace(run, facts=MappingProxyType({**run.facts, "indicators": [*run.facts["indicators"], *more]}))
    told = whole(method_page(full, "id"))
    assert all(f"Indikator nomor {k}." in told for k in range(40))
