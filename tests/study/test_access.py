"""The section on ways to a service: what contradicts itself is refused with its key."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from lokus import messages
from lokus.errors import StudyError
from lokus.study import make_study

GOOD: dict[str, Any] = {
    "lokus": 1,
    "study": {"title": "Contoh", "year": 2026},
    "boundaries": {"path": "desa.shp", "code_system": "kemendagri"},
    "table": [{"id": "gizi", "path": "gizi.xlsx", "place": {"village": "Desa"}}],
    "points": [{"id": "pkm", "path": "pkm.csv", "name": "Nama", "latitude": "lat", "longitude": "lon"}],
    "raster": [
        {"id": "balita", "path": "balita.tif", "cells": "count"},
        {"id": "tinggi", "path": "dem.tif", "cells": "elevation"},
        {"id": "lahan", "path": "lahan.tif", "cells": "class"},
        {"id": "gesekan", "path": "gesekan.tif", "cells": "level"},
    ],
    "access": [
        {
            "id": "waktu",
            "to": "pkm",
            "population": "balita",
            "elevation": "tinggi",
            "landcover": {"raster": "lahan", "speeds": {"10": 3, "80": 0}},
            "minutes": [30, 60],
        }
    ],
    "indicator": [
        {"id": "menit", "label_id": "Menit", "kind": "value", "better": "lower", "table": "waktu", "value": "mean"},
        {"id": "km", "label_id": "Km", "kind": "value", "better": "lower", "table": "waktu", "value": "distance_km"},
        {"id": "jauh", "label_id": "Jauh", "better": "lower", "kind": "share", "table": "waktu",
         "percent": "share_beyond_60"},
    ],
    "selection": {"count": 10},
}  # fmt: skip


def told(access: dict[str, Any] | None = None, indicator: dict[str, Any] | None = None) -> dict[str, str]:
    """The faults, by key, of the good study with other keys; each has its words in both languages."""
    raw = copy.deepcopy(GOOD)
    for part, keys in (("access", access), ("indicator", indicator)):
        for key, value in (keys or {}).items():
            raw[part][0].pop(key, None)
            if value is not None:
                raw[part][0][key] = value
    with pytest.raises(StudyError) as caught:
        make_study(raw, Path())
    for p in caught.value.problems:
        for lang in messages.LANGS:
            assert messages.problem(p, lang)
    return {p.where.key: p.code for p in caught.value.problems}


def test_the_good_study_is_good_and_its_values_have_units() -> None:
    study = make_study(GOOD, Path())
    assert [m.unit for m in study.measures] == ["menit", "km", ""]
    assert study.part("waktu") is study.access[0] and study.access[0].to == ("pkm",)
    assert make_study(study.resolved(), Path()).resolved() == study.resolved()


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ({"to": "posyandu"}, {"access[1].to": "access_to_unknown"}),
        ({"to": []}, {"access[1].to": "key_empty"}),
        ({"population": "jiwa"}, {"access[1].population": "access_raster_unknown"}),
        ({"population": "tinggi"}, {"access[1].population": "access_raster_cells"}),
        ({"friction": "gesekan"}, {"access[1].friction": "access_two_grounds"}),
        ({"roads": {"raster": "lahan", "speeds": {"aspal": 3}}}, {"access[1].roads.speeds": "access_class_name"}),
        ({"landcover": {"raster": "lahan", "speeds": {"10": 0}}}, {"access[1].landcover.speeds": "access_all_closed"}),
        ({"landcover": {"raster": "lahan", "speeds": {"10": -3}}}, {"access[1].landcover.speeds.10": "key_range"}),
        ({"landcover": {"raster": "lahan", "speeds": {}}}, {"access[1].landcover.speeds": "key_empty"}),
        ({"minutes": [0]}, {"access[1].minutes[1]": "key_range"}),
        ({"minute": [30]}, {"access[1].minute": "key_unknown"}),
        ({"id": "pkm"}, {"access": "id_twice"}),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(access: dict[str, Any], expected: dict[str, str]) -> None:
    assert expected.items() <= told(access).items()


def test_without_ground_there_are_no_minutes() -> None:
    bare = {"elevation": None, "landcover": None}
    found = told(bare)
    assert found["access[1]"] == "access_no_ground"  # a population without a way to it
    found = told({**bare, "population": None})
    assert found == {"indicator[1]": "access_value", "indicator[3]": "access_value"}


@pytest.mark.parametrize("value", ["median", ["mean", "distance_km"], "share_beyond_60"])
def test_an_indicator_takes_only_what_there_is(value: Any) -> None:
    assert told(indicator={"value": value}) == {"indicator[1]": "access_value"}
