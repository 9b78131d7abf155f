"""Packages: names by rule, gaps by counts, offices by villages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lokus.methods.profiles import Counts, Service, names, packages

THEMES = {
    "jamban": "sanitasi",
    "sanitasi": "sanitasi",
    "air": "air",
    "asi": "gizi",
    "idl": "imunisasi",
    "jauh": "akses",
}


def named(**marks: float) -> dict[str, object]:
    column = pd.Series({name: marks.get(name, 0.0) for name in THEMES})
    return dict(names(pd.DataFrame({1: column}), THEMES)[1])


@pytest.mark.parametrize(
    ("marks", "kind", "themes"),
    [
        ({"jamban": 1.5, "sanitasi": 1.1, "air": 0.9, "asi": 0.4}, "lack", ("sanitasi", "air")),
        ({"jauh": 2.0}, "lack", ("akses",)),
        ({"asi": 0.7, "jauh": -2.0}, "lack", ("gizi",)),
        # One of two indicators marks no theme, but where nothing else does it names the group.
        ({"jamban": 0.8}, "lack", ("sanitasi",)),
        ({"jamban": 1, "sanitasi": 1, "air": 2, "asi": 0.6, "idl": 0.5}, "all", ("air", "sanitasi")),
        ({"air": -0.8, "idl": -0.6}, "better", ("air", "imunisasi")),
        (dict.fromkeys(THEMES, -1), "well", ("air", "akses")),
        ({"air": 0.49, "asi": -0.49}, "even", ()),
    ],
)
def test_a_group_is_called_by_what_sets_it_apart(marks: dict[str, float], kind: str, themes: tuple[str, ...]) -> None:
    assert named(**marks) == {"kind": kind, "themes": themes}


def test_groups_that_would_be_called_the_same_get_a_third_theme() -> None:
    means = pd.DataFrame({1: [1.0, 1.0, 0.9, 0.6, 0.0, 0.0], 2: [1.0, 1.0, 0.9, 0.0, 0.0, 0.0]}, list(THEMES))
    told = names(means, THEMES)
    assert told[1]["themes"] == ("sanitasi", "air", "gizi") and told[2]["themes"] == ("sanitasi", "air")


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), st.permutations(list(THEMES)))
def test_a_name_hangs_on_nothing_but_the_marks(marks: list[float], order: list[str]) -> None:
    means = pd.DataFrame({1: pd.Series(marks, list(THEMES))})
    assert names(means, THEMES) == names(means.loc[order], THEMES)
    if max(marks) >= 0.5:
        assert names(means, THEMES)[1]["kind"] in ("lack", "all")


def test_a_package_counts_people_and_not_percentages() -> None:
    """By hand: 30 of 100 and 1 of 2 families without a latrine are 31 of 102, not 40 %."""
    index = ["a", "b", "c", "d"]
    numerator = pd.DataFrame({"jamban": [30.0, 1, 5, np.nan], "air": [20.0, 0, 1, 3]}, index)
    denominator = pd.DataFrame({"jamban": [100.0, 2, 100, np.nan], "air": [100.0, 2, 100, 30]}, index)
    value = numerator / denominator
    gap = pd.DataFrame({"jamban": np.nan, "air": value["air"] - 0.05}, index).clip(lower=0)
    z = pd.DataFrame({"jamban": [1.0, 1.2, -1.1, -1.1], "air": [1.5, 0.6, -1, -1]}, index)
    services = [Service("jamban", "sanitasi", "PUPR", "lower"), Service("air", "air", "PUPR", "lower")]
    labels = pd.Series([1, 1, 2, pd.NA], index, dtype="Int64")
    one, two = packages(labels, z, services, Counts(value, numerator, denominator, gap, numerator))
    assert (one["group"], one["villages"], one["name"]["themes"]) == (1, 2, ("sanitasi", "air"))
    jamban, air = one["lacks"]
    assert jamban["value"] == pytest.approx(31 / 102) and jamban["average"] == pytest.approx(36 / 202)
    # No target: worse than the average. With one: beyond it.
    assert (jamban["villages"], air["villages"]) == (2, 1)
    assert (jamban["people"], air["people"], jamban["known"]) == (31, 20, 2)
    assert one["owners"] == ({"owner": "PUPR", "indicators": ("jamban", "air"), "villages": 2, "people": 31.0},)
    assert two["lacks"] == () and two["owners"] == ()


def test_offices_stand_by_the_villages_they_have_work_in() -> None:
    index = [f"v{i}" for i in range(6)]
    value = pd.DataFrame({"x": [0.2, 0.2, 0.9, 0.9, 0.9, 0.9], "y": [0.1, 0.1, 0.1, 0.9, 0.9, 0.9]}, index)
    none = value * np.nan
    z = (value.mean() - value) / value.std()
    services = [Service("x", "x", "B", "higher"), Service("y", "y", "A", "higher")]
    labels = pd.Series([1, 1, 1, 2, 2, 2], index, dtype="Int64")
    package = packages(labels, z, services, Counts(value, none, none, none, none))[0]
    assert [(o["owner"], o["villages"], o["people"]) for o in package["owners"]] == [("A", 3, None), ("B", 2, None)]
