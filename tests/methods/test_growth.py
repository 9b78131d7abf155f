"""Height for age against WHO's own programs, and laws of the kernel."""

from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.catalog.growth import length_for_age
from lokus.methods import growth

STANDARD = length_for_age()
POSTURE = {"l": growth.LYING, "h": growth.STANDING}


def scored(days, cm, sex, posture) -> np.ndarray:
    """`sex` as WHO writes it (1 boy, 2 girl), `posture` l, h or missing."""
    how = pd.Series(posture).map(POSTURE).fillna(growth.UNTOLD)
    return growth.height_for_age(days, cm, np.asarray(sex) - 1, how, STANDARD)


def test_the_standard_is_whos_table_by_day(published: Path):
    """WHO (2006), lenanthro.txt of igrowup."""
    table = pd.read_csv(published / "growth" / "lms" / "lenanthro.txt", sep="\t").sort_values(["sex", "age"])
    assert (table["l"] == 1).all()
    np.testing.assert_array_equal(STANDARD.median, table["m"].to_numpy().reshape(2, -1))
    np.testing.assert_array_equal(STANDARD.spread, table["s"].to_numpy().reshape(2, -1))


def test_who_anthro_r_on_20000_children_bit_for_bit(published: Path):
    """WHO anthro 1.1.0 (R): edge ages, missing and odd postures, standing infants."""
    who = pd.read_csv(published / "growth" / "who_anthro_r_1.1.0_20000_random_children_expected.csv")
    z = scored(who["age_days"], who["lenhei"], who["sex"], who["measure"])
    assert len(z) == 20_000
    np.testing.assert_array_equal(z, who["zlen"])
    np.testing.assert_array_equal(growth.flagged(z)[~np.isnan(z)], who["flen"].dropna() == 1)
    infants = (who["measure"] == "h") & (who["age_days"] / 30.4375 < 9)
    np.testing.assert_array_equal(infants, who["c9mo_flag"] == 1)


def test_igrowup_r_on_its_survey(published: Path):
    """igrowup (R), MySurvey: 498 children. Its tables reached to 1856 days; anthro 1.1.0 ends at 1826."""
    who = pd.read_csv(published / "growth" / "who_igrowup_MySurvey_z_st.csv")
    z = scored(who["age.days"], who["HEIGHT"], who["GENDER"], who["measure"])
    within = who["age.days"] <= growth.OLDEST
    assert within.sum() == 494
    np.testing.assert_array_equal(z[within], who["zlen"][within])
    assert np.isnan(z[~within]).all()


def test_igrowup_stata_on_its_test_data(published: Path):
    """igrowup (Stata), 5,704 children, no posture; it blanks what it flags. Ages up to 1826 days as anthro 1.1.0."""
    who = pd.read_csv(published / "growth" / "pygrowup_stata_igrowup_test_dataset.csv")
    days = growth.whole_days(who["_agemons"])
    z = scored(days, who["height"], who["gender"].map({"Male": 1, "Female": 2}), [None] * len(who))
    within = days <= growth.OLDEST
    expected = who["_zlen"].to_numpy()
    np.testing.assert_allclose(np.where(growth.flagged(z), np.nan, z)[within], expected[within], rtol=0, atol=1e-9)
    assert len(who) == 5704 and np.isfinite(expected[within]).sum() == 4286


def test_prevalence_of_the_clustered_weighted_example(published: Path):
    """WHO anthro 1.1.0, anthro_prevalence: HA < −2 is 55.06005 %, < −3 is 31.39389 %, of 2,832 children."""
    who = pd.read_csv(published / "growth" / "who_anthro_r_prevalence_input.csv")
    expected = pd.read_csv(published / "growth" / "who_anthro_r_prevalence_expected.csv").iloc[0]
    classes = growth.classes(scored(who["age_days"], who["lenhei"], who["sex"], who["measure"]))
    counted, weight = classes >= 0, who["sw"].to_numpy()
    assert counted.sum() == expected["HAZ_unwpop"]
    assert weight[counted].sum() == pytest.approx(expected["HAZ_pop"], abs=1e-9)
    for most, column in ((growth.STUNTED, "HA_2_r"), (growth.SEVERE, "HA_3_r")):
        share = 100 * weight[counted & (classes <= most)].sum() / weight[counted].sum()
        assert share == pytest.approx(expected[column], abs=1e-9)


CHILD = st.tuples(
    st.integers(-1, 1900), st.integers(300, 1400).map(lambda mm: mm / 10), st.sampled_from([0, 1, -1]),
    st.sampled_from([0, 1, 2]),
)  # fmt: skip


def by_hand(days: int, cm: float, sex: int, posture: int) -> float:
    """The rules of METHODS 7, one child at a time, rounded in decimal arithmetic."""
    if sex < 0 or not 0 <= days <= 1826:
        return float("nan")
    if posture == growth.STANDING and days < 731 and not days / 30.4375 < 9:
        cm = cm + 0.7
    if posture == growth.LYING and days >= 731:
        cm = cm - 0.7
    z = (cm / STANDARD.median[sex, days] - 1) / STANDARD.spread[sex, days]
    return float(Decimal(z).quantize(Decimal("0.01"), ROUND_HALF_EVEN))


@given(st.lists(CHILD, min_size=1, max_size=40))
def test_the_kernel_is_the_rules_by_hand(children):
    z = growth.height_for_age(*zip(*children, strict=True), STANDARD)
    np.testing.assert_array_equal(z, [by_hand(*child) for child in children])


@given(st.lists(CHILD, min_size=1, max_size=40), st.randoms())
def test_the_order_of_children_does_not_matter(children, random):
    order = list(range(len(children)))
    random.shuffle(order)
    z = growth.height_for_age(*zip(*children, strict=True), STANDARD)
    mixed = growth.height_for_age(*zip(*(children[i] for i in order), strict=True), STANDARD)
    np.testing.assert_array_equal(mixed, z[order])


@given(st.integers(0, 1826), st.integers(300, 1400), st.integers(1, 100), st.sampled_from([0, 1]))
def test_a_taller_child_never_has_a_lower_score(days, mm, more, sex):
    low, high = growth.height_for_age([days, days], [mm / 10, (mm + more) / 10], [sex, sex], [0, 0], STANDARD)
    assert low <= high


@given(st.floats(-10, 10))
def test_rounding_is_to_the_nearer_hundredth(z):
    rounded = growth._two_decimals(np.array([z]))[0]
    assert abs(rounded - z) <= 0.005 + 1e-12
    assert rounded == round(rounded, 2)


def test_rounding_comes_before_the_cut_off():
    assert growth.classes(np.array([-2.004])).tolist() == [growth.STUNTED]
    assert growth.classes(growth._two_decimals(np.array([-2.004]))).tolist() == [growth.NORMAL]


def test_a_standard_of_another_length_is_refused():
    with pytest.raises(ValueError, match="1827"):
        growth.LengthForAge(STANDARD.median[:, 1:], STANDARD.spread)
