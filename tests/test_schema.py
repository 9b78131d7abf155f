"""The contract of the village table holds what it says."""

from __future__ import annotations

import pandas as pd
import pytest

from lokus import schema

PLACES = pd.DataFrame(
    {
        "village": "Desa", "kecamatan_code": "98.01.01", "kecamatan": "Kec", "kabupaten_code": "98.01",
        "kabupaten": "Kab", "village_kind": "desa", "area_km2": 1.0, "has_boundary": True,
    },
    index=pd.Index(["98.01.01.2001", "98.01.01.2002"], name="village_code"),
)  # fmt: skip


def test_a_sound_table_passes() -> None:
    schema.check(PLACES, "places")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (PLACES.drop(columns="village"), "village: missing after step"),
        (PLACES.assign(need_krs=0.5), "made before its step"),
        (PLACES.assign(colour="red"), "not in the contract"),
        (PLACES.assign(area_km2=-1.0), "under 0"),
        (PLACES.assign(area_km2=float("inf")), "infinite"),
        (PLACES.assign(village=[None, "Desa"]), "missing where none may be"),
        (PLACES.assign(village_kind="nagari"), "not among"),
        (PLACES.assign(area_km2=1), "dtype int64, not float64"),
        (PLACES.iloc[::-1], "not sorted"),
        (pd.concat([PLACES, PLACES]).sort_index(), "twice"),
        (PLACES.rename_axis("kode"), "not 'village_code'"),
    ],
)
def test_each_broken_promise_is_named(broken: pd.DataFrame, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        schema.check(broken, "places")


def test_every_column_has_one_home_among_the_steps() -> None:
    names = [c.name for c in schema.COLUMNS]
    assert len(names) == len(set(names))
    assert {c.step for c in schema.COLUMNS} <= set(schema.STEPS)
