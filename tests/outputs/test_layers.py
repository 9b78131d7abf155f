"""Classes of the map's layers."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.catalog.palettes import CHANGED, CHOSEN, HOTSPOTS, LAST_YEAR, MISSING_COLOUR, MOVED, RAMPS, WHO
from lokus.messages import percent
from lokus.outputs.classes import Sketch, bounded, counted, graded
from lokus.outputs.layers import GROUPS, layers

shares = st.lists(st.one_of(st.just(np.nan), st.floats(0, 1)), min_size=1, max_size=60)


def sketch(n, ramp="problem", **more):
    return Sketch("x", "problem", "X", ["told"] * n, "id", ramp, **more)


def luminance(colour):
    """Relative luminance of WCAG 2.1."""
    rgb = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("public", [True, False])
def test_every_village_is_in_one_class_and_every_class_counts_its_own(run, lang, public):
    made = layers(run, lang, public=public)
    assert len({layer.id for layer in made}) == len(made) >= 14
    assert [GROUPS.index(layer.group) for layer in made] == sorted(GROUPS.index(layer.group) for layer in made)
    for layer in made:
        assert len(layer.of) == len(run.villages)
        assert len(layer.shown) in (0, len(run.villages))
        assert [layer.of.count(k) for k in range(len(layer.tones))] == [tone.count for tone in layer.tones]
        assert all(layer.shown)


def test_no_data_is_hatched_and_never_a_class_of_values(run):
    values = run.villages["value_sanitasi"]
    layer = next(layer for layer in layers(run, "id") if layer.id == "sanitasi_gap")
    for tone, value in zip(layer.of, values, strict=True):
        assert (layer.tones[tone].pattern == "missing") == pd.isna(value)


@pytest.mark.parametrize("ramp", RAMPS)
def test_ramps_darken_in_equal_order_in_grey(ramp):
    steps = [luminance(colour) for colour in RAMPS[ramp]]
    assert steps == sorted(steps, reverse=True)
    assert min(a / b for a, b in pairwise(steps)) > 1.2


@pytest.mark.parametrize(
    "kinds", [CHOSEN, HOTSPOTS, LAST_YEAR, CHANGED, MOVED], ids=["chosen", "hot", "last", "changed", "moved"]
)
def test_kinds_without_an_order_are_told_apart_in_grey(kinds):
    """By a mark of their own or by lightness; those without data are hatched besides."""
    drawn = [(mark, luminance(colour)) for colour, mark in kinds.values() if colour != MISSING_COLOUR]
    for (mark, light), (other, dark) in combinations(drawn, 2):
        assert mark != other or max(light + 0.05, dark + 0.05) / min(light + 0.05, dark + 0.05) > 1.4


def test_the_lower_end_of_the_interval_is_a_layer_that_hides_banded_villages(run):
    layer = next(layer for layer in layers(run, "id") if layer.id == "stunting_floor")
    few = run.villages["numerator_stunting"].between(1, 4)
    bounds = WHO["stunting"]
    for code, k, said in zip(run.villages.index, layer.of, layer.shown, strict=True):
        low = run.villages["low_stunting"][code]
        if few[code]:
            assert layer.tones[k].pattern == "banded"
            assert "paling sedikit" not in said
        elif not pd.isna(low):
            assert k == np.searchsorted(bounds, low, side="right")
            assert said == f"paling sedikit {percent(low, 'id')}"


@given(shares)
def test_graded_classes_are_in_order_and_leave_no_value_out(values):
    layer = graded(sketch(len(values)), pd.Series(values), str)
    if np.isnan(values).all():
        assert layer is None
        return
    held = [[v for v, k in zip(values, layer.of, strict=True) if k == tone] for tone in range(len(layer.tones))]
    kept = [h for h, tone in zip(held, layer.tones, strict=True) if h and not tone.pattern]
    assert sum(map(len, kept)) == np.isfinite(values).sum()
    assert all(max(a) < min(b) for a, b in pairwise(kept))


@given(st.lists(st.one_of(st.just(np.nan), st.integers(0, 400).map(float)), min_size=1, max_size=60))
def test_counts_of_one_to_four_are_one_class(values):
    layer = counted(sketch(len(values)), pd.Series(values))
    if layer is None:
        assert np.isnan(values).all()
        return
    for value, k in zip(values, layer.of, strict=True):
        assert (layer.tones[k].label == "1 – 4") == (1 <= value <= 4)
        assert (layer.tones[k].label == "0") == (value == 0)


def test_who_classes_are_left_where_they_would_show_one_colour_only():
    spread, flat = pd.Series([0.01, 0.05, 0.15, 0.25, 0.4]), pd.Series([0.11, 0.12, 0.13, 0.14, 0.15, 0.31])
    assert bounded(sketch(5), spread, (0.025, 0.1, 0.2, 0.3), "WHO").rule.startswith("WHO. ")
    assert bounded(sketch(5), spread, (0.025, 0.1, 0.2, 0.3), "WHO").of == (0, 1, 2, 3, 4)
    assert not bounded(sketch(6), flat, (0.025, 0.1, 0.2, 0.3), "WHO").rule.startswith("WHO")


def test_a_bound_belongs_to_the_class_above_it():
    assert bounded(sketch(3), pd.Series([0.099, 0.1, 0.2]), (0.025, 0.1, 0.2, 0.3), "WHO").of == (1, 2, 3)


def test_where_more_is_better_the_least_is_darkest():
    layer = bounded(sketch(2), pd.Series([0.3, 0.95]), (0.5, 0.9), "", falling=True)
    low, high = (luminance(layer.tones[k].colour) for k in layer.of)
    assert low < high


def test_raw_rates_of_one_to_four_cases_have_no_class_of_their_own_in_public(run):
    few = run.villages["numerator_stunting"].between(1, 4).to_numpy()
    assert few.any()
    shown = {
        public: next(x for x in layers(run, "id", public=public) if x.id == "stunting_raw") for public in (True, False)
    }
    for k, hidden in zip(shown[True].of, few, strict=True):
        assert (shown[True].tones[k].pattern == "banded") == hidden
    assert not any(tone.pattern == "banded" for tone in shown[False].tones)


def test_a_study_without_prevalence_has_no_layer_of_it(run):
    facts = {**run.facts, "indicators": [e for e in run.facts["indicators"] if e["dimension"] != "burden"]}
    facts["space"] = {**run.facts["space"], "of": ""}
    made = {layer.id for layer in layers(replace(run, facts=facts), "id")}
    assert made == {"krs", "measured", "air_minum_gap", "sanitasi_gap", "asi_eks_gap", "chosen", "score", "p_top",
                    "last_year", "cluster", "area"}  # fmt: skip
